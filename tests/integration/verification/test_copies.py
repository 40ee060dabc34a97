"""A record that another program has saved is reported as a copy, with the address of the original; it is never valid."""

from __future__ import annotations

import pytest

from bench.sealed_record import Record, World
from hocba_app.verification.report_presentation import simple_report
from tests.integration.verification.copies import ALMOST_THE_SAME, WITH_SIGNATURES, WITHOUT_A_FORM, WITHOUT_SIGNATURES
from tests.integration.verification.foreign_forms import page_file
from tests.integration.verification.judging import codes, judge


@pytest.mark.parametrize("kind", WITH_SIGNATURES)
def test_written_anew(world: World, sealed: Record, kind: str) -> None:
    report = judge(WITH_SIGNATURES[kind](sealed.file), world)
    assert report.verdict == "invalid" and report.integrity != "intact"
    assert "resaved_copy" in codes(report), report.reasons
    assert report.copy_code == sealed.manifest.code
    assert any(sealed.manifest.code in finding.text for finding in report.reasons)
    if codes(report) == {"resaved_copy"}:  # pdfunite leaves nothing that says whose signature fails
        assert {answer.reply for answer in simple_report(report).answers} == {"unknown"}


@pytest.mark.parametrize("kind", WITHOUT_A_FORM)
def test_pages_alone(world: World, sealed: Record, kind: str) -> None:
    report = judge(WITHOUT_A_FORM[kind](sealed.file), world)
    assert report.verdict != "valid" and report.integrity == "unsigned"
    assert "resaved_copy" in codes(report) and report.copy_code == sealed.manifest.code, report.reasons


@pytest.mark.parametrize("kind", ALMOST_THE_SAME)
def test_bytes_around_it(world: World, sealed: Record, kind: str) -> None:
    report = judge(ALMOST_THE_SAME[kind](sealed.file), world)
    assert (report.verdict, codes(report)) == ("indeterminate", {"resaved_copy"}), report.reasons
    assert report.copy_code == sealed.manifest.code and len(report.signatures) == 7
    assert report.integrity == ("intact" if kind.endswith("after") else "unknown")


@pytest.mark.parametrize("kind", ALMOST_THE_SAME)
def test_bytes_around_an_altered_one(world: World, sealed: Record, kind: str) -> None:
    at = sealed.after[3] + 40
    altered = sealed.file[:at] + bytes((sealed.file[at] ^ 1,)) + sealed.file[at + 1 :]
    report = judge(ALMOST_THE_SAME[kind](altered), world)
    assert report.verdict == "invalid" and report.integrity == "altered", report.reasons


@pytest.mark.parametrize("kind", WITHOUT_SIGNATURES)
def test_no_signature_is_left(world: World, kind: str) -> None:
    report = judge(WITHOUT_SIGNATURES[kind]("K7QM-2RTX-9BHD"), world)  # type: ignore[arg-type]
    assert (report.verdict, report.integrity) == ("indeterminate", "unsigned")
    assert codes(report) == {"unsigned", "resaved_copy"} and report.copy_code == "K7QM-2RTX-9BHD"


def test_a_number_that_only_looks_like_a_code(world: World) -> None:
    report = judge(page_file().replace(b"Diem trung binh: 7.0", b"No. K7QM-2RTX-9BHD"), world)
    assert codes(report) == {"unsigned"} and report.copy_code is None


@pytest.mark.parametrize("missing", [b"%%EOF\n", b"F\n", b"\n%%EOF\n"])
def test_the_last_line_is_missing(world: World, sealed: Record, missing: bytes) -> None:
    report = judge(sealed.file.removesuffix(missing), world)
    assert report.verdict == "invalid" and report.integrity == "altered"
    assert {"update_not_ours", "damaged_copy"} <= codes(report) and report.copy_code == sealed.manifest.code


def test_a_download_that_broke_off(world: World, sealed: Record) -> None:
    for length in (sealed.after[5] - 700, sealed.after[1] + 300, len(sealed.file) - 40):
        report = judge(sealed.file[:length], world)
        assert report.verdict == "invalid" and "damaged_copy" in codes(report), report.reasons
