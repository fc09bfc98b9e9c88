"""What is read of a Feast registry, without Feast."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf.json_format import MessageToDict

from governance_pipeline.catalog.database import reading
from governance_pipeline.catalog.feast import read_feast
from governance_pipeline.catalog.feast_messages import Message, decode
from governance_pipeline.catalog.feast_registry import registry_state
from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.charter.places import FeastPlace
from governance_pipeline.charter.settings import Connection
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.lineage.sql import column_lineage
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import EdgeKind, Node, Reading
from tests.catalog.feast_registries import (
    FLOAT,
    INT64,
    PUSH,
    a_function,
    a_registry,
    a_service,
    a_source,
    a_view,
)

REAL = Path(__file__).parents[3] / "shared" / "data" / "feast"
VIEW = "feature_view:lending/incomes"
RATIO = "feature:lending/incomes#ratio"


def read(root: Path, registry: Message, **place: Any) -> Reading:
    (root / "registry.db").write_bytes(registry.SerializeToString())
    return read_feast(FeastPlace(registry="registry.db", **place), "feast:registry.db", around(root))


def around(root: Path, **connections: str) -> Surroundings:
    known = {name: Connection(url=url) for name, url in connections.items()}
    return Surroundings(root, {}, datetime.now(UTC), column_lineage, known)


def flows(reading: Reading) -> set[tuple[str, str]]:
    return {(str(e.source), str(e.target)) for e in reading.edges if e.kind is EdgeKind.FEEDS}


def node(reading: Reading, name: str) -> Node:
    return next(one for one in reading.nodes if str(one.entity) == name)


@pytest.fixture
def real() -> bytes:
    if not REAL.is_dir():
        pytest.skip(f"there is no registry of Feast in {REAL}")
    return (REAL / "template_local_registry.db").read_bytes()


def test_a_real_registry_says_what_feast_itself_says_of_it(real: bytes):
    expected = json.loads((REAL / "expected_template_local_registry.json").read_text())
    found = MessageToDict(decode("Registry", real, "registry.db"))
    compared = _same(found, expected)
    assert compared > 150  # fields that both have; enumerations are numbers here


def _same(found: Any, expected: Any) -> int:
    """How many leaves agree; fails where one does not, or where Feast does not have it."""
    if isinstance(found, dict) and isinstance(expected, str):
        assert f"{found.get('seconds', 0)}s" == expected  # a length of time
        return 1
    if isinstance(found, dict):
        assert found.keys() <= expected.keys()
        # what dill made of a function holds paths, which were taken out of the JSON
        return sum(_same(value, expected[name]) for name, value in found.items() if name != "body")
    if isinstance(found, list):
        assert len(found) == len(expected)
        return sum(map(_same, found, expected))
    if isinstance(found, int) and isinstance(expected, str) and not expected.isdigit():
        return 0  # an enumeration
    assert found == expected
    return 1


def test_views_features_services_and_files_of_a_real_registry_are_in_the_graph(tmp_path: Path, real: bytes):
    (tmp_path / "registry.db").write_bytes(real)
    found = read_feast(FeastPlace(registry="registry.db"), "feast:registry.db", around(tmp_path))
    assert found.not_understood == ()
    view = node(found, "feature_view:tpl_local/driver_hourly_stats")
    assert view.tags == ("team=driver_performance",)
    assert view.facts == {
        "name": "tpl_local/driver_hourly_stats",
        "entities": "driver",
        "ttl": "1 d",
        "online": "yes",
        "path": str(tmp_path / "data/driver_stats.parquet"),
    }
    roles = [one.role for one in found.nodes]
    assert [(role, roles.count(role)) for role in sorted({*roles} - {""})] == [
        ("feature", 20),
        ("feature service", 3),
        ("feature view", 2),
        ("files", 2),
        ("join key", 3),
        ("label view", 1),
        ("on-demand feature view", 2),
        ("push source", 2),
        ("request source", 1),
    ]
    made = "feature:tpl_local/transformed_conv_rate#conv_rate_plus_val1"
    assert ("feature:tpl_local/driver_hourly_stats#conv_rate", made) in flows(found)
    assert ("column:tpl_local/vals_to_add#val_to_add", made) in flows(found)
    assert (made, "feature_service:tpl_local/driver_activity_v1") in flows(found)
    column = "column:data/driver_stats.parquet#acc_rate"
    assert (column, "feature:tpl_local/driver_hourly_stats#acc_rate") in flows(found)
    served = {s for s, t in flows(found) if t == "feature_service:tpl_local/driver_activity_v1"}
    assert "feature:tpl_local/driver_hourly_stats#acc_rate" not in served  # it serves conv_rate alone


def test_a_registry_that_is_cut_off_is_named_or_says_what_it_lacks(tmp_path: Path, real: bytes):
    ends = [*range(700), *range(700, len(real), 97)]
    silent, named = [], []
    for end in ends:
        (tmp_path / "registry.db").write_bytes(real[:end])
        try:
            read_feast(FeastPlace(registry="registry.db"), "feast:registry.db", around(tmp_path))
        except CannotEvaluate as error:
            named.append("registry.db" in error.message)
        else:
            silent.append(end)
    assert all(named)
    assert len(silent) < 5  # only where it is cut exactly between two fields


@pytest.mark.parametrize("content", [b"", b"{}", b"SQLite format 3\x00" + bytes(100), b"\x0a\xff" * 50])
def test_another_file_is_no_registry(tmp_path: Path, content: bytes):
    (tmp_path / "registry.db").write_bytes(content)
    with pytest.raises(CannotEvaluate, match=r"registry\.db"):
        read_feast(FeastPlace(registry="registry.db"), "feast", around(tmp_path))


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(CannotEvaluate, match=r"registry\.db cannot be read: No such file"):
        read_feast(FeastPlace(registry="registry.db"), "feast", around(tmp_path))


def test_what_a_newer_feast_adds_does_no_harm(tmp_path: Path):
    registry = a_registry()
    view = a_view(registry, features={"ratio": 99})
    plain = read(tmp_path, registry)
    view.MergeFromString(b"\x92\x3f\x03new\x98\x3f\x07")  # fields 1010 (bytes) and 1011 (a number)
    content = registry.SerializeToString() + b"\xfa\x3f\x05newer"  # and 1023 of the registry
    (tmp_path / "registry.db").write_bytes(content)
    found = read_feast(FeastPlace(registry="registry.db"), "feast:registry.db", around(tmp_path))
    assert (found.nodes, found.edges) == (plain.nodes, plain.edges)
    assert node(found, RATIO).facts["type"] == "type 99"


def test_owners_tags_ttl_and_the_join_key_of_an_entity_are_read(tmp_path: Path):
    registry = a_registry()
    view = a_view(
        registry, owner="ada@example.org", tags={"team": "credit", "pii": ""}, description="Income."
    )
    view.ttl.seconds = 5400
    view.entities.append("applicant")
    view.entity_columns.add(name="applicant_id", value_type=INT64)
    entity = registry.entities.add().spec
    entity.name, entity.project, entity.join_key = "applicant", "lending", "applicant_id"
    entity.owner, entity.description = "ben@example.org", "Who applies."
    entity.tags["personal"] = ""
    found = read(tmp_path, registry)
    view_node = node(found, VIEW)
    assert (view_node.owners, view_node.tags) == (("ada@example.org",), ("pii", "team=credit"))
    assert (view_node.description, view_node.facts["ttl"]) == ("Income.", "90 min")
    key = node(found, "feature:lending/incomes#applicant_id")
    assert (key.role, key.tags, key.description) == ("join key", ("personal",), "Who applies.")
    owns = {(e.source.name, str(e.target)) for e in found.edges if e.kind is EdgeKind.OWNS}
    assert owns == {("ada@example.org", VIEW), ("ben@example.org", "feature:lending/incomes#applicant_id")}


@pytest.mark.parametrize(
    ("options", "name", "fact"),
    [
        (
            {"file_options": {"uri": "data/a.parquet"}},
            "feats/data/a.parquet",
            ("path", "feats/data/a.parquet"),
        ),
        ({"file_options": {"uri": "s3://k:s@b/a/"}}, "s3://b/a/", ("path", "s3://b/a/")),
        ({"bigquery_options": {"table": "p:d.t"}}, "p.d.t", ("table", "p.d.t")),
        (
            {"snowflake_options": {"table": "T", "schema": "S", "database": "D"}},
            "D.S.T",
            ("table", "D.S.T"),
        ),
        (
            {"athena_options": {"table": "t", "database": "d", "data_source": "c"}},
            "c.d.t",
            ("table", "c.d.t"),
        ),
        ({"spark_options": {"path": "s3a://b/t"}}, "s3a://b/t", ("path", "s3a://b/t")),
        (
            {"custom_options": {"configuration": b'{"table": "credit.incomes", "query": null}'}},
            "credit.incomes",
            ("table", "credit.incomes"),
        ),
        ({"custom_options": {"configuration": b"\x80\x04secret"}}, "lending/incomes_source", None),
        ({"kafka_options": {"kafka_bootstrap_servers": "k:9092", "topic": "t"}}, "kafka://k:9092/t", None),
        ({"type": PUSH}, "lending/incomes_source", None),
    ],
)
def test_a_source_is_named_by_where_its_rows_are(
    tmp_path: Path, options: dict[str, Any], name: str, fact: tuple[str, str] | None
):
    registry = a_registry()
    a_view(registry, source=a_source(**options))
    found = read(tmp_path, registry, repository="feats")
    assert (f"source:{name}", VIEW) in flows(found)
    assert (f"column:{name}#ratio", RATIO) in flows(found)
    facts = node(found, f"source:{name}").facts
    if fact is None:
        assert "table" not in facts
        assert "path" not in facts
    else:
        value = facts[fact[0]].removeprefix(f"{tmp_path}/")
        assert (fact[0], value) == fact
    assert "s@b" not in str(found)


def test_no_connection_string_of_a_source_is_shown(tmp_path: Path):
    registry = a_registry()
    said = {"table_ref": "dbo.incomes", "connection_string": "mssql://sa:hunter2@h/db"}
    a_view(registry, source=a_source(custom_options={"configuration": json.dumps(said).encode()}))
    found = read(tmp_path, registry)
    assert ("source:dbo.incomes", VIEW) in flows(found)
    assert "hunter2" not in str(found)


def test_the_query_of_a_source_is_followed_to_its_tables_and_columns(tmp_path: Path):
    registry = a_registry()
    query = "select i.debt / i.income as ratio, i.id from raw.incomes as i"
    kind = "feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source.PostgreSQLSource"
    configuration = json.dumps({"name": "q", "query": query, "table": None}).encode()
    source = a_source(custom_options={"configuration": configuration}, data_source_class_type=kind)
    a_view(registry, source=source)
    found = read(tmp_path, registry)
    assert ("source:raw.incomes", "source:lending/incomes_source") in flows(found)
    assert ("column:raw.incomes#debt", "column:lending/incomes_source#ratio") in flows(found)
    assert ("column:lending/incomes_source#ratio", RATIO) in flows(found)


def test_a_query_that_is_not_understood_is_told(tmp_path: Path):
    registry = a_registry()
    a_view(registry, source=a_source(redshift_options={"query": "select from where ((("}))
    (why,) = read(tmp_path, registry).not_understood
    assert "data source incomes_source" in why


def test_a_renamed_column_is_followed_to_its_feature(tmp_path: Path):
    registry = a_registry()
    source = a_source()
    source.field_mapping["debt_ratio"] = "ratio"
    a_view(registry, source=source)
    assert ("column:data/incomes.parquet#debt_ratio", RATIO) in flows(read(tmp_path, registry))


@pytest.mark.parametrize("part", ["feature_views", "stream_feature_views"])
def test_where_a_function_is_between_the_source_flows_into_every_feature(tmp_path: Path, part: str):
    registry = a_registry()
    spec = a_view(registry, part=part)
    a_function(spec, "def compute(df): ...")
    found = read(tmp_path, registry)
    edge = next(e for e in found.edges if str(e.target) == RATIO)
    assert (str(edge.source), edge.transformation) == (
        "source:data/incomes.parquet",
        "python function compute",
    )


def test_views_of_one_name_in_two_projects_are_two(tmp_path: Path):
    registry = a_registry()
    a_view(registry, project="lending")
    a_view(registry, project="fraud")
    a_view(registry, "b/incomes", project="a")
    a_view(registry, "incomes", project="a/b")
    found = read(tmp_path, registry)
    names = {str(one.entity) for one in found.nodes if one.role == "feature view"}
    assert names == {
        VIEW,
        "feature_view:fraud/incomes",
        "feature_view:a/b/incomes",
        "feature_view:a%2Fb/incomes",
    }
    only = read(tmp_path, registry, project="fraud")
    assert {str(one.entity) for one in only.nodes if one.role == "feature view"} == {
        "feature_view:fraud/incomes"
    }


def test_names_that_would_be_read_as_columns_are_written_out(tmp_path: Path):
    registry = a_registry()
    a_view(registry, "in#comes\n%", features={"ra#tio": FLOAT})
    found = read(tmp_path, registry)
    feature = next(one.entity for one in found.nodes if one.role == "feature")
    assert feature.dataset_name == "lending/in%23comes%0A%25"
    assert feature.column_name == "ra#tio"


def test_a_service_feeds_the_models_that_its_tag_names(tmp_path: Path):
    registry = a_registry()
    a_view(registry, features={"ratio": FLOAT, "other": FLOAT})
    a_service(registry, views={"incomes": ["ratio"]}, tags={"model": "mortgage_approval, other"})
    service = "feature_service:lending/approval"
    assert {(s, t) for s, t in flows(read(tmp_path, registry)) if service in (s, t)} == {
        (VIEW, service),
        (RATIO, service),
        (service, "model:mortgage_approval"),
        (service, "model:other"),
    }


def test_a_view_that_the_registry_lacks_is_told(tmp_path: Path):
    registry = a_registry()
    a_service(registry, views={"gone": ["ratio"]})
    (why,) = read(tmp_path, registry).not_understood
    assert why == (
        "registry.db, feature service approval: it serves the view 'gone', which the registry does not have"
    )


def _unchanged(spec: Message) -> None:
    spec.owner, spec.description = "somebody else", "other words"
    spec.tags["team"] = "new"
    spec.features.reverse() if hasattr(spec.features, "reverse") else None
    spec.feature_transformation.user_defined_function.body = b"made by another Python"


def _retyped(spec: Message) -> None:
    spec.features[0].value_type = INT64


def _more_features(spec: Message) -> None:
    spec.features.add(name="new", value_type=FLOAT)


def _another_function(spec: Message) -> None:
    spec.feature_transformation.user_defined_function.body_text += "  "


def _another_source(spec: Message) -> None:
    spec.batch_source.file_options.uri = "data/other.parquet"


def _another_time(spec: Message) -> None:
    spec.batch_source.timestamp_field = "recorded_at"


def _mapped(spec: Message) -> None:
    spec.batch_source.field_mapping["raw"] = "ratio"


def _older(spec: Message) -> None:
    spec.ttl.seconds = 60


def _fewer_keys(spec: Message) -> None:
    del spec.entity_columns[:]


@pytest.mark.parametrize(
    ("change", "changes"),
    [
        (_unchanged, False),
        (_retyped, True),
        (_more_features, True),
        (_another_function, True),
        (_another_source, True),
        (_another_time, True),
        (_mapped, True),
        (_older, True),
        (_fewer_keys, True),
    ],
)
def test_the_digest_changes_with_what_makes_the_view_and_with_nothing_else(
    tmp_path: Path, change: Callable[[Message], object], changes: bool
):
    def digest(change: Callable[[Message], object]) -> str:
        registry = a_registry()
        spec = a_view(registry, features={"ratio": FLOAT, "debt": FLOAT})
        spec.entity_columns.add(name="applicant_id", value_type=INT64)
        a_function(spec, "def compute(df): ...", body=b"pickled")
        change(spec)
        return node(read(tmp_path, registry), VIEW).digest

    assert (digest(change) != digest(lambda spec: None)) is changes


def test_the_digest_of_a_function_without_its_text_is_that_of_what_is_serialized(tmp_path: Path):
    def digest(body: bytes) -> str:
        registry = a_registry()
        a_function(a_view(registry), "", body=body)
        return node(read(tmp_path, registry), VIEW).digest

    assert digest(b"\xff1") != digest(b"\xff2")


def test_a_function_of_many_inputs_flows_into_its_view_as_a_whole(tmp_path: Path):
    registry = a_registry()
    many = {f"f{number}": FLOAT for number in range(200)}
    a_view(registry, "wide", features=many)
    spec = a_view(registry, "made", features=many, part="on_demand_feature_views")
    a_function(spec, "def compute(df): ...")
    used = spec.sources["wide"].feature_view_projection
    used.feature_view_name = "wide"
    for name in many:
        used.feature_columns.add(name=name)
    found = read(tmp_path, registry)
    (why,) = found.not_understood
    assert "200 inputs and 200 features" in why
    assert ("feature:lending/wide#f7", "feature_view:lending/made") in flows(found)
    assert len(found.edges) < 2_000


def test_ten_thousand_features_are_read_in_seconds(tmp_path: Path):
    registry = a_registry()
    for number in range(200):
        a_view(registry, f"v{number}", features={f"f{place}": FLOAT for place in range(50)})
    started = time.perf_counter()
    found = read(tmp_path, registry)
    assert sum(one.role == "feature" for one in found.nodes) == 10_000
    assert time.perf_counter() - started < 10  # measured: 0.2 s


# --- the SQL registry ------------------------------------------------------------------------------


_MESSAGES = {
    "feature_views": ("feature_view_name", "feature_view_proto"),
    "feature_services": ("feature_service_name", "feature_service_proto"),
    "data_sources": ("data_source_name", "data_source_proto"),
}


def in_database(url: str, registry: Message, *, broken: bool = False) -> None:
    engine = sa.create_engine(url)
    kind = "bytea" if engine.dialect.name == "postgresql" else "blob"
    with engine.begin() as connection:
        for table, (name, proto) in _MESSAGES.items():
            connection.execute(
                sa.text(
                    f"create table {table} ({name} text, project_id text, last_updated_timestamp bigint,"
                    f" {proto} {kind}, primary key ({name}, project_id))"
                )
            )
            for number, message in enumerate(getattr(registry, table)):
                content = message.SerializeToString()
                connection.execute(
                    sa.text(f"insert into {table} values (:name, 'lending', 0, :proto)"),
                    {"name": str(number), "proto": content[:-1] if broken else content},
                )
    engine.dispose()


def test_a_sql_registry_says_what_the_file_says(tmp_path: Path):
    registry = a_registry()
    a_view(registry)
    a_service(registry, views={"incomes": ["ratio"]})
    registry.data_sources.append(a_source())
    in_database(f"sqlite:///{tmp_path}/feast.sqlite", registry)
    place = FeastPlace(connection="feats")
    found = read_feast(place, "feast:feats", around(tmp_path, feats="sqlite:///feast.sqlite"))
    of_file = read(tmp_path, registry)
    assert flows(found) == flows(of_file)
    assert [one.digest for one in found.nodes] == [one.digest for one in of_file.nodes]
    assert node(found, VIEW).evidence == "feats, feature view incomes"


@pytest.mark.postgres
def test_a_sql_registry_in_postgres_says_what_the_file_says(tmp_path: Path, postgres_url: str):
    registry = a_registry()
    a_view(registry)
    a_service(registry, views={"incomes": ["ratio"]})
    registry.data_sources.append(a_source())
    in_database(postgres_url, registry)
    found = read_feast(FeastPlace(connection="feats"), "feast:feats", around(tmp_path, feats=postgres_url))
    of_file = read(tmp_path, registry)
    assert flows(found) == flows(of_file)
    assert [one.digest for one in found.nodes] == [one.digest for one in of_file.nodes]


def test_a_registry_that_was_not_applied_to_again_is_told_by_its_state(tmp_path: Path):
    registry = a_registry()
    a_view(registry)
    a_service(registry, views={"incomes": ["ratio"]})
    in_database(f"sqlite:///{tmp_path}/feast.sqlite", registry)
    surroundings = around(tmp_path, feats="sqlite:///feast.sqlite")

    def state_after(statement: str) -> str:
        engine = sa.create_engine(f"sqlite:///{tmp_path}/feast.sqlite")
        with engine.begin() as connection:
            connection.execute(sa.text(statement), {"now": int(time.time())})
        engine.dispose()
        return registry_state(FeastPlace(connection="feats"), surroundings)

    seen = [
        state_after("select 1"),
        state_after("update feature_views set last_updated_timestamp = 7"),
        state_after("delete from feature_services"),
    ]
    assert len({*seen}) == len(seen)
    assert all(seen)
    assert state_after("select 1") == seen[-1]
    assert state_after("update feature_views set last_updated_timestamp = :now") == "", "it may go on"


def test_a_broken_row_of_a_sql_registry_costs_itself_only(tmp_path: Path):
    registry = a_registry()
    a_view(registry)
    in_database(f"sqlite:///{tmp_path}/feast.sqlite", registry, broken=True)
    place = FeastPlace(connection="feats")
    found = read_feast(place, "feast:feats", around(tmp_path, feats="sqlite:///feast.sqlite"))
    (why,) = found.not_understood
    assert why.startswith("feats: feature_views, row 1 of project lending cannot be read")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///gone.sqlite", "there is no file gone.sqlite"),
        ("sqlite:///other.sqlite", "holds no registry of Feast"),
        ("sqlite:///text.sqlite", "file is not a database"),
        ("nothing://ann:hunter2@h/db", "none of a database"),
        ("postgresql://ann:hunter2@127.0.0.1:1/db", "cannot be read"),
        ("${FEAST_URL}", "FEAST_URL"),
        ("not a url", "none of a database"),
    ],
)
def test_a_database_that_is_no_registry_is_named_without_its_password(tmp_path: Path, url: str, said: str):
    in_other = sa.create_engine(f"sqlite:///{tmp_path}/other.sqlite")
    with in_other.begin() as connection:
        connection.execute(sa.text("create table t (x int)"))
    in_other.dispose()
    (tmp_path / "text.sqlite").write_text("no database " * 200)
    before = _state(tmp_path)
    with pytest.raises(CannotEvaluate, match=said) as caught:
        read_feast(FeastPlace(connection="feats"), "feast:feats", around(tmp_path, feats=url))
    assert "feats" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert _state(tmp_path) == before


def _state(root: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in root.iterdir()}


def test_the_nodes_of_a_view_carry_who_says_so(tmp_path: Path):
    registry = a_registry()
    a_view(registry)
    found = read(tmp_path, registry)
    assert {one.by for one in found.nodes} == {edge.by for edge in found.edges} == {"feast:registry.db"}
    assert Entity.source("data/incomes.parquet") in {one.entity for one in found.nodes}


def test_what_a_driver_says_is_told_without_the_password():
    engine = sa.create_engine("sqlite://", echo=False)
    engine.url = sa.make_url("postgresql://ann:hunter2@h/db")  # type: ignore[misc]  # its driver is not here
    said = sa.exc.OperationalError("select 1", {}, ValueError("no way in with hunter2\nand more"))
    with pytest.raises(CannotEvaluate) as caught, reading(engine, "feats"):
        raise said
    assert caught.value.message == "connection 'feats' cannot be read: no way in with ***"
