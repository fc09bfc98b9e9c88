"""Who reads a table of Postgres through views, partitions and row-level security. Postgres itself is the
oracle: in random databases each role, and each that it may become, tries to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from governance_pipeline.profiles.grants import read_grants
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.who_reads import Followed

ROLES = ("w_a", "w_b", "w_c", "w_d")
PLACES = ("people", "ones", "twos", "seen", "seen_again", "kept", "beside", "both")
"""A table in two partitions, a view, a view of the view, a materialised view, a table that has nothing to do
with it, and a view that joins it with the first.
"""
TABLES = """
CREATE SCHEMA wr;
CREATE TABLE wr.people (id int) PARTITION BY LIST (id);
CREATE TABLE wr.ones PARTITION OF wr.people FOR VALUES IN (1);
CREATE TABLE wr.twos PARTITION OF wr.people FOR VALUES IN (2);
CREATE TABLE wr.beside (id int);
INSERT INTO wr.people VALUES (1), (2);
CREATE VIEW wr.seen AS SELECT id FROM wr.people;
CREATE VIEW wr.seen_again AS SELECT id FROM wr.seen;
CREATE MATERIALIZED VIEW wr.kept AS SELECT id FROM wr.people;
CREATE VIEW wr.both AS SELECT p.id FROM wr.people p LEFT JOIN wr.beside b USING (id);
"""
PARTS = {"ones", "twos"}


def which(of: tuple[str, ...], most: int = 4) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(of), max_size=most)


SCENES = st.fixed_dictionaries(
    {
        "owners": st.fixed_dictionaries({place: st.sampled_from(ROLES) for place in PLACES}),
        "granted": st.lists(
            st.tuples(st.sampled_from(PLACES), st.sampled_from((*ROLES, "PUBLIC"))), max_size=6
        ),
        "looks_in": which((*ROLES, "PUBLIC")),
        "members": st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=3),
        "bypassing": which(ROLES, 1),
        "supreme": st.frozensets(st.sampled_from(ROLES), max_size=1).filter(lambda one: len(one) < 2),
        "invokers": which(("seen", "seen_again", "both")),
        "secured": which(("people", "ones", "beside"), 2),
        "forced": which(("people", "ones"), 1),
        "policies": st.lists(
            st.tuples(st.sampled_from(("people", "ones", "beside")), st.sampled_from((*ROLES, "PUBLIC"))),
            max_size=3,
        ),
    }
)


def a_scene(**changes: Any) -> dict[str, Any]:
    """All is owned by w_d, and nobody else may anything."""
    nothing: dict[str, Any] = {name: [] for name in ("granted", "members", "policies")}
    nobody = ("looks_in", "bypassing", "supreme", "invokers", "secured", "forced")
    return {
        "owners": dict.fromkeys(PLACES, "w_d"),
        **nothing,
        **dict.fromkeys(nobody, frozenset()),
        **changes,
    }


def statements(scene: dict) -> Iterator[str]:
    for role in ROLES:
        supreme = "SUPERUSER" if role in scene["supreme"] else "NOSUPERUSER"
        bypasses = "BYPASSRLS" if role in scene["bypassing"] else "NOBYPASSRLS"
        yield f"CREATE ROLE {role} LOGIN {supreme} {bypasses}"
    for one, other in {(one, other) for one, other in scene["members"] if one < other}:
        yield f"GRANT {ROLES[other]} TO {ROLES[one]}"
    yield TABLES
    for place, owner in scene["owners"].items():
        yield f"ALTER TABLE wr.{place} OWNER TO {owner}"
    yield from (f"GRANT USAGE ON SCHEMA wr TO {role}" for role in scene["looks_in"])
    yield from (f"GRANT SELECT ON wr.{place} TO {role}" for place, role in scene["granted"])
    yield from (f"ALTER VIEW wr.{view} SET (security_invoker = true)" for view in scene["invokers"])
    yield from (f"ALTER TABLE wr.{table} ENABLE ROW LEVEL SECURITY" for table in scene["secured"])
    yield from (f"ALTER TABLE wr.{table} FORCE ROW LEVEL SECURITY" for table in scene["forced"])
    for number, (table, role) in enumerate(scene["policies"]):
        yield f"CREATE POLICY p{number} ON wr.{table} FOR SELECT TO {role} USING (id = 1)"


def seen_by(connection: psycopg.Connection, role: str) -> tuple[bool, bool]:
    """Whether Postgres shows a role, or one that it may become, any row of people; and all in one table."""
    become = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'w\\_%%' AND pg_has_role(%s, oid, 'MEMBER')"
    counts = [0]
    for (one,) in connection.execute(become, (role,)).fetchall():
        for place in PLACES:
            if place == "beside":
                continue
            connection.execute("SAVEPOINT try")
            try:
                connection.execute(f"SET LOCAL ROLE {one}")
                counts.append(connection.execute(f"SELECT count(*) FROM wr.{place}").fetchone()[0])
            except psycopg.errors.InsufficientPrivilege:
                pass
            finally:
                connection.execute("ROLLBACK TO SAVEPOINT try")
    return max(counts) > 0, max(counts) == 2


@pytest.fixture(scope="module")
def connection(postgres_server):
    with (
        postgres_server.database() as url,
        psycopg.connect(url.replace("+psycopg", ""), prepare_threshold=None) as opened,
    ):
        yield opened


@example_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scene=SCENES)
@example(  # all rows through the view are more than some by name
    scene=a_scene(granted=[("seen", "w_a"), ("ones", "w_a")], looks_in={"w_a"})
)
@example(  # no policy binds who bypasses them
    scene=a_scene(
        granted=[("people", "w_a")], looks_in={"w_a"}, secured={"people"}, bypassing={"w_a"},
        policies=[("people", "w_a")],
    )
)  # fmt: skip
def test_postgres_shows_each_role_what_we_say(connection, scene):
    try:
        for statement in statements(scene):
            connection.execute(statement)
        found = Followed(read_grants(Session("postgres", "sql:pg", connection))).who_reads("wr", "people")
        ours = {
            one.role: (True, not one.policies and one.through.removeprefix("wr.") not in PARTS)
            for one in found
            if one.role in ROLES
        }
        theirs = {role: seen_by(connection, role) for role in ROLES}
        assert ours == {role: seen for role, seen in theirs.items() if seen[0]}
    finally:
        connection.rollback()
