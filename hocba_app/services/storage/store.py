"""Where the records lie: named bytes in a folder or in a bucket, behind one interface.

Names are relative, with slashes. What is written appears whole under its name or not at all. ``FileNotFoundError`` means that
nothing has the name; every other failure of a bucket, and of writing into a folder, is a
:class:`StoreUnavailable`; of reading from a folder an ``OSError``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hocba_app.process_scope import per_process
from hocba_app.services.storage.bucket_store import BucketStore
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.services.storage.stored import Stored
from hocba_app.settings import Settings, settings


class Store(Protocol):
    """A place for named bytes."""

    @property
    def place(self) -> str:
        """Its address, as the operator wrote it; never a secret."""

    def read(self, name: str) -> bytes:
        """The bytes of a name."""

    def write(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Put bytes under a name; what has the name stays unless it is to be replaced."""

    def write_file(self, name: str, path: Path) -> None:
        """Put a file of any size under a name, in pieces."""

    def read_to(self, name: str, path: Path) -> None:
        """The bytes of a name into a private file, in pieces."""

    def stage(self, name: str, data: bytes) -> Staged:
        """Bytes that are safe beside the store, to be kept under the name or dropped."""

    def exists(self, name: str) -> bool:
        """Whether something has the name."""

    def about(self, name: str) -> Stored:
        """Size and age of what has the name."""

    def stamp(self, name: str) -> object:
        """Something that stays the same while the name has the same bytes, cheap to ask for; None when nothing has the name."""

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Everything below a folder of names ("" for all), in the order of the names."""

    def remove(self, name: str) -> None:
        """Take a name away; nothing happens when nothing has it."""

    def clean(self) -> int:
        """Delete what writers that were killed left half; how much."""


class Staged(Protocol):
    """Bytes beside the store."""

    def keep(self) -> None:
        """Put them under their name."""

    def drop(self) -> None:
        """Delete them; nothing happens when they were kept."""


def open_store(url: str, given: Settings | None = None) -> Store:
    """The store at an address.

    Args:
        url: as HOCBA_DOCUMENTS_URL.
        given: where the access to a bucket is set; the process's settings by default.

    Raises:
        HocbaError: SETTING_UNKNOWN.
    """
    at = (given or settings()).model_copy(update={"documents_url": url})
    at.require_documents_understood()
    folder = at.documents_folder()
    return FolderStore(folder) if folder is not None else BucketStore(at)


@per_process
def _opened(url: str) -> Store:
    return open_store(url)


def configured() -> Store:
    """The store of HOCBA_DOCUMENTS_URL."""
    return _opened(settings().documents_url)


os.register_at_fork(after_in_child=_opened.cache_clear)  # a bucket's client has threads, which a child does not inherit
