"""The school's year: overview, declaring and rolling over, register numbers, templates, submission; the Ministry."""

from __future__ import annotations

from starlette.responses import Response

from hocba_app.simulators.smas import school_calendar, sector, trial, workbook, years
from hocba_app.simulators.smas.console import page_parts
from hocba_app.simulators.smas.console.context import Context
from hocba_app.simulators.smas.console.page_parts import esc
from hocba_app.simulators.smas.spec import MOMENTS

_MOMENTS = {"september": "Tháng 9: đầu năm", "term1": "Hết học kì I", "year_end": "Cuối năm", "summer": "Sau hè"}
_KINDS = {"beginning_of_year": "Dữ liệu đầu năm", "results": "Kết quả học tập"}
_TERMS = {None: "", "I": "học kì I", "II": "cuối năm", "summer": "sau hè"}
_STATES = {"running": "đang nộp", "accepted": "Sở đã tiếp nhận", "rejected": "bị trả lại"}


def home(context: Context) -> Response:
    """What there is, and how far the generated year has gone."""
    if context.teacher:
        links = "".join(
            f'<li><a href="/console/marks?class_id={esc(key)}">Lớp {esc(name)}</a></li>'
            for key, name in context.classes()
        )
        return context.page("Lớp của tôi", f"<ul>{links or '<li>Chưa được phân công lớp nào.</li>'}</ul>", "")
    counts = {name: len(context.records(name)) for name in ("classes", "enrolments", "teaching_assignments", "results")}
    rows = [
        ("Lớp", str(counts["classes"])),
        ("Học sinh xếp lớp", str(counts["enrolments"])),
        ("Phân công", str(counts["teaching_assignments"])),
        ("Bảng kết quả", str(counts["results"])),
    ]
    reached = MOMENTS.index(context.school["moment"])
    later = [(moment, _MOMENTS[moment]) for moment in MOMENTS[reached + 1 :]]
    body = page_parts.table(("Năm học này", ""), rows)
    body += f"<h2>Diễn biến năm học (chỉ có ở bản mô phỏng)</h2><p>Hiện là: <b>{_MOMENTS[context.school['moment']]}</b>.</p>"
    if later:
        body += f"<form class=bar method=post action=/console/time><label>Nhập sẵn dữ liệu đến{page_parts.select('moment', later, later[0][0])}</label><button class=plain>Thực hiện</button></form>"
    body += (
        "<h2>Xuất Excel</h2><p>Giáo viên, lớp, môn học, học sinh, phân công và kết quả của năm học, mỗi loại một trang tính.</p>"
        "<p><a class=button href=/console/workbook>Tải tệp Excel</a></p>"
    )
    return context.page("Tổng quan", body, "")


def export(context: Context) -> Response:
    """The year as a workbook."""
    data = workbook.export(context.store, context.session.school, context.year)
    name = f"smas-{context.session.school}-{context.year}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=workbook.TYPE, headers=headers)


def trial_year(context: Context) -> Response:
    """Teachers and marks for a year nobody has entered anything in."""
    answer = trial.fill(context.store, context.session.school, {"term": context.form.get("term")})
    return context.done(
        f"Đã phân công {answer['assignments']} môn, nhập điểm cho {answer['results']} học sinh. Chưa nộp gì lên Sở.",
        "/console/year",
    )


def time(context: Context) -> Response:
    """Go on in the generated year."""
    school_calendar.move_to(context.store, context.session.school, context.form.get("moment", ""))
    return context.done("Đã nhập dữ liệu của thời điểm này. Chưa nộp gì lên Sở.", "/console/")


