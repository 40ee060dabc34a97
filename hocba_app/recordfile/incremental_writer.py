"""The direct incremental writer: one signature, one update, a pure function of (tip, slot, time, look, CMS).

Verification replays it byte for byte (core decision 14), so nothing here may change within a writer version. Version 2 differs
from 1 only in how the seal lists changed signers (:func:`reassignment_entry`), version 3 from 2 only in how signatures look
(`recordfile/appearance.py`).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.appearance import Appearance, appearance_objects
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.base_revision import field_body
from hocba_app.recordfile.demands import Vouched
from hocba_app.recordfile.incremental_hash import HashedFile, prefix_hashes
from hocba_app.recordfile.pdf_syntax import Update, obj, ref, text_string

_RANGE_WIDTH = 44
_NAME_WITHIN = 4096
"""Bytes of an update in which its signature dictionary has begun."""
_LOCK_REFERENCE = (
    b" /Reference [<</Type /SigRef /TransformMethod /FieldMDP /TransformParams "
    b"<</Type /TransformParams /V /1.2 /Action /All>>>>]"
)


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """What one signature needs besides the file."""

    field: str
    claimed_at: datetime
    appearance: Appearance
    reserved: int
    """Bytes kept for the CMS, DER."""
    vouched: Mapping[str, Vouched] = dataclasses.field(default_factory=dict)
    """Of the seal: by field, slots whose demand was changed after locking (core decision 9)."""


@dataclass(frozen=True, slots=True)
class PreparedUpdate:
    """An update with a hole for the signature; may be stored for minutes while a phone is asked."""

    update: bytes
    digest: bytes
    """SHA-256 of everything but the hole."""
    contents_offset: int
    """Of the hole's first hex digit, within the update."""
    reserved: int
    base_length: int
    base_sha256: str
    field: str
    startxref: int
    size: int

    def dumps(self) -> bytes:
        """The stored form: a line of JSON, then the update without its hole, which is most of it."""
        head = {
            "without_hole": True,
            "digest": self.digest.hex(),
            "contents_offset": self.contents_offset,
            "reserved": self.reserved,
            "base_length": self.base_length,
            "base_sha256": self.base_sha256,
            "field": self.field,
            "startxref": self.startxref,
            "size": self.size,
        }
        before, behind = self.update[: self.contents_offset], self.update[self.contents_offset + 2 * self.reserved :]
        return json.dumps(head, separators=(",", ":")).encode() + b"\n" + before + behind

    @classmethod
    def loads(cls, data: bytes) -> PreparedUpdate:
        """Read the stored form, or that of earlier versions, which has the hole in it."""
        line, update = data.split(b"\n", 1)
        head = json.loads(line)
        if head.pop("without_hole", False):
            start = head["contents_offset"]
            update = update[:start] + b"0" * (2 * head["reserved"]) + update[start:]
        head["digest"] = bytes.fromhex(head["digest"])
        return cls(update=update, **head)


class IncrementalWriter(Protocol):
    """How an update is laid out and finished; verification's replay is its counterpart."""

    def prepare(self, file: bytes | HashedFile, tip: AppendState, request: SignatureRequest) -> PreparedUpdate:
        """Lay out the update and hash everything but its hole.

        Args:
            file: its bytes, or the hash state kept of them: nothing else of the file is needed.

        Raises:
            HocbaError: SLOT_SIGNED, FORM_SLOT_MISMATCH, SEALED, SIGNATURE_TEXT_UNSUPPORTED.
        """
        ...

    def embed(self, prepared: PreparedUpdate, cms: bytes) -> bytes:
        """The finished update, ready to be appended.

        Raises:
            HocbaError: CMS_TOO_LARGE.
        """
        ...


