"""Each update derived again from what it says and compared byte for byte with the file (core decision 14).

An update is a function of (slot, claimed time, look, CMS); a signature of ours may bring nothing else. What is taken from
the file – texts, image, CMS – has one bounded form each; everything around it must be exactly what the manifest's
writer version emits, and no byte may be left over. Then the pages are what was signed, and no viewer can be made to show anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from hocba_app.domain.errors import HocbaError
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.strict_der import instant
from hocba_app.recordfile.appearance import (
    MAX_SIDE,
    Appearance,
    InkImage,
    appearance_objects,
    lines_around_captions,
)
from hocba_app.recordfile.base_revision import field_body
from hocba_app.recordfile.demands import Demand, Vouched
from hocba_app.recordfile.pdf_syntax import obj, text_string
from hocba_app.recordfile.signature_font import signature_face
from hocba_app.verification.archive_replay import replay_archive
from hocba_app.verification.base_grammar import Base, read_base
from hocba_app.verification.replay_state import RANGE_WIDTH, SignedUpdate, State, hole_in, signed_bytes
from hocba_app.verification.strict_pdf_objects import Deviation, Parsed, read_objects, require_same, unpacked_length

MAX_UPDATES = 200
MAX_CAPTIONS = 4
LOCK_REFERENCE = (
    b" /Reference [<</Type /SigRef /TransformMethod /FieldMDP /TransformParams "
    b"<</Type /TransformParams /V /1.2 /Action /All>>>>]"
)
_TEXT = rb"(?:\((?:[^()\\\n]|\\[()\\]){0,400}\)|<FEFF(?:[0-9A-F]{4}){0,400}>)"
_HASH = rb"\([0-9a-f]{64}\)"
_ENTRY_1 = (
    rb"<</Field \([A-Za-z0-9._-]{1,80}\) /Signer " + _HASH + rb" /Reason " + _TEXT + rb" /Delegation " + _TEXT + rb">>"
)
_ENTRY_2 = (
    rb"<</Field \([A-Za-z0-9._-]{1,80}\) /Signers \["
    + _HASH
    + rb"(?: "
    + _HASH
    + rb"){0,3}\] /Name "
    + _HASH
    + rb" /PlainName "
    + _HASH
    + rb" /Reason "
    + _TEXT
    + rb" /Delegation "
    + _TEXT
    + rb" /NameReason "
    + _TEXT
    + rb">>"
)
_ENTRY = {1: _ENTRY_1, 2: _ENTRY_2, 3: _ENTRY_2}
"""One entry of the seal's list of changed signers, by writer version."""
_PARTS = {
    1: re.compile(
        rb"<</Field \(([^)]*)\) /Signer \(([0-9a-f]{64})\) /Reason (" + _TEXT + rb") /Delegation (" + _TEXT + rb")>>"
    ),
    2: re.compile(
        rb"<</Field \(([^)]*)\) /Signers \[([0-9a-f() ]*)\] /Name \(([0-9a-f]{64})\) /PlainName \(([0-9a-f]{64})\)"
        rb" /Reason (" + _TEXT + rb") /Delegation (" + _TEXT + rb") /NameReason (" + _TEXT + rb")>>"
    ),
}
_SIGNATURE = {
    writer: re.compile(
        rb"<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M \(D:([0-9]{14})Z\)"
        rb"(?: /Name ("
        + _TEXT
        + rb"))?("
        + re.escape(LOCK_REFERENCE)
        + rb")?(?: /HBReassigned \[("
        + entry
        + rb"(?: "
        + entry
        + rb"){0,60})\])?"
        rb" /ByteRange (\[0 [0-9]+ [0-9]+ [0-9]+\]) * /Contents <"
    )
    for writer, entry in _ENTRY.items()
}
_IMAGE = re.compile(
    rb"<</Type /XObject /Subtype /Image /Width ([0-9]{1,4}) /Height ([0-9]{1,4}) /ColorSpace \[/Indexed /DeviceRGB 0 <([0-9A-F]{6})>\]"
)
_SHOWN = re.compile(rb"BT /F [0-9.]+ Tf 0\.13 (?:0\.13 0\.13 rg|g) [0-9.]+ [0-9.]+ Td <((?:[0-9A-F]{4}){0,400})> Tj ET")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A whole file, every byte of it accounted for."""

    base: Base
    updates: tuple[SignedUpdate, ...]
    store: dict[str, list[bytes]]
    """The last DSS: ``Certs``, ``OCSPs``, ``CRLs``, DER."""
    store_since: dict[str, list[int]]
    """The revision that brought each entry of it."""
    sha256: str
    """Of the whole file, in hex."""


def replay(file: bytes) -> Replayed:
    """Derive every update again.

    Raises:
        Deviation: the base or an update is not what our software writes.
        NotShown: not a file of ours, or one of another version.
    """
    base = read_base(file)
    state = State(file, base)
    updates: list[SignedUpdate] = []
    while state.end < len(file):
        try:
            if state.revision > MAX_UPDATES:
                raise NotShown("updates")
            objects, at = read_objects(file, state.end)
            if "seal" in base.signed:
                update = replay_archive(state, objects, at)
            else:
                update = _replay_signature(state, objects, at)
        except Exception as error:
            # As in the base: an update that cannot even be read is none of ours.
            raise Deviation("update", str(error)) from error
        if update is not None:
            updates.append(update)
    return Replayed(base, tuple(updates), state.store, state.store_since, state.sha256)


def _replay_signature(state: State, objects: list[Parsed], at: int) -> SignedUpdate:
    base, first = state.base, state.size
    if len(objects) != 5:
        raise NotShown("objects of a signature")
    head = objects[0]
    found = _SIGNATURE[base.manifest.writer].match(head.line)
    if found is None or head.data is not None or not head.line.endswith(b">>>"):
        raise NotShown("signature dictionary")
    when, name, lock, reassigned, span = found.groups()
    contents = head.line[found.end() : -len(b">>>")]  # what it may be is asked by `signed_bytes`
    slot = next((slot for slot, place in base.fields.items() if place.number == objects[1].number), None)
    if slot is None or slot in base.signed:
        raise NotShown("field")
    if (lock is not None) != (slot == "seal") or (reassigned is not None and slot != "seal"):
        raise NotShown("lock")
    place = base.fields[slot]
    claimed = _instant(when)
    look = _look(objects, _decoded(name), claimed, base, slot)
    hole, after = hole_in(head, len(contents))
    end = state.finish(objects, at, first + 4)
    expected_span = b"[0 %d %d %d]" % (hole, after, end - after)
    if span != expected_span:
        raise NotShown("byte range")
    written = (
        b"%d 0 obj\n<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:%sZ)%s%s%s /ByteRange %s /Contents <%s>>>\nendobj\n"
        % (
            first,
            when,
            b" /Name %s" % text_string(look.name) if look.name else b"",
            lock or b"",
            b" /HBReassigned [%s]" % reassigned if reassigned else b"",
            expected_span.ljust(RANGE_WIDTH),
            contents,
        )
    )
    try:
        drawn = appearance_objects(look, place.rect, first + 1, base.font)
    except HocbaError as error:
        raise NotShown("look") from error
    widget = field_body(slot, place.page, place.rect, first + 1, parent=place.parent, value=first)
    require_same(state.file, objects, [(first, written), (place.number, obj(place.number, widget)), *drawn])
    update = SignedUpdate(
        slot,
        claimed,
        state.digest_around(hole, after, end),
        signed_bytes(contents),
        state.revision + 1,
        end,
        _entries(reassigned, base.manifest.writer),
        look.name,
    )
    base.signed.add(slot)
    state.move_to(end, at, first + 4)
    return update


def _instant(digits: bytes) -> datetime:
    try:
        return instant(digits.decode())
    except ValueError as error:
        raise NotShown("date") from error


def _decoded(text: bytes | None) -> str:
    """A text string; only its canonical form is let through.

    Raises:
        NotShown: it is not what :func:`text_string` writes.
    """
    if text is None:
        return ""
    try:
        if text.startswith(b"<"):
            plain = bytes.fromhex(text[5:-1].decode()).decode("utf-16-be")
        else:
            plain = re.sub(rb"\\([()\\])", rb"\1", text[1:-1]).decode("ascii")
        if not plain or text_string(plain) != text:
            raise NotShown("text")
    except UnicodeError as error:
        raise NotShown("text") from error
    return plain


def _entries(reassigned: bytes | None, writer: int) -> dict[str, Vouched]:
    """Slots the seal vouches for; a slot twice is refused."""
    if reassigned is None:
        return {}
    found = _PARTS[min(writer, 2)].findall(reassigned)
    entries = {parts[0].decode(): _vouched(parts) for parts in found}
    if len(entries) != len(found):
        raise NotShown("reassigned twice")
    return entries


def _vouched(parts: tuple[bytes, ...]) -> Vouched:
    if len(parts) == 4:
        signer, reason, delegation = parts[1:]
        return Vouched(Demand((signer.decode(),)), _shown_text(reason), _shown_text(delegation))
    signers, name, plain, reason, delegation, name_reason = parts[1:]
    demand = Demand(tuple(re.findall("[0-9a-f]{64}", signers.decode())), name.decode(), plain.decode())
    return Vouched(demand, _shown_text(reason), _shown_text(delegation), _shown_text(name_reason))


def _shown_text(text: bytes) -> str:
    return "" if text == b"()" else _decoded(text)


def _look(objects: list[Parsed], name: str, claimed: datetime, base: Base, slot: str) -> Appearance:
    """Image and texts as the update's appearance has them; the caller derives the appearance again from them."""
    form, picture, mask = objects[2:]
    found = _IMAGE.match(picture.line)
    if found is None or form.data is None or mask.data is None:
        raise NotShown("appearance")
    width, height = int(found.group(1)), int(found.group(2))
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise NotShown("image size")
    size = (width + 1) // 2 * height
    if unpacked_length(mask.data, size) != size:
        raise NotShown("mask")
    red, green, blue = bytes.fromhex(found.group(3).decode())
    lines = form.data.split(b"\n")
    writer, (left, _, right, _) = base.manifest.writer, base.fields[slot].rect
    before, after = lines_around_captions(name, right - left, writer, dated=base.dated == slot)
    captions = lines[1 + before : -2 - after]
    if len(captions) > MAX_CAPTIONS:
        raise NotShown("captions")
    image = InkImage(width, height, (red, green, blue), mask.data)
    texts = tuple(_caption(line, writer) for line in captions)
    if texts and (slot != "principal" or any(text != text.upper() for text in texts)):
        raise NotShown("caption")  # the office of who signs for the head, in capitals; nobody else has one
    return Appearance(image, name, texts, claimed, writer, base.dated == slot)


def _caption(line: bytes, writer: int) -> str:
    found = _SHOWN.fullmatch(line)
    if found is None:
        raise NotShown("caption")
    letters, codes = signature_face(writer).letters, found.group(1)
    try:
        return "".join(letters[codes[at : at + 4]] for at in range(0, len(codes), 4))
    except KeyError as error:
        raise NotShown("caption") from error
