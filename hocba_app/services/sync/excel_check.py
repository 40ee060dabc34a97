"""A workbook's records checked as they would be written, without a write: every refusal is a problem of its cell."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from hocba_app.models.base import new_id
from hocba_app.services.sync.apply import Applier
from hocba_app.services.sync.excel_reading import CellProblem
from hocba_app.services.sync.excel_records import Records
from hocba_app.services.sync.fetch import Collected
from hocba_app.services.sync.steps import RESOURCES

_Names = dict[str, dict[str, tuple[str, str]]]
_NAME = {"staff": "full_name", "students": "full_name", "classes": "name", "subjects": "code"}


def problems_of(session: Session, records: Records, school_year: str) -> list[CellProblem]:
    """What would be refused of these records, in their order; one that only lacks another refused one says nothing new.

    Args:
        session: of the school; only read.
        school_year: that classes, assignments and results belong to.
    """
    problems: list[CellProblem] = []
    refused: set[str] = set()
    made: _Names = {}
    for resource in (name for name in RESOURCES if name in records.of):
        with Collected(resource) as found:
            found.add(records.of[resource])
            rows = _Checker(session, found, school_year, made, records.apart).refusals(session)
        given = {row["id"]: row["data"] for row in records.of[resource]}
        # Only a reference can name another record; what else a refused field holds may be a list.
        own = [row for row in rows if str(given[row["source_id"]].get(row["field"] or "")) not in refused]
        refused |= {row["source_id"] for row in rows}
        problems += [
            records.problem(resource, row["source_id"], row["field"] or "", row["reason"] or "") for row in own
        ]
    return problems


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

    def refusals(self, session: Session) -> list[dict[str, Any]]:
        """What would be refused, as rows of a report."""
        self._session = session
        for refusal in self._found.refused.values():
            self._refuse(refusal, refusal.id)
        for chunk in self._found.chunks():
            rows = self._rows([record.id for record in chunk])
            for record in chunk:
                row = rows.get(record.id)
                if row is not None and row.source_version >= record.version:
                    continue
                values = self._acceptable(record, row, "")
                if values is None:
                    continue
                for column, held in self._held.items():
                    if row is not None and getattr(row, column) != values[column]:
                        held.pop(getattr(row, column), None)
                self._hold(record, values)
                if self.resource == "results":
                    self._results[values["student_id"]] = record.id
                if name := _NAME.get(self.resource):
                    self._made.setdefault(self.resource, {})[record.id] = (
                        row.id if row is not None else new_id(),
                        values[name],
                    )
            for row in rows.values():
                session.expunge(row)
        return self._report
