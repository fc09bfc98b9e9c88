"""Changes of the playbook, the charter, questionnaires and governance.yaml, the most telling first."""

from __future__ import annotations

from governance_pipeline.charter.checks.playbook import LEAST_BOUNDS
from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.reviews.compare import judges as way
from governance_pipeline.reviews.compare.rules import Rule, rule

_LATER = "A breach is found later than before, or not at all."
_OFF = "What is not measured is never found, and no gate closes for it."
_FEWER = "Fewer people stand between a bad version and the people it decides about."
_LONGER = "What was decided once holds on although the world has moved on."
_KEEP = "keep it as it was, or have whoever answers for the clause decide on the change"
_PEOPLE = "have the function concerned agree to the change, in the pull request"
_OUTCOMES = ("off", "warn", "fail")

PLAYBOOK: tuple[Rule, ...] = (
    rule("indicator_switched_off", "playbook/indicators/*", way.lost, _OFF, "switch it on again"),
    *(
        rule("threshold_loosened", f"playbook/indicators/{name}/bounds/*/*", way.less, _LATER, _KEEP)
        for name in sorted(LEAST_BOUNDS)
    ),
    rule("threshold_loosened", "playbook/indicators/*/bounds/*/*", way.more, _LATER, _KEEP),
    *(
        rule("threshold_loosened", f"playbook/indicators/{name}/{key}/*", way.more, _LATER, _KEEP)
        for name, key in (("leakage", "late"), ("leakage", "overlap"), ("performance", "errors"))
    ),
    rule("policy_weakened", "playbook/indicators/*/persist", way.more, _LATER, _KEEP),
    rule(
        "policy_weakened",
        "playbook/indicators/*/close_after",
        way.less,
        "A breach counts as mended sooner.",
        _KEEP,
    ),
    rule(
        "policy_weakened", "playbook/indicators/*/weight", way.less, "It counts for less in the risk.", _KEEP
    ),
    *(
        rule(
            "policy_weakened",
            f"playbook/indicators/*/{key}",
            way.less,
            "Fewer true findings come through.",
            _KEEP,
        )
        for key in ("q", "season_q", "family_error")
    ),
    *(
        rule(
            "policy_weakened",
            f"playbook/indicators/*/{key}",
            way.more,
            "Less is judged: the rest is 'insufficient'.",
            _KEEP,
        )
        for key in ("minimum_rows", "minimum_labels")
    ),
    rule(
        "policy_weakened",
        "playbook/indicators/consent/conflict",
        way.falling(("latest_recorded", "most_protective")),
        "A withdrawal may lose against another record.",
        _KEEP,
    ),
    rule("policy_weakened", "playbook/indicators/consent/at_event", way.off, _OFF, _KEEP),
    rule(
        "policy_weakened", "playbook/indicators/quality/schema_change", way.falling(_OUTCOMES), _LATER, _KEEP
    ),
    rule(
        "policy_weakened", "playbook/indicators/provenance/lost_labels", way.falling(_OUTCOMES), _LATER, _KEEP
    ),
    rule("policy_weakened", "playbook/indicators/provenance/purposes", way.falling(_OUTCOMES), _LATER, _KEEP),
    rule("policy_weakened", "playbook/indicators/bias/metrics", way.fewer, _OFF, _KEEP),
    rule("policy_weakened", "playbook/indicators/bias/intersections", way.off, _OFF, _KEEP),
    rule(
        "policy_weakened",
        "playbook/indicators/withdrawals/clock",
        way.falling(("none", "exclude_at_next_training", "retrain", "retire")),
        "Less is owed to those who withdrew.",
        _KEEP,
    ),
    rule(
        "policy_weakened",
        "playbook/indicators/withdrawals/days",
        way.more,
        "Those who withdrew wait longer.",
        _KEEP,
    ),
    rule("policy_weakened", "playbook/indicators/withdrawals/review_above", way.more, _LATER, _KEEP),
    rule("policy_weakened", "playbook/indicators/*/stages", way.fewer, _OFF, _KEEP),
    rule(
        "policy_weakened",
        "playbook/indicators/permits/move_back",
        way.off,
        "A version that nobody permitted stays where it is.",
        _KEEP,
    ),
    rule("policy_weakened", "playbook/indicators/recency/future_tolerance_minutes", way.more, _LATER, _KEEP),
    rule(
        "policy_changed",
        "playbook/indicators/**",
        way.unknown,
        "Whether this is weaker nobody can say by rule.",
        _KEEP,
    ),
    rule("required_function_removed", "playbook/reviews/by_tier/*/*", way.less, _FEWER, _PEOPLE),
    rule("required_function_removed", "playbook/reviews/by_indicator/*/*", way.less, _FEWER, _PEOPLE),
    rule("required_function_removed", "playbook/reviews/by_indicator/*", way.lost, _FEWER, _PEOPLE),
    rule("required_function_removed", "playbook/reviews/by_stage/*/*", way.less, _FEWER, _PEOPLE),
    rule("required_function_removed", "playbook/reviews/by_stage/*", way.unknown, _FEWER, _PEOPLE),
    rule("required_function_removed", "playbook/reviews/waivers/*/by/*", way.less, _FEWER, _PEOPLE),
    rule(
        "waiver_widened", "playbook/reviews/waivers/*", way.came, "What could not be waived can be.", _PEOPLE
    ),
    rule("waiver_widened", "playbook/reviews/waivers/*/longest_days", way.more, _LONGER, _PEOPLE),
    rule("waiver_widened", "playbook/reviews/waivers/*/required", way.off, _FEWER, _PEOPLE),
    rule("signers_lowered", "playbook/reviews/signers/needed", way.less, _FEWER, _PEOPLE),
    rule(
        "signers_changed",
        "playbook/reviews/signers/**",
        way.unknown,
        "Who can sign a permit is another.",
        _PEOPLE,
    ),
    rule(
        "never_shortened",
        "playbook/reviews/never",
        way.fewer,
        "A failure that nobody could accept can be accepted.",
        _PEOPLE,
    ),
    rule(
        "review_weakened",
        "playbook/reviews/allow_warn",
        way.on,
        "A warning opens the gate without anybody naming it.",
        _PEOPLE,
    ),
    *(
        rule("review_weakened", f"playbook/reviews/{key}", way.more, _LONGER, _PEOPLE)
        for key in ("due_days", "valid_days", "open_days", "evidence_hours")
    ),
    rule("review_weakened", "playbook/reviews/remind_days", way.fewer, "Nobody is reminded.", _PEOPLE),
    rule(
        "review_weakened",
        "playbook/reviews/escalation/*",
        way.lost,
        "A review may stand undecided unseen.",
        _PEOPLE,
    ),
    rule(
        "review_weakened",
        "playbook/reviews/from_risk_tier",
        lambda b, a: way.falling((*reversed(TIERS),))(b, a) if b and a else way.more(b, a),
        "A risk that rises opens no review.",
        _PEOPLE,
    ),
    rule("review_changed", "playbook/reviews/**", way.unknown, "Who decides, and how, is another.", _PEOPLE),
    rule(
        "risk_weakened", "playbook/risk/bounds/*", way.more, "The same trouble counts as a lower tier.", _KEEP
    ),
    rule("risk_weakened", "playbook/risk/*", way.less, "The same trouble counts for less.", _KEEP),
    rule("retraining_loosened", "playbook/retraining/max_age_days", way.more, _LONGER, _KEEP),
    rule("alerts_weakened", "playbook/alerts/on", way.fewer, "Owners are not told.", _KEEP),
    rule("alerts_weakened", "playbook/alerts/max_attempts", way.less, "An alert is given up sooner.", _KEEP),
    rule("alerts_changed", "playbook/alerts/*", way.told),
    rule(
        "purpose_widened",
        "playbook/purposes/*/covered_by_parent",
        way.on,
        "A consent for something wider counts for this.",
        _PEOPLE,
    ),
    rule(
        "purpose_widened",
        "playbook/purposes/*/written",
        way.larger,
        "Consents written in other words count for it.",
        _PEOPLE,
    ),
    rule(
        "purpose_widened",
        "playbook/purposes/*/notices",
        way.narrowing,
        "Consents on other notices count for it.",
        _PEOPLE,
    ),
    rule(
        "purpose_removed",
        "playbook/purposes/*",
        way.lost,
        "Consents for it are not looked at any more.",
        _PEOPLE,
    ),
    rule("purpose_reworded", "playbook/purposes/*/title", way.told),
    rule(
        "purpose_changed",
        "playbook/purposes/**",
        way.unknown,
        "What people agreed to may not be this.",
        _PEOPLE,
    ),
    rule(
        "clause_removed", "playbook/clauses/*", way.lost, "Measurements and decisions answer to it.", _PEOPLE
    ),
    rule("clause_reworded", "playbook/clauses/**", way.told),
    rule(
        "history_shortened",
        "playbook/profiles/*",
        way.less,
        "What happened then cannot be looked at again.",
        _KEEP,
    ),
    rule("playbook_version", "playbook/version", way.told),
)
_RIGHTS = "Whoever holds a function decides, and answers for what is theirs."
CHARTER: tuple[Rule, ...] = (
    rule("rights_changed", "charter/people/*/functions", way.unknown, _RIGHTS, _PEOPLE),
    rule("rights_changed", "charter/people/*", way.unknown, _RIGHTS, _PEOPLE),
    rule("charter_told", "charter/people/*/name", way.told),
    rule("charter_told", "charter/cadences/**", way.told),
    rule("charter_told", "charter/purpose", way.told),
    rule("rights_changed", "charter/**", way.unknown, _RIGHTS, _PEOPLE),
)
_ASKED = "What an approval rests on is asked no more."
ASSESSMENTS: tuple[Rule, ...] = (
    rule("assessment_weakened", "assessments/*", way.lost, _ASKED, _PEOPLE),
    rule("assessment_weakened", "assessments/*/tiers", way.fewer, _ASKED, _PEOPLE),
    rule("assessment_weakened", "assessments/*/questions/*", way.lost, _ASKED, _PEOPLE),
    rule("assessment_weakened", "assessments/*/questions/*/optional", way.on, _ASKED, _PEOPLE),
    rule("assessment_weakened", "assessments/*/questions/*/facts", way.fewer, _ASKED, _PEOPLE),
    rule("assessment_weakened", "assessments/*/questions/*/indicators", way.fewer, _ASKED, _PEOPLE),
    rule("assessment_reworded", "assessments/**", way.told),
)
_ELSEWHERE = "Everything that was recorded stands elsewhere."
SETTINGS: tuple[Rule, ...] = (
    rule(
        "disclosure_loosened",
        "settings/minimum_group_size",
        way.less,
        "Smaller groups of people are shown.",
        _KEEP,
    ),
    rule(
        "nights_left_out", "settings/schedule/start", way.more, "Nights before it are not caught up.", _KEEP
    ),
    rule(
        "consent_ledger_changed",
        "settings/consent/**",
        way.unknown,
        "Who agreed is read from somewhere else.",
        _PEOPLE,
    ),
    rule("record_moved", "settings/store", way.unknown, _ELSEWHERE, _PEOPLE),
    rule("record_moved", "settings/ledger/**", way.unknown, _ELSEWHERE, _PEOPLE),
    rule("record_moved", "settings/subject_keys", way.unknown, _ELSEWHERE, _PEOPLE),
    rule(
        "schedule_changed", "settings/schedule/**", way.unknown, "Nights run at another time, or not.", _KEEP
    ),
    rule("alerts_changed", "settings/channels/**", way.unknown, "Alerts go somewhere else.", _KEEP),
    rule(
        "catalog_changed", "settings/catalog/**", way.unknown, "Lineage that was read is read no more.", _KEEP
    ),
    rule("settings_told", "settings/**", way.told),
)
