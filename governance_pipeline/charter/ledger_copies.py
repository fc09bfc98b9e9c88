"""Where copies of the ledger's checkpoints go, out of reach of whoever administers the store."""

from __future__ import annotations

from pydantic import Field

from governance_pipeline.charter.base import FileModel


class GitCopy(FileModel):
    """A git repository: each checkpoint is a commit."""

    repository: str = Field(description="Its folder.")
    push: str | None = Field(None, description="Push to this remote, such as `origin`, after each commit.")


class TimeStampCopy(FileModel):
    """A time stamping authority (RFC 3161): it signs when a checkpoint was there at the latest."""

    url: str = Field(pattern=r"^https?://", description="Its address.")
    roots: str = Field(description="PEM file of the certificates that are trusted to sign for it.")
    folder: str = Field(
        ".governance/time-stamps", description="Where checkpoints and their time stamps are kept."
    )


class ChannelCopy(FileModel):
    """A message to somebody, by mail for example."""

    name: str = Field(description="An entry of `channels`.")
    to: str = Field(description="A person or team of charter.yaml.")


class LedgerCopy(FileModel):
    """One place: exactly one of these keys."""

    folder: str | None = Field(
        None, description="A folder: a mounted object store that keeps what was written, another machine's."
    )
    object_store: str | None = Field(
        None,
        pattern=r"^(s3|gs|abfss?)://[^@?/]+(/[^@?]*)?(\?[^@]*)?$",
        description="A bucket, and where in it: `s3://bucket/place?region=eu-central-1`, `gs://` or `abfs://`."
        " Its keys come from the environment or the machine's role, and never stand here.",
    )
    git: GitCopy | None = Field(None, description="A git repository.")
    time_stamp: TimeStampCopy | None = Field(None, description="A time stamping authority.")
    channel: ChannelCopy | None = Field(None, description="A message.")

    @property
    def named(self) -> tuple[str, ...]:
        """The keys that are given; a checked project's copies have exactly one."""
        return tuple(key for key in type(self).model_fields if getattr(self, key) is not None)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path in it, relative to the project."""
        if self.git is not None:
            return (self.git.repository,)
        if self.time_stamp is not None:
            return (self.time_stamp.roots, self.time_stamp.folder)
        return () if self.folder is None else (self.folder,)

    @property
    def shown(self) -> str:
        """The place, as people are told of it; never a user or a password."""
        if self.folder is not None:
            return f"folder {self.folder}"
        if self.object_store is not None:
            return f"object store {self.object_store.partition('?')[0]}"
        if self.git is not None:
            return f"git {self.git.repository}"
        if self.time_stamp is not None:
            return f"time stamps of {self.time_stamp.url.partition('?')[0].rpartition('@')[2]}"
        return f"channel {self.channel.name}" if self.channel else ""
