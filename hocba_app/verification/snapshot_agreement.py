"""Whether the pages show what the snapshot says, asked once before a record is kept: afterwards nobody could tell.

The layout is not asked what it drew. The finished pages are read from their glyphs, as the verifier reads them, and every value
must be there in the order of the form, whole, in lines of its own. Rows of marks have nothing else between their cells, and each
mark lies under its column's heading.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms import results_tt22, results_tt26, results_tt27
from hocba_app.forms.header_footer import LEFT, PUPIL_LABEL
from hocba_app.forms.page import MM
from hocba_app.forms.subject_table import Column
from hocba_app.forms.summary_table import SummaryColumn
from hocba_app.forms.wording import (
    BLANK,
    PROMOTIONS,
    circumstance_lines,
    day,
    history_outcome,
    mark,
    primary_completion,
    printable,
    programme_finished,
    school_year,
)
from hocba_app.pki.not_shown import NotShown
from hocba_app.verification.layout_grammar import read_layout
from hocba_app.verification.page_grammar import ShownText

_SUBJECT_COLUMNS = {"TT22": results_tt22.COLUMNS, "TT26": results_tt26.COLUMNS, "TT27": results_tt27.COLUMNS}
_SUMMARY_COLUMNS = {"TT22": results_tt22.SUMMARY_COLUMNS, "TT26": results_tt26.SUMMARY_COLUMNS}
_PERSONAL = (
    ("full_name", "họ và tên"),
    ("sex", "giới tính"),
    ("birth_date", "ngày sinh"),
    ("ethnic_group", "dân tộc"),
    ("birth_place", "nơi sinh"),
    ("nationality", "quốc tịch"),
    ("home_town", "quê quán"),
    ("id_number", "số định danh cá nhân"),
    ("code", "mã học sinh"),
    ("register_number", "số đăng bộ"),
    ("admission_date", "ngày nhập học"),
    ("priority_category", "đối tượng ưu tiên"),
    ("address", "chỗ ở hiện nay"),
    ("father_name", "họ và tên cha"),
    ("father_job", "nghề nghiệp của cha"),
    ("mother_name", "họ và tên mẹ"),
    ("mother_job", "nghề nghiệp của mẹ"),
    ("guardian_name", "họ và tên người giám hộ"),
    ("guardian_job", "nghề nghiệp của người giám hộ"),
)
"""The personal page's values in its order."""
_OF_PRIMARY = frozenset({"nationality", "home_town"})
_TRAITS = (
    ("qualities", "qualities_comment", "phẩm chất"),
    ("general_competencies", "general_comment", "năng lực chung"),
    ("specific_competencies", "specific_comment", "năng lực đặc thù"),
)
_SIGNED_ON = "{place}, ngày ghi tại chữ ký số"
Cell = tuple[str, str | None]
"""A place of the record, in the school's words, and what its cell must show."""


def require_printed(base: bytes, snapshot: Snapshot) -> None:
    """The pages of a base of ours show every value of its snapshot that the form prints.

    Args:
        base: the file, with or without its fields.
        snapshot: what it was laid out from.

    Raises:
        HocbaError: FORM_PAGE_DIFFERS with the first value that is not on the pages, and the page where it should.
    """
    try:
        reading = _Reading([[(line.text, line) for line in page] for page in read_layout(base).texts])
    except NotShown as error:
        raise HocbaError(ErrorCode.FORM_PAGE_DIFFERS, place="cách trình bày", page=1) from error
    content: Snapshot = printable(snapshot)
    if content["kind"] == "cover":
        _cover(reading, content)
    else:
        _frame(reading, content)
        reading.back_to(0)
        (_history if content["kind"] == "history" else _results)(reading, content)
    _feet(reading, content)


