"""What a breach of each kind is called in a message, and what its owner does about it."""

from __future__ import annotations

from dataclasses import dataclass

from governance_pipeline.response.questions import SCAN


@dataclass(frozen=True, slots=True)
class Advice:
    """A short title for the subject line, and the first steps, in order."""

    title: str
    steps: tuple[str, ...]


_ADVICE = {
    SCAN: Advice(
        "cannot be measured",
        (
            "Check that the file or table is where the contract says and that the nightly run may read it.",
            "Run the check below; it repeats the scan and shows the error.",
            "If the data has moved, change the server or the physical name in the contract.",
            "If a line of the contract is named above, correct it and run governance validate.",
        ),
    ),
    "recency": Advice(
        "data is late or missing",
        (
            "Look at the job or vendor feed that fills it and start it again if it stopped.",
            "If a vendor is late, tell them and note their ticket when you acknowledge.",
            "Treat everything downstream as out of date until new rows arrive.",
        ),
    ),
    "consent": Advice(
        "people without a valid consent",
        (
            "Stop using the rows concerned for this purpose; the check below says how many there are.",
            "Ask the privacy function whether another lawful basis covers them.",
            "Take those people out of the next training snapshot and note it when you resolve.",
        ),
    ),
    "quality": Advice(
        "a promise of the contract is broken",
        (
            "Find the change that broke it: a new release of the producing job, or of its source.",
            "Correct the data and load it again, or agree a new version of the contract with its readers.",
        ),
    ),
    "retention": Advice(
        "data kept longer than allowed",
        (
            "Delete or anonymise the records that are past their time, or of people who were erased.",
            "Check why the deletion job did not do it.",
            "If the law asks for longer keeping, have legal confirm it and change the contract.",
        ),
    ),
    "access": Advice(
        "somebody reads it whose role the contract does not name",
        (
            "See how they read it: governance consent access DATASET.",
            "Revoke the grant or the membership, or narrow the view that hands the rows on.",
            "If they may read it, have its owner name their role in the contract.",
        ),
    ),
    "ownership": Advice(
        "nobody answers for it",
        (
            "Name an owner who is in the organisation: a person or a team, in the contract.",
            "Until then the steward answers for it.",
        ),
    ),
    "provenance": Advice(
        "origin of the data is not known",
        (
            "Declare in the contract which columns the untraced ones are computed from.",
            "Check that every source they come from has an owner.",
        ),
    ),
    "drift": Advice(
        "data has moved away from what the model learned from",
        (
            "Look at the distributions: a changed unit or code is an error, a slow shift may be real.",
            "If it is an error, have the producer correct it and load the data again.",
            "If it is real, ask for a retraining review of the models that read it.",
        ),
    ),
    "bias": Advice(
        "gap between groups of people",
        (
            "Bring the figures to the ethics and legal functions today; do not wait for the next review.",
            "Check whether an input changed for one group (see other alerts on the model's features).",
            "Consider rolling back to the version approved before; the model's file has the plan.",
        ),
    ),
    "representation": Advice(
        "dataset that does not stand for its population",
        (
            "Check whether rows of one group are lost on the way: a join, a filter, a source that stopped.",
            "If the data is right, say in the next review for whom the model may be used.",
            "Collect more of the group, or weigh it, before a version is trained on this.",
        ),
    ),
    "prediction_drift": Advice(
        "model that decides otherwise than in its first days",
        (
            "Look first at the drift of the model's features: what moved them moved the predictions.",
            "If no feature moved, check that the version in service is the one that was approved.",
            "If the change is real, ask for a retraining review.",
        ),
    ),
    "performance": Advice(
        "model that does worse than its version promised",
        (
            "Check that outcomes are joined to the right predictions, and that none arrive early by error.",
            "Look at the drift of the model's features since the version was trained.",
            "Ask for a retraining review; consider rolling back: the model's file has the plan.",
        ),
    ),
    "calibration": Advice(
        "scores that do not mean what they say",
        (
            "Tell those who set cut-offs by the score: a score of 0.3 no longer means 30 in 100.",
            "Have the scores calibrated anew on recent outcomes, as a new version to be reviewed.",
        ),
    ),
    "proxy": Advice(
        "a feature stands in for a protected attribute",
        (
            "Bring the figures to the ethics and legal functions before the next version is promoted.",
            "Ask what the feature adds to the model's quality without it; leave it out if that is little.",
            "If it stays, write down why, and watch the gaps between groups (bias) closely.",
        ),
    ),
    "leakage": Advice(
        "the model learned from what it cannot know",
        (
            "Find when the feature gets its value: one written with or after the label has to go.",
            "Rebuild the training snapshot as of the moment of decision, and take judged rows out of it.",
            "Do not trust the version's promised figures until it is trained and judged again.",
        ),
    ),
    "withdrawals": Advice(
        "people whom the model has learned from have withdrawn",
        (
            "See which versions and deployments it is about: governance consent impact.",
            "Build a new training snapshot from the ledger as it is now, and train the next version on that.",
            "Where the playbook gives a date, agree by when that version serves, or this one is taken out.",
        ),
    ),
    "permits": Advice(
        "a version serves that nobody permitted",
        (
            "Find out who moved it: the registry's history and the ledger say who acted.",
            "Go back to the version that was permitted: governance rollback.",
            "If this one is to serve, have its review decided, and promote it: governance promote.",
        ),
    ),
    "rehearsal": Advice(
        "nobody knows whether we could go back",
        (
            "Rehearse it: governance rollback MODEL --rehearse --as YOUR-ID.",
            "Where it says that there is no way back, name a target in the model's file or approve one.",
            "Walk through the plan in the model's file with whoever is on call.",
        ),
    ),
    "rollback": Advice(
        "a version was rolled back",
        (
            "Do what remains of the plan in the model's file.",
            "Find out what went wrong, and since when people were affected.",
            "Resolve the incident with what was found: governance incident resolve.",
        ),
    ),
    "twins": Advice(
        "two teams hold what looks like the same feature",
        (
            "Ask the other owner whether both mean the same.",
            "If so, agree which of the two stays, and read it from there.",
        ),
    ),
}

_OTHER = Advice(
    "a governance check failed",
    ("Run the check below to see what was measured and against which bound.", "Correct the cause."),
)


def advice_for(indicator: str) -> Advice:
    """The advice for an indicator; a general one for a plug-in's."""
    return _ADVICE.get(indicator, _OTHER)
