"""Teachers sign while a workbook is imported: between any two of its steps nothing is held, each signs at once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hocba_app.services.sync import steps
from tests.integration.signing.test_chain import lock, sign
from tests.integration.simulators.mysign_rig import Rig
from tests.integration.sync.importing import import_workbook
from tests.integration.sync.test_excel import SUBJECTS, book
from tests.integration.sync.test_steps import rows_by_transaction
from tests.school import SmallSchool

PUPILS, CHUNK = 60, 6
SIGNED_AT = {3: "TOAN", 9: "VAN", 15: "GDTC"}
"""Breath of the import → who signs his whole class in it, from the tap to the last document."""


def workbook() -> bytes:
    codes = [f"MOI{number:03d}" for number in range(PUPILS)]
    heads = ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Mã lớp"]
    return book(
        classes=[["Mã lớp", "Tên lớp", "Khối", "Thông tư đánh giá", "Mã GVCN"], ["7B1", "7B1", "7", "TT22", "GV002"]],
        subjects=SUBJECTS[:2],
        pupils=[heads, *([code, f"Nguyễn {code}", "06/05/2013", "Nữ", "7B1"] for code in codes)],
        marks=[["Mã HS", "Mã môn", "Cả năm"], *([code, "TOAN", "8,4"] for code in codes)],
    )


@pytest.mark.timeout(600)
def test_who_signs_beside_an_import_waits_for_one_step_at_most(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    for name in ("_MIN_CHUNK", "_FIRST_CHUNK", "_MAX_CHUNK"):
        monkeypatch.setattr(steps, name, CHUNK)
    breaths: list[int] = []
    signed: dict[int, str] = {}

    def breathe(_seconds: float) -> None:
        breaths.append(1)
        if part := SIGNED_AT.get(len(breaths)):
            signed[len(breaths)] = sign(small, outside[0], part).state

    with rows_by_transaction(small.db) as counted:
        monkeypatch.setattr(steps, "time", SimpleNamespace(sleep=breathe, monotonic=steps.time.monotonic))
        report = import_workbook(small.db, small.people["admin"], workbook())
    assert report.problems == [] and report.counts["new"] >= 3 * PUPILS
    assert signed == dict.fromkeys(SIGNED_AT, "committed"), "in the middle of the import, not when it was over"
    assert len(breaths) > max(SIGNED_AT) and max(counted) <= CHUNK
