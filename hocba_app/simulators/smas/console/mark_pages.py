"""A class's marks of one subject and term in a grid, wide on a desk and a card a pupil on a phone; and the comments."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hocba_app.simulators.smas.console import page_parts
from hocba_app.simulators.smas.console.context import Context
from hocba_app.simulators.smas.console.page_parts import esc
from hocba_app.simulators.smas.entry import most_regular
from hocba_app.simulators.smas.gradebook import TERMS, Books
from hocba_app.simulators.smas.refusals import Refused

_TERM_NAMES = (("I", "Học kì I"), ("II", "Học kì II"))
_LEVELS = {"Đ": "Đ", "CĐ": "CĐ", "T": "T", "H": "H", "C": "C"}


def _subjects(context: Context, class_id: str) -> list[tuple[str, str]]:
    """The subjects of a class, in the order of the form; a teacher's own."""
    rows = context.records("teaching_assignments", class_id).values()
    taught = {row["subject_id"] for row in rows if not context.teacher or row["staff_id"] == context.teacher}
    subjects = Books(context.store, context.session.school).subjects()
    return [(key, subject["name"]) for key, subject in subjects.items() if key in taught]


def _chosen_subject(context: Context, class_id: str, *, homeroom: bool = False) -> str:
    subjects, asked = _subjects(context, class_id), context.query("subject_id")
    if homeroom and _homeroom(context, class_id) and not asked:
        return ""
    if not subjects or (asked and asked not in dict(subjects)):
        raise Refused.unknown("môn được phân công")
    return asked or subjects[0][0]


def _homeroom(context: Context, class_id: str) -> bool:
    return not context.teacher or context.records("classes")[class_id]["homeroom_staff_id"] == context.teacher


def _results(context: Context, class_id: str) -> dict[str, dict[str, Any]]:
    """Results of a class by pupil; what a pupil has not got yet is empty."""
    books = Books(context.store, context.session.school)
    found = {data["student_id"]: data for data in context.results(class_id).values()}
    for key, _, _ in context.pupils(class_id):
        if key not in found:
            found[key] = books.empty(key, class_id, context.year)
    return found


def _cells(regime: str, subject: dict[str, Any], grade: int) -> list[tuple[str, str]]:
    """The cells of a pupil: key and heading."""
    if regime == "TT27":
        cells = [("midterm", "Giữa kì"), ("final", "Cuối kì")]
        if subject["kind"] == "marked":
            cells.append(("test", "Điểm KT cuối kì"))
            if grade >= 4 and subject["code"] in ("TV", "TOAN", "TOANTH"):
                cells.insert(1, ("midterm_test", "Điểm KT giữa kì"))
        return cells
    regular = [(f"r{index}", f"TX{index + 1}") for index in range(most_regular(subject, grade))]
    return [*regular, ("midterm", "GK"), ("final", "CK")]


def _value(marks: dict[str, Any], cell: str) -> str:
    if cell[0] == "r":
        place = int(cell[1:])
        return marks["regular"][place] if place < len(marks["regular"]) else ""
    return marks.get(cell) or ""


def marks(context: Context) -> Response:
    """The grid; a form with a wrong mark is shown again with what was written and nothing is kept."""
    class_id = context.chosen_class()
    subject_id = _chosen_subject(context, class_id)
    term = context.query("term") or "I"
    if term not in TERMS:
        raise Refused.unknown("học kì")
    school_class = context.records("classes")[class_id]
    subject = Books(context.store, context.session.school).subjects()[subject_id]
    cells = _cells(school_class["regime"], subject, school_class["grade"])
    results = _results(context, class_id)
    pupils = [
        row
        for row in context.pupils(class_id)
        if subject_id in results[row[0]]["subjects"] and row[2]["status"] not in ("left",)
    ]
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        changes = [
            change
            for key, _, _ in pupils
            for change in _changes(context, key, results[key]["subjects"][subject_id]["marks"][TERMS[term]], cells)
        ]
        try:
            if changes:
                context.live.set_marks(
                    {"marks": [{**change, "subject_id": subject_id, "term": term} for change in changes]}
                )
            return context.done(
                f"Đã lưu {len(changes)} điểm." if changes else "Không có gì thay đổi.",
                f"/console/marks?class_id={class_id}&subject_id={subject_id}&term={term}",
            )
        except Refused as refused:
            names = {key: data["full_name"] for key, data, _ in pupils}
            errors = [
                {**error, "student_id": str(changes[int(error["field"].split(".")[1])]["student_id"])}
                for error in refused.body["errors"]
            ]
            errors = [{**error, "field": names[error["student_id"]]} for error in errors]
    wrong = {error["student_id"] for error in errors}
    rows = []
    for number, (key, data, _) in enumerate(pupils, 1):
        row = results[key]["subjects"][subject_id]
        inputs = [
            _cell(
                context,
                f"{key}:{cell}",
                _value(row["marks"][TERMS[term]], cell),
                f"{name} {data['full_name']}",
                key in wrong,
                subject,
                school_class["regime"],
            )
            for cell, name in cells
        ]
        rows.append(
            (
                f"{number}. {esc(data['full_name'])}",
                *inputs,
                page_parts.comma(row[TERMS[term]]),
                page_parts.comma(row["year"]),
            )
        )
    heads = (
        "Học sinh",
        *(name for _, name in cells),
        "ĐTB HK" if subject["kind"] == "marked" and school_class["regime"] != "TT27" else "Kết quả",
        "Cả năm",
    )
    choose = page_parts.chooser(
        context.class_select(class_id),
        ("Môn", page_parts.select("subject_id", _subjects(context, class_id), subject_id)),
        ("Học kì", page_parts.select("term", _TERM_NAMES, term)),
    )
    hidden = "".join(
        f'<input type=hidden name={name} value="{esc(value)}">'
        for name, value in (("class_id", class_id), ("subject_id", subject_id), ("term", term))
    )
    body = f"{choose}{page_parts.problems(errors)}<form method=post>{hidden}{page_parts.table(heads, rows, kind='cards grid')}<p><button>Lưu điểm</button></p></form>"
    return context.page(
        f"Điểm {subject['name']} – lớp {school_class['name']}", body, "marks", status=422 if errors else 200
    )


