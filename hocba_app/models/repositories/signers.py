"""Queries on who signs with what: keys, images, signing assignments, delegations, and slots that wait for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import String, Text, and_, cast, func
from sqlalchemy import select as core_select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, col, select

from hocba_app.domain.signing_titles import same_capacity
from hocba_app.models import (
    SEAL,
    Account,
    Delegation,
    Document,
    DocumentVersion,
    Lease,
    SchoolClass,
    SignatureImage,
    SigningAssignment,
    SigningKey,
    SigningSettings,
    Slot,
    Staff,
    StudentResult,
    Subject,
    TeachingAssignment,
)
from hocba_app.models.repositories.membership import memberships, of_classes
from hocba_app.models.repositories.prepared_queries import among, own_school, rows_of
from hocba_app.models.repositories.records import chunks


def principal(session: Session) -> Staff | None:
    """The school's principal; where the data name several, the one with the lowest code."""
    return session.exec(
        select(Staff).where(Staff.position == "principal", col(Staff.active)).order_by(Staff.code).limit(1)
    ).first()


def staff_of(session: Session, *, active: bool = True) -> list[Staff]:
    """The staff list, by code.

    Args:
        active: only who is on the list now.
    """
    query = select(Staff).order_by(Staff.code)
    return list(session.exec(query.where(col(Staff.active)) if active else query).all())


def settings_row(session: Session) -> SigningSettings | None:
    """Who signs covers and who seals, where it was set."""
    return session.exec(select(SigningSettings)).first()


def delegations_in_force(session: Session, day: str) -> list[Delegation]:
    """Delegations not revoked whose dates hold this day (ISO), newest first. One to somebody who is no vice-principal any more – he
    left, or is the principal now – gives nobody a right (`domain.signing_authority`)."""
    still_deputy = (
        (col(Staff.school_id) == Delegation.school_id)
        & (col(Staff.id) == Delegation.deputy_id)
        & col(Staff.active)
        & (col(Staff.position) == "vice_principal")
    )
    return list(
        session.exec(
            select(Delegation)
            .join(Staff, still_deputy)
            .where(col(Delegation.revoked_at).is_(None), Delegation.from_date <= day, Delegation.to_date >= day)
            .order_by(col(Delegation.created_at).desc(), col(Delegation.id).desc())
        ).all()
    )


def all_delegations(session: Session) -> list[Delegation]:
    """Every delegation there ever was, newest dates first."""
    return list(
        session.exec(select(Delegation).order_by(col(Delegation.from_date).desc(), col(Delegation.id).desc())).all()
    )


def key_of(session: Session, owner: str) -> SigningKey | None:
    """The signing key of a person (staff id) or of the seal."""
    return session.exec(select(SigningKey).where(SigningKey.owner == owner)).first()


def keys(session: Session) -> dict[str, SigningKey]:
    """Every signing key of the school, by owner."""
    return {key.owner: key for key in session.exec(select(SigningKey)).all()}


def image_times(session: Session) -> dict[str, object]:
    """When each owner's newest signature image was made, without reading the images."""
    return dict(
        session.exec(
            select(SignatureImage.owner, func.max(SignatureImage.created_at)).group_by(SignatureImage.owner)
        ).all()
    )


def newest_images(session: Session, owners: Sequence[str]) -> dict[str, SignatureImage]:
    """The image that counts for each of these owners."""
    found: dict[str, SignatureImage] = {}
    for chunk in chunks(owners):
        for row in session.exec(
            select(SignatureImage)
            .where(col(SignatureImage.owner).in_(chunk))
            .order_by(col(SignatureImage.created_at), col(SignatureImage.id))
        ).all():
            found[row.owner] = row
    return found


def classes_of(session: Session, school_year: str) -> list[SchoolClass]:
    """The classes of a school year in the order people name them."""
    found = session.exec(
        select(SchoolClass).where(SchoolClass.school_year == school_year, col(SchoolClass.active))
    ).all()
    return sorted(found, key=lambda row: (row.grade, len(row.name), row.name))


def years(session: Session) -> list[str]:
    """School years that have classes, the newest first."""
    return sorted(
        session.exec(select(SchoolClass.school_year).where(col(SchoolClass.active)).distinct()).all(), reverse=True
    )