class _Reading:
    """All pages as one text without blanks: where the layout breaks a line says nothing. Read from the beginning to the end."""

    def __init__(self, pages: Sequence[Sequence[tuple[str, ShownText]]]) -> None:
        self._lines = [line for page in pages for _, line in page]
        texts = [["".join(text.split()) for text, _ in page] for page in pages]
        self._text = "".join(itertools.chain.from_iterable(texts))
        lengths = map(len, itertools.chain.from_iterable(texts))
        self._edges = {at: line for line, at in enumerate(itertools.accumulate(lengths, initial=0))}
        self._pages = [0, *itertools.accumulate(sum(map(len, page)) for page in texts)]
        self._at = 0

    @property
    def pages(self) -> range:
        """Numbers of the pages, from 0."""
        return range(len(self._pages) - 1)

    def back_to(self, page: int) -> None:
        """Go on reading at the beginning of a page."""
        self._at = self._pages[page]

    def cell(self, place: str, value: str | None, page: int | None = None) -> None:
        """One value, its next occurrence in lines of its own; see :meth:`cells`."""
        self.cells((place, value), page=page)

    def cells(self, *cells: Cell, page: int | None = None) -> list[ShownText | None]:
        """Values that follow one another with nothing between, the next time they do.

        Args:
            cells: each in one or more lines of its own; absent ones leave no trace.
            page: on which they must be; None for any.

        Returns:
            Each value's first line, and the line after the last; None where there is none.

        Raises:
            HocbaError: FORM_PAGE_DIFFERS with the first that is not there.
        """
        parts = ["".join(value.split()) if value else "" for _, value in cells]
        end = len(self._text) if page is None else self._pages[page + 1]
        offsets = self._find(parts, end)
        if offsets is None:
            shown = next((n for n in range(len(parts) - 1, 0, -1) if self._find(parts[:n], end) is not None), 0)
            raise self.differs(cells[shown][0])
        self._at = offsets[-1]
        lines = [self._line(offset) if part else None for offset, part in zip(offsets, parts, strict=False)]
        return [*lines, self._line(self._at)]

    def differs(self, place: str) -> HocbaError:
        """The finding for a value that is not where it should be, on the page that is being read."""
        page = bisect.bisect_right(self._pages, self._at, hi=len(self._pages) - 1)
        return HocbaError(ErrorCode.FORM_PAGE_DIFFERS, place=place, page=page)

    def _find(self, parts: Sequence[str], end: int) -> list[int] | None:
        """Where the parts begin, and where the last one ends."""
        sought, at = "".join(parts), self._at - 1
        while (at := self._text.find(sought, at + 1, end)) >= 0:
            offsets = list(itertools.accumulate(map(len, parts), initial=at))
            if all(offset in self._edges for offset in offsets):
                return offsets
        return None

    def _line(self, offset: int) -> ShownText | None:
        number = self._edges[offset]
        return self._lines[number] if number < len(self._lines) else None


def _cover(reading: _Reading, snapshot: Snapshot) -> None:
    school, student = snapshot["school"], snapshot["student"]
    where = f"{school['commune']}, {school['province']}"
    reading.cell("sở giáo dục", school["department"].upper(), 0)
    reading.cell("xã, phường, tỉnh, thành phố", where, 0)
    reading.cell("tên trường", school["name"].upper(), 0)
    reading.cell("họ và tên", student["full_name"].upper(), 0)
    reading.cell("số đăng bộ", f"Số: {student.get('register_number') or BLANK}", 0)
    reading.cell("mã học sinh", f"Mã học sinh: {student['code']}", 0)
    reading.back_to(1)
    reading.cells(
        ("tên trường", school["name"]),
        ("xã, phường, tỉnh, thành phố", where),
        ("sở giáo dục", school["department"]),
    )
    for key, place in _PERSONAL:
        if key not in _OF_PRIMARY or school["level"] == "primary":
            value = student.get(key) or BLANK
            reading.cell(place, _written(key, str(value)))
    _approval(reading, snapshot)


def _written(key: str, value: str) -> str:
    if key in ("birth_date", "admission_date"):
        return day(value) or BLANK
    return value.upper() if key == "full_name" else value


def _frame(reading: _Reading, snapshot: Snapshot) -> None:
    """The head of every page of results and history."""
    head = (
        ("họ và tên", "Họ và tên:"),
        ("họ và tên", snapshot["student"]["full_name"].upper()),
        ("lớp", "Lớp:"),
        ("lớp", snapshot["class_name"]),
        ("năm học", "Năm học:"),
        ("năm học", school_year(snapshot["school_year"])),
    )
    for page in reading.pages:
        reading.back_to(page)
        reading.cell("tên trường", snapshot["school"]["name"].upper(), page)
        reading.cells(*head, page=page)


def _feet(reading: _Reading, snapshot: Snapshot) -> None:
    for page in reading.pages:
        reading.back_to(page)
        reading.cell("mã tra cứu", snapshot["verification"]["code"], page)
        reading.cell("số trang", f"Trang {page + 1}/{len(reading.pages)}", page)
        reading.cell("mã học sinh", f"{PUPIL_LABEL} {snapshot['student']['code']}", page)


def _approval(reading: _Reading, snapshot: Snapshot) -> None:
    reading.cell("nơi ký", _SIGNED_ON.format(**snapshot))
    head: Mapping[str, Any] = snapshot.get("head") or {}
    reading.cell("chức vụ người ký", str(head.get("office", "Hiệu trưởng")).upper())
    if ground := head.get("ground"):
        reading.cell("căn cứ ký", f"(Ký, ghi rõ họ tên và đóng dấu; theo {ground})")


