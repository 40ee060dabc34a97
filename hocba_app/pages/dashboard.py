"""The page "Tổng quan": next tasks, progress by class and stage, for whom it waits, one chart."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.chart import stacked_bars
from hocba_app.components.count import count
from hocba_app.components.data_table import Head, data_table, pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import text_area
from hocba_app.components.link import link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.stat_card import stat_card
from hocba_app.components.status_badge import status_badge, step_label
from hocba_app.domain.document_lifecycle import STEPS
from hocba_app.state.dashboard import (
    SHADES,
    BehindRow,
    Cell,
    ClassRow,
    DashboardState,
    DayRow,
    PersonRow,
    Step,
    TaskRow,
)


def dashboard() -> rx.Component:
    """Layout of ``/``."""
    return shell(
        rx.cond(DashboardState.problem != "", error_notice(DashboardState.problem)),
        rx.cond(DashboardState.said != "", rx.el.div(notice(DashboardState.said, tone="ok"), role="status")),
        rx.cond(
            DashboardState.loaded,
            rx.el.div(
                rx.foreach(DashboardState.tasks, _task),
                rx.cond(DashboardState.steps_of_year.length() > 0, _year()),
                _to_solve(),
                rx.cond(
                    DashboardState.rows.length() > 0,
                    rx.el.div(
                        stat_card(
                            "hồ sơ đã đóng dấu",
                            count(DashboardState.sealed) + "/" + count(DashboardState.total),
                        ),
                        stat_card("chữ ký chờ thầy cô", count(DashboardState.mine)),
                        stat_card("hồ sơ có dữ liệu mới", count(DashboardState.out_of_date)),
                        class_name="cards",
                    ),
                ),
                rx.cond(
                    DashboardState.rows.length() > 0,
                    rx.el.div(
                        _chart(),
                        rx.el.div(_progress(), _people(), class_name="two"),
                        rx.cond(DashboardState.office, rx.el.div(_behind(), _days(), class_name="two")),
                        class_name="stack",
                    ),
                    rx.cond(
                        DashboardState.steps_of_year.length() == 0,
                        empty_state("Chưa có lớp nào", "Dữ liệu sẽ hiện sau lần đồng bộ đầu tiên.", icon="school"),
                    ),
                ),
                class_name="stack",
            ),
            placeholder("320px"),
        ),
        title="Tổng quan",
        subtitle=rx.cond(
            DashboardState.loaded, DashboardState.school_name + " · năm học " + DashboardState.school_year, ""
        ),
        active="/",
    )


def _task(task: TaskRow) -> rx.Component:
    return notice(
        rx.el.div(
            rx.el.div(rx.el.b(task.title), task.text),
            link(task.button, href=task.href, class_name="button"),
            class_name="task",
        ),
        tone="todo",
    )


def _to_solve() -> rx.Component:
    """Everything else that waits, each with its button; it says that nothing does only when nothing does."""
    return rx.el.section(
        rx.el.h2("Cần xử lý"),
        rx.cond(
            DashboardState.todo.length() > 0,
            rx.el.ul(rx.foreach(DashboardState.todo, _todo), class_name="steps"),
            rx.el.p(
                rx.cond(
                    (DashboardState.tasks.length() > 0) | (DashboardState.next_step.title != ""),
                    "Ngoài việc ở trên, không còn việc nào chờ thầy cô.",
                    "Không có việc nào chờ thầy cô.",
                ),
                class_name="muted said",
            ),
        ),
        rx.cond(
            DashboardState.more.length() > 0,
            rx.el.details(
                rx.el.summary("Còn ", DashboardState.more.length(), " việc nữa"),
                rx.el.ul(rx.foreach(DashboardState.more, _todo), class_name="steps"),
            ),
        ),
        rx.cond(
            DashboardState.office,
            rx.el.div(
                rx.el.div(
                    rx.el.b("Đồng bộ"), rx.el.span(DashboardState.sync_text, class_name="muted"), class_name="what"
                ),
                rx.cond(
                    DashboardState.sync_state != "", status_badge(DashboardState.sync_tone, DashboardState.sync_state)
                ),
                link("Mở Đồng bộ", href="/sync", class_name="button soft"),
                class_name="group",
                style={"marginTop": "18px"},
            ),
        ),
        class_name="panel",
        aria_live="polite",
    )


def _todo(row: TaskRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.b(row.title), rx.el.span(row.text, class_name="muted"), class_name="what"),
        status_badge(row.tone, row.tone_name),
        link(
            row.button,
            href=row.href,
            class_name="button soft",
            aria_label=row.button + ": " + row.title,
        ),
        class_name="group",
    )


def _behind() -> rx.Component:
    return rx.el.details(
        rx.el.summary(rx.el.b("Tiến độ từng người")),
        rx.el.p("Đã ký / phải ký, ai còn nhiều nhất đứng trước.", class_name="muted small said"),
        rx.cond(
            DashboardState.behind.length() > 0,
            rx.el.div(rx.foreach(DashboardState.behind, _behind_one), class_name="bars"),
            rx.el.p("Không ai còn hồ sơ phải ký.", class_name="muted said"),
        ),
        class_name="panel",
    )


def _behind_one(row: BehindRow) -> rx.Component:
    return _measure(row.name, row.percent, row.text, "minmax(96px, 30%) 1fr 76px")


def _days() -> rx.Component:
    return rx.el.details(
        rx.el.summary(rx.el.b("Chữ ký theo ngày")),
        rx.cond(
            DashboardState.days.length() > 0,
            rx.el.div(rx.foreach(DashboardState.days, _day), class_name="bars"),
            rx.el.p("Chưa có chữ ký nào.", class_name="muted said"),
        ),
        class_name="panel",
    )


def _day(row: DayRow) -> rx.Component:
    return _measure(row.day, row.percent, count(row.signed) + " chữ ký", "52px 1fr 96px")


def _measure(name: Any, percent: Any, text: Any, columns: str) -> rx.Component:
    """A bar with its number beside it, where it is read whatever the bar's length."""
    return rx.el.div(
        rx.el.b(name, style={"fontSize": "14px"}),
        rx.el.div(
            rx.el.div(style={"width": percent.to_string() + "%", "background": "var(--accent-9)"}),
            class_name="track",
            aria_hidden=True,
        ),
        rx.el.span(text, class_name="small"),
        style={"display": "grid", "gridTemplateColumns": columns, "gap": "10px", "alignItems": "center"},
    )


