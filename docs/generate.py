"""Writes the generated parts of docs: ``python docs/generate.py``, or ``--check`` to only look.

These are the JSON Schemas in docs/schema, and parts of the pages in docs/reference: a page keeps its own
words; between ``<!-- generated: NAME -->`` and ``<!-- end -->`` stands what this script makes from the
code. A test runs the check, so that nothing falls behind.
"""
# ruff: noqa: INP001, T201 - a script

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

REFERENCE = Path(__file__).parent / "reference"
SCHEMAS = Path(__file__).parent / "schema"
_PART = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


# --- the command line ---------------------------------------------------------------------------------


def command_line() -> str:
    """Every verb with its arguments and options, from the Typer app."""
    import typer

    from governance_pipeline.cli.main import app

    return "\n".join(_verbs(typer.main.get_command(app), "governance"))


def _verbs(group: Any, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        full = f"{path} {name}"
        if hasattr(command, "commands"):
            yield f"## {full}\n\n{command.help}\n"
            yield from _verbs(command, full)
            continue
        level = "##" if path == "governance" else "###"
        yield f"{level} {full}\n\n{' '.join((command.help or '').split())}\n"
        rows = [_parameter(parameter) for parameter in command.params]
        yield table(("argument or option", "", "meaning"), rows)
        if command.epilog:
            yield "\n".join(f"    {line.strip()}" for line in _examples(command.epilog)) + "\n"


def _examples(epilog: str) -> list[str]:
    return re.sub(r"^Examples?:\s*", "", epilog).split("  |  ")


def _parameter(parameter: Any) -> tuple[str, str, str]:
    is_option = parameter.opts[0].startswith("-")
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.name.upper()]
    notes = ["required"] if parameter.required else []
    if parameter.multiple:
        notes.append("may be repeated")
    if not parameter.required and parameter.default not in (None, False, ()):
        default = parameter.default
        shown = default.value if isinstance(default, Enum) else "yes" if default is True else default
        notes.append(f"default `{shown}`")
    annotation = parameter.type_descriptor.annotation
    choices = ""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        choices = f" One of {', '.join(f'`{choice.value}`' for choice in annotation)}."
    value = f" {parameter.metavar}" if is_option and parameter.metavar else ""
    named = ", ".join(f"`{name}{value}`" for name in names)
    return named, ", ".join(notes), f"{' '.join((parameter.help or '').split())}{choices}"


# --- the project's files ------------------------------------------------------------------------------


def file_keys(model: type[Any]) -> str:
    """Every key of one kind of file, from its pydantic model and the JSON Schema made of it."""
    schema = model.model_json_schema(by_alias=True)
    classes = _classes(model)
    parts = {model.__name__: schema, **schema.get("$defs", {})}
    out: list[str] = []
    for name in _in_order(parts, model.__name__):
        if "properties" not in parts[name]:
            continue
        cls = classes[name]
        if name != model.__name__:
            out.append(f"#### {name}\n\n{_summary(cls)}\n")
        told = _told(cls)
        required = set(parts[name].get("required", ()))
        rows = [
            (
                f"`{key}`",
                _type(value, parts),
                "required" if key in required else _default(value),
                told.get(key, ""),
            )
            for key, value in parts[name]["properties"].items()
        ]
        out.append(table(("key", "value", "default", "meaning"), rows))
    return "\n".join(out)


def _classes(model: type[Any]) -> dict[str, type[Any]]:
    found: dict[str, type[Any]] = {}

    def walk(annotation: Any) -> None:
        for part in get_args(annotation):
            walk(part)
        if hasattr(annotation, "model_fields") and annotation.__name__ not in found:
            found[annotation.__name__] = annotation
            for field in annotation.model_fields.values():
                walk(field.annotation)

    walk(model)
    return found


def _in_order(parts: Mapping[str, Any], first: str) -> list[str]:
    """The parts in the order in which a reader meets them."""
    seen = [first]
    for name in seen:
        for reference in re.findall(r"'#/\$defs/(\w+)'", str(parts[name].get("properties", {}))):
            if reference not in seen:
                seen.append(reference)
    return seen


def _summary(cls: type[Any]) -> str:
    text = (cls.__doc__ or "").partition("Attributes:")[0]
    return " ".join(text.replace("``", "`").split())