def year(context: Context) -> Response:
    """Declare the next year, number the register, keep the templates."""
    following = years.next_year(context.year)
    templates = context.store.records(context.session.school, "comment_templates")
    rows = [
        (esc(data["learning"] or "mọi mức"), esc(data["text"]), f'<form method=post action="/console/templates/{esc(key)}/delete"><button class=danger>Xóa</button></form>')
        for key, data in templates.items()
    ]  # fmt: skip
    learning = sorted({data["learning"]["year"] for data in context.results().values() if data["learning"]["year"]})
    body = (
        f"<p>Năm học hiện tại: <b>{esc(context.year)}</b>.</p><h2>Khai báo năm học {esc(following)}</h2>"
        "<p>Kết chuyển: lớp và học sinh lên khối trên, học sinh ở lại vào lớp cùng khối, khối cuối ra trường; quá trình học tập được ghi thêm một năm.</p>"
        f"<form class=bar method=post action=/console/year/declare><input type=hidden name=school_year value='{esc(following)}'>"
        "<label><span><input type=checkbox name=roll_over value=1 checked> Kết chuyển dữ liệu năm cũ</span></label><button>Khai báo</button></form>"
        "<h2>Dữ liệu thử cho năm học này (chỉ có ở bản mô phỏng)</h2><p>Phân công giáo viên cho môn chưa có người dạy và nhập điểm, nhận xét cho học kì chưa có điểm. Dữ liệu đã nhập được giữ nguyên.</p>"
        f"<form class=bar method=post action=/console/year/trial><label>Nhập đến{page_parts.select('term', [('I', 'hết học kì I'), ('II', 'cuối năm')], 'I')}</label><button class=plain>Nhập dữ liệu thử</button></form>"
        "<h2>Số đăng bộ</h2><form class=bar method=post action=/console/year/register>"
        f"<label>Đánh số cho học sinh chưa có, bắt đầu từ{page_parts.text_input('start', '1', mode='numeric')}</label><button class=plain>Đánh số</button></form>"
        f"<h2>Mẫu nhận xét của giáo viên chủ nhiệm</h2>{page_parts.table(('Mức học tập', 'Nội dung', ''), rows) if rows else '<p class=dim>Chưa có mẫu nào.</p>'}"
        f"<form method=post action=/console/templates/new><div class=bar><label>Dùng cho mức{page_parts.select('learning', [(level, level) for level in learning], '', empty='mọi mức')}</label></div>"
        "<p><textarea name=text maxlength=500 aria-label='Nội dung mẫu'></textarea></p><button class=plain>Thêm mẫu</button></form>"
    )
    return context.page("Năm học", body, "year")


def declare(context: Context) -> Response:
    """The next year."""
    answer = years.declare(
        context.store,
        context.session.school,
        {"school_year": context.form.get("school_year"), "roll_over": context.form.get("roll_over") == "1"},
    )
    text = f"Đã khai báo năm học {answer['school_year']}: {answer['classes']} lớp, {answer['students']} học sinh, {answer['graduated']} học sinh ra trường."
    if answer["undecided"]:
        text += f" {len(answer['undecided'])} học sinh chưa có kết luận lên lớp nên chưa kết chuyển."
    return context.done(text, "/console/year")


def register(context: Context) -> Response:
    """Register numbers for those without."""
    text = context.form.get("start", "1").strip()
    given = years.number_register(
        context.store, context.session.school, {"start": int(text[:9]) if text.isascii() and text.isdigit() else None}
    )
    return context.done(f"Đã đánh số cho {len(given['given'])} học sinh.", "/console/year")


def new_template(context: Context) -> Response:
    """One more template."""
    context.live.create(
        "comment_templates",
        {"text": context.form.get("text", "").strip(), "learning": context.form.get("learning") or None},
    )
    return context.done("Đã thêm mẫu.", "/console/year")


def delete_template(context: Context) -> Response:
    """One less."""
    context.live.delete("comment_templates", context.request.path_params["id"])
    return context.done("Đã xóa mẫu.", "/console/year")


def apply_templates(context: Context) -> Response:
    """Write what a class lacks."""
    class_id = context.form.get("class_id", "")
    answer = years.apply_templates(context.store, context.session.school, {"class_id": class_id})
    return context.done(f"Đã điền {answer['written']} nhận xét.", f"/console/comments?class_id={class_id}")


