"""Near matches of people and codes: a person says whether two are one; nothing is matched or made silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hocba_app.domain.identifiers import identifier_key
from hocba_app.domain.search_text import fold
from hocba_app.services.workbooks.excel_reading import CellProblem
from hocba_app.services.workbooks.sheet_rows import Entry

WHAT = {"staff": "giáo viên", "classes": "lớp", "subjects": "môn", "students": "học sinh"}
SAME, OTHER = "same", "other"
_ASKED = {
    "code": "mã này chỉ khác mã của {what} {other} ở số 0 đứng đầu; là một hay là hai {what}?",
    "person": "mã này chưa có ở trường, nhưng {other} trùng {shared}; là một hay là hai người?",
    "named": "dòng này không có mã học sinh; “{said}” có phải là {who} không?",
    "owner": "ở trường mã này là của {other}, trong tệp ghi {said}; có đúng là một người không?",
}
CHOICES = {
    "code": {SAME: "Là một: dùng mã đang có", OTHER: "Là hai: tạo mới"},
    "person": {SAME: "Cùng một người: dùng mã đang có", OTHER: "Hai người: tạo mới"},
    "owner": {SAME: "Đúng người này", OTHER: "Không phải: bỏ qua dòng này"},
    "named": {SAME: "Đúng người này", OTHER: "Không phải người này"},
    "letters": {SAME: "Đúng: đổi sang Unicode", OTHER: "Không: giữ nguyên chữ"},
}


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can tell."""

    key: str
    """The same for the same two in any row or file: one answer counts for all."""
    kind: str
    """``code``: codes that differ by leading zeros; ``person``: a new code for somebody who may be here; ``owner``: a known
    code under another name; ``named``: a row without a code; ``letters``: text of an old font (`old_letters`)."""
    resource: str
    problem: CellProblem
    """Where it was met first, and the question."""


@dataclass(slots=True)
class Asking:
    """Questions of one workbook, and what was answered before."""

    answers: Mapping[str, str] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    """Codes that somebody called another's although they differ by leading zeros only."""

    def answer(self, kind: str, resource: str, entry: Entry, column: str, given: str, other: str, **words: str) -> str:
        """What was answered; "" when it still has to be.

        Args:
            given, other: the codes, or whatever tells the two apart: they make the question's key.
        """
        key = f"{kind}:{resource}:{identifier_key(given)}:{identifier_key(other)}"[:200]
        if (answered := self.answers.get(key)) in (SAME, OTHER):
            if answered == OTHER and kind == "code":
                self.apart.add(given)
            return answered
        if key not in self.questions:
            text = _ASKED[kind].format_map({"what": WHAT[resource], "other": other, **words})
            self.questions[key] = Question(key, kind, resource, entry.place.problem(column, text, "near_match"))
        return ""


@dataclass(slots=True)
class People:
    """Who is here already, by what names a person beside the code."""

    _by_name: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def add(self, row: Any) -> None:
        if row.active:
            self._by_name.setdefault((fold(row.full_name), getattr(row, "birth_date", "")), []).append(row)

    def twin(self, values: Mapping[str, Any]) -> tuple[Any, str] | None:
        """Somebody with the same name (and date of birth), unless both have personal numbers that differ."""
        name, number = values.get("full_name"), values.get("id_number")
        if not name:
            return None
        for row in self._by_name.get((fold(str(name)), str(values.get("birth_date") or "")), []):
            if not (number and row.id_number and number != row.id_number):
                return row, "họ tên và ngày sinh" if values.get("birth_date") else "họ tên"
        return None


def somebody_else(row: Any, values: Mapping[str, Any]) -> bool:
    """Whether a known code comes with another person's name, and nothing else says that it is he."""
    name = values.get("full_name")
    if not name or fold(str(name)) == fold(row.full_name):
        return False
    number, born = values.get("id_number"), values.get("birth_date")
    if number and row.id_number:
        return bool(number != row.id_number)
    return not (born and born == getattr(row, "birth_date", None))


def shown(row: Any) -> str:
    """Somebody as the question names him."""
    born = getattr(row, "birth_date", "") or ""
    day = "/".join(reversed(born.split("-"))) if born else ""
    return f"{row.code} {row.full_name}{f' ({day})' if day else ''}"
