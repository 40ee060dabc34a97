"""Verifying files: the examination in the sandbox, then what this installation knows of the version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sqlmodel import select

from hocba_app.models import Database, Document, DocumentVersion, PublicCode, Revision, School
from hocba_app.services.verification.reasons import Reason, add
from hocba_app.services.verification.report import FileReport
from hocba_app.services.verification.sandbox import examine


def verify(
    files: Sequence[tuple[str, bytes]],
    *,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, str]] | None = None,
    db: Database | None = None,
) -> list[FileReport]:
    """Verify files, hostile ones included.

    Args:
        files: ``(name as given, bytes)``.
        roots: trusted roots, DER.
        issuers: schools that may issue; None takes the database's schools, or no list without a database.
        db: where standing (current, out of date, void) is looked up; None leaves it ``unknown``.

    Returns:
        One report a file, in order.
    """
    if issuers is None and db is not None:
        issuers = _schools(db)
    reports = examine(files, roots, issuers)
    if db is not None:
        for report in reports:
            if report.code is not None:
                _standing(db, report)
    return reports


def issuers_beside(trust: Path) -> list[dict[str, str]] | None:
    """The list of issuers that lies beside a trust file (``issuers.json``), or None."""
    path = trust.with_name("issuers.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _schools(db: Database) -> list[dict[str, str]]:
    with db.installation() as session:
        return [{"tax_code": school.tax_code, "name": school.name} for school in session.exec(select(School)).all()]


def _standing(db: Database, report: FileReport) -> None:
    """Whether this very file is a state of a version on record, and how that version stands.

    A prefix (an earlier revision) is on record too: its missing signatures speak for themselves.
    """
    with db.installation() as session:
        entry = session.get(PublicCode, report.code)
    if entry is None:
        add(report, Reason.NOT_ON_RECORD)
        report.issued_here = False
        return
    with db.read(entry.school_id) as session:
        version = session.get_one(DocumentVersion, (entry.school_id, entry.version_id))
        document = session.get_one(Document, (entry.school_id, version.document_id))
        known = session.exec(
            select(Revision.id).where(Revision.version_id == version.id, Revision.sha256 == report.sha256)
        ).first()
    if known is None:
        add(report, Reason.NOT_ON_RECORD)
        report.issued_here = False
        return
    if version.voided_at is not None:
        report.status = "void"
        report.verdict = "invalid"
        add(report, Reason.VOID)
    elif document.out_of_date and any(item.get("essential") for item in document.out_of_date):
        report.status = "out_of_date"
        add(report, Reason.OUT_OF_DATE)
    else:
        report.status = "current"
