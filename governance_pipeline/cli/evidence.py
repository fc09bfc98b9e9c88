"""evidence, verify: a folder that an auditor takes away, and the check of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json
from governance_pipeline.cli.desk import promotion_desk


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: governance evidence mortgage_approval 2 --out evidence-of-2")(evidence)
    app.command(epilog="Example: governance verify evidence-of-2 --key keys-from-the-project.json")(verify)


def evidence(
    model: Annotated[str, typer.Argument(help="Model name.")],
    version: Annotated[str, typer.Argument(help="Version that a night has seen.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="A folder that is not there yet.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Write everything that is known of a version, and what is not, into one signed folder.

    A page and a PDF to read, the parts for machines, and the proofs. The same record gives the same bytes.
    """
    from governance_pipeline.indicators.wording import counted
    from governance_pipeline.reports.evidence.pack import write_pack
    from governance_pipeline.reports.evidence.reading import read_record
    from governance_pipeline.stages.services import checkpoint_log

    with promotion_desk(project) as desk:
        log = checkpoint_log(desk.project)
        packed = write_pack(read_record(desk, log, model, version), log, out)
    if output is Format.JSON:
        print_json(packed)
        return
    said = console()
    said.print(
        f"evidence of {model} {version} as of {packed.as_of}: {packed.files} files in {out}", markup=False
    )
    said.print(f"  manifest {packed.digest}", markup=False)
    said.print(f"  {counted(packed.missing, 'thing')} not known, listed first in index.html", markup=False)
    said.print(
        f"  hand over {log.keys.public_path} by another way; check with `governance verify`", markup=False
    )


def verify(
    folder: Annotated[Path, typer.Argument(help="The folder of an evidence pack.")],
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The public keys that you trust (default: the pack's own)."),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Check an evidence pack with no project and no database: every file, signature and proof.

    Exit 0 it holds, 1 something was changed, 2 it is no pack, 3 it could not be checked.
    """
    from governance_pipeline.errors import CannotEvaluate, UsageError
    from governance_pipeline.ledger.offline import BrokenProof, NoPack, check_pack, describe, read_keys

    try:
        keys = read_keys(key.read_text(encoding="ascii")) if key else None
        report = check_pack(folder, keys)
    except NoPack as error:
        raise UsageError(str(error), hint="name the folder that `governance evidence` wrote") from error
    except (OSError, UnicodeDecodeError, BrokenProof) as error:
        raise CannotEvaluate(
            f"the pack could not be checked: {error}", hint="see that the files are readable"
        ) from error
    if output is Format.JSON:
        print_json({"holds": report.holds, "report": report})
    else:
        for line in describe(report):
            console().print(line, markup=False, soft_wrap=True)
    raise typer.Exit(0 if report.holds else 1)
