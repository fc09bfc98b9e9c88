"""assessment list, show, answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, entries, print_json
from governance_pipeline.cli.review_acts import AsOption, at_table, told
from governance_pipeline.cli.verbs import App
from governance_pipeline.vocabulary.review import Assessment

if TYPE_CHECKING:
    from governance_pipeline.charter.project import Project
    from governance_pipeline.reviews.assessments import Known


@dataclass(frozen=True)
class ListedAssessment:
    """``due``: why it is to be answered, "" where its ``last`` answers hold; ``asked``: whether an approval
    waits for it.
    """

    questionnaire: str
    title: str
    asked: bool
    due: str
    last: Assessment | None


@dataclass(frozen=True)
class AskedQuestion:
    """``known``: what is shown beside the question, by name."""

    id: str
    text: str
    help: str
    choices: list[str]
    optional: bool
    known: dict[str, str]


@dataclass(frozen=True)
class ShownAssessment:
    questionnaire: str
    questions: list[AskedQuestion]
    last: Assessment | None


group = App(help="Impact assessments: questionnaires that reviews rest on.")

ReviewOption = Annotated[str, typer.Option("--review", metavar="ID", help="The review they are part of.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="assessment")


@group.command("list", epilog="Example: governance assessment list --review REV-1a2b3c4d")
def list_(review: ReviewOption, project: ProjectOption = None, output: FormatOption = Format.TABLE) -> None:
    """The questionnaires of a review's model: which are asked for, and which are due."""
    from governance_pipeline.reviews.assessed import known_of, last_assessments
    from governance_pipeline.reviews.assessments import why_due
    from governance_pipeline.reviews.service import load_review

    with at_table(project, review) as table:
        with table.store.reading() as unit:
            state = load_review(unit, review)
            last = last_assessments(unit, state.model)
            known = known_of(table.project, table.graph, unit, state.model, state.version)
        opened = table.project
    tier = opened.model(state.model).tier
    found = [
        ListedAssessment(
            one.id,
            one.title,
            tier in one.tiers,
            why_due(one, opened.assessment_digest(one.id), known, last.get(one.id)),
            last.get(one.id),
        )
        for one in opened.assessments.values()
    ]
    if output is Format.JSON:
        print_json(found)
        return
    if not found:
        console().print("the playbook has no questionnaire; put one into playbook/assessments")
    for one in found:
        asked = "" if one.asked else " (not asked for by the model's tier)"
        word = "due" if one.due else "done"
        entries("", [(word, f"{one.questionnaire}: {one.title}{asked}", one.due)])


@group.command(epilog="Example: governance assessment show bias --review REV-1a2b3c4d")
def show(
    questionnaire: Annotated[str, typer.Argument(help="Id of the questionnaire.")],
    review: ReviewOption,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """The questions, what is known beside each, and the last answers."""
    from governance_pipeline.errors import NotFound
    from governance_pipeline.reviews.assessed import known_of, last_assessments
    from governance_pipeline.reviews.service import load_review

    with at_table(project, review) as table:
        with table.store.reading() as unit:
            state = load_review(unit, review)
            last = last_assessments(unit, state.model).get(questionnaire)
            known = known_of(table.project, table.graph, unit, state.model, state.version)
        opened = table.project
    if questionnaire not in opened.assessments:
        raise NotFound(
            f"there is no questionnaire '{questionnaire}'", hint="see `governance assessment list`"
        )
    asked = _questions(opened, questionnaire, known)
    if output is Format.JSON:
        print_json({"questionnaire": questionnaire, "questions": asked, "last": last})
        return
    answers = last.answers if last else {}
    for one in asked:
        beside = "".join(f"\n{name}: {said}" for name, said in one.known.items())
        choices = f"\nChoose: {', '.join(one.choices)}" if one.choices else ""
        said = f"\nAnswer: {answers[one.id]}" if one.id in answers else ""
        entries("", [(one.id, one.text, f"{one.help}{choices}{beside}{said}".strip())])


def _questions(project: Project, questionnaire: str, known: Known) -> list[AskedQuestion]:
    return [
        AskedQuestion(one.id, one.text, one.help, list(one.choices), one.optional, known.beside(one))
        for one in project.assessments[questionnaire].questions
    ]


@group.command(
    epilog="Example: governance assessment answer bias --review REV-1a2b3c4d --as ines.ortega"
    ' --answer "groups=Age and sex." --answer "harm=A loan is refused."'
)
def answer(
    questionnaire: Annotated[str, typer.Argument(help="Id of the questionnaire.")],
    review: ReviewOption,
    person: AsOption,
    answers: Annotated[
        list[str], typer.Option("--answer", metavar="ID=TEXT", help="One answer; all that must be answered.")
    ],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Answer a questionnaire; its answers hold until what they rest on changes."""
    from governance_pipeline.reviews import assessing

    said: dict[str, str] = {}
    for text in answers:
        name, given, words = text.partition("=")
        if not given:
            raise typer.BadParameter(f"'{text}' is not ID=TEXT")
        said[name.strip()] = words
    with at_table(project, review) as table:
        state = assessing.answer(table, review, person=person, questionnaire=questionnaire, answers=said)
    told(state, output)
