"""What may follow the seal: validation data and document time stamps of ours, derived again (core decision 11)."""

from __future__ import annotations

import hashlib
import re

from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.pdf_syntax import obj, ref, stream
from hocba_app.verification.base_grammar import form_body, with_annotations
from hocba_app.verification.replay_state import RANGE_WIDTH, SignedUpdate, State, hole_in, signed_bytes
from hocba_app.verification.strict_pdf_objects import Parsed, require_same, unpack

KEYS = ("Certs", "OCSPs", "CRLs")
MAX_ENTRIES = 600
_STORE = re.compile(rb"<</Type /DSS ((?:/(?:Certs|OCSPs|CRLs) \[[0-9 R]+\] ?)*)>>")
_LIST = re.compile(rb"/(Certs|OCSPs|CRLs) \[([0-9 R]+)\]")
_NUMBER = re.compile(rb"(\d+) 0 R")
_STAMP = re.compile(
    rb"<</Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange (\[0 [0-9]+ [0-9]+ [0-9]+\]) * /Contents <([0-9a-f]*)>>>"
)


def replay_archive(state: State, objects: list[Parsed], at: int) -> SignedUpdate | None:
    """One update after the seal.

    Returns:
        The document time stamp, or None for validation data.

    Raises:
        NotShown: it is neither.
    """
    if objects and (found := _STAMP.fullmatch(objects[0].line)) is not None:
        return _stamp(state, objects, at, found)
    _store(state, objects, at)
    return None


def _store(state: State, objects: list[Parsed], at: int) -> None:
    """A DSS update: new evidence in order, the store that lists it after what was there, the catalog naming the store."""
    base, store = state.base, state.size
    if not 2 <= len(objects) <= MAX_ENTRIES:
        raise NotShown("objects of a DSS")
    *items, listing, _ = objects
    found = _STORE.fullmatch(listing.line)
    if found is None:
        raise NotShown("DSS")
    lists = {
        key.decode(): [int(number) for number in _NUMBER.findall(value)] for key, value in _LIST.findall(found.group(1))
    }
    contents: dict[int, bytes] = {}
    for item in items:
        contents[item.number] = unpack(item.data, state.evidence_left)
        state.evidence_left -= len(contents[item.number])
    data: dict[str, list[bytes]] = {}
    order: list[int] = []
    for key in KEYS:
        kept, numbers = state.store_numbers.get(key, []), lists.get(key, [])
        new = numbers[len(kept) :]
        if numbers[: len(kept)] != kept:
            raise NotShown("DSS drops evidence")
        order += new
        data[key] = state.store.get(key, []) + [contents.get(number, b"") for number in new]
        if len({hashlib.sha256(item).digest() for item in data[key]}) != len(data[key]):
            raise NotShown("evidence twice")
    if order != list(range(store + 1, store + 1 + len(items))):
        raise NotShown("DSS lists")
    entries = b" ".join(
        b"/%s [%s]" % (key.encode(), b" ".join(ref(number) for number in lists[key])) for key in KEYS if lists.get(key)
    )
    catalog = b"%s /DSS %s>>" % (base.root_body[:-2].rstrip(), ref(store))
    expected = [
        *(
            (number, stream(number, b"/Filter /FlateDecode", item.data or b""))
            for number, item in zip(order, items, strict=True)
        ),
        (store, obj(store, b"<</Type /DSS %s>>" % entries)),
        (base.root, obj(base.root, catalog)),
    ]
    require_same(state.file, objects, expected)
    size = store + 1 + len(items)
    end = state.finish(objects, at, size)
    for key in KEYS:
        since = state.store_since.setdefault(key, [])
        since += [state.revision + 1] * (len(data[key]) - len(since))
    state.store, state.store_numbers = data, {key: lists.get(key, []) for key in KEYS}
    state.move_to(end, at, size)


def _stamp(state: State, objects: list[Parsed], at: int, found: re.Match[bytes]) -> SignedUpdate:
    base, widget, value = state.base, state.size, state.size + 1
    span, contents = found.groups()
    page = base.pages[0]
    name = b"archive%d" % (len(base.form_fields) - base.own_fields + 1)
    fields, annotations = [*base.form_fields, widget], [*base.annotations[page], widget]
    hole, after = hole_in(objects[0], len(contents))
    end = state.finish(objects, at, state.size + 2)
    expected_span = b"[0 %d %d %d]" % (hole, after, end - after)
    if span != expected_span:
        raise NotShown("byte range")
    expected = [
        (
            value,
            b"%d 0 obj\n<</Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange %s /Contents <%s>>>\nendobj\n"
            % (value, expected_span.ljust(RANGE_WIDTH), contents),
        ),
        (
            widget,
            obj(
                widget,
                b"<</Type /Annot /Subtype /Widget /FT /Sig /T (%s) /F 132 /Rect [0 0 0 0] /P %s /V %s>>"
                % (name, ref(page), ref(value)),
            ),
        ),
        (base.form, obj(base.form, form_body(fields, base.font))),
        (page, obj(page, with_annotations(base.page_bodies[page], annotations))),
    ]
    require_same(state.file, objects, expected)
    update = SignedUpdate(
        name.decode(), None, state.digest_around(hole, after, end), signed_bytes(contents), state.revision + 1, end
    )
    base.form_fields, base.annotations[page] = fields, annotations
    state.move_to(end, at, state.size + 2)
    return update
