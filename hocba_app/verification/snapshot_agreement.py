"""Whether the pages show what the snapshot says, asked once before a record is kept: afterwards nobody could tell.

The layout is not asked what it drew. The finished pages are read from their glyphs, as the verifier reads them, and every value
must be there in the order of the form, whole, in lines of its own. Rows of marks have nothing else between their cells, and each
mark lies under its column's heading.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import LAST_GRADES
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.form_version import Column, Form, form_of
from hocba_app.forms.header_footer import LEFT, PUPIL_LABEL
from hocba_app.forms.page import MM
from hocba_app.forms.wording import BLANK, LEVEL_NAMES, circumstance_lines, day, mark, printable, school_year
from hocba_app.pki.not_shown import NotShown
from hocba_app.verification.layout_grammar import read_layout
from hocba_app.verification.page_agreement import missing_word
from hocba_app.verification.page_grammar import ShownText
from hocba_app.verification.page_reading import Cell, Reading

_PERSONAL = {
    "full_name": "họ và tên",
    "sex": "giới tính",
    "birth_date": "ngày sinh",
    "ethnic_group": "dân tộc",
    "birth_place": "nơi sinh",
    "nationality": "quốc tịch",
    "home_town": "quê quán",
    "id_number": "số định danh cá nhân",
    "code": "mã học sinh",
    "register_number": "số đăng bộ",
    "admission_date": "ngày nhập học",
    "priority_category": "đối tượng ưu tiên",
    "address": "chỗ ở hiện nay",
    "father_name": "họ và tên cha",
    "father_job": "nghề nghiệp của cha",
    "mother_name": "họ và tên mẹ",
    "mother_job": "nghề nghiệp của mẹ",
    "guardian_name": "họ và tên người giám hộ",
    "guardian_job": "nghề nghiệp của người giám hộ",
}
"""What the personal page\'s values are called."""
_TRAITS = (
    ("qualities", "qualities_comment", "phẩm chất"),
    ("general_competencies", "general_comment", "năng lực chung"),
    ("specific_competencies", "specific_comment", "năng lực đặc thù"),
)


def require_printed(base: bytes, snapshot: Snapshot) -> None:
    """The pages of a base of ours show every value of its snapshot that the form prints.

    Args:
        base: the file, with or without its fields.
        snapshot: what it was laid out from.

    Raises:
        HocbaError: FORM_PAGE_DIFFERS with the first value that is not on the pages, and the page where it should.
    """
    try:
        texts = read_layout(base).texts
        reading = Reading([[(line.text, line) for line in page] for page in texts])
    except NotShown as error:
        raise HocbaError(ErrorCode.FORM_PAGE_DIFFERS, place="cách trình bày", page=1) from error
    content: Snapshot = printable(snapshot)
    if (word := missing_word(texts, form_of(content))) is not None:
        raise HocbaError(ErrorCode.FORM_PAGE_DIFFERS, place=f"lời của mẫu: {word}", page=1)
    if content["kind"] == "cover":
        _cover(reading, content)
    else:
        _frame(reading, content)
        reading.back_to(0)
        (_history if content["kind"] == "history" else _results)(reading, content)
    _feet(reading, content)


def _cover(reading: Reading, snapshot: Snapshot) -> None:
    form, school, student = form_of(snapshot), snapshot["school"], snapshot["student"]
    where = f"{school['commune']}, {school['province']}"
    reading.cell("sở giáo dục", school["department"].upper(), 0)
    reading.cell("xã, phường, tỉnh, thành phố", where, 0)
    reading.cell("tên trường", school["name"].upper(), 0)
    reading.cell("họ và tên", student["full_name"].upper(), 0)
    reading.cell("số đăng bộ", form.word("cover_number", number=student.get("register_number") or BLANK), 0)
    reading.cell("mã học sinh", form.word("cover_code", code=student["code"]), 0)
    reading.back_to(1)
    reading.cells(
        ("tên trường", school["name"]),
        ("xã, phường, tỉnh, thành phố", where),
        ("sở giáo dục", school["department"]),
    )
    for key, _ in itertools.chain.from_iterable(form.data["rows"]):
        reading.cells((_PERSONAL[key], form.word(key)), (_PERSONAL[key], _written(key, str(student.get(key) or BLANK))))
    _approval(reading, snapshot)


def _written(key: str, value: str) -> str:
    if key in ("birth_date", "admission_date"):
        return day(value) or BLANK
    return value.upper() if key == "full_name" else value


def _frame(reading: Reading, snapshot: Snapshot) -> None:
    """The head of every page of results and history."""
    form = form_of(snapshot)
    head = (
        ("họ và tên", form.word("pupil")),
        ("họ và tên", snapshot["student"]["full_name"].upper()),
        ("lớp", form.word("class")),
        ("lớp", snapshot["class_name"]),
        ("năm học", form.word("year")),
        ("năm học", school_year(snapshot["school_year"])),
    )
    for page in reading.pages:
        reading.back_to(page)
        reading.cell("tên trường", snapshot["school"]["name"].upper(), page)
        reading.cells(*head, page=page)