def _history(reading: _Reading, snapshot: Snapshot) -> None:
    student, rows = snapshot["student"], snapshot["history"]
    facts = [f"Mã học sinh: {student['code']}", f"Ngày sinh: {day(student['birth_date'])}"]
    facts += [f"Số đăng bộ: {register}"] if (register := student.get("register_number")) else []
    facts += [f"Ngày nhập học: {day(admitted)}"] if (admitted := student.get("admission_date")) else []
    reading.cell("mã học sinh, ngày sinh, số đăng bộ, ngày nhập học", " · ".join(facts))
    for number, row in enumerate(rows, 1):
        signed = number == len(rows)
        level, grade = snapshot["school"]["level"], snapshot["grade"] if signed else None
        place = f"quá trình học tập năm học {row['school_year']}"
        reading.cells(
            (place, school_year(row["school_year"])),
            (f"{place}: lớp", row["class_name"]),
            (f"{place}: trường", ", ".join(filter(None, [row["school_name"], row["commune"], row["province"]]))),
            (f"{place}: kết quả", history_outcome(row["outcome"], level, grade)),
            (f"{place}: ghi chú", row["note"]),
            (
                place,
                _SIGNED_ON.format(**snapshot) if signed else f"Theo hồ sơ năm học {school_year(row['school_year'])}",
            ),
        )


def _results(reading: _Reading, snapshot: Snapshot) -> None:
    results: Mapping[str, Any] = snapshot["results"]
    regime = results["regime"]
    primary = regime == "TT27"
    if primary:
        _measurements(reading, results)
    _subjects(reading, _SUBJECT_COLUMNS[regime], [*results["subjects"], *_averages(results)])
    if primary:
        _primary_facts(reading, snapshot, results)
        _approval(reading, snapshot)
        return
    _summary(reading, _SUMMARY_COLUMNS[regime], results)
    finished = results["promotion"] == "promoted" and results["programme_completed"]
    words = programme_finished(snapshot["school"]["level"]) if finished else _decision(results)
    reading.cell("đánh giá cuối năm học", _with_note(words, results))
    awards = "; ".join(results["awards"])
    if regime == "TT22":
        reading.cell("chứng chỉ", results["certificates"] or BLANK)
        reading.cell("danh hiệu, khen thưởng", "; ".join(filter(None, [results["title"], awards])) or BLANK)
    else:
        reading.cell("danh hiệu", results["title"] or BLANK)
        reading.cell("chứng chỉ", results["certificates"] or BLANK)
        reading.cell("khen thưởng", awards or BLANK)
    _departure(reading, results)
    _circumstances(reading, snapshot)
    reading.cell("nhận xét của giáo viên chủ nhiệm", results["homeroom_comment"] or BLANK)
    if results["homeroom_comment_after_summer"]:
        reading.cell("nhận xét của giáo viên chủ nhiệm sau hè", results["homeroom_comment_after_summer"])
    _completed(reading, snapshot["school"]["level"], results["programme_completed"])
    _approval(reading, snapshot)


