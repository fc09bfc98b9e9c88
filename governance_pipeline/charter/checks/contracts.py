"""datasets/*.odcs.yaml: owners, upstream datasets and column sources; one contract for one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from governance_pipeline.charter.checks.datasets import Datasets
from governance_pipeline.charter.contract import Column, ColumnSource, Contract
from governance_pipeline.charter.diagnostics import Problem, nearest, one_of, shorten
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.odcs_reading import Draft, Reading, Reference
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.settings import Settings


def check_twins(drafts: Iterable[Draft]) -> list[Problem]:
    """Two contracts for one table, or with one name, would measure it twice by different promises."""
    problems: list[Problem] = []
    names: dict[str, Draft] = {}
    tables: dict[tuple[str, str, str, str], Draft] = {}
    for draft in drafts:
        contract = draft.contract
        first = names.setdefault(contract.dataset, draft)
        if first is not draft:
            message = f"the dataset '{contract.dataset}' already has a contract at {_where(first)}"
            problems.append(
                draft.document.problem((*draft.path, "name"), message, expected="one contract for a dataset")
            )
            continue
        first = tables.setdefault(contract.location.identity, draft)
        if first is not draft:
            other = f"'{first.contract.dataset}' ({_where(first)})"
            message = f"the table of '{contract.dataset}' is also the table of {other}"
            problems.append(draft.document.problem(draft.path, message, expected="one contract for a table"))
    return problems


def _where(draft: Draft) -> str:
    return f"{draft.document.file}:{draft.contract.line}"


class Linker:
    """Resolves what a contract says about people and other datasets."""

    def __init__(
        self,
        datasets: Datasets,
        charter: Loaded[Charter] | None,
        settings: Loaded[Settings] | None,
        playbook: Loaded[Playbook] | None = None,
    ) -> None:
        self.datasets = datasets
        self.purposes = list(playbook.value.purposes) if playbook else []
        self.charter = charter.value if charter else None
        self.settings = settings.value if settings else None
        self.problems: list[Problem] = []

    def link(self, draft: Draft) -> Contract:
        """The contract with owner, upstream and column sources; problems are collected."""
        reading = Reading(draft.document, draft.ours)
        owner = self._owner(draft, reading)
        named = [self._upstream(reference, draft, reading) for reference in draft.upstream]
        columns = tuple(self._column(column, draft, reading) for column in draft.contract.columns)
        through = [source.dataset for column in columns for source in column.sources]
        tables = [name for references in draft.sources.values() for name in self._whole_tables(references)]
        upstream = {name for name in [*named, *through, *tables] if name and name != draft.contract.dataset}
        self._consent(draft, reading)
        self._purposes(draft, reading)
        self.problems.extend(reading.problems)
        ignored = (*draft.contract.ignored, *reading.ignored_parts())
        return replace(
            draft.contract, owner=owner, columns=columns, upstream=tuple(sorted(upstream)), ignored=ignored
        )

    def _owner(self, draft: Draft, reading: Reading) -> str | None:
        """The first member with the role owner, else the team; as an id of charter.yaml."""
        charter = self.charter
        if charter is None:
            return None
        ids = charter.owner_ids
        by_mail = {person.mail.lower(): person.id for person in charter.people}
        for reference in draft.owners:
            if reference.text in ids:
                return reference.text
            if reference.text.lower() in by_mail:
                return by_mail[reference.text.lower()]
            message = f"the owner '{shorten(reference.text)}' is no person or team of charter.yaml"
            reading.unfit(
                reference.path,
                message,
                expected=one_of(ids),
                suggestion=nearest(reference.text, [*ids, *by_mail]),
            )
        if draft.owners or draft.team is None:
            return None
        by_name = {team.name: team.id for team in charter.teams} | {
            team.id: team.id for team in charter.teams
        }
        if draft.team.text in by_name:
            return by_name[draft.team.text]
        message = f"the team '{shorten(draft.team.text)}' is no team of charter.yaml and names no owner"
        reading.unfit(
            draft.team.path, message, expected=one_of(team.id for team in charter.teams),
            suggestion=nearest(draft.team.text, by_name),
        )  # fmt: skip
        return None

    def _upstream(self, reference: Reference, draft: Draft, reading: Reading) -> str | None:
        name = self._known(reference.text, draft)
        if name is None:
            self._unknown(reference, reading)
        elif name == draft.contract.dataset:
            reading.refuse(
                reference.path, "a dataset cannot be built from itself", expected="another dataset"
            )
        return name or reference.text

    def _known(self, name: str, draft: Draft) -> str | None:
        """The full name of a dataset, also where it is written without its own namespace."""
        for full in (name, f"{draft.contract.namespace}.{name}"):
            if (
                full in self.datasets.contracts
                or full in self.datasets.broken
                or full in self.datasets.ungoverned
            ):
                return full
        return None

    def _unknown(self, reference: Reference, reading: Reading) -> None:
        if not self.datasets.complete:
            return
        known = sorted(self.datasets.contracts)
        message = f"'{shorten(reference.text)}' is no dataset of this project"
        reading.unfit(
            reference.path, message, expected=one_of(known), suggestion=nearest(reference.text, known)
        )

    def _whole_tables(self, references: Sequence[Reference]) -> list[str]:
        return [one.text for one in references if one.text in self.datasets.contracts]

    def _column(self, column: Column, draft: Draft, reading: Reading) -> Column:
        references = draft.sources.get(column.name, ())
        found = [self._source(reference, draft, reading) for reference in references]
        sources = tuple(dict.fromkeys(source for source in found if source is not None))
        return replace(column, sources=sources) if sources else column

    def _source(self, reference: Reference, draft: Draft, reading: Reading) -> ColumnSource | None:
        """``namespace.dataset.column`` or ``dataset.column``; a whole dataset gives no column."""
        if reference.text in self.datasets.contracts or reference.text in self.datasets.broken:
            return None
        table, _, column = reference.text.rpartition(".")
        dataset = self._known(table, draft) if table else None
        if dataset is None:
            name = self._known(reference.text, draft)
            if name is None:
                self._no_source(reference, reading)
            return None
        contract: Mapping[str, Contract] = self.datasets.contracts
        if dataset in contract and contract[dataset].columns and contract[dataset].column(column) is None:
            known = [one.name for one in contract[dataset].columns]
            message = f"'{shorten(column)}' is no column of {dataset}"
            reading.unfit(reference.path, message, expected=one_of(known), suggestion=nearest(column, known))
            return None
        return ColumnSource(dataset, column)

    def _no_source(self, reference: Reference, reading: Reading) -> None:
        if not self.datasets.complete:
            return
        known = [
            f"{name}.{column.name}" for name, one in self.datasets.contracts.items() for column in one.columns
        ]
        message = f"'{shorten(reference.text)}' is no column of a dataset of this project"
        expected = "namespace.dataset.column or dataset.column"
        reading.unfit(reference.path, message, expected=expected, suggestion=nearest(reference.text, known))

    def _consent(self, draft: Draft, reading: Reading) -> None:
        """Consent cannot be counted without a ledger."""
        needs = any(use.basis == "consent" for use in draft.contract.purposes)
        if needs and self.settings is not None and self.settings.consent is None:
            message = "a purpose rests on consent, but governance.yaml names no consent ledger"
            reading.refuse(draft.path, message, expected="a section consent: in governance.yaml")

    def _purposes(self, draft: Draft, reading: Reading) -> None:
        """Where the playbook says what the purposes are, there are no others."""
        for index, use in enumerate(draft.contract.purposes):
            if self.purposes and use.purpose not in self.purposes:
                message = f"'{shorten(use.purpose)}' is no purpose of the playbook"
                reading.refuse(
                    (*draft.purposes, index, "purpose") if draft.purposes else draft.path,
                    message,
                    expected=one_of(self.purposes),
                    suggestion=nearest(use.purpose, self.purposes),
                )
