"""Locked records against newer data: what differs is noted field by field; the locked snapshot itself is never touched.

Workflow rule 6. The comparison starts from what the source says now about the pupil – where he belongs, what he is called,
his results –, never from what was locked: a class corrected or merged, an enrolment or a pupil cancelled is a difference. A
changed *number* of signers is the pre-check's matter (core decision 10).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlmodel import Session

from hocba_app.domain.levels import level_of_grade
from hocba_app.domain.membership import Membership
from hocba_app.domain.snapshot_differences import Difference, differences, is_out_of_date, vanished
from hocba_app.models import SchoolClass
from hocba_app.models.repositories import membership
from hocba_app.models.repositories.batches import serialise
from hocba_app.models.repositories.locked_records import LockedRecord, known_classes, locked_records
from hocba_app.models.repositories.records import chunks
from hocba_app.services.records.snapshot import Sources, load_sources, snapshot_from


def refresh_out_of_date(
    session: Session,
    student_ids: Collection[str] | None = None,
    *,
    class_ids: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
) -> int:
    """Compare locked current versions with what their snapshots would be now and note it on the documents.

    Call it in the transaction that wrote the data. Nothing changes where nothing differs, and what is no longer
    different is no longer noted.

    Args:
        session: write session of the school, its changes flushed.
        student_ids: pupils to look at; None for all.
        class_ids: only documents locked in these classes, or of pupils on their lists, as far as the source knows the classes;
            of a class that is cancelled, the list of enrolments says what became of the pupils. None for all.
        kinds: only these kinds of document; None for all.

    Returns:
        How many documents became out of date in an essential field by this.
    """
    known = None if class_ids is None else known_classes(session, class_ids)
    newly = 0
    # A lock that opens records at this moment is waited for, and seen; one that comes after reads the new data.
    serialise(session)
    for chosen in chunks(sorted(student_ids)) if student_ids is not None else (None,):
        newly += _compare(session, locked_records(session, chosen, class_ids=known, kinds=kinds))
    session.flush()
    return newly


def _compare(session: Session, rows: list[LockedRecord]) -> int:
    """Note the differences of these documents; what they are built from is read once a class."""
    members = _places(session, rows)
    by_class: dict[str, list[LockedRecord]] = {}
    for row in rows:
        member = members.get(row.document.id)
        by_class.setdefault(member.class_id if member is not None else row.locked_in.id, []).append(row)
    newly = 0
    for class_id, of_class in by_class.items():
        school_class = session.get_one(SchoolClass, (session.info["school_id"], class_id))
        sources = load_sources(session, school_class, sorted({row.student.id for row in of_class}))
        for row in of_class:
            found = _found(sources, row, members.get(row.document.id)) or None
            if found != row.document.out_of_date:
                newly += is_out_of_date(found) and not is_out_of_date(row.document.out_of_date)
                row.document.out_of_date = found
                session.add(row.document)
    return newly


def _places(session: Session, rows: Iterable[LockedRecord]) -> dict[str, Membership]:
    """Where the pupil of each document belongs now, by document; who belongs nowhere is not in it."""
    pupils: dict[str, set[str]] = {}
    for row in rows:
        pupils.setdefault(row.school_year, set()).add(row.student.id)
    of_year = {year: membership.memberships_of(session, students, year) for year, students in pupils.items()}
    found = {}
    for row in rows:
        member = of_year[row.school_year].get(row.student.id)
        if member is None and row.document.kind == "cover":  # of no year: he may have come back in another
            member = _newest_membership(session, row)
        if member is not None:
            found[row.document.id] = member
    return found


def _newest_membership(session: Session, row: LockedRecord) -> Membership | None:
    """Where the owner of a cover was last, in the grades of its level."""
    for member in membership.memberships_of_pupil(session, row.student.id).values():
        school_class = session.get_one(SchoolClass, (session.info["school_id"], member.class_id))
        if level_of_grade(school_class.grade) == row.document.level:
            return member
    return None


def _found(sources: Sources, row: LockedRecord, member: Membership | None) -> list[Difference]:
    locked = row.version.snapshot
    current = snapshot_from(sources, row.document.kind, row.student, (), code="", url="", locked=locked)
    gone = [vanished(locked, known=row.student.active)] if member is None else []
    return gone + differences(locked, current)