def _averages(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    means = results.get("averages")
    return [{"name": "Điểm trung bình các môn", **means}] if means and results["regime"] == "TT26" else []


def _subjects(reading: _Reading, columns: tuple[Column, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    keys = [column.key for column in columns if column.kind == "mark"]
    for row in rows:
        place = f"môn {row['name']}"
        note = _note_of(row) if "test" in keys else row.get("note")
        shown = reading.cells(
            (place, row["name"]),
            *[(f"điểm, mức {place}", mark(row.get(key))) for key in keys],
            (f"nhận xét {place}", row.get("comment")),
            (f"ghi chú {place}", f"Ghi chú: {note}" if note else ""),
        )
        _require_columns(reading, columns, keys, [*shown[1 : len(keys) + 1], shown[-1]], f"điểm, mức {place}")


def _require_columns(
    reading: _Reading,
    columns: tuple[Column | SummaryColumn, ...],
    keys: Sequence[str],
    lines: Sequence[ShownText | None],
    place: str,
) -> None:
    """Marks lie under their headings, and what comes after the row, the last of the lines, is not one more of them."""
    spans, (*marks, after) = _spans(columns), lines
    for key, line in zip(keys, marks, strict=True):
        left, right = spans[key]
        if line is not None and not left <= line.left < right:
            raise reading.differs(place)
    if after is not None and spans[keys[0]][0] <= after.left < spans[keys[-1]][1]:
        raise reading.differs(place)


@functools.cache
def _spans(columns: tuple[Column | SummaryColumn, ...]) -> dict[str, tuple[float, float]]:
    """The edges of each column, points."""
    edges = list(itertools.accumulate((column.width * MM for column in columns), initial=LEFT))
    return {column.key: edge for column, edge in zip(columns, itertools.pairwise(edges), strict=True)}


def _note_of(row: Mapping[str, Any]) -> str:
    """Primary: what was assessed again has no column of its own."""
    again = [f"mức {row['reassessed']}"] if row["reassessed"] else []
    again += [f"điểm {row['reassessed_test']}"] if row.get("reassessed_test") else []
    return ". ".join(filter(None, [row["note"], f"Sau rèn luyện trong hè: {', '.join(again)}" if again else ""]))


def _summary(reading: _Reading, columns: tuple[SummaryColumn, ...], results: Mapping[str, Any]) -> None:
    training, learning, absences = results["training"], results["learning"], results["absences"]
    keys = ["training", "learning", "absences", "training_after", "learning_after"]
    reading.cell("bảng tổng hợp", columns[2].title)  # the heading of an empty table of subjects names the terms too
    for term, name in (("term1", "Học kỳ I"), ("term2", "Học kỳ II"), ("year", "Cả năm")):
        missed = absences.get(term)
        shown = reading.cells(
            ("bảng tổng hợp", name),
            (f"kết quả rèn luyện {name}", training[term]),
            (f"kết quả học tập {name}", learning[term]),
            (f"số buổi nghỉ {name}", None if missed is None else str(missed)),
            ("kết quả rèn luyện sau hè", training["reassessed"] if term == "year" else None),
            ("kết quả học tập sau hè", learning["reassessed"] if term == "year" else None),
        )
        _require_columns(reading, columns, keys, shown[1:], f"bảng tổng hợp {name}")


def _measurements(reading: _Reading, results: Mapping[str, Any]) -> None:
    def amount(value: str | None, unit: str) -> str:
        return f"{value.replace('.', ',')} {unit}" if value else BLANK

    excused, unexcused = (
        BLANK if (days := results["absences"].get(key)) is None else days for key in ("excused", "unexcused")
    )
    reading.cells(
        ("chiều cao", f"Chiều cao: {amount(results.get('height_cm'), 'cm')}"),
        ("cân nặng", f"Cân nặng: {amount(results.get('weight_kg'), 'kg')}"),
        ("số ngày nghỉ", f"Số ngày nghỉ: có phép {excused}, không phép {unexcused}"),
    )


def _primary_facts(reading: _Reading, snapshot: Snapshot, results: Mapping[str, Any]) -> None:
    for group, comment, place in _TRAITS:
        if traits := results.get(group):
            shown = [cell for trait in traits for cell in ((place, trait["name"]), (trait["name"], trait["level"]))]
            reading.cells(*shown, (f"nhận xét {place}", results.get(comment)))
    awards = "; ".join(filter(None, [results["title"], *results["awards"]])) or BLANK
    reading.cell("đánh giá kết quả giáo dục", results["learning"]["year"] or BLANK)
    reading.cell("khen thưởng", awards)
    if results["homeroom_comment"]:
        reading.cell("nhận xét của giáo viên chủ nhiệm", results["homeroom_comment"])
    _departure(reading, results)
    _circumstances(reading, snapshot)
    promoted = results["promotion"] == "promoted"
    finished = bool(results["programme_completed"])
    words = primary_completion(snapshot["grade"], finished=finished) if promoted else _decision(results)
    reading.cell("hoàn thành chương trình", _with_note(words, results))


def _decision(results: Mapping[str, Any]) -> str:
    return PROMOTIONS.get(results["promotion"] or "", BLANK)


def _with_note(words: str, results: Mapping[str, Any]) -> str:
    return f"{words} ({results['promotion_note']})" if results["promotion_note"] else words


def _departure(reading: _Reading, results: Mapping[str, Any]) -> None:
    if results["departure"]:
        reading.cell("thay đổi trong năm học", results["departure"])


def _circumstances(reading: _Reading, snapshot: Snapshot) -> None:
    for line in circumstance_lines(snapshot):
        reading.cell("trường hợp theo quy định", line)


def _completed(reading: _Reading, level: str, completed: bool | None) -> None:
    if completed is not None:
        words = programme_finished(level)
        reading.cell("hoàn thành cấp học", f"{words}." if completed else f"Chưa {words[0].lower()}{words[1:]}.")
