"""The store's migrations, run by Alembic through ``governance store upgrade``.

A new one: change :mod:`governance_pipeline.store.tables`, raise ``REVISION`` there, and write
``versions/v<number>_<what>.py`` by hand. The tests compare what the migrations build with the tables.
"""