def _year() -> rx.Component:
    """The school's six steps [guide, "Quy trình sử dụng"]: the one to take now with its button, all of them folded."""
    step = DashboardState.next_step
    return rx.el.section(
        rx.el.h2("Các bước trong năm"),
        rx.cond(
            step.title != "",
            rx.el.div(
                rx.el.div(
                    rx.el.b("Bước ", step.number, ": ", step.title),
                    rx.el.span(step.text, class_name="muted"),
                    class_name="what",
                ),
                link(
                    step.button,
                    href=step.href,
                    class_name=rx.cond(DashboardState.tasks.length() > 0, "button soft", "button"),
                ),
                class_name="group",
            ),
        ),
        rx.el.details(
            rx.el.summary("Cả sáu bước"),
            rx.el.ol(rx.foreach(DashboardState.steps_of_year, _step), class_name="steps"),
            open=DashboardState.rows.length() == 0,
        ),
        class_name="panel",
    )


def _step(step: Step) -> rx.Component:
    tone = rx.match(step.state, ("done", "ok"), ("now", "todo"), "info")  # what is done on SMAS is no task here
    return rx.el.li(
        rx.el.span(step.number, class_name="number", aria_hidden=True),
        rx.el.div(rx.el.b(step.title), rx.el.span(step.when, " · ", step.text, class_name="muted"), class_name="what"),
        status_badge(tone, step.state_name),
        rx.cond(
            (step.button != "") & (step.number != DashboardState.next_step.number),
            link(step.button, href=step.href, class_name="button soft"),
        ),
        class_name="group",
    )


