"""From an ODCS v3.1 file to contracts: one for each schema object.

What the rest of the project reads is taken from the standard's own fields where it has one, and from
``customProperties`` where it has none (:mod:`odcs_terms`). Everything else is kept in the file and listed
in ``Contract.ignored``, so that ``governance validate --explain`` can say what is not acted on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from governance_pipeline.charter.contract import Column, Contract, PurposeUse
from governance_pipeline.charter.diagnostics import ProjectFilesInvalid, nearest, one_of, shorten
from governance_pipeline.charter.odcs_columns import CustomProperties, physical_name, read_columns
from governance_pipeline.charter.odcs_promises import ServiceLevels, service_levels, team
from governance_pipeline.charter.odcs_reading import Draft, FileReading, Reading, Reference, Surroundings
from governance_pipeline.charter.odcs_rules import Rules
from governance_pipeline.charter.odcs_schema import schema_problems
from governance_pipeline.charter.odcs_servers import Found, locate
from governance_pipeline.charter.odcs_terms import ColumnTerms, DatasetTerms
from governance_pipeline.charter.paths import UnfitPath, project_path
from governance_pipeline.charter.project import Ungoverned
from governance_pipeline.charter.yaml_source import Document, PathStep, read_text

TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
NAMESPACE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
DEFAULT_NAMESPACE = "default"
_FILE_ACTED_ON = frozenset(
    {
        "version", "kind", "apiVersion", "id", "name", "domain", "tags", "description", "servers", "schema",
        "team", "slaProperties", "slaDefaultElement", "customProperties", "roles",
    }
)  # fmt: skip
_OBJECT_ACTED_ON = frozenset(
    {
        "id", "name", "physicalName", "logicalType", "description", "tags", "properties", "quality",
        "customProperties",
    }
)  # fmt: skip


def read_contracts(document: Document, file: Path, digest: str, around: Surroundings) -> FileReading:
    """Read one parsed contract file.

    Args:
        document: the parsed file.
        file: its absolute path.
        digest: ``sha256:...`` of its bytes.
        around: the project it stands in.
    """
    names = _names(document.data)
    version = document.data.get("apiVersion") if isinstance(document.data, dict) else None
    if isinstance(version, str) and version.startswith("v2"):
        problem = document.problem(
            ("apiVersion",),
            f"contracts in ODCS {shorten(version)} are not read",
            expected="ODCS v3, such as v3.1.0",
        )
        return FileReading(problems=(problem,), names=names)
    problems = schema_problems(document)
    if problems:
        return FileReading(problems=tuple(problems), names=names)
    objects: Sequence[Mapping[str, Any]] = document.data.get("schema") or ()
    if not objects:
        name = str(document.data.get("name") or document.data["id"])
        reason = "the contract describes no table (its schema is empty)"
        return FileReading(ungoverned=(Ungoverned(name, file, document.position(("schema",))[0], reason),))
    readings = [_Object(document, index, file, digest, around).read() for index in range(len(objects))]
    return FileReading(
        drafts=tuple(draft for one in readings for draft in one.drafts),
        ungoverned=tuple(table for one in readings for table in one.ungoverned),
        problems=tuple(problem for one in readings for problem in one.problems),
        names=names,
    )


class _Object:
    """Reads one schema object of a contract file."""

    def __init__(self, document: Document, index: int, file: Path, digest: str, around: Surroundings) -> None:
        self.document, self.file, self.digest, self.around = document, file, digest, around
        self.contract: Mapping[str, Any] = document.data
        self.part: Mapping[str, Any] = self.contract["schema"][index]
        self.path: tuple[PathStep, ...] = ("schema", index)
        self.reading = Reading(document, _is_ours(self.contract, self.part))
        self.table = physical_name(self.part)
        self.files: list[Path] = []

    def read(self) -> FileReading:
        parts = [
            (("customProperties",), self.contract.get("customProperties") or ()),
            ((*self.path, "customProperties"), self.part.get("customProperties") or ()),
        ]
        properties = CustomProperties(self.reading, parts)
        terms = properties.read(DatasetTerms)
        dataset = dataset_name(self.contract, self.part, terms.namespace)
        line = self.document.position(self.path)[0]
        if not TABLE_NAME.fullmatch(str(self.part["name"])):
            message = f"'{shorten(self.part['name'])}' cannot be the name of a dataset"
            self.reading.unfit((*self.path, "name"), message, expected="letters, digits, _ and -")
            return self._not_governed(dataset, line, message)
        place = locate(self.contract.get("servers") or (), self.table, self.around)
        if not isinstance(place, Found):
            self.reading.unfit(place.path, place.reason, expected=place.expected)
            return self._not_governed(dataset, line, place.reason)
        draft = self._draft(dataset, terms, properties, place)
        return FileReading(drafts=(draft,), problems=tuple(self.reading.problems))

    def _not_governed(self, dataset: str, line: int, reason: str) -> FileReading:
        problems = tuple(self.reading.problems)
        if self.reading.ours:
            return FileReading(problems=problems)
        return FileReading(ungoverned=(Ungoverned(dataset, self.file, line, reason),), problems=problems)

    def _draft(self, dataset: str, terms: DatasetTerms, properties: CustomProperties, place: Found) -> Draft:
        reading = self.reading
        rules = Rules(reading)
        columns, sources = read_columns(self.part.get("properties") or (), self.path, reading, rules)
        rules.add_quality(None, self.part, self.path)
        everyone = [name for one in self.contract["schema"] for name in (one["name"], physical_name(one))]
        levels = service_levels(self.contract, (self.part["name"], self.table), everyone, reading)
        owners, team_name = team(self.contract, reading)
        self._set_aside_rest(place)
        self._check_terms(terms, properties, columns)
        self._check_rule_columns(rules, columns)
        contract = replace(
            self._contract(dataset, terms, columns, place, levels),
            purposes=self._purposes(terms, properties),
            rules=tuple(rules.found),
            job_sql=self._job_sql(terms, properties),
            ignored=reading.ignored_parts(),
        )
        upstream = tuple(
            Reference(name, properties.path("upstream", number)) for number, name in enumerate(terms.upstream)
        )
        files = tuple(self.files)
        purposes = tuple(properties.path("purposes")) if terms.purposes else ()
        return Draft(
            contract,
            self.document,
            self.path,
            reading.ours,
            owners,
            team_name,
            sources,
            upstream,
            files,
            purposes,
        )

    def _purposes(self, terms: DatasetTerms, properties: CustomProperties) -> tuple[PurposeUse, ...]:
        return tuple(
            purpose.use(self.document.position(properties.path("purposes", index))[0])
            for index, purpose in enumerate(terms.purposes)
        )

    def _contract(
        self,
        dataset: str,
        terms: DatasetTerms,
        columns: tuple[Column, ...],
        place: Found,
        levels: ServiceLevels,
    ) -> Contract:
        """The contract by its own words, without its rules and its job's query."""
        promised = self._column_named(levels.element, columns)
        return Contract(
            dataset=dataset,
            kind=terms.datasetKind,
            location=place.location,
            columns=columns,
            file=self.file,
            digest=self.digest,
            version=str(self.contract["version"]),
            description=self._description(),
            domain=str(self.contract.get("domain", "")),
            vendor=terms.vendor,
            tier=terms.tier,
            event_time=self._column_named(terms.eventTime, columns) or promised,
            subject_key=self._column_named(terms.subjectKey, columns),
            cluster=self._column_named(terms.clusterColumn, columns),
            training_use=terms.trainingUse,
            calendar=terms.calendar.calendar(),
            scan_timeout=terms.scanTimeoutSeconds,
            max_age=levels.max_age,
            retention=levels.retention,
            feature_view=terms.featureView,
            job=terms.job,
            tags=tuple(dict.fromkeys([*self.contract.get("tags", ()), *self.part.get("tags", ())])),
            readers=_readers(self.contract.get("roles") or ()),
            line=self.document.position(self.path)[0],
        )

    def _set_aside_rest(self, place: Found) -> None:
        """Note what of the file is kept and not acted on."""
        for index in range(len(self.contract["servers"])):
            if index != place.index:
                self.reading.set_aside(("servers", index), "another server is read")
        self.reading.set_aside_rest((), self.contract, _FILE_ACTED_ON)
        self.reading.set_aside_rest(self.path, self.part, _OBJECT_ACTED_ON)

    def _description(self) -> str:
        own = str(self.part.get("description") or "").strip()
        about = self.contract.get("description") or {}
        for key in about:
            if own or key != "purpose":
                self.reading.set_aside(("description", key))
        return own or str(about.get("purpose", "")).strip()

    def _column_named(self, name: str | None, columns: Sequence[Column]) -> str | None:
        """A column of the table by its physical name, or by the name the contract gives it."""
        if name is None or any(column.name == name for column in columns):
            return name
        for part in self.part.get("properties") or ():
            if part["name"] == name:
                return physical_name(part)
        return name

    def _check_terms(
        self, terms: DatasetTerms, properties: CustomProperties, columns: Sequence[Column]
    ) -> None:
        known = [column.name for column in columns]
        for term in ("eventTime", "subjectKey", "clusterColumn"):
            name = self._column_named(getattr(terms, term), columns)
            if name is not None and name not in known:
                self.reading.refuse(
                    properties.path(term),
                    f"{term} names '{shorten(name)}', which is no column of this table",
                    expected=one_of(known),
                    suggestion=nearest(name, known),
                )
        consent = next((i for i, one in enumerate(terms.purposes) if one.basis == "consent"), None)
        if consent is not None and terms.subjectKey is None:
            message = "a purpose rests on consent, but no subjectKey says whose consent is needed"
            self.reading.refuse(
                properties.path("purposes", consent), message, expected="the custom property subjectKey"
            )
        zone = terms.calendar.timezone
        if not is_time_zone(zone):
            self.reading.refuse(
                properties.path("calendar", "timezone"),
                f"'{shorten(zone)}' is no known time zone",
                expected="an IANA name such as Europe/Zurich",
                suggestion=nearest(zone, available_timezones()),
            )

    def _check_rule_columns(self, rules: Rules, columns: Sequence[Column]) -> None:
        known = [column.name for column in columns]
        for index, rule in enumerate(self.part.get("quality") or ()):
            named = (rule.get("arguments") or {}).get("properties")
            for number, name in enumerate(named if isinstance(named, list) else ()):
                if self._column_named(str(name), columns) not in known:
                    self.reading.refuse(
                        (*self.path, "quality", index, "arguments", "properties", number),
                        f"'{shorten(name)}' is no column of this table",
                        expected=one_of(known),
                        suggestion=nearest(name, known),
                    )
        for number, found in enumerate(rules.found):
            named = found.arguments.get("properties")
            if isinstance(named, list):
                physical = [self._column_named(str(name), columns) for name in named]
                rules.found[number] = replace(found, arguments={**found.arguments, "properties": physical})

    def _job_sql(self, terms: DatasetTerms, properties: CustomProperties) -> str:
        if terms.jobSql is None:
            return ""
        where = properties.path("jobSql")
        try:
            path = project_path(terms.jobSql, self.around.root)
            text = read_text(path, self.document.file)
        except UnfitPath as error:
            self.reading.refuse(where, str(error), expected="the path of a .sql file in the project folder")
            return ""
        except ProjectFilesInvalid as error:
            for problem in error.problems:
                message = f"the SQL file '{shorten(terms.jobSql)}' is at fault: {problem.message}"
                self.reading.refuse(where, message, expected="the path of a .sql file in the project folder")
            return ""
        self.files.append(path)
        return text


