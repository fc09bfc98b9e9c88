"""Where everything the nights found is kept: SQLite by default, Postgres by URL, memory for tests.

:mod:`ports` says what a store does, :mod:`open` opens one. Importing this package is cheap:
SQLAlchemy is loaded when a database is opened, Alembic only when one is upgraded.
"""
