"""Attacks on the structure of our sealed record: other kinds of cross-reference, hidden layers, ends that are none."""

from __future__ import annotations

import re
import zlib

from bench.sealed_record import Record
from hocba_app.recordfile.pdf_syntax import obj, stream
from tests.integration.verification.attacks import Attack, appended, attack, find, newest

_TRAILER = b"trailer\n<</Size %d /Root %d 0 R%s /ID %s /Prev %d%s>>\nstartxref\n%d\n%%%%EOF\n"


def _trailer(
    record: Record, at: int, extra: bytes = b"", *, size: int = 0, previous: int | None = None, root: int = 0
) -> bytes:
    tip = record.tip
    return _TRAILER % (
        size or tip.size,
        root or tip.root,
        tip.info.encode(),
        tip.file_id.encode(),
        tip.startxref if previous is None else previous,
        extra,
        at,
    )


def _page(record: Record) -> int:
    return next(iter(record.tip.fields.values())).page


def _other_page(record: Record) -> bytes:
    """The page as it would be with nothing on it but its fields."""
    return re.sub(rb"/Contents \d+ 0 R", b"", newest(record.file, _page(record)))


def _xref_stream(number: int, entries: dict[int, tuple[int, int, int]], rest: bytes, at: int) -> bytes:
    rows = b"".join(bytes((kind,)) + place.to_bytes(4) + extra.to_bytes(2) for kind, place, extra in entries.values())
    index = b" ".join(b"%d 1" % each for each in entries)
    return b"%d 0 obj\n<</Type /XRef /W [1 4 2] /Index [%s] /Length %d%s>>\nstream\n%s\nendstream\nendobj\n" % (
        number,
        index,
        len(rows),
        rest,
        rows,
    )


def _object_stream(number: int, inside: dict[int, bytes], extra: bytes = b"") -> bytes:
    head, body = b"", b""
    for each, content in inside.items():
        head += b"%d %d " % (each, len(body))
        body += content + b" "
    packed = zlib.compress(head + body)
    return (
        b"%d 0 obj\n<</Type /ObjStm /N %d /First %d /Filter /FlateDecode%s /Length %d>>\nstream\n%s\nendstream\nendobj\n"
        % (number, len(inside), len(head), extra, len(packed), packed)
    )


def _in_object_stream(record: Record, extra: bytes = b"") -> bytes:
    """An update whose cross-reference stream puts the page into an object stream."""
    tip, at = record.tip, len(record.file)
    packed = _object_stream(tip.size, {_page(record): _other_page(record)}, extra)
    table = at + len(packed)
    rest = b" /Size %d /Root %d 0 R%s /ID %s /Prev %d" % (
        tip.size + 2,
        tip.root,
        tip.info.encode(),
        tip.file_id.encode(),
        tip.startxref,
    )
    entries = {_page(record): (2, tip.size, 0), tip.size: (1, at, 0), tip.size + 1: (1, table, 0)}
    return record.file + packed + _xref_stream(tip.size + 1, entries, rest, table) + b"startxref\n%d\n%%%%EOF\n" % table


@attack
def page_in_an_object_stream(record: Record) -> bytes:
    return _in_object_stream(record)


@attack
def page_in_an_extended_object_stream(record: Record) -> bytes:
    return _in_object_stream(record, b" /Extends %d 0 R" % (record.tip.size + 5))


@attack
def page_in_a_hybrid_table(record: Record) -> bytes:
    """The table says nothing; the stream beside it (/XRefStm), which newer readers ask first, exchanges the page."""
    tip, at = record.tip, len(record.file)
    packed = _object_stream(tip.size, {_page(record): _other_page(record)})
    entries = {_page(record): (2, tip.size, 0), tip.size: (1, at, 0)}
    hidden = _xref_stream(tip.size + 1, entries, b" /Size %d" % (tip.size + 2), at)
    section = at + len(packed) + len(hidden)
    return (
        record.file
        + packed
        + hidden
        + b"xref\n0 0\n"
        + _trailer(record, section, b" /XRefStm %d" % (at + len(packed)), size=tip.size + 2)
    )


