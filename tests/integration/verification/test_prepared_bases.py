"""Whoever prepares a file may hide in it, before anybody signs, what shows only afterwards: all signatures hold over it.

Our grammar of the base must be asked of every file with a manifest of ours, however else it begins or breaks the reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.sealed_record import Record, World
from hocba_app.recordfile.append_state import read_tip
from hocba_app.recordfile.pdf_syntax import obj, stream
from hocba_app.verification import replay as replaying
from hocba_app.verification import replay_verifier as fast_verdict
from tests.integration.verification.attacks import appended, newest
from tests.integration.verification.judging import codes, judge

Beginning = Callable[[bytes], bytes]
Hidden = Callable[[Record, bytes], bytes]

BEGINNINGS: dict[str, Beginning] = {
    "ours": lambda file: file,
    "another version": lambda file: file.replace(b"%PDF-1.7", b"%PDF-1.6", 1),
    "another second line": lambda file: file.replace(b"%\xe2\xe3\xcf\xd3", b"%\xe2\xe3\xcf\xd4", 1),
    "another way to write the catalog": lambda file: file.replace(b"<< /Type /Catalog ", b"<</Type  /Catalog ", 1),
}


def catalog(entry: bytes) -> Hidden:
    return lambda record, file: appended(record.tip, file, [(1, obj(1, newest(file, 1)[:-2] + entry + b">>"))])


def page_action(record: Record, file: bytes) -> bytes:
    page = next(iter(record.tip.fields.values())).page
    return appended(
        record.tip, file, [(page, obj(page, newest(file, page)[:-2] + b" /AA <</O <</S /JavaScript /JS (1)>>>>>>"))]
    )


def form(entry: bytes) -> Hidden:
    return lambda record, file: appended(
        record.tip,
        file,
        [
            (
                record.tip.form,
                obj(record.tip.form, newest(file, record.tip.form).replace(b"/SigFlags 3", b"/SigFlags 3" + entry)),
            )
        ],
    )


def second_content(record: Record, file: bytes) -> bytes:
    page, number = next(iter(record.tip.fields.values())).page, record.tip.size
    layer = stream(number, b"", b"/OC /P BDC BT ET EMC")
    body = re.sub(rb"/Contents (\d+ 0 R)", rb"/Contents [\1 %d 0 R]" % number, newest(file, page))
    return appended(record.tip, file, [(number, layer), (page, obj(page, body))], numbers=1)


def nothing(record: Record, file: bytes) -> bytes:
    return file


HIDDEN: dict[str, Hidden] = {
    "a script": catalog(b" /OpenAction <</S /JavaScript /JS (app.alert\\(1\\))>>"),
    "layers": catalog(b" /OCProperties <</OCGs [] /D <</BaseState /OFF>>>>"),
    "an action of a page": page_action,
    "a form of another technology": form(b" /XFA [(template) 6 0 R]"),
    "appearances to be made anew": form(b" /NeedAppearances true"),
    "a second content": second_content,
}


def prepared(world: World, brief: Record, file: bytes) -> Record:
    return replace(brief, file=file, tip=read_tip(file), after=[len(file)])


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("name", HIDDEN)
def test_something_hidden_before_the_first_signature(world: World, brief: Record, name: str, beginning: str) -> None:
    record = prepared(world, brief, HIDDEN[name](brief, BEGINNINGS[beginning](brief.file)))
    record.sign_all()
    report = judge(record.file, world)
    assert report.verdict == "invalid" and codes(report) & {"base_not_ours", "update_not_ours"}, report.reasons
    assert report.integrity == "intact", "every signature covers it: only our grammar tells"


@pytest.mark.parametrize("beginning", [name for name in BEGINNINGS if name != "ours"])
def test_a_base_that_only_begins_otherwise(world: World, brief: Record, beginning: str) -> None:
    record = prepared(world, brief, BEGINNINGS[beginning](brief.file))
    record.sign_all()
    assert "base_not_ours" in codes(judge(record.file, world))


@pytest.mark.parametrize("module", ["read_base", "_replay_signature"])
@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), IndexError("x"), MemoryError()])
def test_breaking_the_reader_does_not_lead_around_it(
    world: World, sealed: Record, module: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a hostile file makes our reader raise, the file has not been shown to be ours."""

    def breaks(*_: object) -> None:
        raise error

    if module == "read_base":
        monkeypatch.setattr("hocba_app.verification.base_grammar.read_layout", breaks)
    else:
        monkeypatch.setattr(replaying, module, breaks)
    report = judge(sealed.file, world)
    assert report.verdict == "invalid" and codes(report) & {"base_not_ours", "update_not_ours"}


def test_a_file_too_large_for_our_reader_is_not_taken_on_trust(
    world: World, sealed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_verdict, "MAX_BYTES", 1000)
    report = judge(sealed.file, world)
    assert report.verdict == "invalid" and "base_not_ours" in codes(report)


def test_a_rectangle_of_one_number(world: World, brief: Record) -> None:
    """It fits the field's pattern and cannot be split into four: it once broke the reader, and so got around it."""
    place = brief.tip.fields["seal"]
    rectangle = re.search(rb"/Rect \[[^\]]*\]", newest(brief.file, place.number))
    assert rectangle
    at = brief.file.rfind(rectangle.group(0))
    wrong = b"/Rect [1234".ljust(len(rectangle.group(0)) - 1) + b"]"
    record = replace(brief, file=brief.file[:at] + wrong + brief.file[at + len(wrong) :])
    record.sign_all()
    report = judge(record.file, world)
    assert report.verdict == "invalid" and codes(report) & {"base_not_ours", "update_not_ours"}
