"""What the database holds of the year's records: which are finished, which are missing, how many signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.levels import level_of_document
from hocba_app.domain.membership import LEAVING
from hocba_app.models import Database, Document, SchoolClass, Slot, Student


def ends_of_list(db: Database, school_id: str, year: str) -> set[str]:
    """Codes of the year's first and last pupil, in the order of codes."""
    from hocba_app.models import Enrolment

    query = (
        select(func.min(Student.code), func.max(Student.code))
        .join(Enrolment, (col(Enrolment.student_id) == Student.id) & (col(Enrolment.school_id) == Student.school_id))
        .where(col(Enrolment.school_year) == year, col(Enrolment.active).is_(True))
    )
    with db.read(school_id) as session:
        return {code for code in session.exec(query).one() if code is not None}


def unsealed(db: Database, school_id: str, year: str) -> list[dict[str, str]]:
    """Documents of the year's pupils, also of those who left, that are missing or did not end sealed: student code, kind, state."""
    from hocba_app.models import Enrolment

    with db.read(school_id) as session:
        pupils = session.exec(
            select(Student.id, Student.code, SchoolClass.grade)
            .join(
                Enrolment, (col(Enrolment.student_id) == Student.id) & (col(Enrolment.school_id) == Student.school_id)
            )
            .join(
                SchoolClass,
                (col(SchoolClass.id) == Enrolment.class_id) & (col(SchoolClass.school_id) == Student.school_id),
            )
            .where(col(Enrolment.school_year) == year, col(Enrolment.active).is_(True))
        ).all()
        states = {
            (student_id, kind, level): state
            for student_id, kind, level, state in session.exec(
                select(Document.student_id, Document.kind, Document.level, Document.state).where(
                    col(Document.school_year).in_(("", year))
                )
            ).all()
        }
    return [
        {"student": code, "document": kind, "reason": state}
        for student_id, code, grade in sorted(set(pupils), key=lambda row: row[1])
        for kind in KINDS
        if (state := states.get((student_id, kind, level_of_document(kind, grade)), "missing")) != "sealed"
    ]


def leavers(db: Database, school_id: str, year: str) -> list[str]:
    """Ids of pupils who left in the course of the year."""
    from hocba_app.models import Enrolment

    with db.read(school_id) as session:
        return list(
            session.exec(
                select(Enrolment.student_id)
                .where(
                    col(Enrolment.school_year) == year,
                    col(Enrolment.active).is_(True),
                    col(Enrolment.status).in_(LEAVING),
                )
                .order_by(Enrolment.student_id)
            ).all()
        )


def codes_at_end(db: Database, school_id: str, year: str) -> set[str]:
    """Codes of the pupils who were there at the year's end."""
    from hocba_app.models import Enrolment

    with db.read(school_id) as session:
        return set(
            session.exec(
                select(Student.code)
                .join(
                    Enrolment,
                    (col(Enrolment.student_id) == Student.id) & (col(Enrolment.school_id) == Student.school_id),
                )
                .where(
                    col(Enrolment.school_year) == year,
                    col(Enrolment.active).is_(True),
                    col(Enrolment.status).not_in(LEAVING),
                )
            ).all()
        )


def signature_count(db: Database, school_id: str) -> int:
    """Signatures in current versions, seals among them."""
    with db.read(school_id) as session:
        return int(
            session.exec(
                select(func.count())
                .select_from(Slot)
                .join(
                    Document,
                    (col(Document.version_id) == Slot.version_id) & (col(Document.school_id) == Slot.school_id),
                )
                .where(col(Slot.signed_at).is_not(None))
            ).one()
        )


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """``report.json``."""
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
