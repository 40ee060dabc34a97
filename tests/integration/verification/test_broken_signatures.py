"""One bad signature must not hide the others: it is named with a reason, the rest is judged, and the file is never valid."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bench.sealed_record import Record, World
from hocba_app.recordfile.pdf_syntax import obj
from hocba_app.services.verification.verify import verify
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.report_presentation import detailed_report, simple_report
from hocba_app.verification.slot_words import slot_words
from tests.integration.verification.attacks import appended, newest
from tests.integration.verification.judging import ISSUERS, codes, find, judge
from tests.integration.verification.test_foreign_files import plain_pdf, signed_with_pyhanko

FIELDS = ("First", "Second", "Third")
Broken = Callable[[bytes, int, int], bytes]
"""From a file and the bounds of one signature dictionary to the file with that signature broken, all offsets kept."""


@pytest.fixture(scope="module")
def foreign(world: World) -> bytes:
    """Signed three times by another tool."""
    file = plain_pdf()
    for field in FIELDS:
        file = signed_with_pyhanko(world, file, field)
    return file


def bounds(file: bytes, number: int) -> tuple[int, int]:
    """Where the dictionary of the file's n-th signature begins and ends."""
    at = [found.start() for found in re.finditer(rb"/ByteRange ?\[", file)][number]
    start = file.rfind(b" obj", 0, at)
    return start, file.find(b"endobj", at)


def changed(file: bytes, start: int, end: int, old: bytes, new: bytes) -> bytes:
    """One replacement of the same length inside the bounds."""
    part = file[start:end]
    assert len(old) == len(new) and part.count(old) == 1, (old, part[:200])
    return file[:start] + part.replace(old, new) + file[end:]


def contents_of(file: bytes, start: int, end: int) -> tuple[int, int]:
    """The hole's digits."""
    opened = file.find(b"<", find(file, b"/Contents", start)) + 1
    assert opened < end
    return opened, file.find(b">", opened)


def digits(value: bytes) -> Broken:
    def broken(file: bytes, start: int, end: int) -> bytes:
        at, _ = contents_of(file, start, end)
        return file[: at + 400] + value + file[at + 400 + len(value) :]

    return broken


def span(value: bytes) -> Broken:
    def broken(file: bytes, start: int, end: int) -> bytes:
        found = re.compile(rb"/ByteRange ?\[[0-9 ]*\]").search(file, start, end)
        assert found
        head = found.group(0).index(b"[")
        room = len(found.group(0)) - head
        assert len(value) <= room
        return file[: found.start() + head] + value.ljust(room) + file[found.end() :]

    return broken


def one_digit_short(file: bytes, start: int, end: int) -> bytes:
    _, close = contents_of(file, start, end)
    return file[: close - 1] + b"> " + file[close + 1 :]


def not_der(file: bytes, start: int, end: int) -> bytes:
    at, close = contents_of(file, start, end)
    return file[:at] + (b"5a" * close)[: close - at] + file[close:]


def nothing(file: bytes, start: int, end: int) -> bytes:
    at, close = contents_of(file, start, end)
    return file[: at - 1] + b"<>" + b" " * (close - at) + file[close + 1 :]


UNREADABLE: dict[str, Broken] = {
    "contents are not hexadecimal": digits(b"xyz!"),
    "contents are cut by a bracket": digits(b"<<<<"),
    "contents are another entry": lambda file, start, end: changed(file, start, end, b"/Contents", b"/Kontents"),
    "contents are empty": nothing,
    "contents are not DER": not_der,
    "no byte range": lambda file, start, end: changed(file, start, end, b"/ByteRange", b"/ByteRanke"),
    "no dictionary": lambda file, start, end: file[: start + 4] + b"\n17\nendobj ".ljust(end - start - 4) + file[end:],
}
WRONG: dict[str, Broken] = {
    "contents of odd length": one_digit_short,
    "byte range of words": span(b"[/a (b) null 1]"),
    "byte range below zero": span(b"[0 -5 -9 100]"),
    "byte range beyond the file": span(b"[0 9 99999999 9]"),
    "byte range of three": span(b"[0 10 20]"),
    "byte range of nothing": span(b"[]"),
    "byte range is a number": span(b"7"),
}


