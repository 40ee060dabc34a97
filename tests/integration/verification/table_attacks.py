"""Attacks that make two readers see two files: tables, generations, ends, and parts of one record put into another."""

from __future__ import annotations

import re

from bench.sealed_record import Record, open_record
from hocba_app.recordfile.pdf_syntax import obj, stream
from tests.integration.verification.attacks import Attack, appended, attack, newest
from tests.integration.verification.judging import small_snapshot

_FORGED = b"BT /F 40 Tf 60 400 Td <0024> Tj ET"
FULL: dict[str, Attack] = {}
"""Those that are tried on a record of seventeen signatures too."""


def everywhere(made: Attack) -> Attack:
    FULL[made.__name__] = attack(made)
    return made


def page_of(record: Record) -> int:
    return next(iter(record.tip.fields.values())).page


def forged_page(record: Record) -> list[tuple[int, bytes]]:
    """The page with other content, and that content."""
    number, content = page_of(record), record.tip.size
    body = re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % content, newest(record.file, number))
    return [(number, obj(number, body)), (content, stream(content, b"", _FORGED))]


def update(
    record: Record,
    objects: list[tuple[int, bytes]],
    *,
    previous: int | None = None,
    generation: int = 0,
    root: bytes = b"",
    extra: bytes = b"",
    end: bytes = b"%%EOF\n",
    startxref: int | None = None,
    entry: bytes = b"%010d %05d n \n",
) -> bytes:
    """The record with one update, any part of which may be wrong."""
    tip, out, table = record.tip, b"", b""
    for number, body in objects:
        this = generation if number != tip.size else 0
        table += b"%d 1\n" % number + entry % (len(record.file) + len(out), this)
        out += body.replace(b"%d 0 obj" % number, b"%d %d obj" % (number, this), 1)
    at = len(record.file) + len(out)
    return (
        record.file
        + out
        + b"xref\n"
        + table
        + b"trailer\n<</Size %d /Root %s%s /ID %s /Prev %d%s>>\nstartxref\n%d\n"
        % (
            tip.size + 1,
            root or b"%d 0 R" % tip.root,
            tip.info.encode(),
            tip.file_id.encode(),
            tip.startxref if previous is None else previous,
            extra,
            at if startxref is None else startxref,
        )
        + end
    )


def ends_of_tables(file: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"startxref\n(\d+)", file)]


@everywhere
def generation_one_page(record: Record) -> bytes:
    """A strict reader takes it for another object, MuPDF for the page."""
    return update(record, forged_page(record), generation=1)


@everywhere
def generation_one_page_without_end(record: Record) -> bytes:
    return update(record, forged_page(record), generation=1, end=b"")


@everywhere
def catalog_of_generation_one(record: Record) -> bytes:
    body = obj(record.tip.root, newest(record.file, record.tip.root))
    return update(record, [(record.tip.root, body)], generation=1, root=b"%d 1 R" % record.tip.root)


@everywhere
def previous_table_is_itself_with_page(record: Record) -> bytes:
    at = update(record, forged_page(record)).rfind(b"xref\n", 0, -30)
    return update(record, forged_page(record), previous=at)


@everywhere
def previous_tables_in_a_circle(record: Record) -> bytes:
    """Two updates, each naming the other as the one before it."""
    once = update(record, forged_page(record))
    first = ends_of_tables(once)[-1]
    second = len(once)
    once = once.replace(b"/Prev %d" % record.tip.startxref, b"/Prev %d" % second)
    shift = len(b"%d" % second) - len(b"%d" % record.tip.startxref)
    return once + b"xref\n0 0\ntrailer\n<</Size %d /Root %d 0 R /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        record.tip.size + 1,
        record.tip.root,
        first,
        second + shift,
    )


@everywhere
def previous_table_of_the_layout(record: Record) -> bytes:
    """To a reader nobody ever signed."""
    return update(record, forged_page(record), previous=ends_of_tables(record.file)[0])


@everywhere
def previous_table_of_the_base(record: Record) -> bytes:
    return update(record, forged_page(record), previous=ends_of_tables(record.file)[1])


@everywhere
def no_previous_table(record: Record) -> bytes:
    return re.sub(rb" /Prev \d+(>>\nstartxref\n\d+\n%%EOF\n)\Z", rb"\1", update(record, forged_page(record)))


@everywhere
def fields_emptied(record: Record) -> bytes:
    body = re.sub(rb"/Fields \[[^]]*\]", b"/Fields []", newest(record.file, record.tip.form))
    return appended(record.tip, record.file, [(record.tip.form, obj(record.tip.form, body))])


@everywhere
def form_taken_out_of_the_catalog(record: Record) -> bytes:
    body = re.sub(rb" /AcroForm \d+ 0 R", b"", newest(record.file, record.tip.root))
    return appended(record.tip, record.file, [(record.tip.root, obj(record.tip.root, body))])


@everywhere
def manifest_taken_out_of_the_catalog(record: Record) -> bytes:
    """So that it looks like somebody else's file, whose signatures hold."""
    body = re.sub(rb" /HBManifest \d+ 0 R", b"", newest(record.file, record.tip.root))
    return appended(record.tip, record.file, [(record.tip.root, obj(record.tip.root, body))])


