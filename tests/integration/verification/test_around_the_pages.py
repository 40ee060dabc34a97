"""What readers show besides the pages: the window's title, properties, outlines, labels, tooltips, words for the blind, names of signers.

Whoever lays out a record and holds every key may put another pupil there; none of it is on the pages, and none of it passes.
"""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bench import sealed_record
from bench.sealed_record import Record, Signer, World, ink, open_record, staff
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.header_footer import qr_modules
from hocba_app.forms.pdfa import xmp
from hocba_app.forms.render import render
from hocba_app.recordfile.appearance import Appearance
from hocba_app.recordfile.signature_fields import RenderedDocument
from tests import samples
from tests.integration.verification.judging import codes, judge, small_snapshot
from tests.integration.verification.layout_lies import Bodies, everywhere, relaid

OTHER = "Trần Văn Khác"
KINDS = {"cover": samples.cover_snapshot, "history": samples.history_snapshot, "results": small_snapshot}
Change = Callable[[Bodies], None]


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, Signer]:
    return staff(world, small_snapshot())


def hexadecimal(text: str) -> bytes:
    return b"<FEFF%s>" % text.encode("utf-16-be").hex().upper().encode()


def titled(title: str, in_packet: str | None = None) -> Change:
    """Properties and metadata packet with a title; the packet perhaps with another."""

    def changed(bodies: Bodies) -> None:
        bodies[2] = re.sub(rb"/Title <[^>]*>", b"/Title " + hexadecimal(title), bodies[2])
        packet = xmp(in_packet or title, "Học bạ điện tử")
        bodies[3] = b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(packet), packet)

    return changed


def in_packet(old: bytes, new: bytes) -> Change:
    def changed(bodies: Bodies) -> None:
        packet = bodies[3].partition(b"stream\n")[2].removesuffix(b"\nendstream").replace(old, new)
        bodies[3] = b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(packet), packet)

    return changed


def leading_to(url: str) -> Change:
    """The QR code of another address."""

    def changed(bodies: Bodies) -> None:
        side, rows = qr_modules(url)
        packed = zlib.compress(rows)
        for at, body in enumerate(bodies):
            if b"/Subtype /Image" in body and b"/BitsPerComponent 1 " in body:
                bodies[at] = (
                    b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1 "
                    b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (side, side, len(packed), packed)
                )

    return changed


def in_catalog(entry: bytes) -> Change:
    return everywhere(rb"(/Type /Catalog .*) >>\Z", rb"\1 " + entry.replace(b"\\", rb"\\") + b" >>")


def in_pages(entry: bytes) -> Change:
    return everywhere(rb"(/Type /Page .*) >>\Z", rb"\1 " + entry + b" >>")


_NAME = hexadecimal(OTHER)
LIES: dict[str, Change] = {
    "title of another pupil": titled(f"Kết quả học tập 2025 – 2026 – {OTHER}"),
    "title that goes on": titled("Kết quả học tập 2025 – 2026 – Nguyễn Thị Huyền Trang – Đã thôi học"),
    "title of another year": titled("Kết quả học tập 2024 – 2025 – Nguyễn Thị Huyền Trang"),
    "title of another kind": titled("Bằng tốt nghiệp – Nguyễn Thị Huyền Trang"),
    "no title": titled(""),
    "title in another order of letters": titled("Kết quả học tập 2025 – 2026 – \u202eNguyễn Thị Huyền Trang"),
    "title in the packet": titled("Kết quả học tập 2025 – 2026 – Nguyễn Thị Huyền Trang", f"Học bạ {OTHER}"),
    "author in the packet": in_packet(b"<dc:language>", b"<dc:creator>" + OTHER.encode() + b"</dc:creator><dc:language>"),
    "a second description": in_packet(b"</rdf:RDF>", b"<rdf:Description>x</rdf:Description></rdf:RDF>"),
    "producer": everywhere(rb"/Producer <[^>]*>", b"/Producer " + _NAME),
    "creator": everywhere(rb"/Creator <[^>]*>", b"/Creator " + _NAME),
    "author": everywhere(rb"(/Title <[^>]*>)", rb"\1 /Author " + _NAME),
    "subject and keywords": everywhere(rb"(/Title <[^>]*>)", rb"\1 /Subject " + _NAME + b" /Keywords " + _NAME),
    "title twice": everywhere(rb"(/Title <[^>]*>)", rb"\1 /Title " + _NAME),
    "outlines": in_catalog(b"/Outlines << /First << /Title " + _NAME + b" >> >> /PageMode /UseOutlines"),
    "labels of pages": in_catalog(b"/PageLabels << /Nums [0 << /P " + _NAME + b" >>] >>"),
    "attachments": in_catalog(b"/Names << /EmbeddedFiles << /Names [" + _NAME + b" 3 0 R] >> >> /PageMode /UseAttachments"),
    "associated files": in_catalog(b"/AF [<< /Type /Filespec /UF " + _NAME + b" >>]"),
    "named destinations": in_catalog(b"/Dests << /x [3 0 R /Fit] >>"),
    "layers' names": in_catalog(b"/OCProperties << /OCGs [<< /Type /OCG /Name " + _NAME + b" >>] /D << >> >>"),
    "words for the blind": in_catalog(b"/StructTreeRoot << /Type /StructTreeRoot /K << /S /P /Alt " + _NAME + b" >> >>"),
    "articles": in_catalog(b"/Threads [<< /I << /Title " + _NAME + b" >> >>]"),
    "another language": everywhere(rb"/Lang \(vi-VN\)", b"/Lang (ar-EG)"),
    "how the window opens": everywhere(rb"/DisplayDocTitle true", b"/DisplayDocTitle false /HideToolbar true"),
    "a base of addresses": in_catalog(b"/URI << /Base (https://x.example/) >>"),
    "an action as it opens": in_catalog(b"/OpenAction << /S /URI /URI (https://x.example/) >>"),
    "a page's title": in_pages(b"/PieceInfo << /A << /Private " + _NAME + b" >> >>"),
    "a page's thumbnail": in_pages(b"/Thumb 7 0 R"),
    "a page's own packet": in_pages(b"/Metadata 4 0 R"),
    "how long a page is shown": in_pages(b"/Dur 1 /Trans << /S /Wipe >>"),
    "QR code of another record": leading_to("https://hocba.example.vn/v/AAAA-BBBB-CCCC"),
    "QR code of another site": leading_to("https://hocba-example.vn/v/K7QM-2RTX-9BHD"),
    "QR code of more than the address": leading_to("https://hocba.example.vn/v/K7QM-2RTX-9BHD?x=1"),
}  # fmt: skip