def one_broken(report: FileReport, name: str) -> None:
    """The named signature does not hold and says why; every other one is reported with its digest intact."""
    by_field = {item.field: item for item in report.signatures}
    bad = by_field.pop(name)
    assert report.verdict == "invalid" and report.integrity in ("altered", "unknown")
    assert bad.integrity in ("altered", "unknown") or bad.coverage == "partial"
    assert any(finding.field == name and slot_words(name) in finding.text for finding in report.reasons), report.reasons
    assert simple_report(report).unaltered.reply != "yes" and detailed_report(report).signatures
    assert by_field


@pytest.mark.parametrize("kind", UNREADABLE | WRONG)
@pytest.mark.parametrize("number", [0, 2])
def test_in_a_foreign_file(world: World, foreign: bytes, kind: str, number: int) -> None:
    report = judge((UNREADABLE | WRONG)[kind](foreign, *bounds(foreign, number)), world)
    assert {item.field for item in report.signatures} == set(FIELDS), report.reasons
    one_broken(report, FIELDS[number])
    assert ("signature_broken" in codes(report)) == (kind in UNREADABLE), report.reasons
    others = {item.field: item.integrity for item in report.signatures if item.field != FIELDS[number]}
    if number == 2:
        # Nothing before the last signature was touched: the digests of the first two are judged as usual.
        assert others == {"First": "intact", "Second": "intact"}, report
        assert all(item.trust == "trusted" for item in report.signatures if item.field != "Third")
    else:
        # The first one's own bytes are covered by the later two, which say so.
        assert set(others.values()) == {"altered"}, report


@pytest.mark.parametrize("kind", UNREADABLE | WRONG)
def test_in_a_record_of_ours(world: World, sealed: Record, kind: str) -> None:
    """The homeroom teacher's signature, third of five."""
    hostile = (UNREADABLE | WRONG)[kind](sealed.file, *bounds(sealed.file, 2))
    report = judge(hostile, world)
    one_broken(report, "homeroom")
    kept = {item.field: item.integrity for item in report.signatures}
    assert len(kept) == 7 and kept["s.TOAN.1"] == kept["s.VAN.1"] == "intact", kept
    assert "update_not_ours" in codes(report) and not report.issued_here


def test_the_seal_itself_is_broken(world: World, sealed: Record) -> None:
    hostile = digits(b"xyz!")(sealed.file[: sealed.after[5]], *bounds(sealed.file, 4))
    report = judge(hostile, world)
    one_broken(report, "seal")
    assert "seal_wrong_school" not in codes(report) and not report.issued_here
    assert {item.integrity for item in report.signatures if item.field != "seal"} == {"intact"}


