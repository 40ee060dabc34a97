"""Before a lock: what is missing or wrong, pupil by pupil, and who is left out by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session, select

from hocba_app.models import Document, Enrolment, SchoolClass, Staff, Student, StudentResult
from hocba_app.services.records.signers import PlannedSlot, planned_slots
from hocba_app.services.records.snapshot import result_of, subject_codes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend. A blocking one keeps its pupil out of the lock."""

    severity: Literal["blocking", "warning"]
    text: str


@dataclass(slots=True)
class Candidate:
    """One pupil of the class and whether his document can be locked now."""

    student: Student
    findings: list[Finding] = field(default_factory=list)
    left_out: str = ""
    """Why he is left out by default; "" when he is not."""
    slots: list[PlannedSlot] = field(default_factory=list)
    locked: bool = False

    @property
    def can_lock(self) -> bool:
        return not self.locked and not any(finding.severity == "blocking" for finding in self.findings)


def candidates(session: Session, kind: str, school_class: SchoolClass, *, accept_mismatches: bool = False) -> list[Candidate]:
    """Every pupil of a class with his findings, in class-list order.

    Args:
        accept_mismatches: an office member has seen that submitted results differ from the rules and locks all the same.
    """
    states = dict(
        session.exec(
            select(Document.student_id, Document.state).where(
                Document.kind == kind, Document.school_year == ("" if kind == "cover" else school_class.school_year)
            )
        ).all()
    )
    rows = session.exec(
        select(Student, Enrolment)
        .join(Enrolment, (Enrolment.student_id == Student.id) & (Enrolment.school_id == Student.school_id))
        .where(Enrolment.class_id == school_class.id, Enrolment.active.is_(True))  # type: ignore[attr-defined]
        .order_by(Student.sort_name, Student.id)
    ).all()
    working = {staff.id: staff for staff in session.exec(select(Staff)).all()}
    found = []
    for student, enrolment in rows:
        candidate = Candidate(student, locked=states.get(student.id, "open") != "open")
        result = result_of(session, student.id, school_class.school_year)
        candidate.slots = planned_slots(session, kind, school_class, subject_codes(session, result))
        _person(candidate)
        if kind != "cover":
            _results(candidate, kind, result, accept_mismatches, enrolment)
        _signers(candidate, working)
        if enrolment.status in ("moved_out", "left") and kind != "results":
            candidate.left_out = candidate.left_out or "Học sinh đã chuyển đi hoặc thôi học."
        found.append(candidate)
    return found


def _person(candidate: Candidate) -> None:
    student = candidate.student
    if not student.full_name or not student.birth_date:
        candidate.findings.append(Finding("blocking", "Thiếu họ tên hoặc ngày sinh."))
    if not student.id_number:
        candidate.findings.append(Finding("warning", "Chưa có số định danh cá nhân."))
    if not student.photo_sha256:
        candidate.findings.append(Finding("warning", "Chưa có ảnh."))


def _results(candidate: Candidate, kind: str, result: StudentResult | None, accept: bool, enrolment: Enrolment) -> None:
    if result is None:
        candidate.findings.append(Finding("blocking", "Chưa có kết quả học tập của năm học."))
        return
    payload = result.payload
    leaving = enrolment.status in ("moved_out", "left")
    missing = [entry["subject_code"] for entry in payload.get("subjects", []) if not entry.get("year")]
    if kind == "results" and missing and not leaving:
        candidate.findings.append(Finding("blocking", f"Thiếu kết quả cả năm: {', '.join(missing)}."))
    if payload.get("promotion") == "reassess":
        candidate.left_out = "Đánh giá lại trong hè: chốt sau khi có kết quả."
    elif payload.get("promotion") is None and not leaving:
        candidate.findings.append(Finding("blocking", "Chưa có kết luận lên lớp."))
    for mismatch in result.mismatches:
        text = f"{mismatch['field']}: đã nộp {mismatch['submitted']}, tính lại {mismatch['computed']} ({mismatch['rule']})."
        candidate.findings.append(Finding("warning" if accept else "blocking", text))


def _signers(candidate: Candidate, working: dict[str, Staff]) -> None:
    for slot in candidate.slots:
        if slot.stage == "seal":
            continue
        staff = working.get(slot.staff_id or "")
        if staff is None or not staff.active:
            candidate.findings.append(Finding("blocking", f"Chưa có người ký ô {slot.field}."))
        elif not (staff.id_number or staff.old_id_number):
            candidate.findings.append(Finding("blocking", f"{staff.full_name} chưa có số định danh trên SMAS."))