def made(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot, change: Change
) -> Record:
    def laid(*given: object, **named: object) -> RenderedDocument:
        return relaid(render(*given, **named), change)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(sealed_record, "render", laid)
        record = open_record(world, snapshot, people)
    record.sign_all()
    record.archive()
    return record


@pytest.mark.parametrize("kind", LIES)
def test_what_is_not_on_the_pages(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    report = judge(made(world, people, monkeypatch, small_snapshot(), LIES[kind]).file, world)
    assert report.verdict == "invalid" and codes(report) & {"base_not_ours", "pages_disagree"}, report.reasons


@pytest.mark.parametrize("kind", KINDS)
def test_the_title_of_another_pupil_on_every_kind(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    words = {
        "cover": "Bìa học bạ",
        "history": "Quá trình học tập 2025 – 2026",
        "results": "Kết quả học tập 2025 – 2026",
    }
    for name, verdict in (("Nguyễn Thị Huyền Trang", "valid"), ("Nguyễn Thị Huyền", "invalid"), (OTHER, "invalid")):
        record = made(world, people, monkeypatch, KINDS[kind](), titled(f"{words[kind]} – {name}"))
        assert judge(record.file, world).verdict == verdict, (name, judge(record.file, world).reasons)


def test_an_address_without_encryption_is_honest(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = leading_to("http://hocba.example.vn/v/K7QM-2RTX-9BHD")
    assert judge(made(world, people, monkeypatch, small_snapshot(), change).file, world).verdict == "valid"


@pytest.mark.parametrize("slot", ["s.TOAN.1", "principal", "seal"])
def test_a_signature_that_shows_another_name(world: World, sealed: Record, slot: str) -> None:
    """The right person signs; the page, and a reader's list of signatures, say somebody else did."""
    record = open_record(world, small_snapshot(), dict(sealed.signers))
    for each in record.manifest.slots:
        look = Appearance(ink(), OTHER, (), datetime.now(UTC).replace(microsecond=0))
        record.sign(each.field, look=look if each.field == slot else None, claimed=look.signed_at)
    record.archive()
    report = judge(record.file, world)
    assert (report.verdict, report.integrity, codes(report)) == ("indeterminate", "intact", {"shown_name"})
    assert OTHER in report.reasons[0].what


def test_a_name_written_with_other_marks_is_his(world: World, sealed: Record) -> None:
    record = open_record(world, small_snapshot(), dict(sealed.signers))
    for each in record.manifest.slots:
        record.sign(each.field, name=record.signers[each.field].name.replace("Ánh", "Anh"))
    record.archive()
    assert judge(record.file, world).verdict == "valid"


@pytest.mark.parametrize(
    "slot, captions", [("homeroom", ("KT. HIỆU TRƯỞNG",)), ("seal", ("ĐÃ HỦY",)), ("principal", ("Không đạt",))]
)
def test_words_above_a_signature(world: World, sealed: Record, slot: str, captions: tuple[str, ...]) -> None:
    """Only who signs for the head has his office above, in capitals."""
    record = open_record(world, small_snapshot(), dict(sealed.signers))
    for each in record.manifest.slots:
        now = datetime.now(UTC).replace(microsecond=0)
        name = "" if slot == "seal" else record.signers[slot].name
        look = dataclasses.replace(Appearance(ink(), name, captions, now))
        record.sign(each.field, look=look if each.field == slot else None, claimed=now)
    record.archive()
    report = judge(record.file, world)
    assert (report.verdict, codes(report)) == ("invalid", {"update_not_ours"})
