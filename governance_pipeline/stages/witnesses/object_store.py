"""Checkpoints as objects of a bucket, each written once: in S3 and what speaks its protocol, in Google Cloud
Storage and in Azure. Keep the bucket's versions or lock its objects, and not even its writer can change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.offline import Checkpoint
from governance_pipeline.stages.witnesses.folder import ENDING, file_name

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

T = TypeVar("T")


class ObjectStoreWitness:
    """A bucket, or a part of one.

    Args:
        uri: as Apache Arrow reads it, ``s3://bucket/prefix?region=eu-central-1``. Keys are not in it: the
            store's own tools find them in the environment, in their files or from the machine's role.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def take(self, note: str, checkpoint: Checkpoint) -> None:
        def write(store: FileSystem, folder: str) -> None:
            path = f"{folder}/{file_name(note, checkpoint)}"
            if store.get_file_info(path).is_file:  # the name tells the content, so it is the same
                return
            with store.open_output_stream(path) as stream:
                stream.write(note.encode())

        self._within(write)

    def notes(self) -> Iterator[str]:
        def read(store: FileSystem, folder: str) -> list[str]:
            from pyarrow.fs import FileSelector, FileType

            # before the first checkpoint the bucket has no such folder
            listed = store.get_file_info(FileSelector(folder, allow_not_found=True))
            bucket = folder.partition("/")[0]
            if not listed and store.get_file_info(bucket).type == FileType.NotFound:
                raise FileNotFoundError(f"there is no bucket {bucket}")
            paths = sorted(one.path for one in listed if one.is_file and one.path.endswith(ENDING))
            return [_text(store, path) for path in paths]

        yield from self._within(read)

    def _within(self, work: Callable[[FileSystem, str], T]) -> T:
        from pyarrow import ArrowException
        from pyarrow.fs import FileSystem

        try:
            store, folder = FileSystem.from_uri(self._uri)
            return work(store, folder.rstrip("/"))
        except (OSError, ArrowException) as error:
            shown, why = self._uri.partition("?")[0], str(error).splitlines()[0]
            raise CannotEvaluate(
                f"the object store {shown} of the ledger's copies cannot be used: {why}",
                hint="check the bucket's name and region, and that the night's account may read and write it",
            ) from error


def _text(store: FileSystem, path: str) -> str:
    with store.open_input_stream(path) as stream:
        return bytes(stream.read()).decode("utf-8", "replace")
