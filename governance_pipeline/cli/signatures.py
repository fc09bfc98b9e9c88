"""signature new-key | add: people's own signatures on permits, where the playbook asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json
from governance_pipeline.cli.desk import promotion_desk
from governance_pipeline.cli.promotion import AsOption, ModelArgument, StageOption, VersionArgument
from governance_pipeline.cli.verbs import App

group = App(help="People's own signatures on permits, where the playbook asks for them.")


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="signature")


@group.command("new-key", epilog="Example: governance signature new-key ~/.governance-key")
def new_key(
    file: Annotated[Path, typer.Argument(help="File to write the private key to; must not exist yet.")],
) -> None:
    """Make a key of one's own, and print its public half for the playbook. Needs no project.

    The file is readable by its owner only. Whoever has it can sign in its owner's name.
    """
    from base64 import b64encode

    from governance_pipeline.errors import Refused
    from governance_pipeline.ledger.signing import SigningKeys

    if file.exists() or file.is_symlink():
        raise Refused(f"'{file}' is there already", hint="name a new file; a key is never written over")
    key = SigningKeys(file).newest()
    console().print(
        f"the private key is in {file}; this stands in the playbook, with your id in charter.yaml:\n",
        markup=False,
        soft_wrap=True,
    )
    public = b64encode(key.public).decode()
    text = f"reviews:\n  signers:\n    keys:\n      YOUR-ID: {{public: '{public}'}}"
    console().print(text, markup=False, soft_wrap=True)


@group.command(
    epilog="Example: governance signature add mortgage_approval 2 --as dana --key ~/.governance-key"
)
def add(
    model: ModelArgument,
    version: VersionArgument,
    person: AsOption,
    key: Annotated[Path, typer.Option(help="File with your private key, of governance signature new-key.")],
    stage: StageOption = "production",
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Add one's own signature to the newest permit of a version for a stage. Exit 1: the key is another's."""
    from governance_pipeline.errors import NotFound
    from governance_pipeline.indicators.wording import counted, listed
    from governance_pipeline.ledger.signing import SigningKeys
    from governance_pipeline.reviews.promotion import sign_permit
    from governance_pipeline.stages.services import utc_now

    if not key.is_file():
        raise NotFound(f"there is no key in '{key}'", hint="make one with `governance signature new-key`")
    own = SigningKeys(key).newest()
    with promotion_desk(project) as desk:
        done = sign_permit(desk, model, version, stage, person=person, key=own, now=utc_now())
    if output is Format.JSON:
        print_json(done)
        return
    still = f"{counted(done.missing, 'signature')} to come" if done.missing else "that is enough"
    console().print(f"{done.permit} is signed by {listed(done.signed_by)}; {still}", markup=False)
