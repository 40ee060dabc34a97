"""What the tables say happened, and what the audit log says: the two sides of one comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.models import AuditEvent, Document, DocumentVersion, HandOut, Job, Revision, Slot

_PAGE = 2_000


def events_after(session: Session, seq: int, groups: tuple[str, ...]) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    """``(seq, action, subject, data)`` of the events of these groups behind a number, in order."""
    while True:
        found = session.exec(
            select(col(AuditEvent.seq), col(AuditEvent.action), col(AuditEvent.subject), col(AuditEvent.data))
            .where(AuditEvent.seq > seq)
            .order_by(col(AuditEvent.seq))
            .limit(_PAGE)
        ).all()
        for number, action, subject, data in found:
            if action.startswith(groups):
                yield number, action, subject, data
        if len(found) < _PAGE:
            return
        seq = found[-1][0]


def documents_and_hand_outs(session: Session) -> set[str]:
    """Ids of everything the events of :func:`events_after` are about."""
    return {*session.exec(select(Document.id)), *session.exec(select(HandOut.id))}


def signed_slots(session: Session) -> Iterator[tuple[str, int, str, str, str | None]]:
    """``(document, version, field, stage, SHA-256 of the file with it)`` of every signed slot."""
    query = (
        select(  # type: ignore[call-overload] # SQLModel types four columns at most
            col(DocumentVersion.document_id),
            col(DocumentVersion.number),
            col(Slot.field),
            col(Slot.stage),
            col(Revision.sha256),
        )
        .join(
            DocumentVersion,
            (col(DocumentVersion.school_id) == Slot.school_id) & (col(DocumentVersion.id) == Slot.version_id),
        )
        .outerjoin(
            Revision,
            (col(Revision.school_id) == Slot.school_id)
            & (col(Revision.version_id) == Slot.version_id)
            & (col(Revision.number) == Slot.revision_number),
        )
        .where(col(Slot.signed_at).is_not(None))
    )
    yield from session.exec(query)


def versions(session: Session) -> Iterator[tuple[str, int, str, bool]]:
    """``(document, version, SHA-256 of the snapshot, whether void)`` of every version."""
    query = select(
        DocumentVersion.document_id, DocumentVersion.number, DocumentVersion.snapshot_sha256, DocumentVersion.voided_at
    )
    for document_id, number, snapshot, voided_at in session.exec(query):
        yield document_id, number, snapshot, voided_at is not None


def document_states(session: Session) -> Iterator[tuple[str, str, int, int | None, bool]]:
    """``(document, state, number of its last version, number of the version it names, whether that one is void)``."""
    query = select(  # type: ignore[call-overload] # SQLModel types four columns at most
        col(Document.id),
        col(Document.state),
        col(Document.version_number),
        col(DocumentVersion.number),
        col(DocumentVersion.voided_at),
    ).outerjoin(
        DocumentVersion,
        (col(DocumentVersion.school_id) == Document.school_id) & (col(DocumentVersion.id) == Document.version_id),
    )
    for document_id, state, last, current, voided_at in session.exec(query):
        yield document_id, state, last, current, voided_at is not None


def archive_revisions(session: Session) -> Iterator[tuple[str, int, str]]:
    """``(document, version, SHA-256 of the file)`` of every archive revision."""
    query = (
        select(DocumentVersion.document_id, DocumentVersion.number, Revision.sha256)
        .join(
            DocumentVersion,
            (col(DocumentVersion.school_id) == Revision.school_id) & (col(DocumentVersion.id) == Revision.version_id),
        )
        .where(Revision.kind == "archive")
    )
    yield from session.exec(query)


def hand_outs(session: Session) -> Iterator[tuple[str, int, bool]]:
    """``(link, downloads, whether a person closed it)`` of every hand-out."""
    for hand_out_id, downloads, closed_by in session.exec(select(HandOut.id, HandOut.downloads, HandOut.closed_by)):
        yield hand_out_id, downloads, bool(closed_by)


def packets(session: Session) -> Iterator[str]:
    """Jobs that made a file to print."""
    for job_id, report in session.exec(select(Job.id, Job.report).where(Job.kind == "print")):
        if report.get("sha256"):
            yield job_id
