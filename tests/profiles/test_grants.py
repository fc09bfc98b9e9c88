"""Who can read a table in Postgres: every way there is, with Postgres's own word as oracle."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.access import table_access
from tests.profiles.support import contract, settings

SETUP = """
CREATE SCHEMA dw; CREATE TABLE dw.people (id int, name text); CREATE TABLE dw.open_table (id int);
CREATE ROLE g_readers; CREATE ROLE g_staff;
CREATE ROLE g_granted LOGIN; CREATE ROLE g_member LOGIN IN ROLE g_readers; CREATE ROLE g_deep LOGIN NOINHERIT;
CREATE ROLE g_idle LOGIN; CREATE ROLE g_partly LOGIN; CREATE ROLE g_owner LOGIN; CREATE ROLE g_lookless LOGIN;
CREATE ROLE g_allreader LOGIN IN ROLE pg_read_all_data; CREATE ROLE g_boss LOGIN SUPERUSER;
CREATE ROLE "g stranger; DROP" LOGIN;
GRANT g_readers TO g_staff; GRANT g_staff TO g_deep;
GRANT USAGE ON SCHEMA dw TO g_readers, g_granted, g_partly, g_idle, g_owner, "g stranger; DROP";
GRANT SELECT ON dw.people TO g_readers, g_granted, g_lookless; GRANT SELECT (name) ON dw.people TO g_partly;
GRANT INSERT ON dw.people TO g_idle; ALTER TABLE dw.people OWNER TO g_owner;
GRANT SELECT ON dw.open_table TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA dw GRANT SELECT ON TABLES TO g_idle;
"""
CLEAN = """
DROP OWNED BY g_readers, g_staff, g_granted, g_member, g_deep, g_idle, g_partly, g_lookless, g_allreader,
  "g stranger; DROP" CASCADE;
DROP SCHEMA dw CASCADE;
DROP OWNED BY g_owner, g_boss CASCADE;
DROP ROLE g_readers, g_staff, g_granted, g_member, g_deep, g_idle, g_partly, g_owner, g_lookless, g_allreader,
  g_boss, "g stranger; DROP";
"""


@pytest.fixture
def database(postgres_url: str):
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(SETUP)
        yield postgres_url, connection
        connection.execute(CLEAN)


def ask(url: str, root: Path, table: str = "people", readers: tuple[str, ...] = ()):
    of = contract(Location("sql", connection="pg", schema="dw", table=table), readers=readers)
    return table_access(of, settings(url), root, {})


def test_every_reader_is_found_by_the_way_it_reads(database, tmp_path):
    found = ask(database[0], tmp_path, readers=("g_readers",))
    ways = {one.role: (one.by, one.chain, one.columns) for one in (*found.allowed, *found.undeclared)}
    mine = {role: way for role, way in ways.items() if role.startswith("g")}
    assert mine == {
        "g_granted": ("grant", ("g_granted",), ()),
        "g_member": ("grant", ("g_member", "g_readers"), ()),
        "g_deep": ("grant", ("g_deep", "g_staff", "g_readers"), ()),
        "g_partly": ("columns", ("g_partly",), ("name",)),
        "g_owner": ("owner", ("g_owner",), ()),
        "g_allreader": ("read_all", ("g_allreader", "pg_read_all_data"), ()),
    }
    assert {one.role for one in found.allowed} == {"g_member", "g_deep"}
    assert "g_boss" in {one.role for one in found.superusers}
    assert found.to_come == ("g_idle",)


def test_what_is_open_to_public_is_open_to_all_who_may_look_into_the_schema(database, tmp_path):
    found = ask(database[0], tmp_path, "open_table")
    ways = {one.role: one.by for one in found.undeclared if one.role.startswith("g")}
    assert ways["g stranger; DROP"] == "public"
    assert "g_lookless" not in ways


@pytest.mark.parametrize("table", ["people", "open_table"])
def test_postgres_itself_says_the_same(database, tmp_path, table):
    url, connection = database
    found = ask(url, tmp_path, table)
    ours = {one.role for one in (*found.allowed, *found.undeclared) if one.role.startswith("g")}
    theirs = set()
    for (role,) in connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'g%' AND rolcanlogin AND NOT rolsuper"
    ).fetchall():
        connection.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(role)))
        # NOINHERIT: what it may become counts too
        steps = ["g_readers"] if role == "g_deep" else [role]
        for step in steps:
            connection.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(step)))
            try:
                connection.execute(psycopg.sql.SQL("SELECT {} FROM dw.{}").format(
                    psycopg.sql.Identifier("name" if table == "people" else "id"),
                    psycopg.sql.Identifier(table)))  # fmt: skip
                theirs.add(role)
            except psycopg.errors.InsufficientPrivilege:
                continue
            finally:
                connection.execute("RESET ROLE")
    assert ours == theirs


def test_a_view_that_hands_rows_on_and_the_policies_that_choose_them_are_told(database, tmp_path):
    url, connection = database
    connection.execute(
        "CREATE VIEW dw.names AS SELECT name FROM dw.people; ALTER VIEW dw.names OWNER TO g_owner;"
        "GRANT SELECT ON dw.names TO g_idle; ALTER TABLE dw.people ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own_rows ON dw.people FOR SELECT TO g_granted USING (name = current_user)"
    )
    found = ask(url, tmp_path, readers=("g_readers",))
    ways = {one.role: one.way for one in found.undeclared if one.role.startswith("g")}
    assert ways == {
        "g_granted": "grant, itself, rows of own_rows only",
        # the view reads as the owner, whom no policy binds
        "g_idle": "grant, itself, by way of dw.names",
        "g_allreader": "read all, through pg_read_all_data, by way of dw.names",
        "g_owner": "owner, itself",
    }
    assert found.allowed == ()  # members of g_readers may read, and no policy lets them see a row


def test_a_table_that_is_not_there_is_no_answer(database, tmp_path):
    with pytest.raises(CannotEvaluate, match=r"dw\.gone"):
        ask(database[0], tmp_path, "gone")


@pytest.mark.parametrize(("mode", "who"), [(0o600, []), (0o640, ["group"]), (0o644, ["group", "everybody"])])
def test_a_file_is_read_by_whom_its_permissions_let(tmp_path, mode, who):
    path = tmp_path / "people.duckdb"
    path.write_bytes(b"x")
    path.chmod(mode)
    found = table_access(contract(Location("duckdb", path=str(path), table="t")), settings(), tmp_path, {})
    assert len(found.undeclared) == len(who)
    assert all(any(word in one.role for one in found.undeclared) for word in who)
