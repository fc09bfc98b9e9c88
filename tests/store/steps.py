"""Steps that several tests of the store share."""

from __future__ import annotations

from governance_pipeline.store.ports import Store
from tests.store.examples import night_record


def use(store: Store) -> None:
    with store.begin() as unit:
        unit.nights.seal(night_record())
        assert unit.nights.latest() == night_record()
    store.close()


def everything_said(error: BaseException) -> str:
    """The message with those of all its causes, as a traceback would show them."""
    said = []
    cause: BaseException | None = error
    while cause is not None:
        said.append(f"{cause} {getattr(cause, 'hint', '')}")
        cause = cause.__cause__ or cause.__context__
    return "\n".join(said)