def _told(cls: type[Any]) -> dict[str, str]:
    """What is said about each key: its own description, else the docstring of the class or of one above."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, _, attributes = cleandoc(base.__doc__ or "").partition("Attributes:\n")
        for line in re.sub(r"\n {8,}", " ", attributes).replace("``", "`").splitlines():
            for name, said in re.findall(r"(?:^|; )\s*`?(\w+)`?(?::|(?= how)) (.*?)(?=; `|$)", line.strip()):
                found[name] = said.strip()
    for name, field in cls.model_fields.items():
        if field.description:
            found[field.alias or name] = field.description
    return found


def _type(value: Mapping[str, Any], parts: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one per JSON type
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if "properties" in parts[name] else _type(parts[name], parts)
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "anyOf" in value:
        return " or ".join(_type(one, parts) for one in value["anyOf"] if one.get("type") != "null")
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}), parts)}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties") or next(
            iter(value.get("patternProperties", {}).values()), {}
        )
        inner = {} if inner is True else inner
        return f"mapping to {_type(inner, parts)}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    kind = value.get("format") or value.get("type", "any")
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {value[name]:g}" for name, sign in signs.items() if name in value]
    return " ".join([words.get(kind, kind), *limits])


def _default(value: Mapping[str, Any]) -> str:
    if "default" not in value or value["default"] in (None, "", [], {}):
        return ""
    default = value["default"]
    if isinstance(default, dict):
        return "see below"
    if isinstance(default, list):
        default = ", ".join(map(str, default))
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


# --- store and events ---------------------------------------------------------------------------------


def store_tables() -> str:
    """Every table with its key and columns."""
    from governance_pipeline.store.tables import metadata

    rows = []
    for one in metadata.tables.values():
        key = ", ".join(column.name for column in one.primary_key.columns)
        rest = ", ".join(column.name for column in one.columns if not column.primary_key)
        rows.append((f"`{one.name}`", key, rest))
    return table(("table", "key", "other columns"), rows)


def review_rights() -> str:
    """Per action: in which states, by whom; and who may not whatever else they are."""
    from governance_pipeline.reviews.rights import GRANTS, barred

    def words(found: Iterable[Enum]) -> str:
        return ", ".join(sorted(str(one).replace("_", " ") for one in found))

    rows = [
        (str(action).replace("_", " "), words(states), words(roles), words(barred(action)))
        for action, grants in GRANTS.items()
        for states, roles in grants
    ]
    return table(("action", "while the review is", "by", "never by"), rows)


def night_events() -> str:
    """Every event of a night, in the order of their declaration."""
    from governance_pipeline.vocabulary.night import NightEvent

    rows = []
    for event in get_args(NightEvent):
        assert is_dataclass(event)
        said = " ".join((event.__doc__ or "").split()).replace("``", "`")
        if said.startswith(f"{event.__name__}("):
            said = ""
        rows.append((f"`{event.__name__}`", ", ".join(field.name for field in fields(event)), said))
    return table(("event", "fields", "notes"), rows)


# --- controls -----------------------------------------------------------------------------------------


def control_frameworks() -> str:
    """Each framework with its edition."""
    from governance_pipeline.charter.controls import controls, frameworks

    rows = []
    for key, title in frameworks().items():
        mine = [one for one in controls().values() if one.framework == key]
        days = {str(one.verified_on) for one in mine if one.verified_on}
        since = sorted({one.applies_from.isoformat() for one in mine})
        compared = f"{', '.join(days)} ({sum(1 for one in mine if one.verified_on)} of {len(mine)})"
        row = (f"`{key}`", f"[{title}]({mine[0].source})", mine[0].edition, ", ".join(since))
        rows.append((*row, str(len(mine)), compared if days else "not yet"))
    return table(("key", "framework", "edition", "applies from", "entries", "compared on"), rows)


def control_entries() -> str:
    """Each control with the kinds of evidence that speak for it."""
    from governance_pipeline.charter.controls import controls, frameworks

    found = []
    for key, title in frameworks().items():
        mine = [one for one in controls().values() if one.framework == key]
        (usual, _), *_ = Counter(one.note for one in mine).most_common(1)
        rows = [
            (f"`{o.name}`", o.title, ", ".join(o.supported_by), o.note if o.note != usual else "")
            for o in mine
        ]
        note = f"{usual}\n\n" if usual else ""
        found.append(f"### {title}\n\n{note}{table(('control', 'about', 'supported by', ''), rows)}")
    return "\n".join(found)


def parts() -> Mapping[str, Callable[[], str]]:
    """The generated parts by name."""
    from governance_pipeline.charter.assessment import Questionnaire
    from governance_pipeline.charter.model import ModelSpec
    from governance_pipeline.charter.people import Charter
    from governance_pipeline.charter.playbook import Playbook
    from governance_pipeline.charter.settings import Settings

    return {
        "command-line": command_line,
        "governance-yaml": lambda: file_keys(Settings),
        "charter-yaml": lambda: file_keys(Charter),
        "model-yaml": lambda: file_keys(ModelSpec),
        "playbook-yaml": lambda: file_keys(Playbook),
        "assessment-yaml": lambda: file_keys(Questionnaire),
        "store-tables": store_tables,
        "night-events": night_events,
        "review-rights": review_rights,
        "control-frameworks": control_frameworks,
        "controls": control_entries,
    }


def renewed(text: str, made: Mapping[str, Callable[[], str]]) -> str:
    """``text`` with its generated parts as they should be. Raises KeyError for a part nobody makes."""
    return _PART.sub(lambda found: f"{found[1]}\n{made[found['name']]().strip()}\n\n{found[3]}", text)


def stale_files(*, write: bool) -> list[Path]:
    """Schemas, and pages whose generated parts have changed; written if asked."""
    from governance_pipeline.charter.schema_export import as_text, file_schemas
    from governance_pipeline.cli.outputs import output_schemas

    made = parts()
    fresh = {page: renewed(page.read_text(encoding="utf-8"), made) for page in sorted(REFERENCE.glob("*.md"))}
    fresh |= {SCHEMAS / name: as_text(schema) for name, schema in file_schemas().items()}
    fresh |= {SCHEMAS / "cli" / name: as_text(schema) for name, schema in output_schemas().items()}
    found = [
        file for file, text in fresh.items() if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    for file in found if write else ():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(fresh[file], encoding="utf-8")
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    checking = "--check" in sys.argv
    stale = stale_files(write=not checking)
    for file in stale:
        print(f"{file.name} {'is out of date: run python docs/generate.py' if checking else 'was renewed'}")
    sys.exit(1 if checking and stale else 0)
