from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from governance_pipeline.charter.contract import Contract, DatasetKind, LawfulBasis, PurposeUse
from governance_pipeline.charter.odcs import read_contracts
from governance_pipeline.charter.odcs_reading import FileReading, Surroundings
from governance_pipeline.charter.odcs_rules import PANDERA_CHECKS
from governance_pipeline.charter.yaml_source import parse_yaml

HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: 1.0.0
servers: [{server: local, type: local, path: a.csv, format: csv}]
"""
OURS = "customProperties: [{property: namespace, value: lending}]\n"


def read(body: str, head: str = HEAD, root: Path = Path("/project")) -> FileReading:
    document = parse_yaml(head + body, "c.odcs.yaml")
    return read_contracts(document, root / "datasets/c.odcs.yaml", "sha256:x", Surroundings(root))


def contract(body: str, head: str = HEAD) -> Contract:
    reading = read(body, head)
    assert reading.problems == ()
    return reading.drafts[0].contract


def said(body: str, head: str = HEAD + OURS) -> list[str]:
    return [str(problem) for problem in read(body, head).problems]


def column(rest: str) -> str:
    return f"schema: [{{name: t, properties: [{{name: a, {rest}}}]}}]"


def test_custom_properties_say_what_the_standard_has_no_field_for() -> None:
    found = contract("""\
schema:
- name: t
  properties:
  - {name: at, logicalType: timestamp}
  - name: who
    customProperties: [{property: sensitiveAttribute, value: true}, {property: personal, value: true}]
  customProperties:
  - {property: namespace, value: lending}
  - {property: datasetKind, value: feature_view}
  - {property: eventTime, value: at}
  - {property: subjectKey, value: who}
  - {property: clusterColumn, value: who}
  - {property: trainingUse, value: false}
  - {property: vendor, value: Bureau AG}
  - {property: tier, value: high}
  - {property: job, value: build_t}
  - property: purposes
    value: [{purpose: billing, basis: contract}, {purpose: ads, basis: consent}]
  - property: calendar
    value: {timezone: Europe/Zurich, workdays: [mon, fri], holidays: [2026-12-25]}
