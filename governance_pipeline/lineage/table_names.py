"""From a table name as SQL writes it to the dataset it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableNames:
    """Datasets by every name their table may be called by.

    ``lending.incomes`` is found as itself, as ``incomes`` where only one dataset ends so, and as
    ``warehouse.lending.incomes``. Case does not matter.

    Attributes:
        schemas: columns by dataset name.
        physical: physical table name to dataset name.
    """

    schemas: Mapping[str, Sequence[str]]
    physical: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        exact = {name.lower(): name for name in self.schemas}
        exact |= {name.lower(): dataset for name, dataset in self.physical.items()}
        short: dict[str, set[str]] = {}
        for name, dataset in exact.items():
            short.setdefault(name.rpartition(".")[2], set()).add(dataset)
        content = frozenset((name, tuple(columns)) for name, columns in self.schemas.items())
        object.__setattr__(self, "_content", (content, frozenset(self.physical.items())))
        object.__setattr__(self, "_hash", hash(self.__dict__["_content"]))
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_short", short)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableNames) and bool(self.__dict__["_content"] == other.__dict__["_content"])

    def __hash__(self) -> int:
        return int(self.__dict__["_hash"])

    def dataset(self, parts: Sequence[str]) -> str | None:
        """The dataset called ``parts`` (catalog, schema, table), or None where none or several are."""
        exact: Mapping[str, str] = self.__dict__["_exact"]
        for start in range(len(parts)):
            tail = ".".join(parts[start:]).lower()
            if tail in exact:
                return exact[tail]
        if len(parts) > 1:
            return None
        found: set[str] = self.__dict__["_short"].get(parts[0].lower(), set()) if parts else set()
        return next(iter(found)) if len(found) == 1 else None

    def name(self, parts: Sequence[str]) -> str:
        """The dataset's name, or the name as written where no dataset is known by it."""
        return self.dataset(parts) or ".".join(parts)

    def columns(self, name: str) -> tuple[str, ...] | None:
        """The columns of a dataset, None where they are not known."""
        found = self.schemas.get(name)
        return tuple(found) if found else None