def _other(record: Record) -> Record:
    snapshot = small_snapshot()
    people = list(record.signers.values())
    signers = {slot["field"]: people[place] for place, slot in enumerate(snapshot["slots"][:-1])}
    other = open_record(record.world, snapshot, signers | {"seal": record.signers["seal"]})
    other.sign_all()
    other.archive()
    return other


@everywhere
def others_seal_and_archive_transplanted(record: Record) -> bytes:
    other, before = _other(record), len(record.manifest.slots) - 1
    return record.file[: record.after[before]] + other.file[other.after[4] :]


@everywhere
def others_archive_transplanted(record: Record) -> bytes:
    other, sealed = _other(record), len(record.manifest.slots)
    return record.file[: record.after[sealed]] + other.file[other.after[5] :]


@everywhere
def another_record_behind(record: Record) -> bytes:
    """Two whole records in one file: readers show the last."""
    return record.file + _other(record).file


@everywhere
def another_base_before(record: Record) -> bytes:
    other = _other(record)
    return other.file[: other.after[0]] + record.file


@everywhere
def update_repeated(record: Record) -> bytes:
    return record.file + record.file[record.after[-2] :]


@everywhere
def seal_repeated(record: Record) -> bytes:
    at = len(record.manifest.slots)
    return record.file + record.file[record.after[at - 1] : record.after[at]]


@everywhere
def update_without_last_line(record: Record) -> bytes:
    """Published as an incremental saving attack: strict readers go back to the last whole update, others take this one."""
    return update(record, forged_page(record), end=b"")


@everywhere
def update_with_half_a_last_line(record: Record) -> bytes:
    return update(record, forged_page(record), end=b"%%EO\n")


@everywhere
def update_without_table(record: Record) -> bytes:
    return record.file + b"".join(body for _, body in forged_page(record))


@everywhere
def update_in_front_of_an_old_end(record: Record) -> bytes:
    """The forged objects, then the last lines of the honest file again."""
    return update_without_table(record) + b"startxref\n%d\n%%%%EOF\n" % record.tip.startxref


@everywhere
def update_with_a_table_readers_must_mend(record: Record) -> bytes:
    """Entries of nineteen bytes."""
    return update(record, forged_page(record), entry=b"%010d %05d n\n")


@everywhere
def table_that_points_beside_its_objects(record: Record) -> bytes:
    """Readers that mend it by looking for objects take the last of each number."""
    forged = update(record, forged_page(record))
    at = forged.rfind(b"xref\n", 0, forged.rfind(b"startxref"))
    return forged[:at] + re.sub(rb"\n\d{10} 00000 n", b"\n0000000017 00000 n", forged[at:])


@everywhere
def startxref_of_nothing(record: Record) -> bytes:
    return update(record, forged_page(record), startxref=0)


@everywhere
def startxref_beyond_the_file(record: Record) -> bytes:
    return update(record, forged_page(record), startxref=9_999_999_999)


@everywhere
def encrypted_by_the_trailer(record: Record) -> bytes:
    return update(record, forged_page(record), extra=b" /Encrypt <</Filter /Standard /V 1 /R 2 /O () /U () /P -1>>")


@everywhere
def another_identity(record: Record) -> bytes:
    return update(record, forged_page(record), extra=b" /ID [<00> <00>]")


@everywhere
def page_tree_replaced(record: Record) -> bytes:
    """The catalog as it is, the tree with one forged page."""
    tree, (number, page), content = 2, forged_page(record)[0], forged_page(record)[1]
    body = b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % number
    return update(record, [(tree, obj(tree, body)), (number, page), content])


@everywhere
def page_content_of_two_parts(record: Record) -> bytes:
    number, content = page_of(record), record.tip.size
    body = re.sub(rb"/Contents (\d+) 0 R", rb"/Contents [\1 0 R %d 0 R]" % content, newest(record.file, number))
    return update(record, [(number, obj(number, body)), (content, stream(content, b"", _FORGED))])


@everywhere
def page_with_its_content_twice(record: Record) -> bytes:
    """One key twice: some readers take the first, some the last."""
    (number, body), content = forged_page(record)
    honest = re.search(rb"/Contents \d+ 0 R", newest(record.file, number))
    assert honest
    return update(record, [(number, body.replace(b"/Contents", honest.group(0) + b" /Contents")), content])


@everywhere
def update_with_other_line_ends(record: Record) -> bytes:
    last = record.file[record.after[-2] :]
    return record.file[: record.after[-2]] + last.replace(b"\nendobj\n", b"\rendobj\r")


@everywhere
def last_update_moved_before_the_stamp(record: Record) -> bytes:
    return (
        record.file[: record.after[-3]]
        + record.file[record.after[-2] :]
        + record.file[record.after[-3] : record.after[-2]]
    )


@everywhere
def every_signature_but_the_seal_cut_out(record: Record) -> bytes:
    sealed = len(record.manifest.slots)
    return record.file[: record.after[0]] + record.file[record.after[sealed - 1] :]


@everywhere
def page_in_a_seal_of_another_field(record: Record) -> bytes:
    """The seal's update with the forged page squeezed in before its table."""
    sealed = len(record.manifest.slots)
    part = record.file[record.after[sealed - 1] : record.after[sealed]]
    at = part.rindex(b"xref\n", 0, part.rindex(b"startxref"))
    squeezed = b"".join(body for _, body in forged_page(record))
    return (
        record.file[: record.after[sealed - 1]] + part[:at] + squeezed + part[at:] + record.file[record.after[sealed] :]
    )
