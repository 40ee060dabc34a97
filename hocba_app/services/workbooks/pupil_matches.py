"""Rows without a pupil's code: whose are they, by name, date of birth and class? One sure answer is taken and shown; else it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hocba_app.domain.identifiers import identifier_key
from hocba_app.domain.search_text import fold
from hocba_app.models import Student
from hocba_app.services.workbooks.cell_values import one_line
from hocba_app.services.workbooks.excel_reading import CellProblem
from hocba_app.services.workbooks.near_matches import SAME, Asking, shown
from hocba_app.services.workbooks.sheet_rows import Entry, Rows

MAX_ASKED = 8
"""Pupils that one row may be asked about; beyond that somebody has to give the code."""


@dataclass(frozen=True, slots=True)
class Found:
    """Whose row it is."""

    code: str = ""
    """Empty when nobody is found, or somebody has to say it first."""
    how: str = ""
    """By what, as people read it."""
    asked: bool = False


@dataclass(slots=True)
class Named:
    """What became of the rows without a code; those that were found bear their pupil's code now."""

    matched: dict[tuple[str, int], str] = field(default_factory=dict)
    """Sheet and row → whose it is and by what that is known."""
    left_out: set[tuple[str, int]] = field(default_factory=set)
    problems: list[CellProblem] = field(default_factory=list)


class PupilFinder:
    """The pupils of a school by what else than their code names them.

    Args:
        class_of: pupil's code → id of his class of the year.
    """

    def __init__(self, asking: Asking, class_of: Mapping[str, str], pupils: Iterable[Student]) -> None:
        self._asking, self._class_of = asking, class_of
        self._by_name: dict[str, list[Student]] = {}
        self._by_birth: dict[str, list[Student]] = {}
        for pupil in pupils:
            if pupil.active:
                self._by_name.setdefault(fold(pupil.full_name), []).append(pupil)
                self._by_birth.setdefault(pupil.birth_date, []).append(pupil)

    def find(self, entry: Entry, class_id: str | None) -> Found:
        """Whose a row is.

        Args:
            entry: with ``full_name``, and ``birth_date`` where the sheet has it.
            class_id: of the class the row or its sheet names; None when it names none that is here.
        """
        name, born = one_line(str(entry.values["full_name"])), entry.values.get("birth_date")
        same = [each for each in self._by_name.get(fold(name), []) if _spelled(each.full_name) == _spelled(name)]
        sure = [each for each in same if born and each.birth_date == born]
        if class_id is not None:
            in_class = [each for each in sure if self._class_of.get(each.code) == class_id]
            if len(in_class) == 1:
                return Found(in_class[0].code, "khớp theo họ tên + ngày sinh + lớp")
        elif len(sure) == 1:
            return Found(sure[0].code, "khớp theo họ tên + ngày sinh")
        return self._asked(entry, name, self._near(name, str(born or ""), class_id))

    def _near(self, name: str, born: str, class_id: str | None) -> list[Student]:
        """Who may be meant, the likeliest first: the same name, or the same day of birth and nearly the name."""
        words = set(fold(name).split())
        found = {each.code: each for each in self._by_name.get(fold(name), [])}
        for each in self._by_birth.get(born, []):
            own = set(fold(each.full_name).split())
            if len(words & own) >= max(1, min(len(words), len(own)) - 1):
                found[each.code] = each
        return sorted(
            found.values(),
            key=lambda each: (
                each.birth_date != born,
                self._class_of.get(each.code) != class_id,
                _spelled(each.full_name) != _spelled(name),
                each.code,
            ),
        )

    def _asked(self, entry: Entry, name: str, near: list[Student]) -> Found:
        place = entry.place
        for pupil in near[:MAX_ASKED]:
            given = f"{place.sheet}!{place.row} {name}"[:90]
            answer = self._asking.answer(
                "named", "students", entry, "full_name", given, pupil.code, who=shown(pupil), said=name
            )
            if answer == SAME:
                return Found(pupil.code, "người nhập xác nhận")
            if not answer:
                return Found(asked=True)
        return Found()


def name_rows(rows: Rows, finder: PupilFinder, class_called: Callable[[str], str | None]) -> Named:
    """Give the rows without a code that of their pupil.

    Args:
        class_called: the id of the class of a name; None where there is none.
    """
    found = Named()
    codes: dict[tuple[str, int], str] = {}
    for entry in rows.pupils:
        if entry.values["student_code"] is not None:
            continue
        at = entry.place.sheet, entry.place.row
        whose = finder.find(
            entry, class_called(str(entry.values.get("class_code") or entry.values.get("named_class") or ""))
        )
        if whose.code:
            codes[at] = entry.values["student_code"] = whose.code
            found.matched[at] = f"{whose.code}, {whose.how}"
            continue
        found.left_out.add(at)
        if not whose.asked:
            reason = "không tìm thấy học sinh này theo họ tên, ngày sinh; hãy ghi đúng, hoặc thêm cột Mã học sinh"
            found.problems.append(entry.place.problem("full_name", reason, "no_pupil"))
    for key, column in (("students", "code"), ("results", "student_code"), ("subject_results", "student_code")):
        for entry in rows.of.get(key, []):
            if (code := codes.get((entry.place.sheet, entry.place.row))) is not None:
                entry.values[column] = code
    return found


def _spelled(name: str) -> str:
    return identifier_key(one_line(name))