def submissions(context: Context) -> Response:
    """Submit, and what came of it."""
    if context.request.method == "POST":
        kind, _, term = context.form.get("what", "").partition("/")
        context.submissions.submit(context.session.school, {"kind": kind, "term": term or None}, context.year)
        return context.done("Đã bắt đầu nộp.", "/console/submissions")
    choices = [
        ("beginning_of_year", "Dữ liệu đầu năm"),
        ("results/I", "Kết quả học kì I"),
        ("results/II", "Kết quả cuối năm"),
        ("results/summer", "Kết quả sau hè"),
    ]
    body = f"<form class=bar method=post><label>Nộp lên Sở{page_parts.select('what', choices, '')}</label><button>Nộp</button></form>"
    jobs = context.submissions.list(context.session.school)
    running = any(job["state"] == "running" for job in jobs)
    for job in jobs[:20]:
        title = f"{_KINDS[job['kind']]} {_TERMS[job['term']]} {job['school_year']}"
        state = _STATES[job["state"]] + (f" · đợt số {job['snapshot']}" if job["snapshot"] else "")
        body += f"<h2>{esc(title)}</h2><p>{esc(state)}</p>"
        if job["state"] == "running":
            body += f'<progress max="{job["total"] or 1}" value="{job["progress"]}"></progress>'
        if job["errors"]:
            rows = [
                (esc(_who(context, error)), esc(error["field"]), esc(error["message"])) for error in job["errors"][:200]
            ]
            body += f"<p>{len(job['errors'])} dòng lỗi: sửa rồi nộp lại.</p>" + page_parts.table(
                ("Dòng", "Mục", "Lỗi"), rows
            )
    return context.page("Nộp dữ liệu lên Sở", body, "submissions", refresh=running)


def _who(context: Context, error: dict[str, str]) -> str:
    """Whose row it is: results and enrolments are named after their pupil."""
    school, identity = context.session.school, error["id"]
    student = context.store.record(school, "students", identity[:-10] if error["resource"] == "results" else identity)
    named = student or (context.store.record(school, error["resource"], identity) if error["resource"] else None) or {}
    return str(named.get("full_name") or named.get("name") or identity)


def ministry(context: Context) -> Response:
    """The Ministry's own console: pass accepted snapshots on, and the receipts."""
    if context.request.method == "POST":
        text = context.form.get("snapshot", "")
        receipt = sector.transfer(
            context.store,
            context.session.school,
            {"snapshot": int(text[:9]) if text.isascii() and text.isdigit() else None},
        )
        return context.done(f"Đã chuyển. Biên nhận {receipt['receipt']}, {receipt['records']} bản ghi.", "/ministry")
    receipts = {row["snapshot"]: row for row in sector.transfers(context.store, context.session.school)}
    rows = []
    for item in reversed(sector.snapshots(context.store, context.session.school, "")):
        known = receipts.get(item["number"])
        action = f"<form method=post><input type=hidden name=snapshot value={item['number']}><button>Chuyển lên Bộ</button></form>"
        done = (
            f"<code>{esc(known['receipt'])}</code><br><span class=dim>{known['records']} bản ghi, {page_parts.moment(known['accepted_at'])}</span>"
            if known
            else action
        )
        rows.append(
            (
                str(item["number"]),
                esc(f"{_KINDS[item['kind']]} {_TERMS[item['term']]}"),
                esc(item["school_year"]),
                page_parts.moment(item["accepted_at"]),
                done,
            )
        )
    body = "<p>Chuyển một đợt dữ liệu Sở đã tiếp nhận lên cơ sở dữ liệu của Bộ. Chuyển lại cùng đợt thì được cùng biên nhận.</p>"
    body += (
        page_parts.table(("Đợt", "Dữ liệu", "Năm học", "Sở tiếp nhận lúc", "Biên nhận của Bộ"), rows)
        if rows
        else "<p class=dim>Sở chưa tiếp nhận đợt nào.</p>"
    )
    return context.page("Chuyển dữ liệu lên Bộ", body, "", ministry=True)
