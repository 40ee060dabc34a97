"""The manifest: who must sign, as a private stream in the base revision, covered by every signature (core decision 9).

With it a file speaks for itself: order, completeness and identity can be judged without a database. Persons appear only
as salted hashes of their id numbers and names.

There are three formats. Format 1 names one id number of each signer; format 2 every number he may sign with, and his name
(docs/decisions/0023-frozen-demands.md); format 3 besides the form its pages are written on (0050-form-versions.md). A file keeps
the format it was locked in, to its last signature.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import canonical_json
from hocba_app.recordfile.demands import Demand, SealDemand

FORMATS = (1, 2, 3)
WRITERS = (1, 2, 3)
"""Writer versions that can be replayed. 2 differs from 1 in what the seal lists for a changed signer, 3 from 2 in how signatures look."""
KEY = "/HBManifest"
_FIRST_REVISIONS = 3
"""In a linearised file the catalog of the base is not in the first section."""
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
    demand: Demand
    """Of the assigned person. The seal's is empty in format 2 (:attr:`Manifest.seal_demand`); in format 1 it repeats the MST."""


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
    format: int = 0
    writer: int = 0
    """0: as the form asks for; records locked before forms had versions are of 2."""
    claim_limit_seconds: int = CLAIM_LIMIT_SECONDS
    claim_early_seconds: int = CLAIM_EARLY_SECONDS
    form: str = ""
    """Of the pages, "results-TT22/2"; "" before format 3."""
    dated: str = ""
    """The field whose signature writes its day into the form's line; "" for none, and before format 3."""

    def __post_init__(self) -> None:
        newest = 3 if self.form else 2
        object.__setattr__(self, "format", self.format or newest)
        object.__setattr__(self, "writer", self.writer or newest)

    @property
    def seal_demand(self) -> SealDemand:
        """What the seal's certificate must carry."""
        return SealDemand(self.school.tax_code, self.school.name)

    def dumps(self) -> bytes:
        """Canonical JSON."""
        slot_of = _slot_1 if self.format == 1 else _slot_2
        shape = {**_entries(self), "school": _entries(self.school), "slots": [slot_of(slot) for slot in self.slots]}
        if self.format < 3:
            del shape["form"], shape["dated"]
        return canonical_json(shape)

    @classmethod
    def loads(cls, data: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            HocbaError: MANIFEST_BROKEN when it is not exactly the canonical form of a known format.
        """
        try:
            shape: dict[str, Any] = json.loads(data)
            read_slot = _read_slot_1 if shape["format"] == 1 else _read_slot_2
            manifest = cls(
                **{
                    **shape,
                    "school": ManifestSchool(**shape["school"]),
                    "slots": tuple(read_slot(**slot) for slot in shape["slots"]),
                }
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise HocbaError(ErrorCode.MANIFEST_BROKEN) from error
        if manifest.format not in FORMATS or manifest.dumps() != data:
            raise HocbaError(ErrorCode.MANIFEST_BROKEN)
        return manifest


def _entries(row: Manifest | ManifestSchool) -> dict[str, Any]:
    """One level of a row; ``asdict`` copies every value and took a tenth of the time a base needs."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _slot_1(slot: ManifestSlot) -> dict[str, Any]:
    (signer,) = slot.demand.signers
    return {"field": slot.field, "role": slot.role, "stage": slot.stage, "signer": signer}


def _read_slot_1(*, field: str, role: str, stage: str, signer: str) -> ManifestSlot:
    return ManifestSlot(field, role, stage, Demand((signer,)))


def _slot_2(slot: ManifestSlot) -> dict[str, Any]:
    return {"field": slot.field, "role": slot.role, "stage": slot.stage, **slot.demand.as_json()}


def _read_slot_2(*, field: str, role: str, stage: str, signers: list[str], name: str, plain_name: str) -> ManifestSlot:
    return ManifestSlot(field, role, stage, Demand(tuple(signers), name, plain_name))


def manifest_in(reader: PdfFileReader) -> Manifest | None:
    """The manifest of a file as its *first* revision has it; None for a foreign file.

    Raises:
        HocbaError: MANIFEST_BROKEN.
    """
    root = next((found for found in _first_roots(reader) if KEY in found), None)
    if root is None:
        return None
    try:
        return Manifest.loads(root[KEY].data)
    except (PdfReadError, AttributeError) as error:
        raise HocbaError(ErrorCode.MANIFEST_BROKEN) from error


def _first_roots(reader: PdfFileReader) -> Iterator[DictionaryObject]:
    """The catalogs of the first revisions, and the last; those of a linearised file's first sections may not be there."""
    for revision in range(min(_FIRST_REVISIONS, reader.xrefs.total_revisions)):
        with suppress(PdfReadError, KeyError, AttributeError):
            yield reader.get_historical_root(revision)
    yield reader.root