def updated(foreign: bytes, change: Callable[[dict[str, int]], list[tuple[int, bytes]]]) -> bytes:
    """The file with one classic update after the last signature."""
    numbers: dict[str, int] = {}
    for found in re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*?/T ?\(([A-Za-z]+)\)", foreign, re.DOTALL):
        numbers[found.group(2).decode()] = int(found.group(1))
    at = len(foreign)
    out, table = b"", b""
    for number, body in change(numbers):
        table += b"%d 1\n%010d 00000 n \n" % (number, at + len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    trailer = (
        re.findall(rb"/Root (\d+) 0 R", foreign)[-1],
        re.findall(rb"/Size (\d+)", foreign)[-1],
        re.findall(rb"startxref\s+(\d+)", foreign)[-1],
    )
    return (
        foreign
        + out
        + b"xref\n"
        + table
        + b"trailer\n<</Root %s 0 R /Size %s /Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (*trailer, at + len(out))
    )


FIELD = b"<</FT /Sig /Type /Annot /Subtype /Widget /F 132 /Rect [0 0 0 0] /T (Third) "
TREES: dict[str, Callable[[dict[str, int]], list[tuple[int, bytes]]]] = {
    "value that is not there": lambda of: [(of["Third"], FIELD + b"/V 999 0 R>>")],
    "value that is a number": lambda of: [(of["Third"], FIELD + b"/V 7>>")],
    "value that is the field itself": lambda of: [(of["Third"], FIELD + b"/V %d 0 R>>" % of["Third"])],
    "value written in place": lambda of: [
        (
            of["Third"],
            FIELD + b"/V <</Type /Sig /SubFilter /adbe.pkcs7.detached /ByteRange [0 1 2 3] /Contents <3000>>>>>",
        )
    ],
    "kind nobody knows": lambda of: [
        (
            of["Third"],
            FIELD + b"/V <</Type /Sig /SubFilter /adbe.x509.rsa_sha1 /ByteRange [0 1 2 3] /Contents <3000>>>>>",
        )
    ],
    "kids that contain their parent": lambda of: [
        (of["Third"], b"<</T (Third) /FT /Sig /Kids [%d 0 R %d 0 R]>>" % (of["Third"], of["First"]))
    ],
    "kids that are no array": lambda of: [(of["Third"], b"<</T (Third) /FT /Sig /Kids 17>>")],
    "a field that is no dictionary": lambda of: [(of["Third"], b"(Third)")],
    "a name that is no text": lambda of: [(of["Third"], b"<</T [1 2] /FT /Sig /Kids [(x)]>>")],
    "a field that cannot be read": lambda of: [(of["Third"], b"<</T (Third) /V <zz>>>")],
}


@pytest.mark.parametrize("kind", TREES)
def test_broken_trees_of_fields(world: World, foreign: bytes, kind: str) -> None:
    report = judge(updated(foreign, TREES[kind]), world)
    assert report.verdict != "valid" and report.integrity in ("altered", "unknown"), report
    assert {"First", "Second"} <= {item.field for item in report.signatures}
    assert all(item.integrity == "intact" for item in report.signatures if item.field in ("First", "Second"))
    assert codes(report) & {"signature_broken", "signature_kind", "fields_broken"}, report.reasons


def test_a_loop_in_a_form_of_ours(world: World, sealed: Record) -> None:
    number = sealed.tip.fields["homeroom"].number
    body = newest(sealed.file, number)[:-2] + b" /Kids [%d 0 R]>>" % number
    report = judge(appended(sealed.tip, sealed.file, [(number, obj(number, body))]), world)
    assert report.verdict == "invalid" and {"fields_broken", "update_not_ours"} <= codes(report)
    assert len(report.signatures) == 7 and {item.integrity for item in report.signatures} == {"intact"}


def test_a_signature_of_unknown_kind_is_not_passed_over(world: World, foreign: bytes) -> None:
    """pyHanko leaves it out; then a file of three signatures would be called one of two that hold."""
    hostile = changed(foreign, *bounds(foreign, 2), b"/adbe.pkcs7.detached", b"/adbe.pkcs7.detachex")
    report = judge(hostile, world)
    assert (report.verdict, report.integrity) == ("indeterminate", "unknown") and "signature_kind" in codes(report)
    assert [item.integrity for item in report.signatures] == ["intact", "intact", "unknown"]


@pytest.mark.parametrize(
    "store",
    [b"17", b"[]", b"<</Certs 5>>", b"<</Certs [999 0 R] /OCSPs [1 0 R] /CRLs [null]>>", b"<</OCSPs [(x) 7 /y]>>"],
)
def test_evidence_that_cannot_be_read_costs_only_itself(world: World, foreign: bytes, store: bytes) -> None:
    root = int(re.findall(rb"/Root (\d+) 0 R", foreign)[-1])
    body = re.findall(rb"\n%d 0 obj\s*(<<.*?>>)\s*endobj" % root, foreign, re.DOTALL)[-1]
    report = judge(updated(foreign, lambda _: [(root, body[:-2] + b" /DSS " + store + b">>")]), world)
    assert report.verdict != "valid" and "evidence_broken" in codes(report)
    assert [item.integrity for item in report.signatures] == ["intact"] * 3


def test_through_the_front_door(world: World, foreign: bytes, sealed: Record) -> None:
    """In the child process, several at once."""
    files = [
        UNREADABLE["contents are not hexadecimal"](foreign, *bounds(foreign, 2)),
        updated(foreign, TREES["kids that contain their parent"]),
        UNREADABLE["contents are not hexadecimal"](sealed.file, *bounds(sealed.file, 1)),
    ]
    reports = verify([(str(number), data) for number, data in enumerate(files)], roots=[world.root], issuers=ISSUERS)
    assert [len(report.signatures) for report in reports] == [3, 2, 7]
    assert all(report.verdict != "valid" and report.method == "analysis" for report in reports)
