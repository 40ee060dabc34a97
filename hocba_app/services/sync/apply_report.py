"""What a data set's run reports, row by row, and sums up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from hocba_app.models import SyncRow
from hocba_app.models.base import new_id
from hocba_app.models.repositories.sync import forget_refusals, insert_rows
from hocba_app.services.sync.fetch import Incoming, Refusal
from hocba_app.services.sync.mapping import Known


@dataclass(slots=True)
class Applied:
    """What a data set brought."""

    counts: Counter[str] = field(default_factory=Counter)
    pending: list[dict[str, Any]] = field(default_factory=list)
    student_ids: set[str] = field(default_factory=set)
    """Pupils whose data are not what they were."""
    changed_ids: set[str] = field(default_factory=set)
    """Our ids of rows that changed or are gone."""


class Report:
    """Rows of the report that are not yet written, and what they add up to."""

    def __init__(self, school_id: str, job_id: str, resource: str, known: Known) -> None:
        self._school_id, self._job_id, self._resource, self._known = school_id, job_id, resource, known
        self.rows: list[dict[str, Any]] = []
        """Not yet written."""
        self.done = Applied()

    def begin(self, session: Session) -> None:
        """A run that was killed and goes on reports what it still refuses once, not twice."""
        forget_refusals(session, self._job_id, self._resource)

    def taken(self) -> Applied:
        """What was done since this was asked last."""
        done, self.done = self.done, Applied()
        return done

    def touched(self, row: Any) -> None:
        """A row is not what it was."""
        self.done.changed_ids.add(row.id)
        self.done.student_ids.add(row.id if self._resource == "students" else getattr(row, "student_id", ""))
        self.done.student_ids.discard("")

    def conflict(self, record: Incoming, column: str, reason: str, label: str, other: str) -> None:
        """A record waits for a person."""
        self.done.pending.append(record.raw)
        self.note(
            "conflict", record.id, label, field=column, reason=reason, details={"incoming": record.raw, "other": other}
        )

    def refuse(self, refusal: Refusal, label: str) -> None:
        """A record was not taken; with its text it is tried again."""
        if refusal.raw is not None:
            self.done.pending.append(refusal.raw)
        self.note("rejected", refusal.id, label, field=refusal.field, reason=refusal.reason)

    def name_of(self, row: Any) -> str:
        """How the report calls a row of ours."""
        if name := getattr(row, "full_name", None) or getattr(row, "name", None):
            return f"{name} ({row.code})"
        names = {
            id: name for kind in ("students", "classes", "subjects") for id, name in getattr(self._known, kind).values()
        }
        parts = (getattr(row, column, None) for column in ("student_id", "subject_id", "class_id"))
        return " – ".join(names[part] for part in parts if part in names)[:200]

    def note(
        self,
        outcome: str,
        source_id: str,
        label: str,
        *,
        field: str | None = None,
        reason: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Add one row."""
        self.done.counts[outcome] += 1
        self.rows.append(
            {
                "school_id": self._school_id, "id": new_id(), "job_id": self._job_id, "resource": self._resource,
                "source_id": source_id, "label": label[:200], "outcome": outcome, "field": field, "reason": reason and reason[:500],
                "details": details,
            }
        )  # fmt: skip

    def flush(self, session: Session) -> None:
        """Write what is not yet written."""
        insert_rows(session, SyncRow, self.rows)
        self.rows = []
