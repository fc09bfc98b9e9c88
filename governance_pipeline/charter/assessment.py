"""playbook/assessments/*.yaml: questionnaires of impact assessments."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.indicator_policy import Tier
from governance_pipeline.charter.settings import Name

Fact = Literal["purpose", "inputs", "purposes", "subjects", "sensitive", "vendors", "roles"]
"""What is known without asking: the model's purpose; datasets behind it with their owners; purposes and
lawful bases; datasets about people; protected attributes; suppliers; who trained and registered the version.
"""


class Question(FileModel):
    """One question.

    Attributes:
        text: the question; ``help`` what a good answer says.
        choices: the answers to choose from; any text by default.
        optional: whether the assessment is complete without it.
        facts: what is shown beside it, and makes the assessment due again when it changes.
        indicators: indicators whose outcomes are shown beside it, and do the same.
    """

    id: Name
    text: str
    help: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    facts: tuple[Fact, ...] = ()
    indicators: tuple[str, ...] = ()


class Questionnaire(FileModel):
    """The whole of one file.

    Attributes:
        tiers: models of these tiers are approved only once it is answered.
        source: the article or standard it follows.
    """

    id: Name
    title: str
    source: str = ""
    tiers: tuple[Tier, ...] = ()
    questions: tuple[Question, ...] = Field(min_length=1)
