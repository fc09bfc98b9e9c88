"""The base of every model of a project file: frozen, and closed to unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FileModel(BaseModel):
    """A part of a project file. Unknown keys are refused; keys are written in kebab or snake case
    exactly as the fields are named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
