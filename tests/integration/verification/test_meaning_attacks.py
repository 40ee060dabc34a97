"""Records made by somebody who holds every key, whose signatures all hold, and which say one thing and mean another."""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from bench import sealed_record
from bench.sealed_record import Record, Signer, World, open_record, staff
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.header_footer import CODE_LABEL
from hocba_app.forms.render import render
from hocba_app.recordfile.manifest import ManifestSchool
from hocba_app.recordfile.signature_fields import RenderedDocument
from hocba_app.verification.layout_grammar import HEADER
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.strict_pdf_objects import read_objects, unpack
from tests import samples
from tests.integration.verification.judging import codes, judge, small_snapshot

Bodies = list[bytes]


def relaid(rendered: RenderedDocument, change: Callable[[Bodies], None]) -> RenderedDocument:
    """A layout whose objects were changed by a forger who has our own writer."""
    objects, _ = read_objects(rendered.pdf, len(HEADER))
    bodies = [rendered.pdf[each.offset : each.end].split(b"\n", 1)[1].removesuffix(b"\nendobj\n") for each in objects]
    change(bodies)
    out, offsets = bytearray(HEADER), []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    identity = re.search(rb"/ID (\[<[0-9a-f]+> <[0-9a-f]+>\])", rendered.pdf)
    assert identity is not None
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /ID %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1, identity.group(1), len(out) - len(table) - len(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    )  # fmt: skip
    return dataclasses.replace(rendered, pdf=bytes(out))


def stream_of(body: bytes) -> bytes:
    return unpack(body.split(b"stream\n", 1)[1].removesuffix(b"\nendstream"), 4 << 20)


def with_stream(body: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data)
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), body.split(b"\nstream\n", 1)[0])
    return b"%s\nstream\n%s\nendstream" % (re.sub(rb"/Length1 \d+", b"/Length1 %d" % len(data), head), packed)


def on_pages(change: Callable[[bytes], bytes]) -> Callable[[Bodies], None]:
    """Change the content of every page."""

    def changed(bodies: Bodies) -> None:
        for at, body in enumerate(bodies):
            if b"/Type /Page " in body:
                bodies[at - 1] = with_stream(bodies[at - 1], change(stream_of(bodies[at - 1])))

    return changed


def of_font(name: bytes, further: int, change: Callable[[bytes], bytes]) -> Callable[[Bodies], None]:
    """Change a part of a typeface: its program (0) or its map to letters (3)."""

    def changed(bodies: Bodies) -> None:
        at = next(at for at, body in enumerate(bodies) if b"/FontDescriptor /FontName" in body and name in body) - 1
        bodies[at + further] = with_stream(bodies[at + further], change(stream_of(bodies[at + further])))

    return changed


def made(
    world: World,
    snapshot: Snapshot,
    signers: dict[str, Signer],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Bodies], None] = lambda _bodies: None,
    **manifest: Any,
) -> FileReport:
    """The verdict on a whole record made this way."""
    with monkeypatch.context() as patched:
        patched.setattr(sealed_record, "render", lambda *given, **named: relaid(render(*given, **named), change))
        record: Record = open_record(world, snapshot, signers, **manifest)
    record.sign_all()
    record.archive()
    return judge(record.file, world)


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, Signer]:
    return staff(world, small_snapshot())


