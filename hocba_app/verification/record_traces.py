"""Whether bytes are a record of ours, or what another program made of one: asked of the bytes, before any PDF parser.

Whatever of ours is recognised is held against our grammar; a parser that cannot open a file must not make it nobody's.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from hocba_app.domain.errors import HocbaError
from hocba_app.recordfile.manifest import Manifest
from hocba_app.verification import manifest_rules
from hocba_app.verification.base_grammar import MAX_MANIFEST
from hocba_app.verification.later_updates import WHITE
from hocba_app.verification.layout_grammar import HEADER

BEGINS = HEADER + b"1 0 obj\n<< /Type /Catalog "
MAX_BEFORE = 1024
"""Bytes before the header that other readers pass over."""
MAX_WHITE = 4096
_MANIFEST = re.compile(rb"<<[^<>]{0,80}/HBManifest\b[^<>]{0,80}>>[\0\t\n\f\r ]*stream\r?\n")


@dataclass(frozen=True, slots=True)
class Traces:
    """What is recognised."""

    begins_at: int | None
    """Where a base revision of ours begins; None when the file was written anew."""
    manifest: Manifest | None
    """The first that can be read; it says whose record it is, not that anything of it holds."""


def traces_in(data: bytes) -> Traces | None:
    """Traces of a record of ours; None in a foreign file."""
    at = data.find(BEGINS, 0, MAX_BEFORE + len(BEGINS))
    if at < 0 and b"/HBManifest" not in data:
        return None
    return Traces(at if at >= 0 else None, _first_manifest(data))


def without_white_end(data: bytes) -> bytes:
    """A file of ours without the line ends that mail gateways and editors add; any other, itself."""
    if not data.startswith(BEGINS) or data.endswith(b"%%EOF\n"):
        return data
    trimmed = data.rstrip(WHITE) + b"\n"
    return trimmed if 0 < len(data) - len(trimmed) <= MAX_WHITE else data


def is_cut_off(data: bytes) -> bool:
    """Whether the end of the last update is missing: a download that broke off, or a tool that took the last line away."""
    return data.rfind(b"%%EOF") < max(data.rfind(b"startxref"), data.rfind(b" obj"))


def _first_manifest(data: bytes) -> Manifest | None:
    for found in _MANIFEST.finditer(data):
        packed = data[found.end() : found.end() + MAX_MANIFEST]
        for raw in (packed, packed.replace(b"\r\n", b"\n")):  # the second undoes what changed every line end
            manifest = _manifest(raw)
            if manifest is not None:
                return manifest
    return None


def _manifest(packed: bytes) -> Manifest | None:
    try:
        manifest = Manifest.loads(zlib.decompressobj().decompress(packed, MAX_MANIFEST))
    except (zlib.error, HocbaError):
        return None
    return manifest if manifest_rules.is_sound(manifest) else None
