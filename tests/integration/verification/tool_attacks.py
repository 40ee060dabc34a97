"""Attacks on our sealed record with other tools, and with its revisions cut apart."""

from __future__ import annotations

import io
from collections.abc import Callable

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject

from bench.sealed_record import Record
from tests.integration.verification.attacks import attack


def with_pyhanko(file: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    out = io.BytesIO(file)
    writer = IncrementalPdfFileWriter(out)
    change(writer)
    writer.write_in_place()
    return out.getvalue()


@attack
def text_added_to_the_page(record: Record) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.add_stream_to_page(
            0, writer.add_object(generic.StreamObject(stream_data=b"BT /R 40 Tf 100 500 Td <0024> Tj ET"))
        )

    return with_pyhanko(record.file, change)


@attack
def page_added(record: Record) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.insert_page(
            PageObject(contents=writer.add_object(generic.StreamObject(stream_data=b"")), media_box=(0, 0, 595, 842))
        )

    return with_pyhanko(record.file, change)


@attack
def note_added(record: Record) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/FreeText"),
                pdf_name("/DA"): generic.pdf_string("/Helv 20 Tf"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 500, 200, 540))),
                pdf_name("/Contents"): generic.pdf_string("10"),
            }
        )
        writer.register_annotation(writer.find_page_for_modification(0)[0], writer.add_object(note))

    return with_pyhanko(record.file, change)


@attack
def text_field_filled_in(record: Record) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.pdf_string("diem"),
                pdf_name("/V"): generic.pdf_string("10"),
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 500, 200, 540))),
            }
        )
        reference = writer.add_object(field)
        writer.root["/AcroForm"]["/Fields"].append(reference)
        writer.update_container(writer.root["/AcroForm"]["/Fields"])
        writer.register_annotation(writer.find_page_for_modification(0)[0], reference)

    return with_pyhanko(record.file, change)


@attack
def script_on_opening(record: Record) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/OpenAction"] = generic.DictionaryObject(
            {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
        )
        writer.update_root()

    return with_pyhanko(record.file, change)


@attack
def title_changed(record: Record) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        info = writer.trailer["/Info"]
        info["/Title"] = generic.pdf_string("Một học bạ khác")
        writer.update_container(info)

    return with_pyhanko(record.file, change)


@attack
def written_anew(record: Record) -> bytes:
    """Everything rewritten by another tool: no revision is left."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(record.file)) as pdf:
        pdf.save(out)
    return out.getvalue()


@attack
def a_revision_taken_out(record: Record) -> bytes:
    """The homeroom teacher's update cut out of the middle."""
    return record.file[: record.after[2]] + record.file[record.after[3] :]


@attack
def two_revisions_in_another_order(record: Record) -> bytes:
    one, two, three = record.after[:3]
    return record.file[:one] + record.file[two:three] + record.file[one:two] + record.file[three:]
