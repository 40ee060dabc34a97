"""Attacks on our own sealed record, each a function from the honest bytes to hostile ones. Every one must fail on both ways."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from bench.sealed_record import Record
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.pdf_syntax import Update, obj, stream
from tests.integration.verification.judging import find

Attack = Callable[[Record], bytes]
ATTACKS: dict[str, Attack] = {}


def attack(made: Attack) -> Attack:
    ATTACKS[made.__name__] = made
    return made


def flipped(file: bytes, at: int, mask: int = 1) -> bytes:
    return file[:at] + bytes((file[at] ^ mask,)) + file[at + 1 :]


def appended(
    tip: AppendState, file: bytes, objects: list[tuple[int, bytes]], *, size: int | None = None, numbers: int = 0
) -> bytes:
    """The file with one update in the form of our own writer."""
    update = Update(len(file))
    for number, body in objects:
        update.add(number, body)
    return file + update.finish(
        size=size or tip.size + numbers,
        root=tip.root,
        info=tip.info.encode(),
        file_id=tip.file_id.encode("latin-1"),
        previous=tip.startxref,
    )


def newest(file: bytes, number: int) -> bytes:
    """Body of the newest object of this number."""
    from hocba_app.recordfile.pdf_reader import ClassicFile

    return ClassicFile(file).body(number)


# --- cut off, changed in place -------------------------------------------------------------------------------------------


@attack
def truncated_before_the_seal(record: Record) -> bytes:
    return record.file[: record.after[4]]


@attack
def truncated_to_the_base(record: Record) -> bytes:
    return record.file[: record.after[0]]


@attack
def truncated_in_the_middle_of_an_update(record: Record) -> bytes:
    return record.file[: record.after[4] - 700]


@attack
def page_content_flipped(record: Record) -> bytes:
    return flipped(record.file, find(record.file, b"stream\n", find(record.file, b"/Type0")) + 400)


@attack
def handwriting_flipped(record: Record) -> bytes:
    return flipped(record.file, find(record.file, b"/DeviceGray", record.after[0]) + 90)


@attack
def name_on_the_page_replaced(record: Record) -> bytes:
    at = find(record.file, b" Tj ET", record.after[0])
    return record.file[: at - 5] + b"0041>" + record.file[at:]


@attack
def signature_value_flipped(record: Record) -> bytes:
    at = find(record.file, b"/Contents <", record.after[2]) + 900
    return flipped(
        record.file, at, 4 if record.file[at : at + 1] in b"af" else 1
    )  # still a hexadecimal digit: a readable file


@attack
def archive_stamp_flipped(record: Record) -> bytes:
    return flipped(record.file, find(record.file, b"/ETSI.RFC3161", record.after[5]) + 700)


@attack
def padding_of_the_last_stamp_filled(record: Record) -> bytes:
    at = record.file.rfind(b"0>>>\nendobj")
    return record.file[:at] + b"1" + record.file[at + 1 :]


@attack
def hex_of_the_last_stamp_in_capitals(record: Record) -> bytes:
    at = record.file.rfind(b"/Contents <") + 11
    end = record.file.find(b">", at)
    return record.file[:at] + record.file[at:end].upper() + record.file[end:]


@attack
def certificate_in_the_last_stamp_flipped(record: Record) -> bytes:
    """Unsigned bytes that no signature covers: the authority's own certificate inside the last token."""
    issuer = record.world.certificates[1].hex().encode()
    at = record.file.rfind(issuer)
    assert at > record.after[5]
    return record.file[: at + len(issuer) - 2] + b"00" + record.file[at + len(issuer) :]


@attack
def version_in_the_last_stamp_changed(record: Record) -> bytes:
    at = record.file.rfind(b"/Contents <")
    spot = record.file.find(b"020103", at)
    return record.file[:spot] + b"020104" + record.file[spot + 6 :]


@attack
def evidence_flipped(record: Record) -> bytes:
    return flipped(record.file, find(record.file, b"stream\n", record.after[5]) + 60)


@attack
def byte_range_moved(record: Record) -> bytes:
    at = find(record.file, b"/ByteRange [0 ", record.after[1]) + 14
    end = record.file.find(b" ", at)
    number = int(record.file[at:end])
    return record.file[:at] + b"%d" % (number - 1) + record.file[end:]


