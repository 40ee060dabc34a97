"""The year's end of a class: training and absences, awards, re-assessment in summer, averages of pupils who moved in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from hocba_app.simulators.smas.console import page_parts
from hocba_app.simulators.smas.console.context import Context
from hocba_app.simulators.smas.console.page_parts import esc
from hocba_app.simulators.smas.gradebook import Books
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules import tt22, tt26

PROMOTION = {"promoted": "Lên lớp", "retained": "Ở lại lớp", "reassess": "Đánh giá lại", None: "–"}


def _class_results(context: Context, class_id: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Result id, pupil and result of those of a class who have one, in the order of the list."""
    found = {data["student_id"]: (key, data) for key, data in context.results(class_id).items()}
    return [(found[key][0], data, found[key][1]) for key, data, _ in context.pupils(class_id) if key in found]


def _save(
    context: Context, changes: dict[str, dict[str, Any]], names: dict[str, str], to: str
) -> tuple[Response | None, page_parts.Errors]:
    """Write the changes of several results, all or none."""
    errors: page_parts.Errors = []
    try:
        with context.store.transaction():
            for key, values in changes.items():
                try:
                    context.live.change("results", key, values)
                except Refused as refused:
                    errors.extend({**error, "field": names[key]} for error in refused.body.get("errors", []))
            if errors:
                raise Refused.fields(errors)
    except Refused:
        return None, errors
    return context.done(f"Đã lưu {len(changes)} học sinh." if changes else "Không có gì thay đổi.", to), []


def _form(
    context: Context,
    class_id: str,
    heads: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    errors: page_parts.Errors,
    empty: str,
) -> str:
    choose = page_parts.chooser(context.class_select(class_id))
    if not rows:
        return choose + f"<p class=dim>{esc(empty)}</p>"
    hidden = f'<input type=hidden name=class_id value="{esc(class_id)}">'
    return f"{choose}{page_parts.problems(errors)}<form method=post>{hidden}{page_parts.table(heads, rows)}<p><button>Lưu</button></p></form>"


def outcomes(context: Context) -> Response:
    """Training, absences, results and promotion of a class."""
    class_id = context.chosen_class()
    results = _class_results(context, class_id)
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        changes = {key: values for key, _, data in results if (values := _outcome_changes(context, key, data))}
        answer, errors = _save(
            context,
            changes,
            {key: pupil["full_name"] for key, pupil, _ in results},
            f"/console/outcomes?class_id={class_id}",
        )
        if answer is not None:
            return answer
    rows = []
    for number, (key, pupil, data) in enumerate(results, 1):
        levels = {"TT22": tt22.LEVELS, "TT43": tt22.LEVELS, "TT26": tt26.CONDUCT}.get(data["regime"], ())
        training = [
            page_parts.select(f"{key}:training:{term}", [(level, level) for level in reversed(levels)], data["training"][term], empty="–", label=f"Rèn luyện {pupil['full_name']}")
            if levels else "–" for term in ("term1", "term2")
        ]  # fmt: skip
        absences = [
            page_parts.text_input(
                f"{key}:absences:{term}",
                context.form.get(f"{key}:absences:{term}", data["absences"][term]),
                label="Buổi nghỉ",
                mode="numeric",
            )
            for term in ("term1", "term2")
        ]
        decided = page_parts.select(
            f"{key}:promotion",
            [("promoted", "Lên lớp"), ("retained", "Ở lại lớp")],
            data.get("decided"),
            empty="theo quy định",
            label="Hiệu trưởng quyết định",
        )
        rows.append((f"{number}. {esc(pupil['full_name'])}", *training, *absences, esc(data["learning"]["year"] or "–"), esc(data["training"]["year"] or "–"),
                     PROMOTION[data["promotion"]], esc(data["title"] or "–"), decided))  # fmt: skip
    heads = (
        "Học sinh",
        "Rèn luyện HK I",
        "Rèn luyện HK II",
        "Nghỉ HK I",
        "Nghỉ HK II",
        "Học tập",
        "Rèn luyện",
        "Lên lớp",
        "Danh hiệu",
        "Quyết định",
    )
    body = _form(context, class_id, heads, rows, errors, "Lớp chưa có kết quả nào: nhập điểm trước.")
    return context.page("Tổng kết", body, "outcomes", status=422 if errors else 200)