def subjects_by_code(session: Session) -> dict[str, Subject]:
    """Subjects by code."""
    return {subject.code: subject for subject in session.exec(select(Subject)).all()}


class _CodesInResults(FunctionElement[str]):
    """The subject codes of a ``StudentResult.payload`` as a JSON array: the database reads 2,500 of them in a tenth of the
    time that Python takes to decode them whole."""

    inherit_cache = True
    name = "codes_in_results"
    type = String()


@compiles(_CodesInResults, "sqlite")
def _in_sqlite(element: _CodesInResults, compiler: Any, **options: Any) -> str:
    payload = compiler.process(element.clauses, **options)
    return f"(SELECT json_group_array(json_extract(entry.value, '$.subject_code')) FROM json_each({payload}, '$.subjects') AS entry)"  # noqa: S608 - our own names


@compiles(_CodesInResults, "postgresql")
def _in_postgresql(element: _CodesInResults, compiler: Any, **options: Any) -> str:
    return f"CAST(jsonb_path_query_array({compiler.process(element.clauses, **options)}, '$.subjects[*].subject_code') AS text)"


@cache
def _codes_by_class() -> Any:
    member = memberships(of_classes())
    return (
        core_select(member.c.class_id, _CodesInResults(col(StudentResult.payload)))
        .join(
            StudentResult,
            and_(
                own_school(StudentResult),
                col(StudentResult.student_id) == member.c.student_id,
                col(StudentResult.school_year) == member.c.school_year,
            ),
        )
        .where(member.c.counts, among(member.c.class_id, "classes"))
        .distinct()
    )


def subject_codes_in_results(session: Session, class_ids: Sequence[str]) -> dict[str, set[str]]:
    """Subjects that pupils of each class have results in. By the class a pupil belongs to today."""
    found: dict[str, set[str]] = {}
    for chunk in chunks(class_ids):
        for class_id, codes in rows_of(session, _codes_by_class(), classes=list(chunk)):
            found.setdefault(class_id, set()).update(json.loads(codes))
    return found


def teaching_rows(session: Session, class_ids: Sequence[str]) -> list[tuple[str, str, str, int, str]]:
    """``(class id, subject code, staff id, position, term)`` of every teaching assignment of these classes."""
    found: list[tuple[str, str, str, int, str]] = []
    for chunk in chunks(class_ids):
        found += session.exec(
            select(  # type: ignore[call-overload]  # SQLModel types four columns at most
                TeachingAssignment.class_id,
                Subject.code,
                TeachingAssignment.staff_id,
                TeachingAssignment.position,
                TeachingAssignment.term,
            )
            .join(
                Subject,
                (col(TeachingAssignment.subject_id) == Subject.id)
                & (col(TeachingAssignment.school_id) == Subject.school_id),
            )
            .where(col(TeachingAssignment.class_id).in_(chunk), col(TeachingAssignment.active))
        ).all()
    return [tuple(row) for row in found]  # type: ignore[misc] # a row is a tuple of its columns


def signing_assignments(session: Session, class_ids: Sequence[str]) -> list[SigningAssignment]:
    """The signing assignments of these classes."""
    found: list[SigningAssignment] = []
    for chunk in chunks(class_ids):
        found += session.exec(select(SigningAssignment).where(col(SigningAssignment.class_id).in_(chunk))).all()
    return found


def unsigned_slots(
    session: Session, *, slot_ids: Sequence[str] | None = None, class_id: str = ""
) -> list[tuple[Slot, Document, DocumentVersion]]:
    """Slots of current versions that nobody has signed: those asked for by id, or all of a class's documents."""
    query = (
        select(Slot, Document, DocumentVersion)
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(
            DocumentVersion,
            (col(DocumentVersion.id) == Slot.version_id) & (col(DocumentVersion.school_id) == Slot.school_id),
        )
        .where(
            col(Slot.signed_at).is_(None),
            Document.version_id == Slot.version_id,
            col(Document.state).in_(("locked", "signing")),
        )
        .order_by(col(Document.id), col(Slot.position))
    )
    if slot_ids is None:
        return [tuple(row) for row in session.exec(query.where(Document.class_id == class_id)).all()]  # type: ignore[misc] # a row is a tuple of its columns
    found: list[tuple[Slot, Document, DocumentVersion]] = []
    for chunk in chunks(list(dict.fromkeys(slot_ids))):
        found += [tuple(row) for row in session.exec(query.where(col(Slot.id).in_(chunk))).all()]  # type: ignore[misc] # a row is a tuple of its columns
    return found


