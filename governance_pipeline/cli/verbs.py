"""Verbs whose help says what to write for an option, and nothing of Python's types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

F = TypeVar("F", bound=Callable[..., Any])


class Verb(TyperCommand):
    """One verb."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_spoken(parameter, ctx) for parameter in super().get_params(ctx)]


class Verbs(TyperGroup):
    """A group of verbs."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_spoken(parameter, ctx) for parameter in super().get_params(ctx)]


class App(typer.Typer):
    """A Typer app whose verbs are such."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=Verbs, no_args_is_help=True, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        return super().command(name, cls=Verb, **settings)


class _Argument(TyperArgument):
    """Shown by its name, which says what it is."""

    def display_type_rich(self, ctx: Any) -> None:
        del ctx


def _spoken(parameter: Any, ctx: Any) -> Any:
    if isinstance(parameter, TyperOption) and parameter.metavar is None:
        parameter.metavar = _value_of(parameter, ctx)
    elif type(parameter) is TyperArgument:
        parameter.__class__ = _Argument  # Typer builds its arguments itself, of this class only
    return parameter


def _value_of(option: TyperOption, ctx: Any) -> str:
    """What stands for the option's value: nothing for a switch, the words to choose from, or its kind."""
    descriptor = option.type_descriptor
    if option.is_flag or descriptor.annotation is bool:
        return ""
    if descriptor.is_choice:
        return option.display_type(ctx).strip("<>")
    if descriptor.is_ranged:
        return "NUMBER"
    return "PATH" if descriptor.is_path else "TEXT"
