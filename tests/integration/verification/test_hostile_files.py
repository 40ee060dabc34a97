"""Files made to hurt the reader: always a verdict, within limits, through the front door."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pikepdf
import pytest

from bench.sealed_record import Record, World
from hocba_app.services.verification.verify import verify
from hocba_app.verification import sandbox
from hocba_app.verification.report_model import FileReport
from tests.integration.verification.attacks import appended
from tests.integration.verification.judging import ISSUERS, codes

Made = Callable[[Record], bytes]


def front_door(world: World, *files: bytes) -> list[FileReport]:
    return verify([(str(number), data) for number, data in enumerate(files)], roots=[world.root], issuers=ISSUERS)


def small_pdf(body: bytes = b"", extra: bytes = b"") -> bytes:
    return (
        b"%PDF-1.7\n1 0 obj\n<</Type /Catalog /Pages 2 0 R"
        + body
        + b">>\nendobj\n2 0 obj\n<</Type /Pages /Kids [] /Count 0>>\nendobj\n"
        + extra
        + b"trailer\n<</Root 1 0 R /Size 3>>\nstartxref\n0\n%%EOF\n"
    )


def with_xref(objects: list[bytes], root: bytes = b"1 0 R") -> bytes:
    out = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(
        b"%010d 00000 n \n" % offset for offset in offsets
    )
    return out + b"trailer\n<</Root %s /Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (root, len(objects) + 1, at)


@cache
def bomb() -> bytes:
    """A gigabyte of zeros, packed into one megabyte."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()


def signed_field(contents: bytes, span: bytes = b"[0 10 20 30]") -> list[bytes]:
    return [
        b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [3 0 R] /SigFlags 3>>>>",
        b"<</Type /Pages /Kids [] /Count 0>>",
        b"<</FT /Sig /T (x) /V 4 0 R>>",
        b"<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange "
        + span
        + b" /Contents <"
        + contents
        + b">>>",
    ]


