"""A primary class: qualities and competencies, height and weight, and who is put forward for a title."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hocba_app.simulators.smas import decisions
from hocba_app.simulators.smas.console import page_parts
from hocba_app.simulators.smas.console.context import Context
from hocba_app.simulators.smas.console.page_parts import esc
from hocba_app.simulators.smas.gradebook import Books
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules import tt27

_GROUPS = dict(zip(tt27.TRAITS, ("Phẩm chất", "Năng lực chung", "Năng lực đặc thù"), strict=True))
_COMMENTS = dict(zip(tt27.TRAITS, ("qualities_comment", "general_comment", "specific_comment"), strict=True))
_LEVELS = [("T", "T"), ("Đ", "Đ"), ("C", "C")]


def traits(context: Context) -> Response:
    """The form of one group of traits of a class; a homeroom teacher sees his own class."""
    class_id = context.chosen_class()
    school_class = context.records("classes")[class_id]
    if school_class["regime"] != "TT27" or context.teacher not in ("", school_class["homeroom_staff_id"]):
        raise Refused.unknown("lớp tiểu học")
    group = context.query("group") or "qualities"
    if group not in _GROUPS:
        raise Refused.unknown("nhóm")
    books = Books(context.store, context.session.school)
    found = {data["student_id"]: data for data in context.results(class_id).values()}
    pupils = [
        (key, data, found.get(key) or books.empty(key, class_id, context.year))
        for key, data, _ in context.pupils(class_id)
    ]
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        changed, errors = _save(context, books, pupils, group)
        if not errors:
            return context.done(f"Đã lưu {changed} học sinh.", f"/console/traits?class_id={class_id}&group={group}")
    rows = []
    for number, (key, pupil, result) in enumerate(pupils, 1):
        levels = [
            page_parts.select(f"{key}:{place}", _LEVELS, context.form.get(f"{key}:{place}", trait["level"]), empty="", label=f"{trait['name']} {pupil['full_name']}")
            for place, trait in enumerate(result[group])
        ]  # fmt: skip
        measures = [
            _text(context, f"{key}:{name}", result[name], f"{name} {pupil['full_name']}")
            for name in ("height_cm", "weight_kg")
        ]
        comment = context.form.get(f"{key}:comment", result[_COMMENTS[group]] or "")
        area = f'<textarea name="{esc(key)}:comment" maxlength=300 aria-label="Nhận xét {esc(pupil["full_name"])}">{esc(comment)}</textarea>'
        rows.append((f"{number}. {esc(pupil['full_name'])}", *levels, area, *measures, _outstanding(key, result)))
    names = [trait["name"] for trait in pupils[0][2][group]] if pupils else []
    heads = ("Học sinh", *names, "Nhận xét", "Cao (cm)", "Nặng (kg)", "Tiêu biểu")
    choose = page_parts.chooser(
        context.class_select(class_id), ("Nhóm", page_parts.select("group", list(_GROUPS.items()), group))
    )
    hidden = f'<input type=hidden name=class_id value="{esc(class_id)}"><input type=hidden name=group value="{group}">'
    form = f"<form method=post>{hidden}{page_parts.table(heads, rows)}<p><button>Lưu</button></p></form>"
    return context.page(
        "Phẩm chất, năng lực", choose + page_parts.problems(errors) + form, "traits", status=422 if errors else 200
    )


def _text(context: Context, name: str, value: str | None, label: str) -> str:
    written = context.form.get(name, value) or ""
    return page_parts.text_input(name, written.replace(".", ","), label=label, mode="numeric")


def _outstanding(key: str, result: dict[str, Any]) -> str:
    if result["learning"]["year"] != tt27.GOOD:
        return "–"
    return page_parts.select(
        f"{key}:outstanding", [("1", "có"), ("0", "không")], "1" if result["outstanding"] else "0", label="Tiêu biểu"
    )


def _save(
    context: Context, books: Books, pupils: list[tuple[str, dict[str, Any], dict[str, Any]]], group: str
) -> tuple[int, page_parts.Errors]:
    errors: page_parts.Errors = []
    changed = 0
    try:
        with context.store.transaction():
            for key, pupil, result in pupils:
                values = _changes(context, key, result, group)
                if not values:
                    continue
                try:
                    identity, kept = books.of_student(key, context.year)
                    decisions.change(books, identity, kept, values)
                    changed += 1
                except Refused as refused:
                    errors.extend({**error, "field": pupil["full_name"]} for error in refused.body.get("errors", []))
            if errors:
                raise Refused.fields(errors)
    except Refused:
        return 0, errors
    return changed, []


def _changes(context: Context, key: str, result: dict[str, Any], group: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for place, trait in enumerate(result[group]):
        level = context.form.get(f"{key}:{place}")
        if level is not None and (level or None) != trait["level"]:
            values.setdefault(group, {})[trait["name"]] = level or None
    for name, field in (("comment", _COMMENTS[group]), ("height_cm", "height_cm"), ("weight_kg", "weight_kg")):
        text = context.form.get(f"{key}:{name}")
        if text is not None:
            value = (text.strip() if name == "comment" else text.strip().replace(",", ".")) or None
            if value != result[field]:
                values[field] = value
    chosen = context.form.get(f"{key}:outstanding")
    if chosen in ("0", "1") and (chosen == "1") != bool(result["outstanding"]):
        values["outstanding"] = chosen == "1"
    return values