def test_an_honest_layout_put_together_again_is_valid(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the way is open to an honest record of each kind."""
    assert made(world, small_snapshot(), people, monkeypatch).verdict == "valid"
    for snapshot in (samples.cover_snapshot(), samples.history_snapshot()):
        assert made(world, snapshot, people, monkeypatch).verdict == "valid"


# --- what a manifest asks for -------------------------------------------------------------------------------------


def without_subjects() -> Snapshot:
    snapshot = samples.results_snapshot(slots=[*small_snapshot()["slots"][2:]])
    assert {slot["stage"] for slot in snapshot["slots"]} == {"homeroom", "principal", "seal"}
    return snapshot


def test_secondary_results_that_no_subject_teacher_signs(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = made(world, without_subjects(), people, monkeypatch)
    assert (report.verdict, codes(report)) == ("invalid", {"manifest_unsound"})
    leaver = without_subjects()
    leaver["results"] |= {"subjects": [], "departure": "Chuyển đi ngày 05/03/2026", "promotion": None}  # type: ignore[typeddict-item]
    assert made(world, leaver, people, monkeypatch).verdict == "valid", "who left before anything was entered has none"


def test_one_person_in_every_place(world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {field: people["homeroom"] for field in people} | {"seal": people["seal"]}
    report = made(world, small_snapshot(), alone, monkeypatch)
    assert (report.verdict, codes(report)) == ("invalid", {"manifest_unsound"})
    many = alone | {"principal": people["principal"]}
    assert made(world, small_snapshot(), many, monkeypatch).verdict == "valid", (
        "one teacher of everything, and a principal"
    )


@pytest.mark.parametrize(
    "entries",
    [
        {"version": -1},
        {"version": 0},
        {"version": True},
        {"code": ""},
        {"code": "<b>K7QM</b>"},
        {"code": "K7QM-2RTX-9BHD\n"},
        {"student_code": ""},
        {"student_code": "<script>x</script>"},
        {"student_code": "1\u202e2"},
        {"salt": ""},
        {"snapshot_sha256": "x"},
    ],
    ids=str,
)
def test_values_that_our_software_never_gives(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, entries: dict[str, Any]
) -> None:
    report = made(world, small_snapshot(), people, monkeypatch, **entries)
    assert report.verdict == "invalid" and codes(report) & {"manifest_unsound", "manifest_broken"}, report.reasons


@pytest.mark.parametrize("part", ["code", "name", "tax_code"])
def test_markup_in_the_school(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    school = ManifestSchool("79760001", "Trường THCS Kim Đồng", "0312345678")
    changed = dataclasses.replace(school, **{part: "<img src=x>"})
    report = made(world, small_snapshot(), people, monkeypatch, school=changed)
    assert report.verdict == "invalid" and codes(report) & {"manifest_unsound", "manifest_broken"}


# --- what the pages show ------------------------------------------------------------------------------------------


def shown_as(snapshot: Snapshot, **changes: Any) -> Snapshot:
    """The snapshot that the pages are drawn from."""
    for path, value in changes.items():
        part, _, key = path.partition("__")
        snapshot[part][key] = value  # type: ignore[literal-required]
    return snapshot


@pytest.mark.parametrize("kind", ["cover", "history", "results"])
@pytest.mark.parametrize(
    "changes",
    [
        {"school__name": "Trường THCS Trưng Vương"},
        {"student__code": "7976000100999"},
        {"student__full_name": "Trần Văn Khác"},
        {"verification__code": "AAAA-BBBB-CCCC"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_pages_of_another_record(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, kind: str, changes: dict[str, str]
) -> None:
    """Drawn from another snapshot than the manifest's, and the file's number forged where that alone would tell."""
    make = {"cover": samples.cover_snapshot, "history": samples.history_snapshot, "results": small_snapshot}[kind]
    with monkeypatch.context() as patched:
        patched.setattr(sealed_record, "render", lambda *_, **__: render(shown_as(make(), **changes)))
        record = open_record(world, make(), people)
    record.sign_all()
    record.archive()
    report = judge(record.file, world)
    assert (report.verdict, codes(report)) == ("invalid", {"pages_disagree"})
    if "student__full_name" in changes:
        return  # no more than the number of the file binds a name
    identity = re.findall(rb"/ID \[<([0-9a-f]{32})>", render(make()).pdf)[0]
    with monkeypatch.context() as patched:
        patched.setattr(
            sealed_record, "render", lambda *_, **__: renumbered(render(shown_as(make(), **changes)), identity)
        )
        record = open_record(world, make(), people)
    record.sign_all()
    report = judge(record.file, world)
    assert report.verdict == "invalid" and "pages_disagree" in codes(report)


def renumbered(rendered: RenderedDocument, identity: bytes) -> RenderedDocument:
    own = re.findall(rb"/ID \[<([0-9a-f]{32})>", rendered.pdf)[0]
    return dataclasses.replace(rendered, pdf=rendered.pdf.replace(own, identity))


def test_pages_of_another_kind(world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch) -> None:
    report = made(world, samples.history_snapshot(), people, monkeypatch, kind="cover")
    assert report.verdict == "invalid" and "pages_disagree" in codes(report)


# --- what the glyphs show -----------------------------------------------------------------------------------------

_DIGITS = {digit: REGULAR.glyph(digit) for digit in "0123456789"}


def swapped_outlines(program: bytes) -> bytes:
    """The outline of 9 at the number of 5: the text says 5, the page shows 9."""
    outlines = {digit: REGULAR._outlines[glyph] for digit, glyph in _DIGITS.items()}
    five, nine = outlines["5"], outlines["9"]
    longest = max(len(five), len(nine))
    assert five in program
    return program.replace(five, nine[: len(five)].ljust(len(five), b"\0")) if longest else program


def lying_map(text: bytes) -> bytes:
    """The glyph of 5 is read out as 9."""
    five = b"<%04X> <0035>" % _DIGITS["5"]
    assert five in text
    return text.replace(five, b"<%04X> <0039>" % _DIGITS["5"])


def one_more_letter(text: bytes) -> bytes:
    return text.replace(b"<%04X> <0035>" % _DIGITS["5"], b"<%04X> <00350030>" % _DIGITS["5"])


def shown(extra: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.removesuffix(b"ET") + extra + b"\nET"


def before_text(extra: bytes) -> Callable[[bytes], bytes]:
    return lambda content: extra + b"\n" + content


NINE = b"<%04X>" % BOLD.glyph("9")
LIES: dict[str, Callable[[Bodies], None]] = {
    "outlines of another letter": of_font(b"Tinos-Regular", 0, swapped_outlines),
    "a map to another letter": of_font(b"Tinos-Regular", 3, lying_map),
    "a map to more letters": of_font(b"Tinos-Regular", 3, one_more_letter),
    "a typeface of its own": lambda bodies: bodies.__setitem__(
        slice(None), [body.replace(b"+Tinos-Bold", b"+Tinos-Bald") for body in bodies]
    ),
    "other widths": lambda bodies: bodies.__setitem__(
        slice(None), [re.sub(rb"/W \[(\d+) \[[0-9.]+\]", rb"/W [\1 [1]", body) for body in bodies]
    ),
    "white text": on_pages(shown(b"1 1 1 rg\n0 0 Td " + NINE + b" Tj")),
    "a second word over the first": on_pages(shown(b"/B 900 Tf\n0 0 Td " + NINE + b" Tj")),
    "text too small to see": on_pages(shown(b"/B 0.1 Tf\n0 0 Td " + NINE + b" Tj")),
    "text beyond the page": on_pages(shown(b"-3000 0 Td " + NINE + b" Tj")),
    "a number drawn with slanted lines": on_pages(before_text(b"q 1 w 0 0 0 RG 100 100 m 120 140 l S Q")),
    "a dark patch": on_pages(before_text(b"q 0 0 0 rg 20 20 300 300 re f Q")),
    "a picture of a page": on_pages(before_text(b"q 595 0 0 842 0 0 cm /Qr Do Q")),
    "a drawing after the text": on_pages(lambda content: content + b"\nq 1 1 1 rg 0 0 600 800 re f Q"),
    "text in another mode": on_pages(lambda content: content.replace(b"BT\n", b"BT\n3 Tr\n", 1)),
    "text moved by a matrix": on_pages(lambda content: content.replace(b"BT\n", b"1 0 0 1 900 0 cm\nBT\n", 1)),
    "letters squeezed": on_pages(lambda content: content.replace(b"BT\n", b"BT\n1 Tz\n", 1)),
    "no code in the foot": on_pages(lambda content: content.replace(REGULAR.encode(CODE_LABEL).encode(), NINE[1:-1])),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_page_that_shows_something_else_than_it_says(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    report = made(world, small_snapshot(), people, monkeypatch, LIES[kind])
    assert report.verdict == "invalid" and codes(report) & {"base_not_ours", "pages_disagree"}, report.reasons
    assert report.integrity == "intact", "every signature holds: nothing was altered after signing"
