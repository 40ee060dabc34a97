"""Records made by somebody who holds every key, whose signatures all hold, and which say one thing and mean another."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest

from bench import sealed_record
from bench.sealed_record import Record, Signer, World, open_record, staff
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.render import render
from hocba_app.recordfile.manifest import ManifestSchool
from hocba_app.recordfile.signature_fields import RenderedDocument
from hocba_app.verification.layout_grammar import read_layout
from hocba_app.verification.report_model import FileReport
from tests import samples
from tests.integration.verification.judging import codes, judge, small_snapshot
from tests.integration.verification.layout_lies import LIES, Bodies, relaid


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


# --- what the pages show that they do not say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LIES)
def test_a_page_that_shows_something_else_than_it_says(
    world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    report = made(world, small_snapshot(), people, monkeypatch, LIES[kind])
    assert report.verdict == "invalid" and codes(report) & {"base_not_ours", "pages_disagree"}, report.reasons
    if kind != "a note on the page":  # the first update takes it away again
        assert report.integrity == "intact", "every signature holds: nothing was altered after signing"


def test_a_place_to_sign_over_a_mark(world: World, people: dict[str, Signer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever signs last would draw over what the others signed."""

    def laid(*given: Any, **named: Any) -> RenderedDocument:
        made = render(*given, **named)
        mark = next(box for box in read_layout(made.pdf).boxes[0] if box[1] < 600)
        moved = [
            dataclasses.replace(field, page=0, rect=(mark[0] - 20, mark[1] - 20, mark[0] + 80, mark[1] + 60))
            if field.name == "homeroom"
            else field
            for field in made.fields
        ]
        return dataclasses.replace(made, fields=tuple(moved))

    with monkeypatch.context() as patched:
        patched.setattr(sealed_record, "render", laid)
        record = open_record(world, small_snapshot(), people)
    record.sign_all()
    report = judge(record.file, world)
    assert (report.verdict, report.integrity) == ("invalid", "intact") and "base_not_ours" in codes(report)