def _feet(reading: Reading, snapshot: Snapshot) -> None:
    for page in reading.pages:
        reading.back_to(page)
        reading.cell("mã tra cứu", snapshot["verification"]["code"], page)
        reading.cell("số trang", f"Trang {page + 1}/{len(reading.pages)}", page)
        reading.cell("mã học sinh", f"{PUPIL_LABEL} {snapshot['student']['code']}", page)


def _approval(reading: Reading, snapshot: Snapshot) -> None:
    """The place to sign: town and day, office, and on what ground another signs."""
    form = form_of(snapshot)
    head: Mapping[str, Any] = snapshot.get("head") or {}
    if form.dated != "homeroom":
        _date_line(reading, form, snapshot)
    reading.cell("chức vụ người ký", _of_office(form, "office", snapshot))
    if ground := head.get("ground"):
        reading.cell("căn cứ ký", form.word("signing_note")[:-1] + form.word("signing_ground", ground=ground))
    if form.dated == "homeroom":
        _date_line(reading, form, snapshot)


def _date_line(reading: Reading, form: Form, snapshot: Snapshot) -> None:
    if not form.dated:
        reading.cell("nơi ký", form.word("date_line", place=snapshot["place"]))
        return
    words = [("ngày ký", form.word(key)) for key in ("date_day", "date_month", "date_year")]
    reading.cells(("nơi ký", f"{snapshot['place']},"), *words)


def _of_office(form: Form, key: str, snapshot: Snapshot) -> str:
    head: Mapping[str, Any] = snapshot.get("head") or {}
    office = str(head.get("office", "Hiệu trưởng"))
    return form.word(key, office=office, OFFICE=office.upper())


def _history(reading: Reading, snapshot: Snapshot) -> None:
    form, student, rows = form_of(snapshot), snapshot["student"], snapshot["history"]
    keys = [column.key for column in form.columns]
    facts = [form.word("code", code=student["code"]), form.word("birth_date", date=day(student["birth_date"]))]
    register, admitted = student.get("register_number"), student.get("admission_date")
    facts += [form.word("register_number", number=register)] if register and "register_number" not in keys else []
    facts += [form.word("admission_date", date=day(admitted))] if admitted and "admission_date" not in keys else []
    reading.cell("mã học sinh, ngày sinh, số đăng bộ, ngày nhập học", " · ".join(facts))
    for number, row in enumerate(rows, 1):
        is_last = number == len(rows)
        level, finished = snapshot["school"]["level"], is_last and snapshot["grade"] == LAST_GRADES.get(snapshot["school"]["level"])  # fmt: skip
        outcome = row["outcome"] or ""
        words = form.word(f"outcome_{outcome}") if form.has(f"outcome_{outcome}") else outcome
        place = f"quá trình học tập năm học {row['school_year']}"
        shown: dict[str, list[Cell]] = {
            "school_year": [(place, school_year(row["school_year"]))],
            "class_name": [(f"{place}: lớp", row["class_name"])],
            "school": [
                (f"{place}: trường", ", ".join(filter(None, [row["school_name"], row["commune"], row["province"]])))
            ],
            "outcome": [
                (f"{place}: kết quả", form.word(f"programme_{level}") if finished and outcome == "promoted" else words),
                (f"{place}: ghi chú", row["note"]),
            ],
            "confirmation": [(place, None if is_last else form.word("earlier", year=school_year(row["school_year"])))],
            "register_number": [(f"{place}: số đăng bộ", register or BLANK)],
            "admission_date": [(f"{place}: ngày nhập học", (day(admitted) if number == 1 else None) or BLANK)],
        }
        reading.cells(*itertools.chain.from_iterable(shown[key] for key in keys))
    if form.dated:
        _approval(reading, snapshot)
    else:
        _date_line(reading, form, snapshot)
    head: Mapping[str, Any] = snapshot.get("head") or {}
    ground = head.get("ground")
    told = form.word("note_ground", ground=ground) if ground else ""
    reading.cell("ghi chú, căn cứ ký", _of_office(form, "note", snapshot) + told)


