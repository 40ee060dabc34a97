"""Lists and forms of records: school, staff, classes, pupils, enrolments. One form serves all: the fields are a table."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hocba_app.simulators.smas import years
from hocba_app.simulators.smas.console import page_parts
from hocba_app.simulators.smas.console.context import Context
from hocba_app.simulators.smas.console.page_parts import esc
from hocba_app.simulators.smas.fields import WRITABLE, Field
from hocba_app.simulators.smas.refusals import Refused

LABELS = {
    "code": "Mã", "full_name": "Họ và tên", "name": "Tên", "birth_date": "Ngày sinh", "sex": "Giới tính",
    "ethnic_group": "Dân tộc", "id_number": "Số định danh cá nhân",
    "old_id_number": "Số CMND cũ (9 số)", "position": "Chức vụ", "email": "Thư điện tử", "phone": "Điện thoại",
    "status": "Trạng thái", "grade": "Khối", "regime": "Thông tư",
    "school_year": "Năm học", "homeroom_staff_id": "Giáo viên chủ nhiệm", "birth_place": "Nơi sinh",
    "nationality": "Quốc tịch", "home_town": "Quê quán",
    "address": "Chỗ ở hiện nay", "register_number": "Số đăng bộ", "admission_date": "Ngày vào trường",
    "priority_category": "Diện ưu tiên", "father_name": "Họ tên cha",
    "father_job": "Nghề nghiệp cha", "mother_name": "Họ tên mẹ", "mother_job": "Nghề nghiệp mẹ",
    "guardian_name": "Người giám hộ", "guardian_job": "Nghề nghiệp người giám hộ",
    "commune": "Xã, phường", "province": "Tỉnh, thành phố", "department": "Sở", "tax_code": "Mã số thuế",
    "principal_staff_id": "Hiệu trưởng", "class_id": "Lớp",
    "from_date": "Từ ngày", "to_date": "Đến ngày", "note": "Ghi chú", "student_id": "Học sinh", "text": "Nội dung",
    "learning": "Dùng cho mức", "photo": "Ảnh", "": "Chung",
}  # fmt: skip
CHOICES = {
    "principal": "Hiệu trưởng", "vice_principal": "Phó hiệu trưởng", "teacher": "Giáo viên", "clerk": "Văn thư",
    "working": "Đang làm việc", "left": "Đã nghỉ",
    "studying": "Đang học", "moved_in": "Chuyển đến", "moved_out": "Chuyển đi", "promoted": "Lên lớp",
    "retained": "Ở lại lớp", "moved": "Chuyển trường",
}  # fmt: skip
TITLES = {
    "staff": "Cán bộ, giáo viên",
    "classes": "Lớp học",
    "students": "Học sinh",
    "school": "Thông tin trường",
    "enrolments": "Xếp lớp",
}


def staff(context: Context) -> Response:
    """Everybody who works at the school."""
    rows = [
        (f'<a href="/console/staff/{esc(key)}">{esc(data["full_name"])}</a>', esc(data["code"]), CHOICES[data["position"]], esc(data["id_number"] or "–"),
         esc(data["email"]), CHOICES[data["status"]])
        for key, data in context.store.records(context.session.school, "staff").items()
    ]  # fmt: skip
    add = (
        '<p><a href="/console/staff/new">Thêm cán bộ</a> · <a href="/console/school/'
        + esc(context.session.school)
        + '">Thông tin trường</a></p>'
    )
    return context.page(
        TITLES["staff"],
        add + page_parts.table(("Họ và tên", "Mã", "Chức vụ", "Số định danh", "Thư điện tử", "Trạng thái"), rows),
        "staff",
    )


def classes(context: Context) -> Response:
    """The classes of the year."""
    people = context.store.records(context.session.school, "staff")
    counts: dict[str, int] = {}
    for row in context.records("enrolments").values():
        counts[row["class_id"]] = counts.get(row["class_id"], 0) + (row["status"] in ("studying", "moved_in"))
    found = context.records("classes")
    rows = [
        (f'<a href="/console/classes/{esc(key)}">{esc(name)}</a>', esc(found[key]["grade"]), esc(found[key]["regime"]),
         esc((people.get(found[key]["homeroom_staff_id"] or "") or {}).get("full_name", "chưa có")),
         str(counts.get(key, 0)),
         f'<a href="/console/students?class_id={esc(key)}">Học sinh</a>')
        for key, name in context.classes()
    ]  # fmt: skip
    body = '<p><a href="/console/classes/new">Thêm lớp</a></p>' + page_parts.table(
        ("Lớp", "Khối", "Thông tư", "Giáo viên chủ nhiệm", "Sĩ số", ""), rows
    )
    return context.page(TITLES["classes"], body, "classes")


def students(context: Context) -> Response:
    """The pupils of a class."""
    class_id = context.chosen_class()
    rows = [
        (f'<a href="/console/students/{esc(key)}">{esc(data["full_name"])}</a>', esc(data["code"]), page_parts.day(data["birth_date"]), esc(data["sex"]),
         esc(data["id_number"] or "thiếu"), esc(data["register_number"] or "thiếu"),
         f'<a href="/console/enrolments/{esc(key)}-{esc(context.year)}">{CHOICES[row["status"]]}</a>')
        for key, data, row in context.pupils(class_id)
    ]  # fmt: skip
    add = f'<p><a href="/console/students/new?class_id={esc(class_id)}">Thêm học sinh vào lớp</a> · {len(rows)} học sinh</p>'
    heads = ("Họ và tên", "Mã", "Ngày sinh", "Giới tính", "Số định danh", "Số đăng bộ", "Xếp lớp")
    return context.page(
        TITLES["students"],
        page_parts.chooser(context.class_select(class_id)) + add + page_parts.table(heads, rows),
        "students",
    )


def edit(context: Context) -> Response:
    """The form of one record, new or known."""
    resource, identity = context.request.path_params["resource"], context.request.path_params["id"]
    if resource not in TITLES:
        raise Refused.unknown("mục")
    new = identity == "new"
    if new and resource in ("school", "enrolments"):
        raise Refused.unknown("mục")
    data = {"school_year": context.year} if new else context.live.get(resource, identity)["data"]
    errors: page_parts.Errors = []
    if context.request.method == "POST":
        try:
            return _save(context, resource, identity, data, new=new)
        except Refused as refused:
            errors = refused.body.get("errors") or [{"field": "", "message": refused.body.get("message", "")}]
            data = {**data, **{name: value for name, value in context.form.items() if name in WRITABLE[resource]}}
    wrong = {error["field"] for error in errors}
    inputs = "".join(
        f"<label>{LABELS[name]}{_input(context, name, field, data.get(name), name in wrong)}</label>"
        for name, field in WRITABLE[resource].items()
        if name in LABELS
    )
    if resource == "students":
        inputs += '<label>Ảnh 3×4 (JPEG)<input type=file name=photo accept="image/jpeg"></label>'
    hidden = (
        f'<input type=hidden name=class_id value="{esc(context.query("class_id"))}">'
        if new and resource == "students"
        else ""
    )
    picture = (
        f'<p><img class=photo alt="Ảnh học sinh" src="/console/photos/{esc(data["photo_sha256"])}"></p>'
        if data.get("photo_sha256")
        else ""
    )
    body = f'{page_parts.problems(errors, LABELS)}{picture}<form method=post enctype="multipart/form-data">{hidden}<div class=fields>{inputs}</div><button>Lưu</button></form>'
    if not new and resource != "school":
        body += f'<h2>Xóa</h2><form method=post action="/console/{resource}/{esc(identity)}/delete"><button class=danger>Xóa mục này</button></form>'
    if not new and resource == "staff":
        body += f'<h2>Tài khoản SMAS</h2><form method=post action="/console/staff/{esc(identity)}/password"><button class=plain>Cấp lại mật khẩu</button></form>'
    name = data.get("full_name") or data.get("name") or TITLES[resource]
    return context.page(
        "Thêm mới" if new else str(name),
        body,
        "students" if resource == "enrolments" else resource,
        status=422 if errors else 200,
    )


def _input(context: Context, name: str, field: Field, value: Any, wrong: bool) -> str:
    if field.kind == "choice":
        return page_parts.select(
            name,
            [(choice, CHOICES.get(choice, choice)) for choice in field.choices],
            value,
            empty=None if field.required and value else "–",
        )
    if field.kind == "reference":
        records = context.store.records(context.session.school, field.to, context.year)
        names = [(key, data.get("full_name") or data.get("name") or key) for key, data in records.items()]
        return page_parts.select(name, names, value, empty="–")
    return page_parts.text_input(
        name,
        value,
        wrong=wrong,
        kind="date" if field.kind == "date" else "text",
        mode="numeric" if field.kind in ("digits", "integer") else "",
    )


def _save(context: Context, resource: str, identity: str, data: dict[str, Any], *, new: bool) -> Response:
    values: dict[str, Any] = {}
    for name, field in WRITABLE[resource].items():
        if name not in context.form:
            continue
        text = context.form[name].strip()
        value: Any = text or None
        if field.kind == "integer" and text.isascii() and text.isdigit():
            value = int(text[:9])
        if new or value != data.get(name):
            values[name] = value
    if new and resource == "students" and context.form.get("class_id"):
        values["class_id"] = context.form["class_id"]
    with context.store.transaction():
        made = context.live.create(resource, values)["id"] if new else identity
        if not new and values:
            context.live.change(resource, identity, values)
        if context.upload and resource == "students":
            context.live.set_photo(made, context.upload)
    return context.done("Đã lưu.", f"/console/{resource}/{made}")


def delete(context: Context) -> Response:
    """Take a record away, unless others refer to it."""
    resource = context.request.path_params["resource"]
    if resource not in TITLES:
        raise Refused.unknown("mục")
    context.live.delete(resource, context.request.path_params["id"])
    return context.done("Đã xóa.", f"/console/{'students' if resource == 'enrolments' else resource}")


def password(context: Context) -> Response:
    """A new password, shown once."""
    staff_id = context.request.path_params["id"]
    made = years.reset_password(context.store, context.session.school, staff_id)
    context.sessions.end_of(context.session.school, staff_id)
    body = f"<p>Tài khoản <b>{esc(made['username'])}</b>, mật khẩu mới <b><code>{esc(made['password'])}</code></b>. Mật khẩu chỉ hiện một lần.</p>"
    return context.page("Mật khẩu mới", body + f'<p><a href="/console/staff/{esc(staff_id)}">Trở lại</a></p>', "staff")


def photo(context: Context) -> Response:
    """A pupil's photo."""
    return Response(
        context.live.photo(context.request.path_params["sha256"]),
        media_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=3600"},
    )