@attack
def byte_range_overlaps_the_hole(record: Record) -> bytes:
    found = re.compile(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]").search(record.file, record.after[3])
    assert found
    before, after, rest = (int(part) for part in found.groups())
    changed = b"/ByteRange [0 %d %d %d]" % (before, before + 2, rest + after - before - 2)
    assert len(changed) <= len(found.group(0)) + 2
    return (
        record.file[: found.start()]
        + changed.ljust(len(found.group(0)))[: len(found.group(0)) + 2]
        + record.file[found.end() :]
    )


@attack
def claimed_time_changed(record: Record) -> bytes:
    at = find(record.file, b"/M (D:20", record.after[1]) + 8
    return record.file[:at] + b"19" + record.file[at + 2 :]


@attack
def manifest_replaced(record: Record) -> bytes:
    """The manifest without the principal, so that his signature would not be missed."""
    from dataclasses import replace

    fewer = replace(record.manifest, slots=tuple(slot for slot in record.manifest.slots if slot.field != "principal"))
    packed = zlib.compress(fewer.dumps(), 9)
    number = record.tip.form + 1
    body = stream(number, b"/Type /HBManifest /Filter /FlateDecode", packed)
    return appended(record.tip, record.file, [(number, body)])


# --- appended ------------------------------------------------------------------------------------------------------------


@attack
def garbage_at_the_end(record: Record) -> bytes:
    return record.file + b"%hidden\n"


@attack
def blanks_at_the_end(record: Record) -> bytes:
    return record.file + b" "


@attack
def a_second_end(record: Record) -> bytes:
    return record.file + b"startxref\n%d\n%%%%EOF\n" % record.tip.startxref


@attack
def page_replaced_in_our_own_form(record: Record) -> bytes:
    page = next(iter(record.tip.fields.values())).page
    content = stream(record.tip.size, b"", b"BT /R 40 Tf 60 400 Td <0024> Tj ET")
    body = re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % record.tip.size, newest(record.file, page))
    return appended(record.tip, record.file, [(record.tip.size, content), (page, obj(page, body))], numbers=1)


@attack
def page_content_object_redefined(record: Record) -> bytes:
    page = next(iter(record.tip.fields.values())).page
    number = int(re.search(rb"/Contents (\d+) 0 R", newest(record.file, page)).group(1))  # type: ignore[union-attr]
    return appended(record.tip, record.file, [(number, stream(number, b"", b"BT /R 40 Tf 60 400 Td <0024> Tj ET"))])


@attack
def font_redefined(record: Record) -> bytes:
    """Marks may read otherwise when the letters' shapes are exchanged."""
    number = next(int(found) for found in re.findall(rb"\n(\d+) 0 obj\n<< /Type /Font /Subtype /Type0", record.file))
    body = newest(record.file, number).replace(b"/Identity-H", b"/WinAnsiEncoding")
    return appended(record.tip, record.file, [(number, obj(number, body))])


@attack
def appearance_swapped(record: Record) -> bytes:
    """One signer's field shows another's handwriting."""
    toan, van = record.tip.fields["s.TOAN.1"], record.tip.fields["s.VAN.1"]
    looks = {
        name: re.search(rb"/AP <</N (\d+ 0 R)>>", newest(record.file, place.number)).group(1)
        for name, place in (("t", toan), ("v", van))
    }  # type: ignore[union-attr]
    body = newest(record.file, toan.number).replace(looks["t"], looks["v"])
    return appended(record.tip, record.file, [(toan.number, obj(toan.number, body))])


@attack
def appearance_of_a_signature_redefined(record: Record) -> bytes:
    place = record.tip.fields["s.TOAN.1"]
    number = int(re.search(rb"/AP <</N (\d+) 0 R>>", newest(record.file, place.number)).group(1))  # type: ignore[union-attr]
    form = stream(
        number, b"/Type /XObject /Subtype /Form /BBox [0 0 100 40] /Resources <<>>", b"0 0 1 rg 0 0 100 40 re f"
    )
    return appended(record.tip, record.file, [(number, form)])


@attack
def signature_removed_from_its_field(record: Record) -> bytes:
    place = record.tip.fields["homeroom"]
    body = re.sub(rb" /V \d+ 0 R", b"", newest(record.file, place.number))
    return appended(record.tip, record.file, [(place.number, obj(place.number, body))])


@attack
def signature_of_one_field_used_for_another(record: Record) -> bytes:
    """The homeroom teacher's field points to the principal's signature."""
    value = re.search(rb"/V (\d+ 0 R)", newest(record.file, record.tip.fields["principal"].number)).group(1)  # type: ignore[union-attr]
    place = record.tip.fields["homeroom"]
    body = re.sub(rb"/V \d+ 0 R", b"/V " + value, newest(record.file, place.number))
    return appended(record.tip, record.file, [(place.number, obj(place.number, body))])