def _results(reading: Reading, snapshot: Snapshot) -> None:
    form, results = form_of(snapshot), snapshot["results"]
    primary = results["regime"] == "TT27"
    if primary:
        _measurements(reading, form, results)
    _subjects(reading, form, [*form.ordered(results["subjects"]), *_averages(form, results)])
    if primary:
        _primary_facts(reading, form, snapshot)
        _approval(reading, snapshot)
        return
    _summary(reading, form, results)
    expected = _year_lines(form, snapshot)
    for fact in form.facts:
        label = fact.label.format(level=LEVEL_NAMES[snapshot["school"]["level"]].lower())
        place = label.rstrip(":").lower()
        reading.cells((place, label), (place, expected[fact.value] or BLANK))
    _departure(reading, results)
    _circumstances(reading, snapshot)
    reading.cell("nhận xét của giáo viên chủ nhiệm", results["homeroom_comment"] or BLANK)
    if results["homeroom_comment_after_summer"]:
        reading.cell("nhận xét của giáo viên chủ nhiệm sau hè", results["homeroom_comment_after_summer"])
    _completed(reading, form, snapshot)
    _approval(reading, snapshot)


def _year_lines(form: Form, snapshot: Snapshot) -> dict[str, str | None]:
    """What each line under the summary must say, whichever of them a version has."""
    results, level, grade = snapshot["results"], snapshot["school"]["level"], snapshot["grade"] or 0
    decided, note = results["promotion"], f" ({results['promotion_note']})" if results["promotion_note"] else ""
    finished = decided == "promoted" and results["programme_completed"]
    last = grade == LAST_GRADES.get(level)
    again = any(
        [results["learning"]["reassessed"], results["training"]["reassessed"]]
        + [row["reassessed"] for row in results["subjects"]]
    )
    programme = _programme_line(form, snapshot)
    to_grade = f"{form.word('to_grade', grade=grade + 1)}{note}" if decided == "promoted" and not last else None
    after = f"{form.word('reassess')}{note}" if decided == "reassess" else None
    contests, rewards = form.sorted_awards(results["awards"])
    return {
        "decision": form.word(f"programme_{level}") + note if finished else _decision(form, results),
        "title": results["title"],
        "certificates": results["certificates"],
        "awards": "; ".join(results["awards"]),
        "title_and_awards": "; ".join(filter(None, [results["title"], *results["awards"]])),
        "promoted": None if again else to_grade,
        "promoted_after": to_grade if again and to_grade else after,
        "retained": f"{form.word('stays', grade=grade)}{note}" if decided == "retained" else None,
        "programme": f"{programme or BLANK}{note}" if decided == "promoted" and last else programme,
        "contests": "; ".join(contests),
        "rewards": "; ".join(filter(None, [results["title"], *rewards])),
        "other_rewards": "; ".join(rewards),
    }


def _programme_line(form: Form, snapshot: Snapshot) -> str | None:
    completed, words = snapshot["results"]["programme_completed"], form.word(f"programme_{snapshot['school']['level']}")
    if completed is None:
        return None
    return words if completed else form.word("no_programme", programme_small=words[0].lower() + words[1:])


def _averages(form: Form, results: Mapping[str, Any]) -> list[dict[str, Any]]:
    means = results.get("averages")
    return [{"name": form.word("averages"), **means}] if means and form.has("averages") else []


def _subjects(reading: Reading, form: Form, rows: Sequence[Mapping[str, Any]]) -> None:
    keys = [column.key for column in form.columns if column.kind == "mark"]
    for row in rows:
        place = f"môn {row['name']}"
        note = _note_of(form, row) if "test" in keys else row.get("note")
        shown = reading.cells(
            (place, row["name"]),
            *[(f"điểm, mức {place}", mark(row.get(key))) for key in keys],
            (f"nhận xét {place}", row.get("comment")),
            (f"ghi chú {place}", form.word("row_note", note=note) if note else ""),
        )
        _require_columns(
            reading, form, form.columns, keys, [*shown[1 : len(keys) + 1], shown[-1]], f"điểm, mức {place}"
        )


def _require_columns(
    reading: Reading,
    form: Form,
    columns: tuple[Column, ...],
    keys: Sequence[str],
    lines: Sequence[ShownText | None],
    place: str,
) -> None:
    """Marks lie under their headings, and what comes after the row, the last of the lines, is not one more of them."""
    spans, (*marks, after) = _spans(columns, form.binding), lines
    for key, line in zip(keys, marks, strict=True):
        left, right = spans[key]
        if line is not None and not left <= line.left < right:
            raise reading.differs(place)
    if after is not None and spans[keys[0]][0] <= after.left < spans[keys[-1]][1]:
        raise reading.differs(place)


@functools.cache
def _spans(columns: tuple[Column, ...], binding: float) -> dict[str, tuple[float, float]]:
    """The edges of each column, points."""
    edges = list(itertools.accumulate((column.width * MM for column in columns), initial=LEFT + binding))
    return {column.key: edge for column, edge in zip(columns, itertools.pairwise(edges), strict=True)}


def _note_of(form: Form, row: Mapping[str, Any]) -> str:
    """Primary: what was assessed again has no column of its own."""
    again = [form.word("again_level", level=row["reassessed"])] if row["reassessed"] else []
    again += [form.word("again_test", test=row["reassessed_test"])] if row.get("reassessed_test") else []
    return ". ".join(filter(None, [row["note"], form.word("supplementary", again=", ".join(again)) if again else ""]))


