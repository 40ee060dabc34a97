"""Rows of the page "Chốt học bạ": what most of a class shares is said once, and states stand with their documents."""

from __future__ import annotations

from dataclasses import replace

from hocba_app.services.records.preview import LockRow
from hocba_app.state.lock_rows import PupilRow, _standing, said_once

TEACHER = "KQHT: Cô Hoa chưa có số định danh trên SMAS."


def pupil(number: int, *findings: str) -> PupilRow:
    return PupilRow(
        id=str(number), code=f"H{number}", name="An", tone="problem", state_name="Chưa chốt được", chosen=False, fixed=True,
        findings=list(findings), changes=[], previews=[], look=True, needs_reason=False, reason="",
    )  # fmt: skip


def test_a_finding_at_most_of_a_class_is_said_once() -> None:
    rows = [pupil(number, TEACHER, *(["Bìa: Chưa có ảnh."] if number < 2 else [])) for number in range(6)]
    common, shorter = said_once(rows)
    assert common == [f"6 em – {TEACHER}"]
    assert [row.findings for row in shorter] == [["Bìa: Chưa có ảnh."]] * 2 + [["Như nêu chung."]] * 4
    assert [replace(row, findings=[]) for row in shorter] == [replace(row, findings=[]) for row in rows]


def test_a_finding_at_a_few_stays_with_them() -> None:
    rows = [pupil(number, *([TEACHER] if number < 4 else [])) for number in range(8)]
    assert said_once(rows) == ([], rows)


def test_documents_in_one_state_are_named_together() -> None:
    def row(left_out: str) -> LockRow:
        return LockRow("1", "H1", "An", False, None, True, left_out, (), ())

    told = _standing([("cover", row("")), ("history", row("Thi lại")), ("results", row("Thi lại"))])
    assert told == ("wait", "Bìa: sẵn sàng chốt · QTHT, KQHT: để riêng")