def _readers(roles: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The roles whose access is to read, or is not said."""
    reads = ("read", "select", "all")
    named = ((one.get("role"), str(one.get("access") or "read").lower()) for one in roles)
    return tuple(str(role) for role, access in named if role and any(word in access for word in reads))


def is_time_zone(name: str) -> bool:
    """Whether ``name`` is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a name with '..', a folder such as 'Europe', an unknown one
        return False
    return True


def dataset_name(contract: Mapping[str, Any], part: Mapping[str, Any], namespace: str | None) -> str:
    """``namespace.name``; without a namespace of its own the contract's domain, then ``default``."""
    domain = str(contract.get("domain") or "")
    return f"{namespace or (domain if NAMESPACE.fullmatch(domain) else DEFAULT_NAMESPACE)}.{part['name']}"


def _is_ours(contract: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    of_table = [*(contract.get("customProperties") or ()), *(part.get("customProperties") or ())]
    of_columns = [
        one for column in part.get("properties") or () for one in column.get("customProperties") or ()
    ]
    return any(one["property"] in DatasetTerms.model_fields for one in of_table) or any(
        one["property"] in ColumnTerms.model_fields for one in of_columns
    )


def _names(data: Any) -> frozenset[str]:
    """The datasets a file speaks of, as far as it can be read at all."""
    if not isinstance(data, dict) or not isinstance(data.get("schema"), list):
        return frozenset()
    found = set()
    for part in data["schema"]:
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            entries = [data.get("customProperties"), part.get("customProperties")]
            listed = [
                one for group in entries if isinstance(group, list) for one in group if isinstance(one, dict)
            ]
            spaces = [one.get("value") for one in listed if one.get("property") == "namespace"]
            found.add(dataset_name(data, part, str(spaces[-1]) if spaces else None))
    return frozenset(found)