""")
    assert found.dataset == "lending.t"
    assert found.kind is DatasetKind.FEATURE_VIEW
    assert (found.event_time, found.subject_key, found.cluster) == ("at", "who", "who")
    assert found.training_use is False
    assert (found.vendor, found.tier, found.job) == ("Bureau AG", "high", "build_t")
    assert found.purposes == (
        PurposeUse("billing", LawfulBasis.CONTRACT),
        PurposeUse("ads", LawfulBasis.CONSENT),
    )
    assert found.calendar.timezone == "Europe/Zurich"
    assert found.calendar.workdays == (1, 5)
    assert found.calendar.holidays == (date(2026, 12, 25),)
    assert found.sensitive_columns == ("who",)
    assert found.columns[1].personal


def test_a_property_of_the_table_overrides_that_of_the_file() -> None:
    found = contract(
        "customProperties: [{property: namespace, value: a}, {property: tier, value: low}]\n"
        "schema: [{name: t, customProperties: [{property: namespace, value: b}]}]"
    )
    assert (found.dataset, found.tier) == ("b.t", "low")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("datasetKind, value: features", "did you mean 'feature_view'?"),
        ("eventTime, value: b", "no column of this table; expected a"),
        ("subjectKey, value: b", "no column of this table"),
        ("clusterColumn, value: b", "no column of this table"),
        ("trainingUse, value: 'no'", "'trainingUse' cannot be 'no'; expected true or false"),
        ("tier, value: hihg", "did you mean 'high'?"),
        ("purposes, value: [{purpose: x, basis: consnt}]", "did you mean 'consent'?"),
        ("purposes, value: [{purpose: x}]", "'basis' is missing"),
        ("purposes, value: [{purpose: x, basis: consent}]", "no subjectKey says whose consent"),
        ("calendar, value: {timezone: Europe/Zürich}", "no known time zone"),
        ("calendar, value: {timezone: Europe}", "no known time zone"),
        ("calendar, value: {timezone: ../../etc/passwd}", "no known time zone"),
        ("calendar, value: {workdays: [monday]}", "expected one of mon, tue"),
        ("calendar, value: {workdays: []}", "at least one"),
        ("calendar, value: {holidays: [25.12.2026]}", "a date such as 2026-03-31"),
        ("upstream, value: lending.x", "expected a list"),
        ("jobSql, value: none.sql", "cannot be read"),
        ("jobSql, value: ../x.sql", "out of the project"),
        ("subjectkey, value: a", "did you mean 'subjectKey'?"),
        ("purpose, value: a", "did you mean 'purposes'?"),
    ],
)
def test_a_custom_property_of_ours_that_does_not_fit_is_refused(body: str, words: str) -> None:
    (problem,) = said(
        f"schema: [{{name: t, properties: [{{name: a}}], customProperties: [{{property: {body}}}]}}]"
    )
    assert words in problem
    assert problem.startswith("c.odcs.yaml:8:")


def test_somebody_elses_custom_property_is_kept_and_listed() -> None:
    found = contract(OURS + "schema: [{name: t, customProperties: [{property: costCentre, value: 7}]}]")
    assert "schema.t.customProperties.costCentre (line 8)" in found.ignored


def test_a_property_given_twice_is_refused() -> None:
    twice = "customProperties: [{property: tier, value: low}, {property: tier, value: high}]"
    assert any("twice" in problem for problem in said(f"schema: [{{name: t, {twice}}}]"))


def test_the_namespace_falls_back_on_the_domain() -> None:
    assert contract("domain: seller\nschema: [{name: t}]").dataset == "seller.t"
    assert contract("domain: Sales & More\nschema: [{name: t}]").dataset == "default.t"


@pytest.mark.parametrize("name", ["a b", "1a", "a.b", "a#b", "a/b", "'; drop table x'", "ä"])
def test_a_name_that_cannot_name_a_dataset_is_refused_in_our_files_and_set_aside_in_others(name: str) -> None:
    body = f'schema: [{{name: "{name}"}}]'
    assert "cannot be the name of a dataset" in said(body)[0]
    (table,) = read(body).ungoverned
    assert "cannot be the name of a dataset" in table.reason


def test_contracts_of_an_older_standard_are_refused_by_name() -> None:
    (problem,) = said("schema: []", HEAD.replace("v3.1.0", "v2.2.2"))
    assert "ODCS v2.2.2 are not read; expected ODCS v3" in problem


def test_columns_are_called_as_in_the_table() -> None:
    found = contract(
        OURS + "schema: [{name: t, properties: [{name: nice name, physicalName: nm}],"
        " customProperties: [{property: subjectKey, value: nice name}]}]"
    )
    assert [one.name for one in found.columns] == ["nm"]
    assert found.subject_key == "nm", "a name of the contract leads to the column of the table"


def test_a_column_described_twice_is_refused() -> None:
    (problem,) = said("schema: [{name: t, properties: [{name: a}, {name: b, physicalName: a}]}]")
    assert "'a' is described twice; first on line 8" in problem


def test_promises_about_a_column_become_rules_with_speaking_ids() -> None:
    found = contract(
        column(
            "logicalType: number, required: true, unique: true,"
            " logicalTypeOptions: {minimum: 1, exclusiveMaximum: 9, multipleOf: 2, format: f64}"
        )
    )
    assert [(rule.id, rule.metric, rule.arguments) for rule in found.rules] == [
        ("a.required", "nullValues", {}),
        ("a.unique", "duplicateValues", {}),
        ("a.minimum", "invalidValues", {"minimum": 1}),
        ("a.exclusiveMaximum", "invalidValues", {"exclusiveMaximum": 9}),
        ("a.multipleOf", "invalidValues", {"multipleOf": 2}),
    ]
    assert {(rule.operator, rule.bound, rule.percent, rule.severity) for rule in found.rules} == {
        ("mustBe", 0.0, False, "error")
    }
    assert found.columns[0].options["format"] == "f64"
    assert any(part.startswith("schema.t.properties.a.logicalTypeOptions.format") for part in found.ignored)


def test_text_promises_become_rules() -> None:
    found = contract(
        column("logicalType: string, logicalTypeOptions: {minLength: 1, maxLength: 5, pattern: '^x'}")
    )
    assert [rule.id for rule in found.rules] == ["a.minLength", "a.maxLength", "a.pattern"]


def test_library_rules_keep_operator_bound_unit_and_severity() -> None:
    (rule,) = contract(
        column(
            "quality: [{type: library, metric: invalidValues, mustBeLessOrEqualTo: 5, unit: percent,"
            " arguments: {validValues: [x, null]}, severity: warning, description: d, dimension: conformity}]"
        )
    ).rules
    assert (rule.id, rule.column, rule.metric) == ("a.invalidValues", "a", "invalidValues")
    assert (rule.operator, rule.bound, rule.percent) == ("mustBeLessOrEqualTo", 5.0, True)
    assert rule.arguments == {"validValues": ["x", None]}
    assert (rule.severity, rule.description, rule.line) == ("warning", "d", 7)


def test_between_has_two_bounds_and_sql_its_query() -> None:
    first, second = contract(
        "schema: [{name: t, quality: [{metric: rowCount, mustBeBetween: [1, 9]},"
        " {type: sql, query: 'select 1', mustBe: 1, id: my-id}]}]"
    ).rules
    assert (first.id, first.column, first.bound) == ("rowCount", None, (1.0, 9.0))
    assert (second.id, second.metric, second.query, second.bound) == ("my-id", "sql", "select 1", 1.0)


def test_ids_are_unique_in_the_order_of_the_file() -> None:
    rules = f"quality: [{', '.join(['{metric: nullValues, mustBe: 0}'] * 3)}]"
    assert [rule.id for rule in contract(column(rules)).rules] == [
        "a.nullValues",
        "a.nullValues-2",
        "a.nullValues-3",
    ]


def test_pandera_checks_are_called_by_name() -> None:
    (rule,) = contract(
        column(
            "quality: [{type: custom, engine: pandera, implementation: {check: isin, allowed_values: [x]}}]"
        )
    ).rules
    assert (rule.id, rule.metric, rule.arguments) == (
        "a.isin",
        "pandera",
        {"check": "isin", "allowed_values": ["x"]},
    )
    (short,) = contract(
        column("quality: [{type: custom, engine: pandera, implementation: unique_values_eq}]")
    ).rules
    assert short.arguments == {"check": "unique_values_eq"}


def test_the_names_of_checks_are_those_that_pandera_has() -> None:
    import pandera.pandas as pa
    from pandera.backends.pandas import builtin_checks

    built_in = {name for name in vars(builtin_checks) if name in pa.Check.CHECK_FUNCTION_REGISTRY}
    short = {"eq", "ne", "gt", "ge", "lt", "le"}  # other names for the comparisons
    assert set(PANDERA_CHECKS) == built_in | short
    assert all(callable(getattr(pa.Check, name)) for name in PANDERA_CHECKS)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{type: custom, engine: pandera, implementation: {check: is_in}}", "did you mean 'isin'?"),
        ("{type: custom, engine: pandera, implementation: {args: 1}}", "not a check that pandera has"),
        ("{metric: nullValues, mustBe: x}", "no number"),
        ("{metric: nullValues, mustBe: true}", "no number"),
        ("{metric: nullValues, mustBeBetween: [9, 1]}", "lower bound"),
        ("{metric: nullValues, mustBe: 0, unit: permille}", "expected rows or percent"),
        ("{metric: nullValues, mustBe: 0, severity: fatal}", "expected error, warning or info"),
    ],
)
def test_a_rule_that_cannot_be_acted_on_is_a_mistake_in_our_files_and_listed_in_others(
    rule: str, words: str
) -> None:
    (problem,) = said(column(f"quality: [{rule}]"))
    assert words in problem
    reading = read(column(f"quality: [{rule}]"))
    assert reading.problems == ()
    assert any("quality[0]" in part for part in reading.drafts[0].contract.ignored)


@pytest.mark.parametrize("metric", ["nullValues", "missingValues", "invalidValues", "duplicateValues"])
def test_a_rule_about_values_needs_to_know_which(metric: str) -> None:
    (problem,) = said(f"schema: [{{name: t, quality: [{{metric: {metric}, mustBe: 0}}]}}]")
    assert metric in problem


def test_columns_that_must_not_repeat_together_exist_and_are_physical() -> None:
    rule = "quality: [{metric: duplicateValues, mustBe: 0, arguments: {properties: [a, %s]}}]"
    table = "schema: [{name: t, properties: [{name: a, physicalName: a_1}, {name: b}], " + rule + "}]"
    assert contract(OURS + table % "b").rules[0].arguments == {"properties": ["a_1", "b"]}
    (problem,) = said(table % "c")
    assert "'c' is no column of this table; expected one of a_1, b" in problem


def test_rules_of_other_engines_and_in_words_are_kept_and_listed() -> None:
    found = contract(
        OURS
        + column("quality: [{type: text, description: d}, {type: custom, engine: soda, implementation: x}]")
    )
    assert found.rules == ()
    assert sum("quality[" in part for part in found.ignored) == 2


SLA = "schema: [{{name: t, properties: [{{name: at}}]}}, {{name: u}}]\nslaProperties: [{}]"


def test_latency_and_retention_become_lengths_of_time() -> None:
    body = SLA.format("{property: latency, value: 4, unit: h}, {property: retention, value: 30, unit: d}")
    for draft in read(body).drafts:
        assert draft.contract.max_age == timedelta(hours=4)
        assert draft.contract.retention == timedelta(days=30)


def test_frequency_stands_in_for_latency_and_yields_to_it() -> None:
    one, both = "{property: frequency, value: 1, unit: d}", "{property: latency, value: 4, unit: h}"
    assert contract(SLA.format(one)).max_age == timedelta(days=1)
    found = contract(SLA.format(f"{one}, {both}"))
    assert found.max_age == timedelta(hours=4)
    assert any("slaProperties.frequency" in part or "slaProperties[0]" in part for part in found.ignored)


def test_a_promise_about_one_table_says_nothing_about_the_other() -> None:
    first, second = read(SLA.format("{property: latency, value: 4, unit: h, element: t.at}")).drafts
    assert (first.contract.max_age, first.contract.event_time) == (timedelta(hours=4), "at")
    assert (second.contract.max_age, second.contract.event_time) == (None, None)


@pytest.mark.parametrize(
    ("sla", "words"),
    [
        ("{property: latency, value: 4, unit: dys}", "did you mean 'days'?"),
        ("{property: latency, value: 4, unit: m}", "minutes or months"),
        ("{property: latency, value: 4}", "unit is missing"),
        ("{property: retention, value: soon, unit: d}", "above 0"),
        ("{property: latency, value: 4, unit: h, element: v.at}", "no table of this contract"),
        ("{property: latency, value: 4, unit: h}, {property: latency, value: 5, unit: h}", "promised twice"),
    ],
)
def test_a_promise_that_cannot_be_kept_count_of_is_refused_in_our_files(sla: str, words: str) -> None:
    found = said(SLA.format(sla))
    assert found
    assert all(words in problem for problem in found)


def test_the_present_owner_comes_before_those_who_left() -> None:
    members = (
        "{username: old, role: owner, dateOut: '2020-01-01'}, {username: now, role: Owner},"
        " {username: last, role: data owner, dateOut: '2025-01-01'}, {username: x, role: analyst}"
    )
    (draft,) = read(f"schema: [{{name: t}}]\nteam: {{name: crew, members: [{members}]}}").drafts
    assert [one.text for one in draft.owners] == ["now", "last", "old"]
    assert draft.team is not None
    assert draft.team.text == "crew"
    (older,) = read(f"schema: [{{name: t}}]\nteam: [{members}]").drafts
    assert [one.text for one in older.owners] == ["now", "last", "old"]


def test_sql_of_the_job_is_read_with_the_contract(tmp_path: Path) -> None:
    (tmp_path / "job.sql").write_text("select 1", encoding="utf-8")
    body = "schema: [{name: t, customProperties: [{property: jobSql, value: job.sql}]}]"
    (draft,) = read(body, root=tmp_path).drafts
    assert draft.contract.job_sql == "select 1"
    assert draft.files == (tmp_path / "job.sql",)


def test_several_servers_are_environments_and_the_first_that_can_be_read_is_used() -> None:
    head = HEAD.replace("servers: [", "servers: [{server: live, type: kafka, host: h}, ")
    found = contract("schema: [{name: t}]", head)
    assert found.location.path == "/project/a.csv"
    assert "servers.live (line 6): another server is read" in found.ignored