def assignments(context: Context) -> Response:
    """Who teaches what in a class; teachers are added, replaced and taken away row by row."""
    class_id = context.chosen_class()
    if context.request.method == "POST":
        _assign(context, class_id)
        return context.done("Đã lưu phân công.", f"/console/assignments?class_id={class_id}")
    school_class = context.records("classes")[class_id]
    people = [
        (key, f"{data['full_name']} ({data['code']})") for key, data in context.store.records(context.session.school, "staff").items() if data["status"] == "working"
    ]  # fmt: skip
    rows = []
    taught = context.records("teaching_assignments", class_id)
    subjects = sorted(
        context.store.records(context.session.school, "subjects").items(), key=lambda item: item[1]["order"]
    )
    for subject_id, subject in subjects:
        if school_class["grade"] not in subject["grades"]:
            continue
        here = sorted((row["position"], key, row) for key, row in taught.items() if row["subject_id"] == subject_id)
        cells = "".join(
            f"<div class=bar>{page_parts.select(key, people, row['staff_id'], empty='– bỏ –', label=subject['name'])}{_term(key, row['term'])}</div>"
            for _, key, row in here
        )
        cells += f"<div class=bar>{page_parts.select('new:' + subject_id, people, '', empty='+ thêm giáo viên', label='Thêm giáo viên ' + subject['name'])}</div>"
        rows.append((esc(subject["name"]), cells))
    body = (
        page_parts.chooser(context.class_select(class_id))
        + f"<form method=post><input type=hidden name=class_id value='{esc(class_id)}'>"
    )
    return context.page(
        "Phân công giảng dạy",
        body + page_parts.table(("Môn", "Giáo viên"), rows) + "<p><button>Lưu phân công</button></p></form>",
        "assignments",
    )


def _term(key: str, term: str) -> str:
    return page_parts.select(
        f"term:{key}", [("year", "cả năm"), ("I", "học kì I"), ("II", "học kì II")], term, label="Thời gian"
    )


def _assign(context: Context, class_id: str) -> None:
    taught = context.records("teaching_assignments", class_id)
    with context.store.transaction():
        for key, row in taught.items():
            chosen, term = context.form.get(key), context.form.get(f"term:{key}", row["term"])
            if chosen == "":
                context.live.delete("teaching_assignments", key)
            elif chosen is not None and (chosen, term) != (row["staff_id"], row["term"]):
                context.live.change("teaching_assignments", key, {"staff_id": chosen, "term": term})
        for name, chosen in context.form.items():
            if name.startswith("new:") and chosen:
                subject_id = name[4:]
                position = 1 + max(
                    (row["position"] for row in taught.values() if row["subject_id"] == subject_id), default=0
                )
                context.live.create(
                    "teaching_assignments",
                    {"class_id": class_id, "subject_id": subject_id, "staff_id": chosen, "position": position},
                )
