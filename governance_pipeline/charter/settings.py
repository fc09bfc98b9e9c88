"""governance.yaml: where this project's parts are, and when its night runs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.consent_ledger import ConsentLedger, ErasureRegister
from governance_pipeline.charter.ledger_copies import LedgerCopy
from governance_pipeline.charter.places import Place

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class Schedule(FileModel):
    """When the night runs."""

    cron: str = Field("0 2 * * *", description="Five-field cron expression.")
    timezone: str = Field("UTC", description="IANA time zone the cron and the nights are read in.")
    start: date = Field(description="First night to be covered; earlier nights are not caught up.")


class Connection(FileModel):
    """A database or a server that other files refer to by name; the only place for credentials."""

    url: str = Field(description="Its URL; ${NAME} is replaced from the environment.")
    token: str | None = Field(
        None, description="Bearer token of an HTTP server; ${NAME} is replaced from the environment."
    )


class Channel(FileModel):
    """A way alerts leave: the console, a file of JSON lines, or any Apprise URL (mail, webhook ...)."""

    type: Literal["console", "file", "apprise"] = "apprise"
    url: str | None = Field(None, description="Apprise URL; ${NAME} is replaced from the environment.")
    path: str | None = Field(None, description="For type file: path relative to the project.")


class OpenLineageOut(FileModel):
    """Where each night's OpenLineage events go."""

    transport: Literal["file", "http", "none"] = "file"
    path: str = Field(".governance/openlineage", description="For file: folder, one file per night.")
    url: str | None = Field(None, description="For http: base URL of the receiver.")
    api_key: str | None = Field(None, description="For http; ${NAME} is replaced from the environment.")


class Receiver(FileModel):
    """What `governance serve` asks of those who send lineage."""

    api_key: str | None = Field(
        None, description="Bearer key that senders show; ${NAME} is replaced from the environment."
    )


class SignIn(FileModel):
    """How people sign in to the pages of `governance serve`: an OpenID Connect provider."""

    issuer: str = Field(
        pattern=r"^https://[^\s/?#@]+(/[^\s?#]*)?$|^http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#]*)?$",
        description="The provider, exactly as it names itself; https, or this machine.",
    )
    client_id: str = Field(min_length=1, description="What the provider calls these pages.")
    client_secret: str | None = Field(None, description="${NAME} is replaced from the environment.")
    url: str = Field(
        pattern=r"^https://[^\s/?#@]+/?$|^http://(127\.0\.0\.1|localhost)(:\d+)?/?$",
        description=(
            "Where people reach the pages, e.g. https://governance.example.com; the provider sends them back"
            " to <url>/sign-in/callback."
        ),
    )
    claim: str = Field(
        "email", description="The claim that people of charter.yaml are known by: their id, mail or an alias."
    )


class Limits(FileModel):
    """What one night may use."""

    table_timeout_seconds: float = Field(
        300.0, gt=0, description="Longer scans are cut off; a contract's scanTimeoutSeconds wins."
    )
    threads: int = Field(
        2, ge=1, le=256, description="Tables scanned at once, and threads of DuckDB or Spark."
    )
    memory: str = Field(
        "1GB", pattern=r"^\d+(\.\d+)?(MB|GB)$", description="Memory of DuckDB (all tables together) or Spark."
    )
    sample_rows: int = Field(2000, ge=100, le=20000, description="Bound of a drill-down sample.")


class LedgerFiles(FileModel):
    """Where the ledger's keys and checkpoints are kept, outside the database; relative to the project."""

    keys: str = Field(
        ".governance/signing-keys",
        description=(
            "File with the private keys, made when it is first needed; the public keys are written to"
            " <file>.public.json. Back it up apart from the store."
        ),
    )
    checkpoints: str = Field(
        ".governance/checkpoints",
        description="File of signed checkpoints. Copy it to where the store's administrators cannot write.",
    )
    copies: tuple[LedgerCopy, ...] = Field(
        (), description="Where each night's newest checkpoint is copied to; `ledger verify` reads them too."
    )


class Settings(FileModel):
    """The whole of governance.yaml."""

    name: Name
    description: str = ""
    store: str = Field(
        "sqlite:///.governance/store.db",
        description="SQLAlchemy URL; relative SQLite paths are relative to the project folder.",
    )
    schedule: Schedule
    connections: dict[Name, Connection] = Field(default_factory=dict)
    channels: dict[Name, Channel] = Field(default_factory=dict)
    openlineage: OpenLineageOut = OpenLineageOut()
    receiver: Receiver = Receiver()
    sign_in: SignIn | None = None
    catalog: tuple[Place, ...] = Field((), description="Tools that know lineage; read every night.")
    consent: ConsentLedger | None = None
    erasures: ErasureRegister | None = None
    subject_keys: str = Field(
        ".governance/subject-keys",
        description=(
            "File with the keys that people's hashes in subject manifests are made with, relative to the"
            " project; made when it is first needed. Back it up apart from the store."
        ),
    )
    ledger: LedgerFiles = LedgerFiles()
    limits: Limits = Limits()
    minimum_group_size: int = Field(11, ge=2, description="Smaller groups of people are not shown.")
    base_url: str = Field("http://127.0.0.1:3000", description="Where links in alerts point.")
