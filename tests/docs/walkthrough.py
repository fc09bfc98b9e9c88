"""Does what a page tells its reader to do: writes its files, runs its commands, compares its output.

The info line of a fenced block says what it is:

    ```yaml file=datasets/x.odcs.yaml      the reader saves this text under that name
    ```sh run                              the reader runs these lines; each must exit with 0
    ```sh run exit=1                       ... the last of them with 1
    ```text output                         what the run before printed; "..." stands for lines left out

Any other block is only read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import Block, blocks

LEFT_OUT = "..."
COLUMNS = "140"


@dataclass(frozen=True)
class Step:
    """A run block with what it really printed, and the output block that follows it, if any."""

    block: Block
    printed: str
    code: int
    claimed: Block | None

    @property
    def expected_code(self) -> int:
        return int(self.block.option("exit") or 0)

    @property
    def first_untrue_line(self) -> str | None:
        """The first line the page claims that was not printed, in order; None where all were.

        Spaces, and the ends of lines that a narrower window would break elsewhere, do not count.
        """
        rest = " ".join(self.printed.split())
        for line in self.claimed.text.splitlines() if self.claimed else ():
            wanted = " ".join(line.split())
            if wanted in ("", LEFT_OUT):
                continue
            _, found, rest = rest.partition(wanted)
            if not found:
                return line
        return None


def environment(**extra: str) -> Mapping[str, str]:
    """The reader's shell: our command and interpreter first on the path, no colours, one width."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOVERNANCE_")}
    return {**kept, "PATH": path, "COLUMNS": COLUMNS, "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC", **extra}


def walk(page: Path, folder: Path) -> Iterator[Step]:
    """Follow ``page`` in ``folder``; a ``cd`` in one block holds for the next, as in one terminal."""
    here = folder
    found = list(blocks(page.read_text(encoding="utf-8")))
    for block, following in zip(found, [*found[1:], None], strict=True):
        name = block.option("file")
        if name is not None:
            target = here / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.info[1:2] == ("run",):
            printed, code, here = _run(block.text, here)
            claimed = following if following and following.info[1:2] == ("output",) else None
            yield Step(block, printed, code, claimed)


def _run(commands: str, here: Path) -> tuple[str, int, Path]:
    """What the commands printed on both streams, the exit code, and the folder they ended in."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as place:
        done = subprocess.run(
            ["bash", "-e", "-c", f"trap 'pwd > \"$ENDED_IN\"' EXIT\n{commands}"],
            cwd=here,
            env=environment(ENDED_IN=place.name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout, done.returncode, Path(place.read().strip())
