"""What earlier nights remember of a dataset's partitions."""

from __future__ import annotations

from governance_pipeline.profiles.codec import partition_from_json
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.stages.services import Services


def known_partitions(services: Services, plan: ScanPlan) -> dict[str, Partition]:
    """By id; what cannot be read any more is left out, and read from its source again."""
    with services.store.reading() as unit:
        records = unit.profiles.partitions(plan.contract.dataset, plan.needed_first)
    found = (partition_from_json(record.partition, record.head, record.slices) for record in records)
    return {partition.id: partition for partition in found if partition is not None}
