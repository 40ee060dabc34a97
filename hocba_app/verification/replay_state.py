"""How far a file is replayed, and what both kinds of update share: the hole for the signature and the digest around it."""

from __future__ import annotations

import binascii
import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import datetime

from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.demands import Vouched
from hocba_app.verification.base_grammar import Base
from hocba_app.verification.strict_pdf_objects import Parsed, require_section

RANGE_WIDTH = 44
MAX_CMS = 128 << 10
MAX_EVIDENCE = 32 << 20
"""Bytes of all certificates, answers and lists that a file carries, unpacked."""


@dataclass(frozen=True, slots=True)
class SignedUpdate:
    """One signature, shown to be exactly an update of ours; its CMS is still to be judged."""

    field: str
    claimed: datetime | None
    """None for a document time stamp."""
    digest: bytes
    """SHA-256 of what it covers."""
    cms: bytes
    revision: int
    end: int
    reassigned: dict[str, Vouched] = dataclasses.field(default_factory=dict)
    name: str = ""
    """That it shows, on the page and to readers; "" for none."""

    @property
    def is_timestamp(self) -> bool:
        return self.claimed is None


class State:
    """How far the file is replayed; hashing goes on from where the last update ended."""

    def __init__(self, file: bytes, base: Base) -> None:
        self.file = file
        self.view = memoryview(file)
        self.base = base
        self.end = base.length
        self.startxref = base.startxref
        self.size = base.size
        self.revision = 1
        """Number of the last revision: the layout is 0, the base 1."""
        self.store: dict[str, list[bytes]] = {}
        self.store_numbers: dict[str, list[int]] = {}
        self.store_since: dict[str, list[int]] = {}
        """The revision that brought each entry of ``store``."""
        self.evidence_left = MAX_EVIDENCE
        self._hashed = hashlib.sha256(self.view[: self.end])

    def digest_around(self, hole: int, after: int, end: int) -> bytes:
        """SHA-256 of everything up to ``end`` but the hole."""
        digest = self._hashed.copy()
        digest.update(self.view[self.end : hole])
        digest.update(self.view[after:end])
        return digest.digest()

    @property
    def sha256(self) -> str:
        """Of everything up to :attr:`end`, in hex."""
        return self._hashed.hexdigest()

    def finish(self, objects: list[Parsed], at: int, size: int) -> int:
        """Check the update's cross-reference section.

        Returns:
            The update's end.
        """
        base = self.base
        return require_section(
            self.file,
            at,
            objects,
            size=size,
            root=base.root,
            info=base.info,
            file_id=base.file_id,
            previous=self.startxref,
        )

    def move_to(self, end: int, startxref: int, size: int) -> None:
        """The update is ours: go on behind it."""
        self._hashed.update(self.view[self.end : end])
        self.end, self.startxref, self.size = end, startxref, size
        self.revision += 1


def hole_in(parsed: Parsed, contents: int) -> tuple[int, int]:
    """Offsets of the hole with its angle brackets: ``contents`` hex digits before the dictionary's end."""
    after = parsed.offset + len(b"%d 0 obj\n" % parsed.number) + len(parsed.line) - len(b">>")
    return after - contents - 2, after


def signed_bytes(contents: bytes) -> bytes:
    """The DER inside a hole: one element in small hexadecimal digits, then nothing but zeros.

    Raises:
        NotShown: anything else.
    """
    if len(contents) % 2 or not 8 <= len(contents) <= 2 * MAX_CMS:
        raise NotShown("contents")
    try:
        head = binascii.unhexlify(contents[:10])
        if head[0] != 0x30 or not 0x81 <= head[1] <= 0x83:
            raise NotShown("contents")
        size = 2 + (head[1] & 0x7F) + int.from_bytes(head[2 : 2 + (head[1] & 0x7F)])
        digits = contents[: 2 * size]
        data = binascii.unhexlify(digits)
    except (ValueError, IndexError) as error:
        raise NotShown("contents") from error
    if len(data) != size or binascii.hexlify(data) != digits or contents[2 * size :].strip(b"0"):
        raise NotShown("padding")
    return data