@attack
def hybrid_table_in_the_seals_trailer(record: Record) -> bytes:
    """Inside the last update, in bytes its own hole does not cover: the trailer is covered, so the digest must tell."""
    at = record.file.rfind(b"/Prev ")
    return record.file[:at] + b"/XRefStm 9 " + record.file[at:]


@attack
def comment_before_the_last_startxref(record: Record) -> bytes:
    at = record.file.rfind(b"startxref")
    return record.file[:at] + b"% one more line\n" + record.file[at:]


@attack
def comment_behind_the_last_startxref(record: Record) -> bytes:
    at = record.file.rfind(b"%%EOF")
    return record.file[:at] + b"% one more line\n" + record.file[at:]


@attack
def another_line_end_at_the_end(record: Record) -> bytes:
    return record.file[:-1] + b"\r\n"


@attack
def no_line_end_at_the_end(record: Record) -> bytes:
    return record.file[:-1]


@attack
def junk_before_the_header(record: Record) -> bytes:
    return b"\n" + record.file


@attack
def another_version_in_the_header(record: Record) -> bytes:
    return record.file.replace(b"%PDF-1.7", b"%PDF-2.0", 1)


@attack
def another_version_in_the_catalog(record: Record) -> bytes:
    return _catalog_with(record, b" /Version /2.0")


def _catalog_with(record: Record, entry: bytes) -> bytes:
    root = record.tip.root
    return appended(record.tip, record.file, [(root, obj(root, newest(record.file, root)[:-2] + entry + b">>"))])


def catalog_attack(name: str, entry: bytes) -> Attack:
    def made(record: Record) -> bytes:
        return _catalog_with(record, entry)

    made.__name__ = name
    return attack(made)


catalog_attack("permissions_of_a_certification", b" /Perms <</DocMDP 5 0 R>>")
catalog_attack("usage_rights", b" /Perms <</UR3 5 0 R>>")
catalog_attack("layers_that_hide", b" /OCProperties <</OCGs [5 0 R] /D <</OFF [5 0 R] /BaseState /OFF>>>>")
catalog_attack("actions_of_the_document", b" /AA <</WP <</S /JavaScript /JS (1)>>>>")
catalog_attack("scripts_by_name", b" /Names <</JavaScript <</Names [(a) <</S /JavaScript /JS (1)>>]>>>>")
catalog_attack("a_file_attached", b" /Names <</EmbeddedFiles <</Names [(a.pdf) 5 0 R]>>>>")
catalog_attack("a_page_to_open_with", b" /OpenAction [1 0 R /Fit]")
catalog_attack("extensions_of_a_developer", b" /Extensions <</ADBE <</BaseVersion /1.7 /ExtensionLevel 8>>>>")
catalog_attack("a_collection", b" /Collection <</Type /Collection /View /H>>")
catalog_attack("requirements", b" /Requirements [<</Type /Requirement /S /EnableJavaScripts>>]")


def _form_with(
    record: Record, change: tuple[bytes, bytes], more: tuple[tuple[int, bytes], ...] = (), numbers: int = 0
) -> bytes:
    form = record.tip.form
    body = newest(record.file, form)
    assert change[0] in body
    return appended(record.tip, record.file, [*more, (form, obj(form, body.replace(*change, 1)))], numbers=numbers)