@attack
def overlay_field_over_the_marks(record: Record) -> bytes:
    """A new, unsigned signature field whose appearance hides the page."""
    page = next(iter(record.tip.fields.values())).page
    look, field = record.tip.size, record.tip.size + 1
    form_body = newest(record.file, record.tip.form)
    objects = [
        (look, stream(look, b"/Type /XObject /Subtype /Form /BBox [0 0 500 500]", b"1 g 0 0 500 500 re f")),
        (
            field,
            obj(
                field,
                b"<</Type /Annot /Subtype /Widget /FT /Sig /T (x) /F 132 /Rect [50 300 550 800] /P %d 0 R /AP <</N %d 0 R>>>>"
                % (page, look),
            ),
        ),
        (record.tip.form, obj(record.tip.form, re.sub(rb"/Fields \[", b"/Fields [%d 0 R " % field, form_body))),
        (page, obj(page, re.sub(rb"/Annots \[", b"/Annots [%d 0 R " % field, newest(record.file, page)))),
    ]
    return appended(record.tip, record.file, objects, numbers=2)


@attack
def duplicate_object_in_one_update(record: Record) -> bytes:
    """The same number twice: the table names the first, some readers take the last."""
    number = record.tip.size
    first = obj(number, b"<</Type /DSS >>")
    root = newest(record.file, record.tip.root)
    catalog = obj(record.tip.root, re.sub(rb"/DSS \d+ 0 R", b"/DSS %d 0 R" % number, root))
    update = Update(len(record.file))
    update.add(number, first)
    update.add(record.tip.root, catalog.replace(b"/Lang", b"/OpenAction [1 0 R] /Lang"))
    update.add(record.tip.root, catalog)
    return record.file + update.finish(
        size=number + 1,
        root=record.tip.root,
        info=record.tip.info.encode(),
        file_id=record.tip.file_id.encode(),
        previous=record.tip.startxref,
    )


@attack
def free_object_in_the_table(record: Record) -> bytes:
    """An update whose table frees the last signature's object."""
    number = int(re.search(rb"/V (\d+) 0 R", newest(record.file, record.tip.fields["seal"].number)).group(1))  # type: ignore[union-attr]
    at = len(record.file)
    return (
        record.file
        + b"xref\n%d 1\n0000000000 65535 f \ntrailer\n<</Size %d /Root %d 0 R%s /ID %s /Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            number,
            record.tip.size,
            record.tip.root,
            record.tip.info.encode(),
            record.tip.file_id.encode(),
            record.tip.startxref,
            at,
        )
    )


@attack
def table_points_into_a_stream(record: Record) -> bytes:
    """No object is written: the table alone gives a page another body, which waits inside a stream of the base."""
    page = next(iter(record.tip.fields.values())).page
    at = len(record.file)
    elsewhere = find(record.file, b"stream\n") + 7
    return (
        record.file
        + b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d /Root %d 0 R%s /ID %s /Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            page,
            elsewhere,
            record.tip.size,
            record.tip.root,
            record.tip.info.encode(),
            record.tip.file_id.encode(),
            record.tip.startxref,
            at,
        )
    )


@attack
def trailer_with_another_root(record: Record) -> bytes:
    root = record.tip.size
    at = len(record.file)
    body = obj(root, newest(record.file, record.tip.root))
    return (
        record.file
        + body
        + b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d /Root %d 0 R%s /ID %s /Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            root,
            at,
            root + 1,
            root,
            record.tip.info.encode(),
            record.tip.file_id.encode(),
            record.tip.startxref,
            at + len(body),
        )
    )


@attack
def chain_of_tables_skips_the_seal(record: Record) -> bytes:
    """The newest table's /Prev leads past the seal's revision."""
    at = len(record.file)
    earlier = int(re.findall(rb"startxref\n(\d+)", record.file[: record.after[4]])[-1])
    return (
        record.file
        + b"xref\n0 0\ntrailer\n<</Size %d /Root %d 0 R%s /ID %s /Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (record.tip.size, record.tip.root, record.tip.info.encode(), record.tip.file_id.encode(), earlier, at)
    )


@attack
def chain_of_tables_loops(record: Record) -> bytes:
    at = len(record.file)
    return record.file + b"xref\n0 0\ntrailer\n<</Size %d /Root %d 0 R /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        record.tip.size,
        record.tip.root,
        at,
        at,
    )
