"""The lending project's files as plain data, changed and written again in any layout."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from governance_pipeline.charter.yaml_source import read_yaml

LENDING = Path(__file__).parents[3] / "examples" / "lending"
_ENTRIES = ("name", "property", "id", "column", "function", "purpose")


def copied(root: Path) -> Path:
    """The sample's files, without its generator."""
    return Path(
        shutil.copytree(LENDING, root, ignore=shutil.ignore_patterns("generator", "*.py", "__pycache__"))
    )


def at(data: Any, path: Sequence[str]) -> Any:
    """What stands at a path; an entry of a list by what names it."""
    for step in path:
        if isinstance(data, list):
            data = next(one for one in data if any(one.get(key) == step for key in _ENTRIES))
        else:
            data = data[step]
    return data


def rewrite(file: Path, change: Callable[[Any], None] | None = None, seed: int | None = None) -> None:
    """The file with a change, in its own style or, with a seed, in another: other order of keys, flow or
    block, other quotes, no comments.
    """
    data = read_yaml(file, file.name).data
    if change is not None:
        change(data)
    rng = random.Random(seed)
    text = yaml.safe_dump(
        data if seed is None else _shuffled(data, rng),
        sort_keys=False,
        default_flow_style=rng.choice([True, False, None]) if seed is not None else False,
        default_style=rng.choice([None, None, '"']) if seed is not None and _all_text(data) else None,
        indent=rng.choice([2, 4]),
        width=rng.choice([40, 4000]),
        allow_unicode=True,
    )
    file.write_text(text, encoding="utf-8")


def _shuffled(data: Any, rng: random.Random) -> Any:
    if isinstance(data, dict):
        keys = list(data)
        rng.shuffle(keys)
        return {key: _shuffled(data[key], rng) for key in keys}
    return [_shuffled(one, rng) for one in data] if isinstance(data, list) else data


def _all_text(data: Any) -> bool:
    if isinstance(data, dict):
        return all(map(_all_text, data.values()))
    return all(map(_all_text, data)) if isinstance(data, list) else isinstance(data, str)


def setting(path: str, value: Any) -> Callable[[Any], None]:
    """Put a value at a path; None takes the key, or the entry of a list, away."""
    *above, last = path.split("/")

    def change(data: Any) -> None:
        holder = at(data, above)
        if isinstance(holder, list):
            entry = at(holder, [last])
            holder[holder.index(entry) : holder.index(entry) + 1] = [] if value is None else [value]
        elif value is None:
            del holder[last]
        else:
            holder[last] = value

    return change
