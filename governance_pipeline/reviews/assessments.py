"""Impact assessments: what is known before anybody is asked, what was answered, and what is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from governance_pipeline.charter.assessment import Fact, Question, Questionnaire
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound, Refused, UsageError
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.evidence import concerned_entities
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Assessment, ModelVersion


@dataclass(frozen=True, slots=True)
class Known:
    """What fills a questionnaire before anybody is asked.

    Attributes:
        entities: the model, and all that it is made from.
        measurements: of the last night.
    """

    project: Project
    model: str
    version: ModelVersion | None
    entities: frozenset[Entity]
    measurements: Sequence[Measurement]

    @classmethod
    def of(
        cls,
        project: Project,
        graph: LineageGraph,
        model: str,
        version: ModelVersion | None,
        measurements: Iterable[Measurement],
    ) -> Known:
        entities = concerned_entities(project.model(model), graph)
        return cls(project, model, version, entities, [m for m in measurements if m.entity in entities])

    def fact(self, name: Fact) -> str:
        """One fact, in words that only change when it does."""
        model = self.project.model(self.model)
        names = sorted(e.name for e in self.entities if e.kind is EntityKind.DATASET)
        inputs = [self.project.contracts[name] for name in names if name in self.project.contracts]
        match name:
            case "purpose":
                return model.purpose
            case "inputs":
                found = [f"{one.dataset} ({one.owner or 'nobody owns it'})" for one in inputs]
            case "purposes":
                found = [
                    f"{one.dataset}: {use.purpose} ({use.basis})" for one in inputs for use in one.purposes
                ]
            case "subjects":
                found = [one.dataset for one in inputs if one.subject_key]
            case "sensitive":
                found = [attribute.column for attribute in model.sensitive_attributes]
            case "vendors":
                found = sorted({f"{one.vendor} ({one.dataset})" for one in inputs if one.vendor})
            case "roles":
                version = self.version
                people = (
                    [("trained by", version.trained_by), ("registered by", version.registered_by)]
                    if version
                    else []
                )
                found = [f"{did} {who}" for did, who in people if who]
        return "; ".join(found) or "none"

    def outcomes(self, indicator: str) -> str:
        """How an indicator's measurements came out: ``fail, pass``. No numbers: they move every night."""
        found = {str(m.outcome) for m in self.measurements if m.indicator == indicator}
        return ", ".join(sorted(found)) or "not measured"

    def beside(self, question: Question) -> dict[str, str]:
        """What is shown beside a question, by name."""
        return {
            **{fact: self.fact(fact) for fact in question.facts},
            **{f"indicator {name}": self.outcomes(name) for name in question.indicators},
        }

    def inputs(self, questionnaire: Questionnaire) -> dict[str, str]:
        """All that the answers rest on, by name; where one changes, the assessment is due again."""
        return {name: told for one in questionnaire.questions for name, told in self.beside(one).items()}


def checked_answers(questionnaire: Questionnaire, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers as they are kept, in the order of the questions.

    Raises:
        NotFound: an answer to a question that is not asked.
        UsageError: an answer that is not among the choices.
        Refused: a question that must be answered is not.
    """
    asked = {question.id: question for question in questionnaire.questions}
    strangers = [name for name in answers if name not in asked]
    if strangers:
        raise NotFound(
            f"{questionnaire.id} has no question '{strangers[0]}'", hint=f"it asks {', '.join(asked)}"
        )
    kept: dict[str, str] = {}
    for name, question in asked.items():
        said = answers.get(name, "").strip()
        if said and question.choices and said not in question.choices:
            raise UsageError(f"'{said}' is no answer to {name}", hint=f"choose {', '.join(question.choices)}")
        if said:
            kept[name] = said
        elif not question.optional:
            raise Refused(f"{questionnaire.id} is not complete: {name} has no answer", hint=question.text)
    return kept


def why_due(questionnaire: Questionnaire, digest: str, known: Known, last: Assessment | None) -> str:
    """Why a questionnaire is to be answered, "" where its last answers hold.

    Args:
        digest: of the questionnaire's file as it is now.
    """
    if last is None:
        return "it has never been answered"
    if last.digest != digest:
        return "the questionnaire has changed"
    now = known.inputs(questionnaire)
    changed = [name for name in now if last.inputs.get(name) != now[name]]
    return f"changed since: {', '.join(changed)}" if changed else ""


def due_for_approval(
    project: Project, known: Known, last: Mapping[str, Assessment]
) -> list[tuple[Questionnaire, str]]:
    """The questionnaires that the model's tier asks for and that are due, each with why."""
    tier = project.model(known.model).tier
    asked = (one for one in project.assessments.values() if tier in one.tiers)
    found = ((one, why_due(one, project.assessment_digest(one.id), known, last.get(one.id))) for one in asked)
    return [(one, why) for one, why in found if why]