def _progress() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Tiến độ theo lớp", class_name="panel-title"),
        rx.el.div(
            data_table(
                ["Lớp", "Loại", *[_step_head(step) for step in STEPS]],
                DashboardState.rows,
                _row,
                label="Tiến độ theo lớp",
                cards=False,
            ),
            class_name="heat",
        ),
        rx.cond(
            DashboardState.class_pages > 1,
            pager(
                page=DashboardState.class_page,
                pages=DashboardState.class_pages,
                total=DashboardState.class_total,
                on_previous=DashboardState.previous_classes,
                on_next=DashboardState.next_classes,
                noun="lớp",
            ),
        ),
    )


def _step_head(step: str) -> Head:
    idle = rx.cond(DashboardState.idle.contains(step), "idle", "")
    return Head(rx.el.th(step_label(step), scope="col", class_name=idle), "")


def _row(row: ClassRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(link(row.name, href=row.href), scope="row"), rx.el.td(row.kind), rx.foreach(row.cells, _cell)
    )


def _cell(cell: Cell) -> rx.Component:
    """The more of the class is at the step, the stronger its colour; the number is always there."""
    tint = rx.match(cell.step, *[(step, f"var(--{shade}-7)") for step, shade in SHADES.items()], "transparent")
    strength = (cell.share * 0.7 + 18).to_string() + "%"
    return rx.el.td(
        cell.text,
        class_name=rx.cond(cell.idle, "cell idle", "cell"),
        style={
            "background": rx.cond(
                cell.share > 0, "color-mix(in srgb, " + tint.to(str) + " " + strength + ", transparent)", "transparent"
            )
        },
    )


def _chart() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Hồ sơ theo bước"),
        stacked_bars(DashboardState.chart, [(step_label(step), SHADES[step]) for step in STEPS]),
        class_name="panel",
    )


def _people() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Đang chờ ai ký", class_name="panel-title", style={"margin": "0"}),
            rx.cond(
                DashboardState.may_remind,
                rx.el.button("Nhắc tất cả", class_name="button soft", on_click=DashboardState.remind_everybody),
            ),
            class_name="group",
            style={"justifyContent": "space-between", "marginBottom": "12px"},
        ),
        rx.cond(DashboardState.to_paste != "", _to_paste()),
        rx.cond(
            DashboardState.people.length() > 0,
            rx.fragment(
                data_table(
                    ["Người ký", "Vai trò", "Lớp", Head(rx.el.th("Hồ sơ", scope="col", class_name="num"), "Hồ sơ"), ""],
                    DashboardState.people,
                    _person,
                    label="Đang chờ ai ký",
                ),
                rx.cond(
                    DashboardState.people_pages > 1,
                    pager(
                        page=DashboardState.people_page,
                        pages=DashboardState.people_pages,
                        total=DashboardState.people_total,
                        on_previous=DashboardState.previous_people,
                        on_next=DashboardState.next_people,
                    ),
                ),
            ),
            rx.el.p("Hiện không chờ ai ký.", class_name="muted"),
        ),
    )


def _to_paste() -> rx.Component:
    return rx.el.div(
        text_area(
            "Lời nhắn để chép vào nhóm chat",
            id="to-paste",
            value=DashboardState.to_paste,
            read_only=True,
            rows=5,
        ),
        rx.el.button("Chép lời nhắn", class_name="button soft", on_click=DashboardState.copy_text),
        class_name="stack",
        style={"gap": "8px", "marginBottom": "12px"},
    )


def _person(row: PersonRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.name, scope="row"),
        rx.el.td(row.role),
        rx.el.td(row.class_name),
        rx.el.td(count(row.slots), class_name="num"),
        rx.el.td(
            rx.cond(  # one's own are signed at "Ký ngay" above
                DashboardState.office & ~row.mine,
                rx.el.button(
                    "Nhắc",
                    class_name="button soft",
                    on_click=DashboardState.remind(row.class_id, row.staff_id),
                    aria_label="Nhắc " + row.name + " ký lớp " + row.class_name,
                ),
            ),
        ),
    )
