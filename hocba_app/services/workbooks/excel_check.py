"""A workbook's records compared with what is here, as they would be written, without a write: what is new, changed, refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from hocba_app.domain.leadership import post_of
from hocba_app.domain.wording import position_name
from hocba_app.models.base import new_id
from hocba_app.services.accounts.leadership import hold_back
from hocba_app.services.sync.apply import Applier, waits
from hocba_app.services.sync.diff import changes, summary
from hocba_app.services.sync.fetch import Collected, Incoming
from hocba_app.services.sync.steps import RESOURCES
from hocba_app.services.workbooks.cell_values import shown_day, shown_result
from hocba_app.services.workbooks.excel_reading import CellProblem
from hocba_app.services.workbooks.workbook_records import Records

_Names = dict[str, dict[str, tuple[str, str]]]
_NAME = {"staff": "full_name", "students": "full_name", "classes": "name", "subjects": "code"}
REFUSED = ("rejected", "conflict")
_FIRST_MARKS = 6
WITHDRAWN = "Đề nghị {post} không còn trong danh sách, sẽ được rút"


@dataclass(slots=True)
class Outcomes:
    """What would become of a workbook's records."""

    planned: list[dict[str, Any]] = field(default_factory=list)
    """New, changed and gone ones as rows of a report, each with the cell it came from."""
    problems: list[CellProblem] = field(default_factory=list)
    """Refused ones, at their cells."""


def outcomes_of(session: Session, records: Records, school_year: str) -> Outcomes:
    """What would become of these records, in their order; one that only lacks another refused one says nothing new.

    Args:
        session: of the school; only read.
        school_year: that classes, assignments and results belong to.
    """
    outcomes = Outcomes()
    refused: set[str] = set()
    made: _Names = {}
    for resource in (name for name in RESOURCES if name in records.of):
        with Collected(resource) as found:
            found.add(records.of[resource])
            rows = _Checker(session, found, school_year, made, records.apart).outcomes(session)
        given = {row["id"]: row["data"] for row in records.of[resource]}
        wrong = [row for row in rows if row["outcome"] in REFUSED]
        # Only a reference can name another record; what else a refused field holds may be a list.
        own = [row for row in wrong if str(given[row["source_id"]].get(row["field"] or "")) not in refused]
        refused |= {row["source_id"] for row in wrong}
        outcomes.problems += [
            records.problem(resource, row["source_id"], row["field"] or "", row["reason"] or "") for row in own
        ]
        outcomes.planned += [_planned(records, row, given) for row in rows if row["outcome"] not in REFUSED]
    return outcomes


def _planned(records: Records, row: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    place = records.place(row["resource"], row["source_id"])
    first = (row["details"] or {}).get("changes") or []
    field_name = first[0]["field"].rpartition(".")[2] if first else ""
    kept = {key: row[key] for key in ("resource", "source_id", "label", "outcome", "field", "reason")}
    where: dict[str, Any] = {"sheet": place.sheet, "row": place.row, "column": place.columns.get(field_name, "")}
    if matched := records.matched.get((place.sheet, place.row)):
        where["matched"] = matched
    return kept | {"details": where | ({"changes": first} if first else {"data": given[row["source_id"]]})}


def _first_values(resource: str, values: dict[str, Any]) -> str | None:
    """What a new record says, in a line."""
    if resource == "students":
        return f"{shown_day(values['birth_date'])}, {values['sex']}"
    if resource != "results":
        return None
    payload = values["payload"]
    marks = [
        f"{entry['subject_code']} {shown_result(mark)}"
        for entry in payload["subjects"]
        if (mark := entry.get("year") or entry.get("term2") or entry.get("term1"))
    ]
    words = [
        f"{title} {word}"
        for title, part in (("học tập", "learning"), ("rèn luyện", "training"))
        if (word := (payload.get(part) or {}).get("year"))
    ]
    return "; ".join([*marks[:_FIRST_MARKS], *(["…"] if len(marks) > _FIRST_MARKS else []), *words]) or None


class _Checker(Applier):
    """Decides as :class:`Applier` does and writes nothing.

    Args:
        made: records of earlier data sets that would be there by now; what this one would bring is added.
    """

    def __init__(
        self, session: Session, found: Collected, school_year: str, made: _Names, apart: frozenset[str]
    ) -> None:
        super().__init__(session, "", found, school_year, borrowed=True, apart=apart)
        self._made = made
        for kind in self._table.refers_to:
            getattr(self._known, kind).update(made.get(kind, {}))

    def outcomes(self, session: Session) -> list[dict[str, Any]]:
        """What would become of the data set, as rows of a report."""
        self._session = session
        for refusal in self._found.refused.values():
            self._report.refuse(refusal, refusal.id)
        for chunk in self._found.chunks():
            rows = self._rows_of([record.id for record in chunk])
            for record in chunk:
                row = rows.get(record.id)
                if row is not None and row.source_version >= record.version:
                    continue
                label = self._table.label(record.data or {}, self._known)[:200]
                if (values := self._acceptable(record, row, label)) is not None:
                    self._note(record.id, row, values, label)
                    self._remember(record, row, values)
            for row in rows.values():
                session.expunge(row)
        return self._report.rows

    def _note(self, source_id: str, row: Any, values: dict[str, Any], label: str) -> None:
        """What would become of one record."""
        post = self._post(source_id, row, values)
        if row is None:
            self._report.note("new", source_id, label, reason=post or _first_values(self.resource, values))
        elif post:
            self._report.note("changed", source_id, label, field="position", reason=post)
        else:
            self._compare(row, source_id, values, label)

    def _remember(self, record: Incoming, row: Any, values: dict[str, Any]) -> None:
        """What later records meet as if this one were written."""
        for column, held in self._held.items():
            if row is not None and getattr(row, column) != values[column]:
                held.pop(getattr(row, column), None)
        self._hold(record, values)
        if self.resource == "results":
            self._results[values["student_id"]] = record.id
        if name := _NAME.get(self.resource):
            made = self._made.setdefault(self.resource, {})
            made[record.id] = (row.id if row is not None else new_id(), values[name])

    def _post(self, source_id: str, row: Any, values: dict[str, Any]) -> str | None:
        """What becomes of a post of the leadership, which no list changes by itself."""
        if self.resource != "staff":
            return None
        waiting = self._waiting.get(row.source_id) if row is not None else None
        if (listed := hold_back(row, values)) is not None:
            return waits(listed) if listed != waiting else None
        listed = post_of(values["position"], values["active"])
        return WITHDRAWN.format(post=position_name(waiting)) if waiting is not None and waiting != listed else None

    def _compare(self, row: Any, source_id: str, values: dict[str, Any], label: str) -> None:
        before = {column: getattr(row, column) for column in values}
        found = changes(self.resource, before, values, self._known)
        left = before.get("active") is True and values.get("active") is False
        if found or left or before.get("active", True) != values.get("active", True):
            self._report.note(
                "gone" if left else "changed",
                source_id,
                label,
                field=str(found[0]["field"])[:60] if found else None,
                reason=summary(found),
                details={"changes": found},
            )