def _cell(
    context: Context, name: str, value: str, label: str, wrong: bool, subject: dict[str, Any], regime: str
) -> str:
    written = context.form.get(name, value)
    if name.endswith("test") or (regime != "TT27" and subject["kind"] == "marked"):
        return page_parts.text_input(name, written.replace(".", ","), label=label, wrong=wrong, mode="decimal")
    choices = ("T", "H", "C") if regime == "TT27" else ("Đ", "CĐ")
    return page_parts.select(name, [(choice, _LEVELS[choice]) for choice in choices], written, empty="", label=label)


def _changes(
    context: Context, student_id: str, marks: dict[str, Any], cells: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    """What a pupil's cells change. Regular marks close up: a cell left empty between two is no mark."""
    given = {
        cell: context.form.get(f"{student_id}:{cell}", _value(marks, cell)).strip().replace(",", ".")
        for cell, _ in cells
    }
    changes: list[dict[str, Any]] = [
        {"student_id": student_id, "kind": cell, "value": text or None} for cell, text in given.items() if cell[0] != "r" and text != _value(marks, cell)
    ]  # fmt: skip
    regular, old = [text for cell, text in given.items() if cell[0] == "r" and text], marks["regular"]
    changes += [
        {"student_id": student_id, "kind": "regular", "index": index, "value": text} for index, text in enumerate(regular) if index >= len(old) or old[index] != text
    ]  # fmt: skip
    changes += [
        {"student_id": student_id, "kind": "regular", "index": index, "value": None}
        for index in reversed(range(len(regular), len(old)))
    ]
    return changes


def comments(context: Context) -> Response:
    """The comments of a subject, or the homeroom teacher's."""
    class_id = context.chosen_class()
    subject_id = _chosen_subject(context, class_id, homeroom=True)
    results = _results(context, class_id)
    pupils = [row for row in context.pupils(class_id) if not subject_id or subject_id in results[row[0]]["subjects"]]
    old = {
        key: (results[key]["subjects"][subject_id]["comment"] if subject_id else results[key]["homeroom_comment"]) or ""
        for key, _, _ in pupils
    }
    address = f"/console/comments?class_id={class_id}&subject_id={subject_id}"
    if context.request.method == "POST":
        written = {key: context.form.get(key, text).strip() for key, text in old.items()}
        changed = [
            {"student_id": key, "subject_id": subject_id or None, "comment": text or None}
            for key, text in written.items()
            if text != old[key]
        ]
        if changed:
            context.live.set_comments({"comments": changed})
        return context.done(f"Đã lưu {len(changed)} nhận xét.", address)
    rows = [
        (f"{number}. {esc(data['full_name'])}", page_parts.comma(results[key]["subjects"][subject_id]["year"] if subject_id else results[key]["learning"]["year"]),
         f'<textarea name="{esc(key)}" maxlength=1000 aria-label="Nhận xét {esc(data["full_name"])}">{esc(old[key])}</textarea>')
        for number, (key, data, _) in enumerate(pupils, 1)
    ]  # fmt: skip
    homeroom = "Giáo viên chủ nhiệm" if _homeroom(context, class_id) else None
    choose = page_parts.chooser(
        context.class_select(class_id),
        ("Nhận xét của", page_parts.select("subject_id", _subjects(context, class_id), subject_id, empty=homeroom)),
    )
    hidden = f'<input type=hidden name=class_id value="{esc(class_id)}"><input type=hidden name=subject_id value="{esc(subject_id)}">'
    form = f"<form method=post>{hidden}{page_parts.table(('Học sinh', 'Kết quả', 'Nhận xét'), rows)}<p><button>Lưu nhận xét</button></p></form>"
    if not subject_id and not context.teacher:
        form += f'<form method=post action="/console/comments/apply"><input type=hidden name=class_id value="{esc(class_id)}"><button class=plain>Điền chỗ trống theo mẫu</button></form>'
    return context.page("Nhận xét", choose + form, "comments")