@attack
def form_of_another_technology(record: Record) -> bytes:
    xfa = stream(record.tip.size, b"", b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")
    return _form_with(
        record, (b"/SigFlags 3", b"/SigFlags 3 /XFA %d 0 R" % record.tip.size), ((record.tip.size, xfa),), 1
    )


@attack
def appearances_to_be_made_anew(record: Record) -> bytes:
    return _form_with(record, (b"/SigFlags 3", b"/SigFlags 3 /NeedAppearances true"))


@attack
def signature_flags_taken_away(record: Record) -> bytes:
    return _form_with(record, (b"/SigFlags 3", b"/SigFlags 0"))


@attack
def fields_taken_away(record: Record) -> bytes:
    body = newest(record.file, record.tip.form)
    fields = re.search(rb"/Fields \[[^\]]*\]", body)
    assert fields
    return _form_with(record, (fields.group(0), b"/Fields []"))


@attack
def a_second_field_of_the_same_name(record: Record) -> bytes:
    """Another field "seal", unsigned, beside the first."""
    number = record.tip.size
    body = re.sub(rb" /V \d+ 0 R", b"", newest(record.file, record.tip.fields["seal"].number))
    return _form_with(record, (b"/Fields [", b"/Fields [%d 0 R " % number), ((number, obj(number, body)),), 1)


@attack
def one_signature_in_two_fields(record: Record) -> bytes:
    """A new field points to the seal's signature: readers show the same signature twice."""
    number = record.tip.size
    value = re.search(rb"/V \d+ 0 R", newest(record.file, record.tip.fields["seal"].number))
    assert value
    body = b"<</Type /Annot /Subtype /Widget /FT /Sig /T (principal2) /F 132 /Rect [0 0 0 0] /P %d 0 R %s>>" % (
        _page(record),
        value.group(0),
    )
    return _form_with(record, (b"/Fields [", b"/Fields [%d 0 R " % number), ((number, obj(number, body)),), 1)


@attack
def a_second_picture_of_one_field(record: Record) -> bytes:
    """The seal's field becomes the parent of two widgets, one of them over the marks."""
    tip, place = record.tip, record.tip.fields["seal"]
    body = newest(record.file, place.number)
    look = re.search(rb"/AP <</N \d+ 0 R>>", body)
    assert look
    widget = b"<</Type /Annot /Subtype /Widget /Parent %d 0 R /F 132 /Rect [50 300 550 800] /P %d 0 R %s>>" % (
        place.number,
        place.page,
        look.group(0),
    )
    page = newest(record.file, place.page)
    return appended(
        tip,
        record.file,
        [
            (tip.size, obj(tip.size, widget)),
            (place.number, obj(place.number, body[:-2] + b" /Kids [%d 0 R]>>" % tip.size)),
            (place.page, obj(place.page, page.replace(b"/Annots [", b"/Annots [%d 0 R " % tip.size, 1))),
        ],
        numbers=1,
    )


@attack
def a_field_moved_over_the_marks(record: Record) -> bytes:
    place = record.tip.fields["principal"]
    body = re.sub(rb"/Rect \[[^\]]*\]", b"/Rect [50 300 550 800]", newest(record.file, place.number))
    return appended(record.tip, record.file, [(place.number, obj(place.number, body))])


@attack
def a_page_turned(record: Record) -> bytes:
    page = _page(record)
    return appended(record.tip, record.file, [(page, obj(page, newest(record.file, page)[:-2] + b" /Rotate 180>>"))])


@attack
def a_page_cropped(record: Record) -> bytes:
    page = _page(record)
    return appended(
        record.tip, record.file, [(page, obj(page, newest(record.file, page)[:-2] + b" /CropBox [0 0 595 300]>>"))]
    )


@attack
def pages_in_another_order(record: Record) -> bytes:
    body = newest(record.file, 2)
    kids = re.findall(rb"\d+ 0 R", re.search(rb"/Kids \[([^\]]*)\]", body).group(1))  # type: ignore[union-attr]
    swapped = re.sub(rb"/Kids \[[^\]]*\]", b"/Kids [%s]" % b" ".join([kids[0], *kids]), body)
    return appended(record.tip, record.file, [(2, obj(2, swapped))])


@attack
def an_empty_update(record: Record) -> bytes:
    at = len(record.file)
    return record.file + b"xref\n0 0\n" + _trailer(record, at)


@attack
def table_named_twice(record: Record) -> bytes:
    """Two trailers in one update, the second with another /Prev."""
    at = len(record.file)
    first = int(re.findall(rb"startxref\n(\d+)", record.file[: record.after[0]])[-1])
    head = b"xref\n0 0\n" + _trailer(record, at)
    return record.file + head + b"xref\n0 0\n" + _trailer(record, at + len(head), previous=first)


@attack
def previous_table_below_zero(record: Record) -> bytes:
    at = len(record.file)
    return record.file + b"xref\n0 0\n" + _trailer(record, at, previous=-9)


@attack
def previous_table_beyond_the_file(record: Record) -> bytes:
    at = len(record.file)
    return record.file + b"xref\n0 0\n" + _trailer(record, at, previous=10**18)


@attack
def startxref_into_the_first_revision(record: Record) -> bytes:
    first = int(re.findall(rb"startxref\n(\d+)", record.file)[0])
    at = record.file.rfind(b"startxref\n") + 10
    return record.file[:at] + b"%d\n%%%%EOF\n" % first


@attack
def an_object_of_another_generation(record: Record) -> bytes:
    page, at = _page(record), len(record.file)
    body = b"%d 1 obj\n%s\nendobj\n" % (page, _other_page(record))
    return record.file + body + b"xref\n%d 1\n%010d 00001 n \n" % (page, at) + _trailer(record, at + len(body))


@attack
def equal_lengths_swapped(record: Record) -> bytes:
    """Two pieces of one length inside what the first signature covers change places: every offset stays right."""
    at = find(record.file, b"stream\n") + 20
    return record.file[:at] + record.file[at + 16 : at + 32] + record.file[at : at + 16] + record.file[at + 32 :]


@attack
def byte_range_of_four_billion(record: Record) -> bytes:
    return _span(record, b"[0 4294967296 1 1]")


@attack
def byte_range_below_zero(record: Record) -> bytes:
    return _span(record, b"[0 -1 1 1]")


@attack
def byte_range_without_a_hole(record: Record) -> bytes:
    found = _last_span(record)
    before, after, rest = (int(part) for part in found.groups())
    return _span(record, b"[0 %d %d %d]" % (before, before, rest + after - before))


@attack
def byte_range_of_six(record: Record) -> bytes:
    before, after, rest = (int(part) for part in _last_span(record).groups())
    return _span(record, b"[0 9 9 %d %d %d]" % (before - 9, after, rest))


def _last_span(record: Record) -> re.Match[bytes]:
    return list(re.finditer(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\] *", record.file))[-1]


def _span(record: Record, span: bytes) -> bytes:
    found = _last_span(record)
    room = len(found.group(0)) - len(b"/ByteRange ")
    return record.file[: found.start()] + b"/ByteRange " + span.ljust(room)[:room] + record.file[found.end() :]


@attack
def archive_without_its_stamp(record: Record) -> bytes:
    """A renewal's DSS without the stamp over it, listing an answer less than before."""
    store = record.tip.size
    root = re.sub(rb"/DSS \d+ 0 R", b"/DSS %d 0 R" % store, newest(record.file, record.tip.root))
    return appended(
        record.tip,
        record.file,
        [(store, obj(store, b"<</Type /DSS /Certs [] /OCSPs []>>")), (record.tip.root, obj(record.tip.root, root))],
        numbers=1,
    )


@attack
def evidence_of_a_single_signature(record: Record) -> bytes:
    """A /VRI entry: other validators take the evidence for a signature from there alone."""
    number = int(re.search(rb"/DSS (\d+) 0 R", newest(record.file, record.tip.root)).group(1))  # type: ignore[union-attr]
    body = newest(record.file, number)[:-2] + b" /VRI <</AA <</OCSP []>>>>>>"
    return appended(record.tip, record.file, [(number, obj(number, body))])