def leased_versions(session: Session, version_ids: Iterable[str]) -> set[str]:
    """Which of these versions a batch holds now."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(version_ids))):
        found.update(
            session.exec(
                select(Lease.version_id).where(col(Lease.version_id).in_(chunk), col(Lease.released_at).is_(None))
            ).all()
        )
    return found


class AtHeadsStep(NamedTuple):
    """Unsigned slots of locked documents at the head's step that wait for one person under one title."""

    staff_id: str | None
    caption: tuple[str, ...]
    slots: int


def waiting_at_heads_step(session: Session, kind: str) -> list[AtHeadsStep]:
    """For whom the unsigned slots of the head's step wait, of one kind of document."""
    person, caption = col(Slot.staff_id), cast(col(Slot.caption), Text)
    query = _at_heads_step(select(person, caption, func.count()), kind).group_by(person, caption)
    return [AtHeadsStep(each, tuple(json.loads(words)), count) for each, words, count in session.exec(query)]


def slots_waiting_elsewhere(session: Session, kind: str, staff_id: str, caption: Sequence[str]) -> list[str]:
    """Ids of those that wait for another person, or for this one under another title."""
    query = _at_heads_step(select(Slot.id, Slot.staff_id, Slot.caption), kind).order_by(col(Slot.id))
    return [
        row.id for row in session.exec(query) if row.staff_id != staff_id or not same_capacity(row.caption, caption)
    ]


def _at_heads_step(query: Any, kind: str) -> Any:
    return query.join(
        Document, (col(Document.version_id) == Slot.version_id) & (col(Document.school_id) == Slot.school_id)
    ).where(
        Document.kind == kind,
        Slot.stage == "principal",
        col(Slot.signed_at).is_(None),
        col(Document.state).in_(("locked", "signing")),
    )


def unsigned_by_place(session: Session, class_ids: Sequence[str]) -> list[tuple[str, str, str, str | None, int]]:
    """``(class id, kind, field, staff id, slots)`` of the classes' locked documents that still wait for a person."""
    found: list[tuple[str, str, str, str | None, int]] = []
    for chunk in chunks(class_ids):
        rows = session.exec(
            select(Document.class_id, Document.kind, Slot.field, Slot.staff_id, func.count())  # type: ignore[call-overload] # SQLModel types four columns at most
            .join(Slot, (col(Slot.version_id) == Document.version_id) & (col(Slot.school_id) == Document.school_id))
            .where(
                col(Document.class_id).in_(chunk),
                col(Slot.signed_at).is_(None),
                Slot.stage != SEAL,
                col(Document.state).in_(("locked", "signing")),
            )
            .group_by(Document.class_id, Document.kind, Slot.field, Slot.staff_id)
        ).all()
        found += [tuple(row) for row in rows]
    return found


def signs_here(session: Session, staff_id: str) -> bool:
    """Whether a person has an account he uses (the sync makes one for everybody), a signing key, or a signature on a record."""
    account = select(Account.id).where(Account.staff_id == staff_id, col(Account.password_hash).is_not(None))
    key = select(SigningKey.id).where(SigningKey.owner == staff_id, SigningKey.provider_user != "")
    signed = select(Slot.id).where(Slot.staff_id == staff_id, col(Slot.signed_at).is_not(None))
    return any(session.exec(query.limit(1)).first() is not None for query in (account, key, signed))


def newest_image(session: Session, owner: str) -> SignatureImage | None:
    """The image that counts for a person (a staff id) or for the seal."""
    query = select(SignatureImage).where(SignatureImage.owner == owner)
    newest = query.order_by(col(SignatureImage.created_at).desc(), col(SignatureImage.id).desc()).limit(1)
    return session.exec(newest).first()


def still_unsigned(session: Session, slot_ids: Sequence[str], staff_id: str) -> set[str]:
    """Those of the slots that are this person's and not signed."""
    found: set[str] = set()
    for chunk in chunks(slot_ids):
        query = select(Slot.id).where(col(Slot.id).in_(chunk), Slot.staff_id == staff_id, col(Slot.signed_at).is_(None))
        found.update(session.exec(query).all())
    return found
