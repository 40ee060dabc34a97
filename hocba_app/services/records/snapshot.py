"""Building a snapshot from the synced tables: what the record would say if it were locked now."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, select

from hocba_app.domain.snapshot import SNAPSHOT_FORMAT, Snapshot, normalise
from hocba_app.models import Enrolment, HistoryEntry, School, SchoolClass, Student, StudentResult, Subject
from hocba_app.services.records.signers import PlannedSlot

_DETAILS = (
    "ethnic_group", "birth_place", "nationality", "home_town", "address", "register_number", "admission_date",
    "priority_category", "father_name", "father_job", "mother_name", "mother_job", "guardian_name", "guardian_job",
)


def subject_codes(session: Session, result: StudentResult | None) -> list[str]:
    """The pupil's subjects in the order of the form."""
    if result is None:
        return []
    order = {subject.code: subject.position for subject in session.exec(select(Subject)).all()}
    codes = [entry["subject_code"] for entry in result.payload.get("subjects", [])]
    return sorted(codes, key=lambda code: (order.get(code, 999), code))


def build_snapshot(
    session: Session, kind: str, student: Student, school_class: SchoolClass, slots: list[PlannedSlot], *, code: str, url: str
) -> Snapshot:
    """The frozen content of one document.

    Args:
        slots: as :func:`hocba_app.services.records.signers.planned_slots` gives them.
        code: the public code of the version.
        url: what its QR holds.
    """
    school = session.get_one(School, session.info["school_id"])
    content: dict[str, Any] = {
        "format": SNAPSHOT_FORMAT, "kind": kind,
        "school": {
            "code": school.code, "name": school.name, "level": school.level, "commune": school.commune, "province": school.province,
            "department": school.department, "tax_code": school.tax_code,
        },
        "student": _student(student, whole=kind == "cover"),
        "school_year": None if kind == "cover" else school_class.school_year,
        "class_name": school_class.name, "grade": school_class.grade, "place": school.commune,
        "verification": {"code": code, "url": url},
        "slots": [{"field": slot.field, "stage": slot.stage, "rows": list(slot.rows)} for slot in slots],
    }
    result = result_of(session, student.id, school_class.school_year)
    if kind == "results" and result is not None:
        content["results"] = _results(session, student, school_class, result)
    if kind == "history":
        content["history"] = _history(session, student, school_class, school, result)
    return normalise(content)


def result_of(session: Session, student_id: str, school_year: str) -> StudentResult | None:
    """The pupil's results of a school year, when they were synced."""
    return session.exec(
        select(StudentResult).where(StudentResult.student_id == student_id, StudentResult.school_year == school_year)
    ).first()


def _student(student: Student, *, whole: bool) -> dict[str, Any]:
    basic: dict[str, Any] = {
        "code": student.code, "full_name": student.full_name, "birth_date": student.birth_date, "sex": student.sex, "id_number": student.id_number,
    }
    if whole:
        basic |= {key: student.details.get(key) for key in _DETAILS} | {"photo_sha256": student.photo_sha256}
    return basic


def _results(session: Session, student: Student, school_class: SchoolClass, result: StudentResult) -> dict[str, Any]:
    payload = result.payload
    subjects = {subject.code: subject for subject in session.exec(select(Subject)).all()}
    entries = {entry["subject_code"]: entry for entry in payload.get("subjects", [])}
    rows = []
    for code in subject_codes(session, result):
        subject, entry = subjects[code], entries[code]
        rows.append(
            {"code": code, "name": subject.name, "kind": subject.kind}
            | {key: entry.get(key) for key in ("term1", "term2", "year", "reassessed", "comment", "note")}
        )
    copied = (
        "regime", "learning", "training", "absences", "promotion", "promotion_note", "title", "awards", "certificates",
        "homeroom_comment", "homeroom_comment_after_summer", "programme_completed",
    )
    return {key: payload.get(key) for key in copied} | {"subjects": rows, "departure": _departure(session, student, school_class)}


def _departure(session: Session, student: Student, school_class: SchoolClass) -> str | None:
    row = session.exec(
        select(Enrolment).where(
            Enrolment.student_id == student.id, Enrolment.class_id == school_class.id, Enrolment.status.in_(("moved_out", "left"))  # type: ignore[attr-defined]
        )
    ).first()
    if row is None or not row.to_date:
        return None
    year, month, day = row.to_date.split("-")
    return f"{'Chuyển đi' if row.status == 'moved_out' else 'Thôi học'} ngày {day}/{month}/{year}"


def _history(
    session: Session, student: Student, school_class: SchoolClass, school: School, result: StudentResult | None
) -> list[dict[str, Any]]:
    rows = [
        {key: entry.payload.get(key) for key in ("school_year", "class_name", "school_name", "commune", "province", "outcome", "note")}
        for entry in session.exec(
            select(HistoryEntry)
            .where(
                HistoryEntry.student_id == student.id, HistoryEntry.active.is_(True),  # type: ignore[attr-defined]
                HistoryEntry.school_year < school_class.school_year,
            )
            .order_by(HistoryEntry.school_year)
        ).all()
    ]
    promotion = result.payload.get("promotion") if result is not None else None
    rows.append(
        {
            "school_year": school_class.school_year, "class_name": school_class.name, "school_name": school.name, "commune": school.commune,
            "province": school.province, "outcome": promotion if promotion in ("promoted", "retained") else None,
            "note": result.payload.get("promotion_note") if result is not None else None,
        }
    )
    return rows
