"""How one row of a workbook changes the data of a result."""

from __future__ import annotations

from typing import Any

from hocba_app.domain.levels import LAST_GRADES
from hocba_app.services.workbooks.excel_reading import CellProblem
from hocba_app.services.workbooks.sheet_rows import Entry

_SUBJECT_KEYS = ("term1", "term2", "year", "reassessed", "test", "reassessed_test", "comment", "note")


def settle_completion(entry: Entry, grade: int | None) -> list[CellProblem]:
    """ "Hoàn thành CT lớp/cấp": the way up, in the last grade of a level also its programme (TT27, Art. 11); what contradicts it."""
    values, columns = entry.values, entry.place.columns
    if values.pop("completed", None) is not True:
        return []
    for key in ("promotion", "programme_completed"):
        columns.setdefault(key, columns["completed"])
    if grade in LAST_GRADES.values():
        values.setdefault("programme_completed", True)
    if values.setdefault("promotion", "promoted") == "promoted":
        return []
    reason = "đã hoàn thành chương trình lớp học nhưng không được lên lớp; hãy xem lại hai cột"
    return [entry.place.problem("completed", reason, "ticked_twice")]


def lay_over(data: dict[str, Any], values: dict[str, Any]) -> None:
    """Lay the values of a row over a result's data."""
    for key, value in values.items():
        if key == "student_code":
            continue
        head, _, rest = key.partition(".")
        if value is None and (rest not in (data.get(head) or {}) if rest else head not in data):
            continue  # a column of another regime's form
        if rest:
            data[head] = (data.get(head) or {}) | {rest: value}
        else:
            data[head] = (value or []) if head == "awards" else value


def subject_row(rows: list[dict[str, Any]], subject: str, values: dict[str, Any]) -> int:
    """Lay values over a subject's row, or add one; where it stands."""
    given = {key: values[key] for key in _SUBJECT_KEYS if key in values}
    for index, row in enumerate(rows):
        if row.get("subject_id") == subject:
            if any(row.get(key) != value for key, value in given.items() if key in ("term1", "term2")):
                row["marks"] = None  # the single marks gave the old value
            row |= given
            return index
    rows.append({"subject_id": subject} | given)
    return len(rows) - 1
