"""What a workbook's rows become: records of the contract, and which cell each value came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hocba_app.services.workbooks.excel_reading import CellProblem
from hocba_app.services.workbooks.near_matches import Question
from hocba_app.services.workbooks.sheet_rows import SourceRow

_NAMES = {
    "student_id": "student_code",
    "class_id": "class_code",
    "subject_id": "subject_code",
    "staff_id": "staff_code",
    "homeroom_staff_id": "homeroom_code",
}


@dataclass(slots=True)
class Records:
    """Records by resource, and where each came from."""

    of: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    """What a person has to say before anything is written."""
    apart: frozenset[str] = frozenset()
    """Codes that somebody called another's although they differ by leading zeros only."""
    matched: dict[tuple[str, int], str] = field(default_factory=dict)
    """Sheet and row without a code → whose it is and by what that is known."""
    _places: dict[tuple[str, str], SourceRow] = field(default_factory=dict)
    _subjects: dict[tuple[str, int], SourceRow] = field(default_factory=dict)

    def place(self, resource: str, identity: str) -> SourceRow:
        """Where a record came from."""
        return self._places[resource, identity]

    def add(self, resource: str, identity: str, version: int, data: dict[str, Any], place: SourceRow) -> None:
        self.of.setdefault(resource, []).append({"id": identity, "version": version, "event": "UPDATE", "data": data})
        self._places.setdefault((resource, identity), place)

    def subject_at(self, identity: str, index: int, place: SourceRow) -> None:
        """Where the row of a result's subject came from."""
        self._subjects[identity, index] = place

    def problem(self, resource: str, identity: str, path: str, reason: str) -> CellProblem:
        """A refusal of a record as a problem of the cell it came from."""
        parts = path.split(".")
        if resource == "results" and parts[0] == "subjects" and len(parts) > 1 and parts[1].isdigit():
            place = self._subjects.get((identity, int(parts[1])), self._places[resource, identity])
            return place.problem(_NAMES.get(parts[-1], parts[-1]), reason)
        return self._places[resource, identity].problem(_NAMES.get(path, path), reason)