def _summary(reading: Reading, form: Form, results: Mapping[str, Any]) -> None:
    training, learning, absences = results["training"], results["learning"], results["absences"]
    columns = form.summary
    keys = ["training", "learning", "absences", "training_after", "learning_after"]
    reading.cell("bảng tổng hợp", columns[2].title)  # the heading of an empty table of subjects names the terms too
    for term, name in zip(("term1", "term2", "year"), map(form.word, ("term1", "term2", "whole_year")), strict=True):
        missed = absences.get(term)
        shown = reading.cells(
            ("bảng tổng hợp", name),
            (f"kết quả rèn luyện {name}", training[term]),
            (f"kết quả học tập {name}", learning[term]),
            (f"số buổi nghỉ {name}", None if missed is None else str(missed)),
            ("kết quả rèn luyện sau hè", training["reassessed"] if term == "year" else None),
            ("kết quả học tập sau hè", learning["reassessed"] if term == "year" else None),
        )
        _require_columns(reading, form, columns, keys, shown[1:], f"bảng tổng hợp {name}")


def _measurements(reading: Reading, form: Form, results: Mapping[str, Any]) -> None:
    def amount(value: str | None, unit: str) -> str:
        return f"{value.replace('.', ',')} {unit}" if value else BLANK

    excused, unexcused = (
        BLANK if (days := results["absences"].get(key)) is None else days for key in ("excused", "unexcused")
    )
    values = {
        "height_cm": amount(results.get("height_cm"), "cm"),
        "weight_kg": amount(results.get("weight_kg"), "kg"),
        "excused": excused,
        "unexcused": unexcused,
    }
    reading.cells(*(("chiều cao, cân nặng, số ngày nghỉ", fact.label.format(**values)) for fact in form.measurements))


def _primary_facts(reading: Reading, form: Form, snapshot: Snapshot) -> None:
    results: Mapping[str, Any] = snapshot["results"]
    for group, comment, place in _TRAITS:
        if traits := results.get(group):
            shown = [cell for trait in traits for cell in ((place, trait["name"]), (trait["name"], trait["level"]))]
            reading.cells(*shown, (f"nhận xét {place}", results.get(comment)))
    awards = "; ".join(filter(None, [results["title"], *results["awards"]])) or BLANK
    level, again = results["learning"]["year"], results["learning"]["reassessed"]
    promoted = results["promotion"] == "promoted"
    made_up = promoted and (
        level == "Chưa hoàn thành"
        or any(row["reassessed"] or row.get("reassessed_test") for row in results["subjects"])
    )
    if again and form.has("level_again"):
        level = form.word("level_again", again=again, level=level or BLANK)
    elif level and made_up and form.has("level_before"):
        level = form.word("level_before", level=level)
    reading.cells(("đánh giá kết quả giáo dục", form.word("result")), ("đánh giá kết quả giáo dục", level or BLANK))
    reading.cells(("khen thưởng", form.word("awards")), ("khen thưởng", awards))
    if results["homeroom_comment"]:
        reading.cell("nhận xét của giáo viên chủ nhiệm", results["homeroom_comment"])
    _departure(reading, results)
    _circumstances(reading, snapshot)
    if promoted:
        finished = bool(results["programme_completed"])
        words = form.word("programme_primary") if finished else form.word("class_completed", grade=snapshot["grade"])
        words = form.word("made_up", words=words) if made_up and form.has("made_up") else words
        words += f" ({results['promotion_note']})" if results["promotion_note"] else ""
    else:
        words = _decision(form, results)
    reading.cells(("hoàn thành chương trình", form.word("completion")), ("hoàn thành chương trình", words))


def _decision(form: Form, results: Mapping[str, Any]) -> str:
    decided = results["promotion"] or ""
    words = form.word(decided) if form.has(decided) else BLANK
    return f"{words} ({results['promotion_note']})" if results["promotion_note"] else words


def _departure(reading: Reading, results: Mapping[str, Any]) -> None:
    if results["departure"]:
        reading.cell("thay đổi trong năm học", results["departure"])


def _circumstances(reading: Reading, snapshot: Snapshot) -> None:
    for line in circumstance_lines(snapshot):
        reading.cell("trường hợp theo quy định", line)


def _completed(reading: Reading, form: Form, snapshot: Snapshot) -> None:
    completed = snapshot["results"]["programme_completed"]
    if completed is not None:
        words = form.word(f"programme_{snapshot['school']['level']}")
        small = words[0].lower() + words[1:]
        reading.cell(
            "hoàn thành cấp học",
            form.word("completed", programme=words) if completed else form.word("not_completed", programme_small=small),
        )
