"""One governed dataset's contract, as the rest of the project reads it.

Made from an ODCS v3.1 file by :mod:`governance_pipeline.charter.odcs`. One ODCS file may describe
several schema objects; each becomes one contract. What ODCS has no field for stands there as
``customProperties`` (``namespace``, ``datasetKind``, ``eventTime``, ``subjectKey``, ``clusterColumn``,
``purposes``, ``trainingUse``, ``calendar``, ``vendor``, ``scanTimeoutSeconds``, ``featureView`` and, on a
property, ``sensitiveAttribute``, ``personal``, ``population``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal


class DatasetKind(StrEnum):
    """What role the table plays in the feature store."""

    SOURCE = "source"
    FEATURE_VIEW = "feature_view"
    TRAINING_SNAPSHOT = "training_snapshot"
    PREDICTIONS = "predictions"
    CONSENT_LEDGER = "consent_ledger"


class LawfulBasis(StrEnum):
    """GDPR article 6(1)(a)-(f)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


@dataclass(frozen=True, slots=True)
class PurposeUse:
    """That the dataset is used for ``purpose`` on ``basis``; ``line`` of the contract says so.

    Attributes:
        consumers: models, teams and people who alone may use it so; empty where the contract leaves it open.
    """

    purpose: str
    basis: LawfulBasis
    line: int = field(default=0, compare=False)
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Where the rows are.

    Attributes:
        kind: ``parquet`` and ``csv`` (``path`` is a file or glob, absolute after loading),
            ``delta`` and ``iceberg`` (``path`` is the table's folder),
            ``duckdb`` (``path`` is the database file, ``table`` in ``schema``), or ``sql``
            (``connection`` is a name in governance.yaml, ``table`` in ``schema``). Files with a
            ``connection`` are read through it, by Spark, and their ``path`` may be an address.
    """

    kind: Literal["parquet", "csv", "delta", "iceberg", "duckdb", "sql"]
    path: str = ""
    connection: str = ""
    schema: str = ""
    table: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Two contracts with the same identity describe the same table."""
        return (self.path, self.connection, self.schema, self.table)


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """That a column is computed from ``column`` of ``dataset``."""

    dataset: str
    column: str


@dataclass(frozen=True, slots=True)
class Population:
    """The people a dataset should stand for, by the groups of one column.

    Attributes:
        shares: each group's share of the population; together at most 1, the rest is everybody else.
        favourable: each group's share of favourable labels in the population, where known.
        reference: the group whose labels others are compared with; "" for none.
        source: where the figures come from.
    """

    shares: Mapping[str, float]
    favourable: Mapping[str, float] = field(default_factory=dict)
    reference: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the contract promises it.

    Attributes:
        logical_type: ODCS logical type: string, date, timestamp, time, number, integer, object,
            array, boolean; "" where none is promised.
        sensitive: a protected attribute (race, sex ...).
        sources: the columns it is computed from, as declared (``transformSourceObjects``) or found
            by parsing ``transform_logic``.
        options: ODCS logicalTypeOptions (minimum, maximum, pattern, maxLength, format ...).
        population: the declared population by this column's groups; None where none is declared.
    """

    name: str
    logical_type: str = ""
    physical_type: str = ""
    description: str = ""
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    classification: str = ""
    personal: bool = False
    sensitive: bool = False
    sources: tuple[ColumnSource, ...] = ()
    transform_logic: str = ""
    transform_description: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    population: Population | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One ODCS quality rule.

    Attributes:
        id: unique in the contract, e.g. ``incomes.ratio.nullValues``.
        column: None for a rule on the table.
        metric: ODCS library metric (nullValues, missingValues, invalidValues, duplicateValues,
            rowCount), ``sql`` for a query, ``pandera`` for a pandera check by name.
        operator: ODCS comparison, e.g. ``mustBeLessThan``; "" for none.
        bound: what the operator compares with: a number, or a pair for between.
        percent: the bound is in per cent of the rows, not a count.
        arguments: ODCS ``arguments`` (validValues, pattern, missingValues, properties, check).
        severity: ``error`` fails, ``warning`` warns, ``info`` only tells.
    """

    id: str
    column: str | None
    metric: str
    operator: str = ""
    bound: float | tuple[float, float] | None = None
    percent: bool = False
    query: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    severity: Literal["error", "warning", "info"] = "error"
    description: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Calendar:
    """When data is due.

    Attributes:
        workdays: ISO weekdays on which data is due (1 Monday ... 7 Sunday).
        holidays: days on which none is due.
    """

    timezone: str = "UTC"
    workdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """One governed dataset.

    Attributes:
        dataset: ``namespace.name``; the name used everywhere.
        event_time: column that dates a row; None where the table has none.
        cluster: column that says which rows belong together (a branch, a customer), so that they are not
            taken for independent; None where each row stands for itself.
        scan_timeout: seconds that its scan may take; None for what governance.yaml says.
        max_age: the recency SLA (ODCS ``latency``/``frequency``): how old the newest row may be.
        retention: how old the oldest row may be (ODCS ``retention``).
        owner: person or team id; None where nobody is named.
        upstream: datasets it is built from.
        feature_view: ``project/view`` of the feature store whose rows these are; None where nobody says so.
        job: name of the job that builds it; ``job_sql`` its SQL where known.
        readers: the database roles that may read it (ODCS ``roles`` whose access is read, or not said).
        ignored: dotted paths of ODCS parts kept but not acted on.
        digest: ``sha256:...`` of the file's bytes.
    """

    dataset: str
    kind: DatasetKind
    location: Location
    columns: tuple[Column, ...]
    file: Path
    digest: str
    version: str = ""
    description: str = ""
    domain: str = ""
    owner: str | None = None
    vendor: str | None = None
    tier: str | None = None
    event_time: str | None = None
    subject_key: str | None = None
    cluster: str | None = None
    purposes: tuple[PurposeUse, ...] = ()
    training_use: bool = True
    calendar: Calendar = Calendar()
    scan_timeout: float | None = None
    max_age: timedelta | None = None
    retention: timedelta | None = None
    rules: tuple[QualityRule, ...] = ()
    upstream: tuple[str, ...] = ()
    feature_view: str | None = None
    job: str = ""
    job_sql: str = ""
    tags: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    line: int = 0

    @property
    def namespace(self) -> str:
        return self.dataset.rpartition(".")[0]

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.primary_key)

    @property
    def sensitive_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.sensitive)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)
