"""Who can read a table in Postgres: every way there is, with Postgres's own word as oracle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg
import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.access import AccessOfNight, table_access
from governance_pipeline.profiles.session import Session
from tests.profiles.support import NIGHT, contract, settings

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


def test_views_that_read_each_other_are_read_by_nobody(database, tmp_path):
    url, connection = database
    connection.execute(
        "CREATE VIEW dw.one AS SELECT id FROM dw.people; CREATE VIEW dw.two AS SELECT id FROM dw.one;"
        "CREATE OR REPLACE VIEW dw.one AS SELECT id FROM dw.two UNION SELECT id FROM dw.people;"
        "CREATE VIEW dw.three AS SELECT id FROM dw.one; GRANT SELECT ON dw.one, dw.two, dw.three TO g_idle"
    )
    assert "g_idle" not in {one.role for one in ask(url, tmp_path).undeclared}


def test_a_table_that_is_not_there_is_no_answer(database, tmp_path):
    with pytest.raises(CannotEvaluate, match=r"dw\.gone"):
        ask(database[0], tmp_path, "gone")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody may look into, unlike those of pytest."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def asked(path: Path, kind: str = "parquet") -> list[str]:
    found = table_access(contract(Location(kind, path=str(path), table="t")), settings(), path, {})
    return [one.role.split()[-1] for one in found.undeclared]


@pytest.mark.parametrize(
    ("mode", "who"), [(0o600, []), (0o640, ["group"]), (0o604, ["machine"]), (0o644, ["machine", "group"])]
)
def test_a_file_is_read_by_whom_its_permissions_let(folder, mode, who):
    path = folder / "people.duckdb"
    path.write_bytes(b"x")
    path.chmod(mode)
    assert asked(path, "duckdb") == who


def test_nobody_reads_what_is_in_a_folder_that_nobody_may_pass(folder):
    (folder / "closed" / "deep").mkdir(parents=True)
    path = folder / "closed" / "deep" / "people.parquet"
    path.write_bytes(b"x")
    path.chmod(0o644)
    assert asked(path) == ["machine", "group"]
    (folder / "closed").chmod(0o710)
    assert asked(path) == ["group"]
    (folder / "closed").chmod(0o700)
    assert asked(path) == []


def test_of_many_files_the_one_that_is_open_counts(folder):
    for name in ("2026/01.parquet", "2026/02.parquet", "lake/_delta_log/0.json", "lake/part.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
        (folder / name).chmod(0o600)
    assert asked(folder / "**" / "*.parquet") == asked(folder / "lake", "delta") == []
    (folder / "2026" / "02.parquet").chmod(0o604)
    assert asked(folder / "**" / "*.parquet") == ["machine"]
    (folder / "lake" / "_delta_log" / "0.json").chmod(0o640)
    assert asked(folder / "lake", "delta") == ["group"]
    with pytest.raises(CannotEvaluate, match="not there"):
        asked(folder / "*.csv")


def test_a_duckdb_file_behind_a_connection_is_a_file(folder):
    file = folder / "dw.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE people (id int)")
    file.chmod(0o640)
    of = contract(Location("sql", connection="pg", schema="main", table="people"))
    found = table_access(of, settings(f"duckdb://{file}"), folder, {})
    assert [one.role for one in found.undeclared] == ["the file's group"]


def test_where_neither_grants_nor_permissions_are_known_it_is_said(tmp_path):
    of = contract(Location("sql", connection="pg", schema="main", table="people"))
    with pytest.raises(CannotEvaluate, match="is not known: it is in mysql"):
        AccessOfNight(tmp_path).of(Session("mysql", "sql:pg", None), of, NIGHT)
