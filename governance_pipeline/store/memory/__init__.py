"""The store in memory: the same meaning as the SQL stores, gone when the process ends.

For tests, and for trying things out. It keeps the same rows (:mod:`night_records`,
:mod:`act_records`), so the same values are refused and equal records come back.
"""

from governance_pipeline.store.memory.store import InMemoryStore

__all__ = ["InMemoryStore"]
