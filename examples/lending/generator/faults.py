"""The planted faults: what breaks, from which night, and who should hear of it.

The README's table, the demo's story and the end-to-end test all read this list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VENDOR_STOPS: Final = 12
CONSENT_ENDS: Final = 18
UNIT_CHANGES: Final = 24
ONE_WITHDRAWS: Final = 31
LOANS_GROW: Final = 28
CUT_OFF_TIGHTENS: Final = 33
TYPE_CHANGES: Final = 38
PURGE_STOPS: Final = 42
OWNER_LEAVES: Final = 46
VERSION_2: Final = 54


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault.

    Attributes:
        name: short, unique.
        title: what happens, in words.
        entity: what it happens to, as the project writes it: ``dataset:...``, ``model:...`` or
            ``version:...``.
        indicator: the indicator that must find it; ``milestone`` for the new version.
        facet_hint: text that the finding's facet or sentence contains; "" for any.
        first_night: index of the first night it can be seen on (night 1 is the first).
        within_nights: it is an incident (or a review) at the latest on
            ``first_night + within_nights - 1``.
        owner: person or team that must be told.
    """

    name: str
    title: str
    entity: str
    indicator: str
    facet_hint: str
    first_night: int
    within_nights: int
    owner: str

    @property
    def last_night(self) -> int:
        """Index of the last night on which finding it is still in time."""
        return self.first_night + self.within_nights - 1


FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "vendor_feed_stops",
        "The credit bureau's feed stops",
        "dataset:lending.bureau_scores",
        "recency",
        "",
        VENDOR_STOPS,
        2,
        "ruth.kowalski",
    ),
    Fault(
        "consent_ends",
        "6 % of the persons in the training snapshot withdraw their consent to model training within "
        "five nights, and 2.5 % of the consents expire",
        "dataset:lending.training_snapshot",
        "consent",
        "model_training",
        CONSENT_ENDS,
        3,
        "credit_modelling",
    ),
    Fault(
        "unit_changes",
        "A changed job writes the debt ratio as a share instead of per cent",
        "dataset:lending.applicant_features",
        "drift",
        "debt_ratio",
        UNIT_CHANGES,
        4,
        "feature_engineering",
    ),
    Fault(
        "loans_grow",
        "Every night another 4 % of the applicants borrow more, by 15 % of the home's value; in the end "
        "60 % do",
        "dataset:lending.property_features",
        "drift",
        "loan_to_value",
        LOANS_GROW,
        16,
        "feature_engineering",
    ),
    Fault(
        "cut_off_tightens",
        "The scoring service holds Black applicants to a stricter cut-off",
        "model:mortgage_approval",
        "bias",
        "black",
        CUT_OFF_TIGHTENS,
        12,
        "credit_modelling",
    ),
    Fault(
        "type_changes",
        "The form sends the number of dependents as text and leaves three in five empty",
        "dataset:lending.applications",
        "quality",
        "dependents",
        TYPE_CHANGES,
        2,
        "origination",
    ),
    Fault(
        "purge_stops",
        "The purge of income records stops, and they outlive their 45 days",
        "dataset:lending.incomes",
        "retention",
        "",
        PURGE_STOPS,
        3,
        "origination",
    ),
    Fault(
        "owner_leaves",
        "The owner of the property records leaves; the steward answers for them",
        "dataset:lending.properties",
        "ownership",
        "",
        OWNER_LEAVES,
        1,
        "daniel.weiss",
    ),
    Fault(
        "version_2",
        "Version 2 of the model is registered, trained without those whose consent has ended",
        "version:mortgage_approval/2",
        "milestone",
        "new_model_version",
        VERSION_2,
        1,
        "credit_modelling",
    ),
)