HOSTILE: dict[str, Made] = {
    "empty": lambda _: b"",
    "one byte": lambda _: b"%",
    "not a pdf": lambda _: b"PK\x03\x04" + os.urandom(4000),
    "only a header": lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "our first line, then nothing": lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog ",
    "text": lambda _: "Đây không phải là học bạ".encode(),
    "no signature": lambda _: with_xref([b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [] /Count 0>>"]),
    "table points at itself": lambda _: (
        b"%PDF-1.7\nxref\n0 0\ntrailer\n<</Root 1 0 R /Size 1 /Prev 9>>\nstartxref\n9\n%%EOF\n"
    ),
    "nested arrays": lambda _: with_xref(
        [b"<</Type /Catalog /Pages 2 0 R /AcroForm " + b"[" * 100_000 + b"]" * 100_000 + b">>"]
    ),
    "nested dictionaries": lambda _: with_xref(
        [b"<</Type /Catalog /AcroForm " + b"<</A " * 50_000 + b"null" + b">>" * 50_000 + b">>"]
    ),
    "fields that contain themselves": lambda _: with_xref(
        [
            b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [3 0 R]>>>>",
            b"<</Type /Pages /Kids [] /Count 0>>",
            b"<</T (a) /FT /Sig /Kids [3 0 R 3 0 R]>>",
        ]
    ),
    "pages that contain themselves": lambda _: with_xref(
        [b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [2 0 R] /Count 9>>"]
    ),
    "a reference to itself": lambda _: with_xref([b"1 0 R"]),
    "contents that are no signature": lambda _: with_xref(signed_field(b"00" * 4000)),
    "contents nested": lambda _: with_xref(signed_field(b"3080" * 20_000)),
    "contents of a gigabyte, it says": lambda _: with_xref(signed_field(b"3084400000000601")),
    "byte range beyond the file": lambda _: with_xref(
        signed_field(b"3003020101", b"[0 99999999999 999999999999 9999999999999]")
    ),
    "byte range below zero": lambda _: with_xref(signed_field(b"3003020101", b"[-5 10 -20 30]")),
    "byte range of words": lambda _: with_xref(signed_field(b"3003020101", b"[/a /b (c) null]")),
    "a million objects in the table": lambda _: (
        b"%PDF-1.7\nxref\n0 1000000\n"
        + b"0000000009 00000 n \n" * 100_000
        + b"trailer\n<</Root 1 0 R /Size 1>>\nstartxref\n9\n%%EOF\n"
    ),
    "bomb as xref stream": lambda _: (
        lambda packed: (
            b"%PDF-1.7\n1 0 obj\n<</Type /XRef /Size 10 /W [1 2 1] /Root 2 0 R /Filter /FlateDecode /Length "
            + b"%d" % len(packed)
            + b">>\nstream\n"
            + packed
            + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
        )
    )(bomb()),
    "bomb as object stream": lambda _: (
        lambda packed: with_xref(
            [
                b"<</Type /Catalog /Pages 3 0 R>>",
                b"<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d>>\nstream\n" % len(packed)
                + packed
                + b"\nendstream",
            ]
        )
    )(bomb()),
    "a record's header on noise": lambda record: record.file[:5000] + os.urandom(100_000),
    "a record whose manifest is a bomb": lambda record: bombed_manifest(record),
    "evidence that is a bomb": lambda record: bombed_evidence(record),
    "a record a thousand updates long": lambda record: many_updates(record),
    "encrypted": lambda record: encrypted(record),
}


def bombed_manifest(record: Record) -> bytes:
    """Same place, same form; what it holds is a gigabyte of zeros."""
    import re

    found = re.search(rb"/Type /HBManifest /Filter /FlateDecode /Length (\d+)>>\nstream\n", record.file)
    assert found
    packed = bomb()
    end = found.end() + int(found.group(1))
    head = b"/Type /HBManifest /Filter /FlateDecode /Length %d>>\nstream\n" % len(packed)
    return record.file[: found.start()] + head + packed + record.file[end:]


def bombed_evidence(record: Record) -> bytes:
    from hocba_app.recordfile.pdf_syntax import obj, stream
    from tests.integration.verification.attacks import newest

    store = record.tip.size
    root = newest(record.file, record.tip.root).replace(b"/DSS ", b"/DSS %d 0 R /Old " % store)
    return appended(
        record.tip,
        record.file,
        [
            (store + 1, stream(store + 1, b"/Filter /FlateDecode", bomb())),
            (store, obj(store, b"<</Type /DSS /Certs [%d 0 R]>>" % (store + 1))),
            (record.tip.root, obj(record.tip.root, root)),
        ],
        numbers=2,
    )


def many_updates(record: Record) -> bytes:
    file, tip = record.file, record.tip
    for _ in range(1000):
        longer = appended(tip, file, [(3, b"3 0 obj\n<</A 1>>\nendobj\n")])
        tip = replace(tip, length=len(longer), startxref=longer.rfind(b"xref\n", 0, longer.rfind(b"startxref")))
        file = longer
    return file


def encrypted(record: Record) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(record.file)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b", R=6))
    return out.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_gets_a_verdict(world: World, sealed: Record, name: str) -> None:
    (report,) = front_door(world, HOSTILE[name](sealed))
    assert report.verdict != "valid" and report.reasons
    assert report.integrity in ("unknown", "unsigned", "altered"), report


def test_fifty_megabytes_of_noise(world: World, sealed: Record) -> None:
    (report,) = front_door(world, os.urandom(50 << 20))
    assert report.verdict == "indeterminate" and codes(report) <= {"unreadable", "limit_exceeded"}


def test_larger_than_any_record(world: World) -> None:
    (report,) = front_door(world, bytes(sandbox.MAX_BYTES + 1))
    assert codes(report) == {"too_large"}


def test_a_file_that_hangs_costs_only_its_own_verdict(
    world: World, sealed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sandbox.examine, "__kwdefaults__", {"replay": False, "limits": replace(sandbox.LIMITS, seconds=6)}
    )
    quick = front_door(world, HOSTILE["bomb as xref stream"](sealed), sealed.file, b"not a pdf")
    assert [report.verdict for report in quick] == ["indeterminate", "valid", "indeterminate"]


def test_names_from_a_hostile_file_do_not_reach_the_terminal_raw(world: World) -> None:
    from hocba_app.services.verification.cli import report_lines

    report = FileReport("x\x1b[2J")
    assert "\x1b" not in "".join(report_lines([report]))
