"""Verifying files where a database may be at hand: the verdict of the bytes, then what this installation knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import Limits
from hocba_app.models import Database
from hocba_app.services.accounts.school_identity import issuers as issuers_of
from hocba_app.services.verification.record_status import add_standing, school_at_lock
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.issuers import issuer_list_fault
from hocba_app.verification.judge_files import judge_files
from hocba_app.verification.online import fetch_lacking
from hocba_app.verification.reasons import Reason
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.sandbox import examine

_OF_NAME = (Reason.ISSUER_NOT_LISTED, Reason.SEAL_NAME_UNCONFIRMED)
"""What a change of name or tax code since the record was locked brings about."""


def verify(
    files: Sequence[tuple[str, bytes]],
    *,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, Any]] | None = None,
    db: Database | None = None,
    own_trust: bool = True,
    always_analyse: bool = False,
    limits: Limits | None = None,
    online: bool = False,
) -> list[FileReport]:
    """Verify files, hostile ones included.

    Args:
        files: ``(name as given, bytes)``.
        roots: trusted roots, DER.
        issuers: schools that may issue; None takes the database's schools, or no list without a database.
        db: where standing (current, out of date, void) is looked up; None leaves it ``unknown``.
        own_trust: the roots are this installation's own: its schools are the issuers, and a record of ours it does not
            know was not issued here. Otherwise the database only adds the standing of what it knows.
        always_analyse: send files that replay has shown valid through pyHanko too (a second opinion).
        limits: files from anybody: not a byte of them is parsed in this process, replay included, and each may use this much.
        online: ask the authorities about certificates that the files bring no evidence about (`verification.online`).

    Returns:
        One report a file, in order.
    """
    own_schools = issuers is None and db is not None and own_trust
    if own_schools and db is not None:
        issuers = _schools(db)
    judge = partial(_judged, roots=roots, always_analyse=always_analyse, limits=limits)
    reports = judge(files, issuers)
    for index, (file, report) in enumerate(zip(files, reports, strict=True)):
        listed = issuers
        if own_schools and db is not None and _names_another(report) and (locked := school_at_lock(db, report.code)):
            listed = [locked]
            (report,) = judge([file], listed)
        if online and (fetched := fetch_lacking(report, roots)) is not None:
            (report,) = judge([file], listed, fetched)
        report.lacking = []  # of no use to whoever keeps the report
        if db is not None:
            add_standing(db, report, file[1], must_be_known=own_trust)
        reports[index] = report
    return reports


def _judged(
    files: Sequence[tuple[str, bytes]],
    issuers: Sequence[dict[str, Any]] | None,
    fetched: Fetched | None = None,
    *,
    roots: Sequence[bytes],
    always_analyse: bool,
    limits: Limits | None,
) -> list[FileReport]:
    if limits is not None:
        given = [(name, data, None) for name, data in files]
        return examine(given, roots, issuers, replay=True, limits=limits, fetched=fetched)
    return judge_files(files, roots=roots, issuers=issuers, always_analyse=always_analyse, fetched=fetched)


def _names_another(report: FileReport) -> bool:
    """Whether the file was issued under a name that no school has now."""
    return any(found.code in _OF_NAME for found in report.reasons)


def issuers_beside(trust: Path) -> list[dict[str, Any]] | None:
    """The list of issuers that lies beside a trust file (``issuers.json``), or None.

    Raises:
        HocbaError: INVALID_INPUT when the list is not of its form: a list that cannot be read must not become no list.
    """
    path = trust.with_name("issuers.json")
    if not path.is_file():
        return None
    try:
        listed: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="issuers.json không đọc được") from error
    if fault := issuer_list_fault(listed):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"issuers.json: {fault}")
    entries: list[dict[str, Any]] = listed
    return entries


def _schools(db: Database) -> list[dict[str, Any]]:
    """Every school of the installation, with what it was called before (`school_identity`)."""
    return issuers_of(db)
