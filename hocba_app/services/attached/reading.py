"""What is attached to a pupil: shown with its verdict, downloaded, and packed into what the school hands out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import AttachedRecord, Database
from hocba_app.models.repositories.attached import given_to, still_attached
from hocba_app.models.repositories.audit import account_names
from hocba_app.services.accounts.authority import Right, require, require_pupil
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.storage import blobs
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.report_presentation import SimpleReport, simple_report


@dataclass(frozen=True, slots=True)
class AttachedView:
    """One file from another school."""

    id: str
    file_name: str
    package: str
    state: str
    """``checking``, ``asking``, ``attached``, ``refused`` or ``detached``."""
    verdict: str
    """As it was when the file was given; "" while it is checked."""
    report: SimpleReport | None
    issuer: str
    """The school that a record of our own format names; "" for any other file."""
    doubts: tuple[str, ...]
    """What speaks against its being this pupil's."""
    accept_reason: str
    sha256: str
    length: int
    uploaded_by: str
    uploaded_at: datetime
    ended_by: str
    ended_at: datetime | None
    end_reason: str


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """One attached file in a package."""

    id: str
    name: str
    data: bytes
    described: dict[str, Any]
    """For the package's list."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One attached file as shown to a recipient."""

    issuer: str
    attached_at: datetime
    verdict: str
    """As it was when the file was attached."""


def attached_to(session: Session, student_id: str) -> list[AttachedView]:
    """Everything ever given for a pupil that was not refused, newest first."""
    rows = given_to(session, student_id)
    names = account_names(session)
    return [_view(row, names) for row in rows]


def attached_file(db: Database, who: Identity, attached_id: str) -> tuple[str, bytes]:
    """One file, byte for byte as it was given; detached ones too.

    Returns:
        An ASCII name without the pupil's, and the bytes.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, STORED_FILE_DAMAGED.
    """
    require(who, Right.RECORDS_READ)
    with db.read(who.school_id) as session:
        row = session.get(AttachedRecord, (who.school_id, attached_id))
        if row is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="tệp đính kèm")
        require_pupil(session, who, row.student_id)
    data = blobs.get(row.blob_sha256)
    with db.write(who.school_id) as session:
        record(
            session,
            actor=who.account_id,
            action=Action.ATTACHED_DOWNLOADED,
            subject=f"student:{row.student_id}",
            data={"sha256": row.blob_sha256},
        )
    return _name(row.blob_sha256), data


def packed(session: Session, ids: Collection[str]) -> list[PackedRecord]:
    """Those of the files that are still attached, for a package.

    Raises:
        HocbaError: STORED_FILE_DAMAGED.
    """
    return [
        PackedRecord(
            row.id,
            f"other-schools/{_name(row.blob_sha256)}",
            blobs.get(row.blob_sha256),
            {
                "file": f"other-schools/{_name(row.blob_sha256)}",
                "sha256": row.blob_sha256,
                "issuer": _issuer(row) or None,
                "attached_at": row.uploaded_at.isoformat(),
                "verdict_when_attached": row.verdict,
                "attached_because": row.accept_reason or None,
                "reasons": [finding["text"] for finding in row.report.get("reasons", [])],
            },
        )
        for row in still_attached(session, ids)
    ]


def passed_on(session: Session, ids: Collection[str]) -> list[Passed]:
    """Those of the files that are still attached, without their bytes."""
    return [Passed(_issuer(row), row.uploaded_at, row.verdict) for row in still_attached(session, ids)]


def _view(row: AttachedRecord, names: dict[str, str]) -> AttachedView:
    return AttachedView(
        id=row.id,
        file_name=row.file_name,
        package=row.package,
        state=row.state,
        verdict=row.verdict,
        report=simple_report(FileReport.from_dict(row.report)) if row.report else None,
        issuer=_issuer(row),
        doubts=tuple(doubt["text"] for doubt in row.doubts),
        accept_reason=row.accept_reason,
        sha256=row.blob_sha256,
        length=row.length,
        uploaded_by=names.get(row.uploaded_by, ""),
        uploaded_at=row.uploaded_at,
        ended_by=names.get(row.ended_by or "", ""),
        ended_at=row.ended_at,
        end_reason=row.end_reason,
    )


def _issuer(row: AttachedRecord) -> str:
    return str((row.report.get("origin") or {}).get("school") or "")


def _name(sha256: str) -> str:
    return f"truong-khac-{sha256[:12]}.pdf"