def _outcome_changes(context: Context, key: str, data: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for term in ("term1", "term2"):
        level = context.form.get(f"{key}:training:{term}")
        if level is not None and (level or None) != data["training"][term]:
            changes.setdefault("training", {})[term] = level or None
        text = context.form.get(f"{key}:absences:{term}")
        if text is not None:
            count = (
                int(text[:9])
                if text.strip().isascii() and text.strip().isdigit()
                else (None if not text.strip() else -1)
            )
            if count != data["absences"][term]:
                changes.setdefault("absences", {})[term] = count
    decided = context.form.get(f"{key}:promotion")
    if decided is not None and (decided or None) != data.get("decided"):
        changes["promotion"] = decided or None
    return changes


def awards(context: Context) -> Response:
    """Awards and certificates of a class."""
    class_id = context.chosen_class()
    results = _class_results(context, class_id)
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        changes: dict[str, dict[str, Any]] = {}
        for key, _, data in results:
            given = [
                line.strip()
                for line in context.form.get(f"{key}:awards", "\n".join(data["awards"])).splitlines()
                if line.strip()
            ]
            certificate = context.form.get(f"{key}:certificates", data["certificates"] or "").strip() or None
            if given != data["awards"]:
                changes.setdefault(key, {})["awards"] = given
            if certificate != data["certificates"]:
                changes.setdefault(key, {})["certificates"] = certificate
        answer, errors = _save(
            context,
            changes,
            {key: pupil["full_name"] for key, pupil, _ in results},
            f"/console/awards?class_id={class_id}",
        )
        if answer is not None:
            return answer
    rows = [
        (f"{number}. {esc(pupil['full_name'])}", esc(data["title"] or "–"),
         f'<textarea name="{esc(key)}:awards" aria-label="Khen thưởng {esc(pupil["full_name"])}">{esc(chr(10).join(data["awards"]))}</textarea>',
         page_parts.text_input(f"{key}:certificates", data["certificates"], label=f"Chứng chỉ {pupil['full_name']}"))
        for number, (key, pupil, data) in enumerate(results, 1)
    ]  # fmt: skip
    body = _form(
        context,
        class_id,
        ("Học sinh", "Danh hiệu", "Khen thưởng (mỗi dòng một mục)", "Chứng chỉ"),
        rows,
        errors,
        "Lớp chưa có kết quả nào.",
    )
    return context.page("Khen thưởng", body, "awards", status=422 if errors else 200)


def summer(context: Context) -> Response:
    """Pupils who are due for re-assessment or have been re-assessed, in the whole school."""
    subjects = Books(context.store, context.session.school).subjects()
    students = context.store.records(context.session.school, "students")
    names = dict(context.classes())
    due = [
        (key, data) for key, data in context.results().items()
        if data["promotion"] == "reassess" or data["learning"]["reassessed"] or data["training"]["reassessed"]
    ]  # fmt: skip
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        changes = {key: values for key, data in due if (values := _summer_changes(context, key, data))}
        answer, errors = _save(
            context, changes, {key: students[data["student_id"]]["full_name"] for key, data in due}, "/console/summer"
        )
        if answer is not None:
            after = [
                {"student_id": data["student_id"], "comment": text or None, "after_summer": True} for key, data in due
                if (text := context.form.get(f"{key}:comment", "").strip()) != (data["homeroom_comment_after_summer"] or "")
            ]  # fmt: skip
            if after:
                context.live.set_comments({"comments": after})
            return answer
    rows = []
    for key, data in due:
        name = students[data["student_id"]]["full_name"]
        inputs = "".join(
            _again(context, key, subject_id, row, subjects[subject_id])
            for subject_id, row in data["subjects"].items()
            if _failed(row, data["regime"])
        )
        training = "–"
        if data["training"]["year"] in ("Chưa đạt", "Yếu"):
            levels = tt26.CONDUCT if data["regime"] == "TT26" else tt22.LEVELS
            training = page_parts.select(
                f"{key}:training",
                [(level, level) for level in levels],
                data["training"]["reassessed"],
                empty="–",
                label="Sau rèn luyện trong hè",
            )
        comment = f'<textarea name="{esc(key)}:comment" aria-label="Nhận xét sau hè {esc(name)}">{esc(data["homeroom_comment_after_summer"])}</textarea>'
        rows.append(
            (
                f"{esc(name)} ({esc(names.get(data['class_id'], ''))})",
                inputs or "–",
                training,
                esc(data["learning"]["reassessed"] or "–"),
                PROMOTION[data["promotion"]],
                comment,
            )
        )
    heads = ("Học sinh", "Kết quả đánh giá lại", "Rèn luyện trong hè", "Học tập sau hè", "Lên lớp", "Nhận xét sau hè")
    body = page_parts.problems(errors) + (
        f"<form method=post>{page_parts.table(heads, rows)}<p><button>Lưu</button></p></form>"
        if rows
        else "<p class=dim>Không có học sinh phải đánh giá lại.</p>"
    )
    return context.page("Đánh giá lại trong hè", body, "summer", status=422 if errors else 200)


def _again(context: Context, key: str, subject_id: str, row: dict[str, Any], subject: dict[str, Any]) -> str:
    """What is entered for one subject: its new result, and in a primary school the mark of the new test."""
    fields = [(f"{key}:s:{subject_id}", "Kết quả mới", row["reassessed"])]
    if "reassessed_test" in row and subject["kind"] == "marked":
        fields.append((f"{key}:t:{subject_id}", "Điểm kiểm tra", row["reassessed_test"]))
    inputs = "".join(
        f"<label>{label}{page_parts.text_input(name, context.form.get(name, value), mode='decimal')}</label>"
        for name, label, value in fields
    )
    return f"<div>{esc(subject['name'])} (cả năm {page_parts.comma(row['year'])})</div><div class=bar>{inputs}</div>"


def _failed(row: dict[str, Any], regime: str) -> bool:
    if row["reassessed"] is not None or row["year"] in ("CĐ", "C"):
        return True
    if regime == "TT27":
        return row["test"] is not None and int(row["test"]) < 5
    return row["year"] is not None and row["year"] != "Đ" and tt22.tenths(row["year"]) < 50


def _summer_changes(context: Context, key: str, data: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for subject_id, row in data["subjects"].items():
        for letter, name in (("s", "reassessed"), ("t", "reassessed_test")):
            text = context.form.get(f"{key}:{letter}:{subject_id}")
            value = (text or "").strip().replace(",", ".") or None
            if text is not None and value != row.get(name):
                changes.setdefault("subjects", {}).setdefault(subject_id, {})[name] = value
    level = context.form.get(f"{key}:training")
    if level is not None and (level or None) != data["training"]["reassessed"]:
        changes["training"] = {"reassessed": level or None}
    return changes


def arrivals(context: Context) -> Response:
    """Term averages of pupils who moved in, entered by hand from the record they brought."""
    subjects = Books(context.store, context.session.school).subjects()
    students = context.store.records(context.session.school, "students")
    moved = {row["student_id"] for row in context.records("enrolments").values() if row["status"] == "moved_in"}
    results = [
        (key, data)
        for key, data in context.results().items()
        if data["student_id"] in moved and data["regime"] != "TT27"
    ]
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        changes: dict[str, dict[str, Any]] = {}
        for key, data in results:
            for subject_id, row in data["subjects"].items():
                text = context.form.get(f"{key}:{subject_id}")
                value = (text or "").strip().replace(",", ".") or None
                if text is not None and value != (row.get("by_hand") or {}).get("term1"):
                    changes.setdefault(key, {"subjects": {}})["subjects"][subject_id] = {"by_hand": {"term1": value}}
        answer, errors = _save(
            context,
            changes,
            {key: students[data["student_id"]]["full_name"] for key, data in results},
            "/console/arrivals",
        )
        if answer is not None:
            return answer
    blocks = ""
    for key, data in results:
        inputs = "".join(
            f"<label>{esc(subjects[subject_id]['name'])}{page_parts.text_input(f'{key}:{subject_id}', context.form.get(f'{key}:{subject_id}', (row.get('by_hand') or {}).get('term1')), mode='decimal')}</label>"
            for subject_id, row in data["subjects"].items() if not row["marks"]["term1"]["regular"]
        )  # fmt: skip
        blocks += f"<h2>{esc(students[data['student_id']]['full_name'])}</h2><div class=fields>{inputs}</div>"
    intro = "<p>Nhập điểm trung bình môn học kì I theo học bạ nơi chuyển đi. Môn không học ở học kì I thì để trống: cả năm lấy theo học kì II.</p>"
    body = (
        intro
        + page_parts.problems(errors)
        + (
            f"<form method=post>{blocks}<button>Lưu</button></form>"
            if blocks
            else "<p class=dim>Không có học sinh chuyển đến.</p>"
        )
    )
    return context.page("Học sinh chuyển đến", body, "arrivals", status=422 if errors else 200)
