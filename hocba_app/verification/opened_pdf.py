"""A foreign file opened for analysis: strictly where that is possible, else as forgivingly as other readers open it.

How strict a reader is says nothing of the file. What a lenient reading cannot exclude – that two readers see different pages –
is asked of the bytes afterwards (`later_updates`). Runs inside the sandbox.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from hocba_app.verification.later_updates import WHITE

HEADER_WITHIN = 1024
"""Bytes in which other readers look for ``%PDF``."""
_HEADER = re.compile(rb"%PDF-[0-9]\.[0-9]")


class PasswordNeeded(Exception):
    """The file opens with a password only."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that could be opened."""

    reader: PdfFileReader
    is_strict: bool
    """Whether it opened without any forgiveness."""


def open_pdf(data: bytes) -> Opened:
    """Open a file.

    Raises:
        PasswordNeeded: it is encrypted, and not for everybody.
        Exception: whatever the reader raises; the file cannot be opened.
    """
    try:
        reader = PdfFileReader(io.BytesIO(data))
        _ = reader.root
        # pyHanko judges no signature of a hybrid file when it is strict.
        opened = Opened(reader, True) if not reader.xrefs.hybrid_xrefs_present else Opened(_lenient(data), False)
    except Exception:
        # Whatever strictness raises; the lenient reader has the last word on what cannot be opened.
        opened = Opened(_lenient(data), False)
    _decrypt(opened.reader)
    _let_lead_nowhere(opened.reader)
    return opened


def _lenient(data: bytes) -> PdfFileReader:
    """Without a header in the first place or a ``%%EOF`` in the last; digests are still taken from the true bytes."""
    shown = data.rstrip(WHITE) + b"\n"
    if _HEADER.match(data) is None:
        found = _HEADER.search(data, 0, HEADER_WITHIN)
        if found is None:
            raise PdfReadError("no header")
        shown = found.group(0) + shown[len(found.group(0)) :]  # pyHanko looks for it in the first bytes only
    ends = data.rfind(b"%%EOF"), data.rfind(b"startxref")
    if ends[0] < ends[1]:
        shown += b"%%EOF\n"
    reader = PdfFileReader(io.BytesIO(shown), strict=False)
    reader.stream = io.BytesIO(data)
    _ = reader.root["/Pages"]
    return reader


def _let_lead_nowhere(reader: PdfFileReader) -> None:
    """A reference to an object that no table lists stands for nothing (ISO 32000-2, 7.3.10); pyHanko's analysis of later changes
    breaks off at one."""
    of_known = reader.xrefs.get_introducing_revision

    def introducing_revision(reference: Reference) -> int:
        try:
            return int(of_known(reference))
        except KeyError:
            return -1

    reader.xrefs.get_introducing_revision = introducing_revision  # type: ignore[assignment, method-assign] # pyHanko has no setting for it


def _decrypt(reader: PdfFileReader) -> None:
    """Many files are encrypted for everybody, with an empty password, to forbid printing or copying."""
    if not reader.encrypted:
        return
    if (
        not isinstance(reader.security_handler, StandardSecurityHandler)
        or reader.decrypt(b"").status == AuthStatus.FAILED
    ):
        raise PasswordNeeded
