"""Triggers that refuse to change or remove an entry of the ledger, for whoever asks the database."""

from __future__ import annotations

_WORDS = "an entry of the ledger is never changed or removed"

APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER ledger_entries_no_{act.lower()} BEFORE {act} ON ledger_entries"
        f" BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
        for act in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        f"""CREATE FUNCTION ledger_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{_WORDS}'; END $$""",
        """CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_append_only()""",
    ),
}
"""Statements by SQLAlchemy's name of the database."""
