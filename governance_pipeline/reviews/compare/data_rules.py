"""Changes of contracts and models, the most telling first."""

from __future__ import annotations

from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.reviews.compare import judges as way
from governance_pipeline.reviews.compare.rules import Rule, rule

_KEPT = "Data about people is kept longer than was promised to them."
_UNSEEN = "What is not promised is not measured."
_LABEL = "What is not labelled is not protected: no gap, no gate and no reader asks for it."
_USE = "People agreed to a use, and this is a wider one (GDPR art. 5(1)(b))."
_OWNER = "have the dataset's owner and the function concerned agree, in the pull request"
_PRIVACY = "have privacy and legal agree, and name the lawful basis"
_CLASSES = ("public", "internal", "confidential", "restricted")
_SEVERITY = ("info", "warning", "error")

_BOUNDS = (
    *((key, way.less) for key in ("minimum", "exclusiveMinimum", "minLength", "minItems")),
    *((key, way.more) for key in ("maximum", "exclusiveMaximum", "maxLength", "maxItems")),
)
"""Of a column's values, as ODCS has them: a range that widens is a promise less."""

CONTRACTS: tuple[Rule, ...] = (
    rule("contract_removed", "contracts/*", way.lost, "The table is governed by nobody any more.", _OWNER),
    rule("retention_lengthened", "contracts/*/retention", way.more, _KEPT, _PRIVACY),
    rule("recency_loosened", "contracts/*/max_age", way.more, "Older data passes as fresh.", _OWNER),
    rule(
        "recency_loosened",
        "contracts/*/calendar/workdays",
        way.fewer,
        "Days without data do not count as late.",
        _OWNER,
    ),
    rule(
        "recency_loosened",
        "contracts/*/calendar/holidays",
        way.larger,
        "Days without data do not count as late.",
        _OWNER,
    ),
    rule("sensitivity_lowered", "contracts/*/columns/*/personal", way.off, _LABEL, _PRIVACY),
    rule("sensitivity_lowered", "contracts/*/columns/*/sensitive", way.off, _LABEL, _PRIVACY),
    rule(
        "sensitivity_lowered",
        "contracts/*/columns/*/classification",
        lambda b, a: way.lost(b, a) if "" in (b, a) else way.falling(_CLASSES)(b, a),
        _LABEL,
        _PRIVACY,
    ),
    rule("promise_weakened", "contracts/*/columns/*", way.lost, _UNSEEN, _OWNER),
    *(
        rule("promise_weakened", f"contracts/*/columns/*/{key}", way.off, _UNSEEN, _OWNER)
        for key in ("required", "unique", "primary_key")
    ),
    *(
        rule("promise_weakened", f"contracts/*/{place}/{key}", judge, _UNSEEN, _OWNER)
        for place in ("columns/*/options", "rules/*/arguments")
        for key, judge in _BOUNDS
    ),
    rule("promise_weakened", "contracts/*/columns/*/options/*", way.lost, _UNSEEN, _OWNER),
    rule(
        "population_removed",
        "contracts/*/columns/*/population/**",
        way.lost,
        "Nobody asks for whom the data stands.",
        _OWNER,
    ),
    rule("column_reworded", "contracts/*/columns/*/description", way.told),
    rule("column_reworded", "contracts/*/columns/*/transform_description", way.told),
    rule(
        "promise_changed",
        "contracts/*/columns/**",
        way.unknown,
        "The column is another than was agreed.",
        _OWNER,
    ),
    rule("rule_removed", "contracts/*/rules/*", way.lost, _UNSEEN, _OWNER),
    rule(
        "rule_weakened",
        "contracts/*/rules/*/severity",
        way.falling(_SEVERITY),
        "A breach of it fails no more.",
        _OWNER,
    ),
    rule("rule_reworded", "contracts/*/rules/*/description", way.told),
    rule("rule_changed", "contracts/*/rules/**", way.unknown, "It may let through what it did not.", _OWNER),
    rule("purpose_widened", "contracts/*/purposes/*", way.came, _USE, _PRIVACY),
    rule("purpose_widened", "contracts/*/purposes/*/basis", way.unknown, _USE, _PRIVACY),
    rule("purpose_widened", "contracts/*/purposes/*/consumers", way.narrowing, _USE, _PRIVACY),
    rule("purpose_widened", "contracts/*/training_use", way.on, _USE, _PRIVACY),
    rule("access_widened", "contracts/*/readers", way.larger, "More can read it.", _PRIVACY),
    rule(
        "tier_lowered",
        "contracts/*/tier",
        way.falling(TIERS),
        "Looser bounds and fewer people apply.",
        _OWNER,
    ),
    *(
        rule("not_measured_any_more", f"contracts/*/{key}", way.lost, _UNSEEN, _OWNER)
        for key in ("event_time", "subject_key", "cluster", "owner", "vendor", "feature_view")
    ),
    rule(
        "table_replaced",
        "contracts/*/location/**",
        way.unknown,
        "The contract speaks of another table.",
        _OWNER,
    ),
    rule(
        "table_replaced", "contracts/*/kind", way.unknown, "What is asked of it depends on its kind.", _OWNER
    ),
    rule(
        "lineage_declared", "contracts/*/upstream", way.fewer, "What feeds it is not seen any more.", _OWNER
    ),
    rule("lineage_declared", "contracts/*/job_sql", way.told),
    rule("lineage_declared", "contracts/*/job", way.told),
    rule(
        "contract_changed",
        "contracts/*/calendar/timezone",
        way.unknown,
        "Days begin at another hour.",
        _OWNER,
    ),
    rule("contract_told", "contracts/**", way.told),
)
_BLIND = "Harm to these people is not looked for any more."
_MODEL = "have the model's owner and the function concerned agree, in the pull request"
MODELS: tuple[Rule, ...] = (
    rule("model_removed", "models/*", way.lost, "The model is governed by nobody any more.", _MODEL),
    rule(
        "tier_lowered", "models/*/tier", way.falling(TIERS), "Looser bounds and fewer people apply.", _MODEL
    ),
    rule("purpose_widened", "models/*/purpose", way.unknown, _USE, _PRIVACY),
    rule("purpose_widened", "models/*/training/purpose", way.unknown, _USE, _PRIVACY),
    rule("feature_added", "models/*/features/*", way.told),
    rule(
        "feature_changed",
        "models/*/features/**",
        way.unknown,
        "Drift and leakage are looked for elsewhere.",
        _MODEL,
    ),
    rule("bias_unseen", "models/*/sensitive_attributes/*", way.lost, _BLIND, _MODEL),
    rule("bias_unseen", "models/*/sensitive_attributes/**", way.unknown, _BLIND, _MODEL),
    rule("outcomes_unseen", "models/*/predictions", way.lost, _BLIND, _MODEL),
    rule("outcomes_unseen", "models/*/predictions/strata", way.fewer, _BLIND, _MODEL),
    rule("outcomes_unseen", "models/*/predictions/*", way.lost, _BLIND, _MODEL),
    rule("outcomes_unseen", "models/*/promised/*", way.lost, "The version is held to less.", _MODEL),
    rule(
        "training_changed",
        "models/*/training/*",
        way.unknown,
        "The model learns from something else.",
        _MODEL,
    ),
    rule(
        "authors_unseen",
        "models/*/code/**",
        way.unknown,
        "Who wrote it, and so may not decide on it, is computed from this.",
        _MODEL,
    ),
    rule(
        "rollback_changed", "models/*/rollback/target", way.unknown, "A rollback goes somewhere else.", _MODEL
    ),
    rule(
        "registry_changed",
        "models/*/registry/**",
        way.unknown,
        "Versions are read from somewhere else.",
        _MODEL,
    ),
    rule(
        "owner_changed",
        "models/*/owner",
        way.unknown,
        "Somebody else is told, and may now decide or not.",
        _MODEL,
    ),
    rule("model_told", "models/**", way.told),
)
