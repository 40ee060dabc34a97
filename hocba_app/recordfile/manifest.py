"""The manifest: who must sign, as a private stream in the base revision, covered by every signature (core decision 9).

With it a file speaks for itself: order, completeness and identity can be judged without a database. Persons appear only
as salted hashes of their id numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import Any

from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import canonical_json

FORMAT = 1
WRITER = 1
KEY = "/HBManifest"
CLAIM_LIMIT_SECONDS = 86_400
CLAIM_EARLY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ManifestSchool:
    """The school that issues the record."""

    code: str
    name: str
    tax_code: str


@dataclass(frozen=True, slots=True)
class ManifestSlot:
    """One signature that must be there."""

    field: str
    role: str
    """What the signer is, in the school's words: shown by verification."""
    stage: str
    signer: str
    """:func:`signer_hash` of the assigned person's id number; for the seal the school's MST."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the base revision says about its signatures. Final: a later shape gets a new ``format``."""

    kind: str
    school: ManifestSchool
    student_code: str
    snapshot_sha256: str
    code: str
    version: int
    salt: str
    slots: tuple[ManifestSlot, ...]
    format: int = FORMAT
    writer: int = WRITER
    claim_limit_seconds: int = CLAIM_LIMIT_SECONDS
    claim_early_seconds: int = CLAIM_EARLY_SECONDS

    @property
    def seal_tax_code(self) -> str:
        """The MST the seal's certificate must carry."""
        return self.school.tax_code

    def dumps(self) -> bytes:
        """Canonical JSON."""
        return canonical_json({**_entries(self), "school": _entries(self.school), "slots": [_entries(slot) for slot in self.slots]})

    @classmethod
    def loads(cls, data: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            HocbaError: MANIFEST_BROKEN when it is not exactly the canonical form of a known format.
        """
        try:
            shape: dict[str, Any] = json.loads(data)
            manifest = cls(
                **{
                    **shape,
                    "school": ManifestSchool(**shape["school"]),
                    "slots": tuple(ManifestSlot(**slot) for slot in shape["slots"]),
                }
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise HocbaError(ErrorCode.MANIFEST_BROKEN) from error
        if manifest.format != FORMAT or manifest.dumps() != data:
            raise HocbaError(ErrorCode.MANIFEST_BROKEN)
        return manifest


def _entries(row: Manifest | ManifestSchool | ManifestSlot) -> dict[str, Any]:
    """One level of a row; ``asdict`` copies every value and took a tenth of the time a base needs."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def signer_hash(salt: str, id_number: str) -> str:
    """Salted SHA-256 of an id number, hex: tells that a certificate is the assigned person's without naming him."""
    return hashlib.sha256(f"{salt}:{id_number}".encode()).hexdigest()


def manifest_in(reader: PdfFileReader) -> Manifest | None:
    """The manifest of a file as its *first* revision has it; None for a foreign file.

    Raises:
        HocbaError: MANIFEST_BROKEN.
    """
    root = reader.get_historical_root(0) if reader.xrefs.total_revisions > 0 else reader.root
    if KEY not in root:
        root = reader.get_historical_root(min(1, reader.xrefs.total_revisions - 1))
    if KEY not in root:
        return None
    try:
        return Manifest.loads(root[KEY].data)
    except (PdfReadError, AttributeError) as error:
        raise HocbaError(ErrorCode.MANIFEST_BROKEN) from error
