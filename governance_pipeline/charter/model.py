"""models/*.yaml: a governed model: what it is for, what it reads, whom it could harm."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.settings import Name

Figure = Literal[
    "auc", "accuracy", "precision", "recall", "specificity", "f1", "brier", "log_loss", "mae", "rmse"
]
"""What a version can promise and live outcomes can hold it to."""


class Feature(FileModel):
    """A feature as the model sees it.

    ``column`` is ``namespace.dataset#column`` of the feature view that serves it; ``snapshot_column``
    its name in the training snapshot where that differs.
    """

    column: Annotated[str, Field(pattern=r"^[^#]+#[^#]+$")]
    snapshot_column: str | None = None
    time: str | None = Field(
        None, description="Column of the training snapshot with the moment the feature's value is from."
    )

    @property
    def dataset(self) -> str:
        return self.column.partition("#")[0]

    @property
    def name(self) -> str:
        return self.column.partition("#")[2]

    @property
    def baseline_column(self) -> str:
        return self.snapshot_column or self.name


class Training(FileModel):
    """What the model learned from."""

    snapshot: str = Field(description="Dataset (namespace.table) of the training snapshot.")
    purpose: str = Field(description="Purpose the training needs a lawful basis for.")
    label: str = Field(description="Label column in the snapshot.")
    label_time: str | None = Field(
        None, description="Column of the snapshot with the moment the label became known."
    )
    evaluation: str | None = Field(
        None, description="Dataset (namespace.table) the model is judged on; it may share no row."
    )
    prediction: str | None = Field(
        None,
        description=(
            "Column of the snapshot with what the version decided about the row while it had not learned "
            "from it (held out, or out of fold); null on other rows."
        ),
    )
    score: str | None = Field(None, description="The same of the predicted probability of `positive`.")


class Predictions(FileModel):
    """Where the deployed model's predictions, and later the outcomes, are logged."""

    dataset: str
    kind: Literal["class", "number"] = Field(
        "class", description="Whether the model decides (class) or predicts a quantity (number)."
    )
    prediction: str = Field(
        description="Column with the predicted class (0/1 or true/false), or the predicted number."
    )
    label: str | None = Field(
        None, description="Column with the true class or number, null until it is known."
    )
    label_recorded_at: str | None = Field(
        None, description="Column with the time the label was recorded; from then on it counts."
    )
    score: str | None = Field(None, description="Column with the predicted probability of `positive`.")
    version: str | None = Field(None, description="Column with the model version that predicted.")
    positive: str = Field("1", description="Value that is the favourable decision.")
    strata: tuple[str, ...] = Field(
        (), max_length=3, description="Columns (department, product) within which gaps are looked at again."
    )


class SensitiveAttribute(FileModel):
    """A protected attribute in the predictions dataset, and the group others are compared with."""

    column: str
    reference: str = Field(description="The named reference group.")
    title: str = ""
    source: Annotated[str, Field(pattern=r"^[^#]+#[^#]+$")] | None = Field(
        None, description="namespace.dataset#column to join it from by person, where training data lacks it."
    )


class MlflowRegistry(FileModel):
    """A registered model of an MLflow server."""

    connection: str = Field(description="The entry of `connections` with the server's http address.")
    name: str | None = Field(None, description="Its name in MLflow; default: the model's.")
    serving: tuple[str, ...] = Field(
        ("champion", "production"), description="Aliases of the version that is in production."
    )


class Registry(FileModel):
    """Where versions are registered: a file, or an MLflow server."""

    type: Literal["file"] = "file"
    path: str | None = Field(None, description="Registry file, relative to the project.")
    mlflow: MlflowRegistry | None = Field(None, description="Instead: a registered model of MLflow.")


class Code(FileModel):
    """Where the model's code is kept: who wrote it may not decide on it."""

    repository: str = Field(".", description="Folder of the git repository, relative to the project.")
    paths: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="Files and folders that make the model, relative to the repository."
    )


class Rollback(FileModel):
    """What happens when a version has to go."""

    target: str = Field("previous_approved", description="A version, or previous_approved.")
    plan: str = Field(description="The steps, in words a person on call can follow.")


class ModelSpec(FileModel):
    """The whole of one models/*.yaml."""

    name: Name
    title: str = ""
    description: str = ""
    owner: str
    tier: Literal["low", "medium", "high", "critical"] = "medium"
    purpose: str
    features: tuple[Feature, ...] = Field(min_length=1)
    feature_service: str | None = Field(
        None,
        pattern=r"^[^/]+/.+$",
        description="Feature service of a feature store that serves the features: project/service.",
    )
    training: Training
    predictions: Predictions | None = None
    sensitive_attributes: tuple[SensitiveAttribute, ...] = ()
    promised: dict[Figure, str] = Field(
        default_factory=dict,
        description=(
            "Which of a version's registered metrics promises which figure; a metric that is called "
            "like the figure needs no line."
        ),
    )
    registry: Registry
    code: Code | None = None
    rollback: Rollback
    deployments: tuple[str, ...] = ()
