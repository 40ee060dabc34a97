"""A school of 900 pupils' size around the played class: classes, pupils, staff with accounts; put there and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import SQLModel, select

from hocba_app.models import (
    Account,
    Enrolment,
    School,
    SchoolClass,
    Staff,
    Student,
    Subject,
    TeachingAssignment,
)
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.services.audit.log import notify_all

CLASSES, PUPILS, STAFF = 23, 888, 60


@contextmanager
def crowded(school: PlayedSchool) -> Iterator[None]:
    """While inside, the school's lists are as long as in real life."""
    with school.db.installation() as session:
        year = session.get_one(School, school.school_id).current_year
    layers: list[list[SQLModel]] = []
    with school.db.write(school.school_id) as session:

        def add(rows: list[SQLModel]) -> None:
            session.add_all(rows)
            session.flush()
            layers.append(rows)

        staff = [
            Staff(source_id=f"cr{n}", code=f"CR{n:03}", full_name=f"Huỳnh Thị Đông Người {n}", position="teacher")
            for n in range(STAFF)
        ]
        add(list(staff))
        add([Account(username=f"cr{each.code}", staff_id=each.id, full_name=each.full_name) for each in staff])
        classes = [
            SchoolClass(
                source_id=f"cr{n}", code=f"CR{n}", name=f"{6 + n % 4}C{n}", grade=6 + n % 4, regime="TT22",
                school_year=year, homeroom_staff_id=staff[n].id,
            )
            for n in range(CLASSES)
        ]  # fmt: skip
        add(list(classes))
        pupils = [
            Student(source_id=f"cr{n}", code=f"CR{n:09}", full_name=f"Nguyễn Hoàng Đông Đúc {n}", sort_name=f"đúc {n}")
            for n in range(PUPILS)
        ]
        add(list(pupils))
        subjects = list(session.exec(select(Subject)).all())
        if not subjects:
            subjects = [
                Subject(source_id=f"cr{n}", code=f"CR{n}", name=f"Môn học {n}", kind="marked") for n in range(12)
            ]
            add(list(subjects))
        add(
            [
                TeachingAssignment(
                    source_id=f"cr{n}-{m}", class_id=of.id, subject_id=subject.id, staff_id=staff[(n + m) % STAFF].id
                )
                for n, of in enumerate(classes)
                for m, subject in enumerate(subjects)
            ]
        )
        add(
            [
                Enrolment(source_id=f"cr{n}", student_id=each.id, class_id=classes[n % CLASSES].id, school_year=year)
                for n, each in enumerate(pupils)
            ]
        )
        notify_all(session)
        ids = [(type(rows[0]), [row.id for row in rows]) for rows in layers]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        with school.db.write(school.school_id) as session:
            for table, keys in reversed(ids):
                for row in session.exec(select(table).where(table.id.in_(keys))).all():  # type: ignore[attr-defined]
                    session.delete(row)
                session.flush()
            notify_all(session)
