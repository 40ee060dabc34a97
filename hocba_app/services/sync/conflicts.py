"""Records whose identity is in doubt: both sides shown, a person decides, the next run does it.

A personal id that changed, or that another record has, is no mistake the software may settle. Until somebody decides (or
SMAS is corrected and submits again) the record waits; ours stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.wording import RESOURCE
from hocba_app.models import Database, SyncCursor, SyncRow
from hocba_app.models.repositories import find
from hocba_app.models.repositories import sync as rows
from hocba_app.models.repositories.job_history import running_job
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.sync.apply import NUMBERS
from hocba_app.services.sync.commands import start_sync
from hocba_app.services.sync.diff import LABELS
from hocba_app.services.sync.mapping import TABLES

CHOICES = {
    "accept": "Lấy dữ liệu mới; số định danh cũ không còn đúng",
    "same": "Cùng một người, SMAS đã đổi mã bản ghi: nối vào hồ sơ đang có",
    "keep": "Giữ dữ liệu đang có, bỏ qua bản ghi này",
}
_SHOWN = (
    "code",
    "full_name",
    "name",
    "birth_date",
    "sex",
    "id_number",
    "old_id_number",
    "position",
    "email",
    "father_name",
    "mother_name",
    "address",
)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a conflict."""

    source_id: str
    values: dict[str, str]
    """What identifies the person, by label."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One record that waits for a person."""

    id: str
    resource: str
    resource_title: str
    school_year: str
    label: str
    field: str
    reason: str
    ours: Side
    incoming: Side
    choices: dict[str, str]
    """Choice → what it means."""
    decision: str
    """What was chosen already and the next run will do; "" while open."""


def open_conflicts(db: Database, who: Identity) -> list[Conflict]:
    """Every conflict that waits, newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        return [
            _shown(session, row, cursor, waiting)
            for row, cursor, waiting in _open_conflicts(session, rows.cursors(session))
        ]


def resolve(db: Database, who: Identity, conflict_id: str, choice: str) -> str:
    """Decide a conflict and start the run that does it.

    Args:
        conflict_id: of :func:`open_conflicts`.
        choice: one of the conflict's own choices.

    Returns:
        Id of the job.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    with db.write(who.school_id) as session:
        # Two who decide at once decide one after the other: each writes the whole list of what waits.
        cursors = rows.cursors(session, lock=True)
        # A run at work has read what waits and will write it anew: a choice made now would be lost.
        if running_job(session, "sync") is not None:
            raise HocbaError(ErrorCode.SYNC_RUNNING)
        found = next(
            (
                (row, cursor, waiting)
                for row, cursor, waiting in _open_conflicts(session, cursors)
                if row.id == conflict_id
            ),
            None,
        )
        if found is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="bản ghi cần xem xét")
        row, cursor, waiting = found
        if choice not in _choices(session, row):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="lựa chọn")
        if choice == "keep":
            cursor.pending = [other for other in cursor.pending if other is not waiting]
            _pass_over(session, row, waiting["version"])
        else:
            cursor.pending = [other | {"decision": choice} if other is waiting else other for other in cursor.pending]
        session.add(cursor)
        record(
            session,
            actor=who.account_id,
            action=Action.SYNC_CONFLICT_RESOLVED,
            subject=f"sync_row:{row.id}",
            data={
                "resource": row.resource,
                "source_id": row.source_id,
                "version": waiting["version"],
                "choice": choice,
            },
        )
        return start_sync(db, who, school_year=cursor.school_year, session=session)


def _open_conflicts(
    session: Session, cursors: Sequence[SyncCursor]
) -> list[tuple[SyncRow, SyncCursor, dict[str, Any]]]:
    """The newest conflict row of each record that still waits in that version."""
    waiting = {
        (cursor.resource, row["id"], row["version"]): (cursor, row)
        for cursor in cursors
        for row in cursor.pending
        if "id" in row and "version" in row
    }
    found = []
    if waiting:
        for row in find.all_of(session, SyncRow, col(SyncRow.id).desc(), outcome="conflict"):
            incoming = (row.details or {}).get("incoming") or {}
            entry = waiting.pop((row.resource, row.source_id, incoming.get("version")), None)
            if entry is not None:
                found.append((row, *entry))
    return found


def _row_of(session: Session, resource: str, source_id: str) -> Any:
    return find.first_of(session, TABLES[resource].model, source_id=source_id)


def _choices(session: Session, row: SyncRow) -> dict[str, str]:
    other = (row.details or {}).get("other")
    allowed = ["keep"]
    if row.field in NUMBERS:
        allowed.append("accept")
    if other != row.source_id and _row_of(session, row.resource, row.source_id) is None:
        allowed.append("same")
    return {choice: meaning for choice, meaning in CHOICES.items() if choice in allowed}


def _pass_over(session: Session, row: SyncRow, version: int) -> None:
    ours = _row_of(session, row.resource, row.source_id)
    if ours is not None and ours.source_version < version:
        ours.source_version = version
        session.add(ours)


def _shown(session: Session, row: SyncRow, cursor: SyncCursor, waiting: dict[str, Any]) -> Conflict:
    other = str((row.details or {}).get("other") or "")
    ours = _row_of(session, row.resource, other)
    values = {**ours.model_dump(), **(getattr(ours, "details", None) or {})} if ours is not None else {}
    return Conflict(
        row.id,
        row.resource,
        RESOURCE[row.resource],
        cursor.school_year,
        row.label,
        row.field or "",
        row.reason or "",
        Side(other, _side(values)),
        Side(row.source_id, _side(waiting.get("data") or {})),
        _choices(session, row),
        waiting.get("decision", ""),
    )


def _side(values: dict[str, Any]) -> dict[str, str]:
    return {LABELS.get(key, key): str(values[key]) for key in _SHOWN if values.get(key)}