class DirectWriter:
    """Ours."""

    def prepare(self, file: bytes | HashedFile, tip: AppendState, request: SignatureRequest) -> PreparedUpdate:
        """See :class:`IncrementalWriter`."""
        place = tip.fields.get(request.field)
        if place is None:
            raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH)
        if place.signed:
            raise HocbaError(ErrorCode.SLOT_SIGNED)
        if "seal" in tip.fields and tip.fields["seal"].signed:
            # pyHanko does not refuse a signature after the seal's lock, it only judges the seal invalid: we refuse.
            raise HocbaError(ErrorCode.SEALED)
        signature, form = tip.size, tip.size + 1
        update = Update(tip.length)
        head = (
            b"%d 0 obj\n<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (%s)%s%s%s /ByteRange "
            % (
                signature,
                pdf_date(request.claimed_at),
                b" /Name %s" % text_string(request.appearance.name) if request.appearance.name else b"",
                _LOCK_REFERENCE if request.field == "seal" else b"",
                _reassigned(request.vouched),
            )
        )
        contents = len(head) + _RANGE_WIDTH + len(b" /Contents <")
        update.add(
            signature, head + b" " * _RANGE_WIDTH + b" /Contents <" + b"0" * (2 * request.reserved) + b">>>\nendobj\n"
        )
        update.add(
            place.number,
            obj(
                place.number,
                field_body(request.field, place.page, place.rect, form, parent=place.parent, value=signature),
            ),
        )
        look = dataclasses.replace(request.appearance, writer=tip.writer, dated=tip.dated == request.field)
        for number, data in appearance_objects(look, place.rect, form, tip.font):
            update.add(number, data)
        startxref = update.xref_offset
        finished = bytearray(
            update.finish(
                size=tip.size + 4,
                root=tip.root,
                info=tip.info.encode(),
                file_id=tip.file_id.encode("latin-1"),
                previous=tip.startxref,
            )
        )
        hole = tip.length + contents - 1
        after = hole + 2 * request.reserved + 2
        span = b"[0 %d %d %d]" % (hole, after, tip.length + len(finished) - after)
        finished[len(head) : len(head) + _RANGE_WIDTH] = span.ljust(_RANGE_WIDTH)
        digest = prefix_hashes.after(file, tip.sha256)
        digest.update(finished[: contents - 1])
        digest.update(finished[contents + 2 * request.reserved + 1 :])
        return PreparedUpdate(
            update=bytes(finished),
            digest=digest.digest(),
            contents_offset=contents,
            reserved=request.reserved,
            base_length=tip.length,
            base_sha256=tip.sha256,
            field=request.field,
            startxref=startxref,
            size=tip.size + 4,
        )

    def embed(self, prepared: PreparedUpdate, cms: bytes) -> bytes:
        """See :class:`IncrementalWriter`."""
        if len(cms) > prepared.reserved:
            raise HocbaError(ErrorCode.CMS_TOO_LARGE)
        start = prepared.contents_offset
        filled = cms.hex().encode().ljust(2 * prepared.reserved, b"0")
        return prepared.update[:start] + filled + prepared.update[start + len(filled) :]


def tip_after(tip: AppendState, file: bytes | HashedFile, prepared: PreparedUpdate, update: bytes) -> AppendState:
    """The tip of the file once the finished update is appended."""
    whole = prefix_hashes.after(file, tip.sha256)
    whole.update(update)
    prefix_hashes.keep(whole, len(file) + len(update))
    return tip.after(update, whole.hexdigest(), startxref=prepared.startxref, size=prepared.size, signed=prepared.field)


@lru_cache(maxsize=256)
def pdf_date(instant: datetime) -> bytes:
    """A PDF date in UTC."""
    return instant.strftime("D:%Y%m%d%H%M%SZ").encode()


_NAME = re.compile(rb"/M \(D:[0-9]{14}Z\) /Name (\((?:[^()\\\n]|\\[()\\])*\)|<FEFF[0-9A-F]*>)")


def drawn_name(update: bytes) -> str:
    """The name a signature of ours draws on the page, from its update; "" for the seal, which draws none."""
    found = _NAME.search(update, 0, _NAME_WITHIN)
    if found is None:
        return ""
    text = found.group(1)
    if text.startswith(b"<"):
        return bytes.fromhex(text[5:-1].decode()).decode("utf-16-be")
    return re.sub(rb"\\([()\\])", rb"\1", text[1:-1]).decode("ascii")


def _reassigned(vouched: Mapping[str, Vouched]) -> bytes:
    if not vouched:
        return b""
    return b" /HBReassigned [%s]" % b" ".join(reassignment_entry(name, entry) for name, entry in vouched.items())


def reassignment_entry(name: str, vouched: Vouched) -> bytes:
    """One entry of the seal's list. A record of format 1 froze one number and no name, and its entries (writer 1) say no more."""
    said = text_string(vouched.reason), text_string(vouched.delegation)
    if not vouched.demand.name:
        (signer,) = vouched.demand.signers
        return b"<</Field (%s) /Signer (%s) /Reason %s /Delegation %s>>" % (name.encode(), signer.encode(), *said)
    return b"<</Field (%s) /Signers [%s] /Name (%s) /PlainName (%s) /Reason %s /Delegation %s /NameReason %s>>" % (
        name.encode(),
        b" ".join(b"(%s)" % signer.encode() for signer in vouched.demand.signers),
        vouched.demand.name.encode(),
        vouched.demand.plain_name.encode(),
        *said,
        text_string(vouched.name_reason),
    )


__all__ = ["DirectWriter", "IncrementalWriter", "PreparedUpdate", "SignatureRequest", "pdf_date", "ref", "tip_after"]
