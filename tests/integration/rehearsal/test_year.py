"""``hocba rehearse`` as a user runs it: a process of its own, from an empty folder to sealed records."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from hocba_app.domain.circumstances import WORDS
from hocba_app.services.verification.verify import issuers_beside
from hocba_app.verification.sandbox import examine

ROOT = Path(__file__).resolve().parents[3]
SUBJECTS, AFTER = 12, 3
"""Signatures of a results document: one a subject at least, then homeroom teacher, principal, seal."""


def rehearse(out: Path, *options: str, level: str = "lower_secondary") -> tuple[int, dict[str, Any], str]:
    # What is configured must not matter: the rehearsal has data of its own.
    environment = {
        **os.environ,
        "HOCBA_DATABASE_URL": "sqlite:////nowhere/x.db",
        "HOCBA_MYSIGN_URL": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "hocba_app.cli",
            "rehearse",
            "--level",
            level,
            "--seed",
            "1",
            "--out",
            str(out),
            "--json",
            *options,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    return done.returncode, json.loads(done.stdout), done.stderr


def check(out: Path, code: int, report: dict[str, Any], students: int, year: str = "2025-2026") -> None:
    assert (code, report["failures"]) == (0, [])
    assert report == json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert set(report) == {"students", "documents", "signatures", "seconds", "stages", "failures"}
    assert all(set(stage) == {"count", "seconds", "rate"} for stage in report["stages"].values())
    assert (report["students"], report["documents"]) == (students, 3 * students)
    assert report["signatures"] >= students * (2 + 2 + SUBJECTS + AFTER)
    pupils = sorted((out / "records").iterdir())
    assert len(pupils) == students
    for pupil in pupils:
        assert {path.name for path in pupil.iterdir()} == {"cover.pdf", f"history-{year}.pdf", f"results-{year}.pdf"}
    assert json.loads((out / "trust" / "issuers.json").read_text(encoding="utf-8"))[0]["tax_code"]


def signatures_by_pdfsig(file: Path) -> int:
    """Signatures poppler finds valid; it cannot judge the document time stamp, and must find nothing else wrong."""
    said = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=False).stdout
    blocks = [block for block in said.split("Signature #")[1:] if "Field Name: archive" not in block]
    for block in blocks:
        assert "Signature is Valid." in block, block
    return len(blocks)


@pytest.mark.timeout(600)
def test_a_historic_year_of_six_pupils_ends_sealed(tmp_path: Path) -> None:
    """TT26: generated, recomputed, laid out, signed, sealed and verified like any other; the class of 45 below has TT22."""
    out = tmp_path / "year"
    code, report, told = rehearse(out, "--students", "6", "--regime", "tt26")
    check(out, code, report, 6, "2020-2021")
    assert "sign_subject" in report["stages"] and "verify" in told
    left = (
        subprocess.run(["pgrep", "-f", str(out)], capture_output=True, text=True, check=False).stdout
        if shutil.which("pgrep")
        else ""
    )
    assert left == "", "a process was left behind"
    file = next(out.glob("records/*/results-*.pdf"))
    words = " ".join("".join(page.extract_text() for page in PdfReader(file).pages).split())
    assert "Hạnh kiểm" in words and "Học lực" in words
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    root = x509.load_pem_x509_certificate((out / "trust" / "root.pem").read_bytes()).public_bytes(Encoding.DER)
    [verdict] = examine([(file.name, file.read_bytes(), None)], [root], issuers_beside(out / "trust" / "root.pem"))
    assert (verdict.verdict, verdict.integrity, verdict.issued_here) == ("valid", "intact", True), verdict.reasons
    assert len([item for item in verdict.signatures if item.role != "archive"]) >= SUBJECTS + AFTER
    if shutil.which("pdfsig"):
        assert signatures_by_pdfsig(file) >= SUBJECTS + AFTER


@pytest.mark.timeout(600)
def test_a_year_with_special_cases_ends_sealed_and_says_what_was_played(tmp_path: Path) -> None:
    """In a primary school, where few people sign; the table is what the other levels have too."""
    out = tmp_path / "year"
    code, report, _ = rehearse(out, "--students", "22", "--special", level="primary")
    assert (code, report["failures"], report["students"]) == (0, [], 22)
    played = {row["case"]: row for row in report["special"]}
    assert all(row["ok"] for row in played.values())
    happened = {case for case, row in played.items() if row["count"]}
    assert {
        "Chuyển đến, không có học kì I",
        "Chuyển đi giữa năm",
        "Đánh giá lại, rèn luyện trong hè",
        "Chữ rời dấu (NFD) từ SMAS",
        *WORDS.values(),
    } <= happened, "each exception of the law is played"
    assert report["documents"] == 3 * 24, "22 at the year's end and two who left with their records"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_class_of_45(tmp_path: Path) -> None:
    out = tmp_path / "year"
    code, report, _ = rehearse(out, "--students", "45")
    check(out, code, report, 45)
    if shutil.which("pdfsig"):
        for file in sorted(out.glob("records/*/results-*.pdf")):
            assert signatures_by_pdfsig(file) >= SUBJECTS + AFTER, file.parent.name


def test_a_folder_with_other_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "hocba_app.cli", "rehearse", "--students", "6", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "--out" in done.stderr and (tmp_path / "documents").exists()
