"""What a signer's page offers, class by class: counted in the database, for hundreds of records are a dozen lines of a page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import SEAL, Database
from hocba_app.models.repositories import signing_queue as due_rows
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.cache import school_cache
from hocba_app.services.signing.authority import post_refusals
from hocba_app.services.signing.signer_inbox import Waiting, held_documents, waiting_for


@dataclass(frozen=True, slots=True)
class WaitingGroup:
    """What waits for the signer of one class, kind, stage and subject: one tap signs it."""

    stage: str
    kind: str
    school_year: str
    class_id: str
    class_name: str
    grade: int
    subjects: tuple[str, ...]
    waiting: int
    ready: int
    reasons: frozenset[ErrorCode]
    """Why the others are not ready."""


def my_groups(db: Database, who: Identity) -> list[WaitingGroup]:
    """What this person's page offers to sign, class by class."""
    with db.read(who.school_id) as session:
        return groups_for(session, who)


def subject_words(db: Database, who: Identity) -> dict[str, str]:
    """Names of the school's subjects by code."""
    return school_cache.memoize_per_school(db, who.school_id, "subjects", due_rows.subject_names)


def groups_for(session: Session, who: Identity) -> list[WaitingGroup]:
    """The same as :func:`waiting_for`, counted in the database: hundreds of records are a dozen lines of a page."""
    found: list[WaitingGroup] = []
    if who.staff_id is not None:
        groups = due_rows.due_groups(session, who.staff_id)
        refused = post_refusals(session, who, [(row.stage, row.kind) for row in groups])
        held = _held_in_groups(session, who.staff_id)
        for row in groups:
            codes = [ErrorCode.DOCUMENT_BUSY] if row.busy else []
            ready = row.waiting - row.busy
            for reason, count in held.get(_group_key(row), {}).items():
                codes.append(reason)
                ready -= count
            if (code := refused.get((row.stage, row.kind))) is not None:
                codes, ready = [code], 0
            found.append(
                WaitingGroup(
                    row.stage,
                    row.kind,
                    row.school_year,
                    row.class_id,
                    row.class_name,
                    row.grade,
                    tuple(row.subjects),
                    row.waiting,
                    ready,
                    frozenset(codes),
                )
            )
    if "seal_operator" in who.roles:
        by_group: dict[tuple[str, str, str], list[Waiting]] = {}
        for item in waiting_for(session, who, stage=SEAL):
            by_group.setdefault((item.class_id, item.kind, item.school_year), []).append(item)
        for (class_id, kind, year), items in by_group.items():
            reasons = frozenset(item.reason for item in items if item.reason is not None)
            ready = sum(item.ready for item in items)
            found.append(
                WaitingGroup(
                    SEAL,
                    kind,
                    year,
                    class_id,
                    items[0].class_name,
                    items[0].grade,
                    items[0].subjects,
                    len(items),
                    ready,
                    reasons,
                )
            )
    return found


def _group_key(row: due_rows.DueGroup | due_rows.DueOfDocument) -> tuple[str, ...]:
    return (row.stage, row.kind, row.school_year, row.class_id, *row.subjects)


def _held_in_groups(session: Session, staff_id: str) -> dict[tuple[str, ...], Counter[ErrorCode]]:
    """By group, how many of a person's slots are held by a report or by an unlock that goes on, and by no batch."""
    held: dict[tuple[str, ...], Counter[ErrorCode]] = {}
    reasons = held_documents(session)
    for row in due_rows.due_in_documents(session, staff_id, reasons):
        if not row.busy:
            held.setdefault(_group_key(row), Counter())[reasons[row.document_id]] += 1
    return held
