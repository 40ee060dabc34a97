"""Asking for a lock: which kinds, classes and pupils, and for whom results that differ from the rules are locked all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, SchoolClass
from hocba_app.models.repositories.school_years import require_open_classes
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.records.precheck import class_list

MAX_REASON = 500
_MAX_IDS = 5000
"""Ids in one request: more than a school has pupils."""
_NONE: Mapping[str, str] = MappingProxyType({})


def start_lock(
    db: Database,
    who: Identity,
    *,
    kind: str,
    class_id: str = "",
    class_ids: Sequence[str] = (),
    student_ids: Sequence[str] | None = None,
    leave_out: Sequence[str] = (),
    include: Sequence[str] = (),
    accept_mismatches: str = "",
    shown: Mapping[str, str] | None = None,
) -> str:
    """:func:`start_locks` for one kind, with one reason for every pupil.

    Args:
        class_id: the class, when it is one.
        accept_mismatches: a reason, where submitted results differ from the rules and are locked all the same.
        shown: by pupil the digest of the mismatches that the reason was given for (`preview.LockRow.mismatches`); None: as they are
            now. What differs from it when the pupil's turn comes is not locked.

    Returns:
        Id of the job.

    Raises:
        HocbaError: as :func:`start_locks`.
    """
    classes = [*([class_id] if class_id else []), *class_ids]
    asked = _checked(who, (kind,), classes, student_ids, leave_out, include)
    return _start(
        db, who, asked, reason=accept_mismatches.strip()[:MAX_REASON], shown=None if shown is None else {kind: shown}
    )[0]


def start_locks(
    db: Database,
    who: Identity,
    *,
    kinds: Sequence[str],
    class_ids: Sequence[str],
    student_ids: Sequence[str] | None = None,
    leave_out: Sequence[str] = (),
    include: Sequence[str] = (),
    reasons: Mapping[str, str] = _NONE,
    shown: Mapping[str, Mapping[str, str]] | None = None,
) -> list[str]:
    """Lock documents of one or several classes in one act, a job a kind.

    Pupils due for re-assessment and pupils who left are left out unless they are named (workflow rule 7).

    Args:
        kinds: of ``cover``, ``history``, ``results``.
        student_ids: lock these pupils of the classes only, also those left out by default.
        leave_out: pupils not to lock.
        include: pupils to lock although they are left out by default.
        reasons: by pupil, why his results that differ from the rules, or that cannot be checked, are locked all the same.
        shown: by kind and pupil the digest of what the reason was given for (`preview.LockRow.mismatches`). What differs from it when
            the pupil's turn comes is not locked.

    Returns:
        Ids of the jobs, in the order of the kinds.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, NOTHING_TO_DO, YEAR_CLOSED; SHOWN_CHANGED when mismatches are no longer those
            shown.
    """
    asked = _checked(who, kinds, class_ids, student_ids, leave_out, include)
    given = {student: text.strip()[:MAX_REASON] for student, text in reasons.items() if text.strip()}
    if len(given) > _MAX_IDS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="danh sách quá dài")
    return _start(db, who, asked, reasons=given, shown=shown or {})


def _checked(
    who: Identity,
    kinds: Sequence[str],
    class_ids: Sequence[str],
    student_ids: Sequence[str] | None,
    leave_out: Sequence[str],
    include: Sequence[str],
) -> dict[str, Any]:
    require(who, Right.LOCK)
    if not kinds or any(kind not in KINDS for kind in kinds):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="loại hồ sơ")
    classes = list(dict.fromkeys(class_ids))
    if not classes or (student_ids is not None and not student_ids):
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    if max(len(classes), len(student_ids or ()), len(leave_out), len(include)) > _MAX_IDS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="danh sách quá dài")
    return {
        "kinds": list(dict.fromkeys(kinds)),
        "class_ids": classes,
        "student_ids": None if student_ids is None else list(student_ids),
        "leave_out": list(leave_out),
        "include": list(include),
    }


def _start(
    db: Database,
    who: Identity,
    asked: dict[str, Any],
    *,
    reason: str = "",
    reasons: Mapping[str, str] = _NONE,
    shown: Mapping[str, Mapping[str, str]] | None = None,
) -> list[str]:
    common = {key: value for key, value in asked.items() if key != "kinds"}
    with db.write(who.school_id) as session:
        found = [session.get(SchoolClass, (who.school_id, class_id)) for class_id in asked["class_ids"]]
        classes = [each for each in found if each is not None]
        if len(classes) < len(found):
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        jobs = []
        for kind in asked["kinds"]:
            require_open_classes(session, classes, kind)
            arguments: dict[str, Any] = {"kind": kind, **common, "accept_mismatches": reason}
            if reason or reasons:
                of_kind = None if shown is None else shown.get(kind, {})
                if reasons:
                    of_kind = {each: digest for each, digest in (of_kind or {}).items() if each in reasons}
                arguments["accepted"] = _accepted(session, kind, classes, asked["student_ids"], of_kind)
                arguments["reasons"] = {each: reasons.get(each, reason) for each in arguments["accepted"]}
            row = enqueue(session, "lock", arguments, actor=who.account_id)
            jobs.append(row.id)
            _note(session, who, arguments, row.id)
    return jobs


def _note(session: Session, who: Identity, arguments: Mapping[str, Any], job_id: str) -> None:
    data = {"job": job_id} | {key: arguments[key] for key in ("kind", "leave_out", "include")}
    if arguments["student_ids"] is not None:
        data["students"] = arguments["student_ids"]
    if arguments["accept_mismatches"]:
        data["accept_mismatches"] = arguments["accept_mismatches"]
    elif arguments.get("reasons"):
        data["reasons"] = arguments["reasons"]
    for class_id in arguments["class_ids"]:
        record(session, actor=who.account_id, action=Action.LOCK_STARTED, subject=f"class:{class_id}", data=data)


def _accepted(
    session: Session,
    kind: str,
    classes: Sequence[SchoolClass],
    student_ids: Sequence[str] | None,
    shown: Mapping[str, str] | None,
) -> dict[str, str]:
    """By pupil the digest of the mismatches that a reason was given for.

    Raises:
        HocbaError: SHOWN_CHANGED: whoever gave the reason has not seen what is there now.
    """
    if shown is not None and not shown:
        return {}
    now = {
        candidate.student.id: candidate.mismatches
        for each in classes
        for candidate in class_list(session, kind, each, student_ids=student_ids).candidates
        if candidate.mismatches and not candidate.locked
    }
    if shown is None:
        return now
    if any(now.get(student_id, digest) != digest for student_id, digest in shown.items()):
        raise HocbaError(ErrorCode.SHOWN_CHANGED, what="chỗ khác cách tính lại")
    return {student_id: digest for student_id, digest in now.items() if student_id in shown}
