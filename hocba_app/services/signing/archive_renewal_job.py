"""The archive time stamp is renewed before its authority's certificate ends: a record stays provable for as long as it is kept.

Every night the stamps that are not young are looked at; those whose certificate has less than a year left get the evidence
about the old stamp and a new one over everything (core decision 11: the sequence is repeated at each renewal).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Document, DocumentVersion, Revision
from hocba_app.models.base import utc_now
from hocba_app.pki import tsp_codec
from hocba_app.pki.der import element
from hocba_app.pki.signer_certificate import validity
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.signing.archive_job import PASSING, archive_version, end_waiting, wait
from hocba_app.services.storage import blobs

DAY = 24 * 3600.0
YOUNG = timedelta(days=30)
"""A stamp of less than this is not looked at again."""
BEFORE_THE_END = timedelta(days=365)
A_NIGHT = 2000
_CONTENTS = re.compile(rb"/SubFilter /ETSI\.RFC3161 /ByteRange \[[\d ]+\]\s+/Contents <([0-9a-f]+)>")


@job("renewal")
def renew_archives(work: Work) -> float | None:
    """Renew what is due, oldest stamp first; comes back every day. A record that cannot be renewed does not hold up others."""
    renewed, failed = 0, 0
    waiting: dict[str, HocbaError] = {}
    for version_id, stamped in _stamps(work):
        try:
            certificates = stamp_certificates(blobs.get(stamped))
            if not is_due(certificates, utc_now()):
                continue
            renewed += archive_version(work, version_id, previous=certificates)
        except HocbaError as error:
            if error.code not in PASSING:
                failed += 1
                continue
            waiting[version_id] = error
            if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE:
                break  # the same for all
    work.report({"renewed": renewed, "failed": failed})
    if waiting:
        return wait(work, waiting)
    end_waiting(work)
    return DAY


def is_due(certificates: tuple[bytes, ...], now: datetime) -> bool:
    """Whether the authority's certificate has less than a year left.

    Args:
        certificates: of the stamp, its signer's first.
    """
    return validity(certificates[0])[1] - now < BEFORE_THE_END


def stamp_certificates(update: bytes) -> tuple[bytes, ...]:
    """The certificates of the document time stamp that an archive update ends with, the signer's first.

    Raises:
        HocbaError: FILE_STRUCTURE.
    """
    found = _CONTENTS.findall(update)
    try:
        token = tsp_codec.read(element(bytes.fromhex(found[-1].decode())))
    except (IndexError, ValueError, KeyError) as error:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="document time stamp") from error
    own = [item for item in token.certificates if tsp_codec.issuer_and_serial(item) == token.signer]
    if not own:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="document time stamp")
    return (*own, *(item for item in token.certificates if item not in own))


def _stamps(work: Work) -> list[tuple[str, str]]:
    """``(version, blob of its last archive update)`` of sealed records whose stamp is not young, oldest first."""
    with work.db.read(work.school_id) as session:
        return _oldest(session, utc_now() - YOUNG)


def _oldest(session: Session, before: datetime) -> list[tuple[str, str]]:
    last = (
        select(Revision.version_id, func.max(Revision.number).label("number"))
        .where(Revision.kind == "archive").group_by(Revision.version_id).subquery()
    )
    rows = session.exec(
        select(Revision.version_id, Revision.blob_sha256)
        .join(last, (last.c.version_id == Revision.version_id) & (last.c.number == Revision.number))
        .join(DocumentVersion, (col(DocumentVersion.id) == Revision.version_id) & (col(DocumentVersion.school_id) == Revision.school_id))
        .join(Document, (col(Document.version_id) == DocumentVersion.id) & (col(Document.school_id) == DocumentVersion.school_id))
        .where(Revision.created_at < before, Document.state == "sealed", col(DocumentVersion.voided_at).is_(None))
        .order_by(col(Revision.created_at))
        .limit(A_NIGHT)
    ).all()
    return [(version_id, blob) for version_id, blob in rows]
