"""After the seal: validation data and a document time stamp, so that the record can be judged when every signer's
certificate has expired (PAdES B-LTA, core decisions 11 and 12)."""

from __future__ import annotations

from functools import lru_cache

from sqlmodel import Session, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import BatchItem, Document, DocumentVersion, Revision, Slot
from hocba_app.models import Evidence as EvidenceRow
from hocba_app.models.base import utc_now
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.signing.archive import archive
from hocba_app.services.signing.certificates import Evidence, check_authority
from hocba_app.services.signing.committing import append_archive
from hocba_app.services.signing.outside import timestamp_client, trust_roots
from hocba_app.services.signing.tip import Tip
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import current_file

LATER = 10.0
"""Seconds until the next try when the time-stamp authority is down, or other seals of the batch are still to come."""


@job("archive")
def archive_batch(work: Work) -> float | None:
    """Archive every sealed record of one seal batch. Repeating it finds what is archived and goes on.

    Raises:
        HocbaError: of the first record that could not be archived, once all others are.
    """
    todo, open_items = _todo(work)
    failed: list[HocbaError] = []
    for done, version_id in enumerate(todo, 1):
        try:
            archive_version(work, version_id)
        except HocbaError as error:
            if error.code in (ErrorCode.TIMESTAMP_UNAVAILABLE, ErrorCode.REVOCATION_UNKNOWN):
                return LATER
            failed.append(error)  # one damaged file must not keep the others from their archive
        if done % 20 == 0:
            work.progress(done, len(todo), "Lưu trữ lâu dài")
    if open_items:
        return LATER
    if failed:
        work.report({"failed": len(failed)})
        raise failed[0]
    return None


def _todo(work: Work) -> tuple[list[str], bool]:
    """Sealed versions of the batch without archive data, and whether the batch still has seals to come."""
    with work.db.read(work.school_id) as session:
        items = session.exec(select(BatchItem).where(BatchItem.batch_id == work.arguments["batch"])).all()
        archived = set(
            session.exec(
                select(Revision.version_id).where(
                    Revision.kind == "archive", Revision.version_id.in_([item.version_id for item in items])  # type: ignore[attr-defined]
                )
            ).all()
        )
    todo = [item.version_id for item in items if item.state == "committed" and item.version_id not in archived]
    return todo, any(item.state not in ("committed", "failed") for item in items)


def archive_version(work: Work, version_id: str, *, previous: tuple[bytes, ...] = ()) -> bool:
    """Add evidence and a document time stamp to one sealed record.

    Args:
        previous: at a renewal, the certificates of the stamp that is renewed, its signer's first: the new stamp covers
            the evidence about them.

    Returns:
        Whether it was added; not when the record was unlocked or archived meanwhile.

    Raises:
        HocbaError: TIMESTAMP_UNAVAILABLE, REVOCATION_UNKNOWN, CERTIFICATE_UNTRUSTED, STORED_FILE_DAMAGED, FILE_STRUCTURE.
    """
    with work.db.read(work.school_id) as session:
        version = session.get_one(DocumentVersion, (work.school_id, version_id))
        file, tip = current_file(session, version_id), Tip.loads(version.tip)
        evidence = evidence_of(session, version_id)
    authority = timestamp_client()
    if not authority.certificates:
        authority.tokens([version_id.encode()])  # a first token tells the authority's chain
    for chain in dict.fromkeys((previous or authority.certificates, authority.certificates)):
        evidence.append(check_authority(chain, trust_roots=trust_roots(), at=utc_now()))
    update, tip_after = archive(file, tip, evidence, authority)
    blobs.put(update)
    with work.write() as session:
        document = session.get_one(Document, (work.school_id, version.document_id), with_for_update=True)
        now = session.get_one(DocumentVersion, (work.school_id, version_id))
        if now.voided_at is not None or now.sha256 != version.sha256 or document.state != "sealed":
            return False  # unlocked, or archived by an earlier life of this job
        append_archive(session, now, update, tip_after)
        record(
            session, actor="", action="record.archived", subject=f"document:{document.id}",
            data={"version": now.number, "sha256": now.sha256, "renewed": bool(previous)},
        )
    return True


def evidence_of(session: Session, version_id: str) -> list[Evidence]:
    """What was checked about each signer of a version, one entry a certificate check."""
    ids = session.exec(
        select(Slot.evidence_id).where(Slot.version_id == version_id, Slot.evidence_id.is_not(None)).distinct()  # type: ignore[union-attr]
    ).all()
    rows = session.exec(select(EvidenceRow.content).where(EvidenceRow.id.in_(ids)).order_by(EvidenceRow.id)).all()  # type: ignore[attr-defined]
    return [_loaded(content) for content in rows]


@lru_cache(maxsize=256)
def _loaded(content: bytes) -> Evidence:
    """Rows of evidence never change, and a teacher's is the same in every record of a class."""
    return Evidence.loads(content)
