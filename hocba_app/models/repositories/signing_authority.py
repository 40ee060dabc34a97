"""Facts of the rule who may sign a slot now (`domain.signing_authority`): the person, the pupil's other documents, approved unlocks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Text, cast, literal, union_all
from sqlmodel import Session, col, select

from hocba_app.domain.signing_authority import Decision, Signer
from hocba_app.models import (
    Account,
    Delegation,
    Document,
    RecordObjection,
    School,
    SigningSettings,
    Staff,
    UnlockRequest,
)
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of
from hocba_app.models.repositories.records import chunks


def signer_now(session: Session, *, key: str, staff_id: str, account_id: str) -> Signer:
    """Who would sign, with everything that decides it, in one query.

    Args:
        key: whose key he signs with: his staff id, or ``seal``.
        account_id: of the account that asked for it.
    """
    rows = rows_of(session, _signer_now(), person=staff_id, account=account_id)
    if not rows:
        return Signer(key, staff_id, active=False, enabled=False, position="", signs_covers=False, operates_seal=False)
    first = rows[0]
    decisions = tuple(
        Decision(tuple(row.kinds), row.from_date, row.to_date, row.decision_number, row.capacity)
        for row in rows
        if row.kinds is not None
    )
    return Signer(
        key,
        staff_id,
        active=first.active,
        enabled=first.disabled is False,
        position=first.position,
        signs_covers=first.cover_signer_id == staff_id,
        operates_seal=first.seal_operator_id == staff_id,
        decisions=decisions,
        office=first.head_office,
    )


@cache
def _signer_now() -> Any:
    asked = (Account.school_id == Staff.school_id) & (Account.id == given("account"))
    in_force = (
        (col(Delegation.school_id) == Staff.school_id)
        & (col(Delegation.deputy_id) == Staff.id)
        & col(Delegation.revoked_at).is_(None)
    )
    return (
        select(  # type: ignore[call-overload] # SQLModel types four columns at most
            Staff.active,
            Staff.position,
            Account.disabled,
            SigningSettings.cover_signer_id,
            SigningSettings.seal_operator_id,
            Delegation.kinds,
            Delegation.from_date,
            Delegation.to_date,
            Delegation.decision_number,
            Delegation.capacity,
            School.head_office,
        )
        .join(School, School.id == Staff.school_id)
        .join(Account, asked, isouter=True)
        .join(SigningSettings, SigningSettings.school_id == Staff.school_id, isouter=True)
        .join(Delegation, in_force, isouter=True)
        .where(own_school(Staff), Staff.id == given("person"))
        .order_by(col(Delegation.created_at).desc(), col(Delegation.id).desc())
    )


class Closed(NamedTuple):
    """Documents that nobody may sign for the moment."""

    unlocking: frozenset[str]
    """An unlock is approved and waits for a confirmation to end: the gate is closed for every other batch."""
    questioned: frozenset[str]
    """Something on them is reported as wrong, and neither corrected nor answered."""


def closed_documents(session: Session) -> Closed:
    """What nobody may sign for the moment, in one query; a few of a school's."""
    unlocking, questioned = set[str](), set[str]()
    for row in rows_of(session, _closed_documents()):
        if row.questioned:
            questioned.add(row.documents)
        else:
            unlocking.update(json.loads(row.documents))
    return Closed(frozenset(unlocking), frozenset(questioned))


@cache
def _closed_documents() -> Any:
    unlocks = select(literal(0).label("questioned"), cast(UnlockRequest.remaining_ids, Text).label("documents")).where(
        own_school(UnlockRequest), UnlockRequest.state == "approved"
    )
    reports = select(literal(1), cast(RecordObjection.document_id, Text)).where(
        own_school(RecordObjection), RecordObjection.state == "open"
    )
    return union_all(unlocks, reports)


def document_states(
    session: Session, student_ids: Sequence[str], school_year: str, level: str
) -> dict[str, dict[str, tuple[str, str]]]:
    """Per pupil, id and state of his cover of the level and of the year's history and results (for workflow rule 4), by kind."""
    states: dict[str, dict[str, tuple[str, str]]] = {}
    for chunk in chunks(student_ids):
        for row in rows_of(session, _document_states(), students=chunk, years=["", school_year], levels=["", level]):
            states.setdefault(row.student_id, {})[row.kind] = row.id, row.state
    return states


@cache
def _document_states() -> Any:
    return select(Document.id, Document.student_id, Document.kind, Document.state).where(
        own_school(Document),
        among(col(Document.student_id), "students"),
        among(col(Document.school_year), "years"),
        among(col(Document.level), "levels"),
    )
