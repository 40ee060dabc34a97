"""The page "Phân công ký": what is missing before a lock, and who signs what in each class."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import folding
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import option, select_field, text_field
from hocba_app.components.link import link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.undo_notice import undo_notice
from hocba_app.state.assignments import AssignmentsState, Column, GapRow, MatrixRow, Place


def assignments() -> rx.Component:
    """Layout of ``/assignments``."""
    return shell(
        rx.cond(
            AssignmentsState.loaded,
            rx.cond(
                AssignmentsState.classes > 0,
                rx.el.div(_gaps(), _place_editor(), _matrix(), class_name="stack"),
                empty_state(
                    "Chưa có lớp nào trong năm học này",
                    "Hãy nộp dữ liệu đầu năm từ SMAS rồi đồng bộ: lớp, giáo viên và phân công giảng dạy sẽ hiện ở đây.",
                    icon="users",
                    action=link("Mở Đồng bộ", href="/sync", class_name="button"),
                ),
            ),
            placeholder("320px"),
        ),
        undo_notice(AssignmentsState),
        title="Phân công ký",
        active="/assignments",
        subtitle="Người ký theo phân công giảng dạy trên SMAS. Ở đây chỉ đổi người ký, không đổi phân công giảng dạy.",
        actions=rx.cond(
            AssignmentsState.years.length() > 1,
            select_field(
                "Năm học",
                AssignmentsState.years,
                id="year",
                value=AssignmentsState.year,
                on_change=AssignmentsState.show_year,
            ),
        ),
    )


def _gaps() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Còn thiếu trước khi chốt"),
        rx.cond(
            AssignmentsState.gaps.length() > 0,
            rx.fragment(
                rx.el.div(
                    rx.cond(
                        AssignmentsState.blocking > 0,
                        status_badge("problem", AssignmentsState.blocking.to_string() + " việc phải làm"),
                    ),
                    rx.cond(
                        AssignmentsState.warnings > 0,
                        status_badge("wait", AssignmentsState.warnings.to_string() + " việc nên làm sớm"),
                    ),
                    style={"display": "flex", "flexWrap": "wrap", "gap": "8px", "marginBottom": "4px"},
                ),
                rx.el.ul(rx.foreach(AssignmentsState.gaps, _gap), class_name="gap-list", aria_label="Việc còn thiếu"),
            ),
            notice("Đủ người ký, ảnh chữ ký, tài khoản và chứng thư số cho năm học này.", tone="ok"),
        ),
        class_name="panel",
    )


def _gap(row: GapRow) -> rx.Component:
    return rx.el.li(
        status_badge(row.tone, row.severity_name),
        rx.el.div(
            rx.el.b(row.whom),
            rx.cond(row.classes != "", rx.el.span(" · ", row.classes, class_name="muted small")),
            rx.el.div(row.text),
            rx.cond(
                row.lines.length() > 0,
                rx.el.details(
                    rx.el.summary("Xem cả ", row.lines.length()),
                    rx.el.ul(rx.foreach(row.lines, rx.el.li), class_name="advice small"),
                ),
            ),
            class_name="what",
        ),
        rx.cond(
            row.href != "",
            link(row.button, href=row.href, class_name="button soft"),
            rx.el.a(row.button, href="#matrix", class_name="button soft"),
        ),
    )


def _place_editor() -> rx.Component:
    opened = AssignmentsState.opened
    return rx.el.div(
        rx.cond(AssignmentsState.problem != "", error_notice(AssignmentsState.problem)),
        rx.cond(AssignmentsState.done != "", rx.el.div(notice(AssignmentsState.done, tone="ok"), role="status")),
        rx.cond(
            opened.key != "",
            rx.el.section(
                rx.el.div(
                    rx.el.h2(opened.title, class_name="panel-title", style={"margin": "0"}),
                    rx.el.button("Đóng", class_name="button soft", on_click=AssignmentsState.close),
                    style={"display": "flex", "gap": "10px", "justifyContent": "space-between", "alignItems": "center"},
                ),
                rx.el.dl(
                    rx.el.dt("Theo SMAS"),
                    rx.el.dd(opened.by_smas),
                    rx.cond(
                        opened.assigned != "",
                        rx.fragment(
                            rx.el.dt("Phân công ký"),
                            rx.el.dd(opened.assigned),
                            rx.el.dt("Lý do"),
                            rx.el.dd(opened.reason),
                        ),
                    ),
                    rx.cond(
                        opened.waiting > 0, rx.fragment(rx.el.dt("Đã chốt, chờ ký"), rx.el.dd(opened.waiting, " hồ sơ"))
                    ),
                    class_name="facts",
                ),
                rx.form(
                    rx.el.div(
                        rx.el.label("Người ký", html_for="staff_id"),
                        rx.el.select(
                            rx.el.option("Chọn người ký…", value=""),
                            rx.foreach(AssignmentsState.people, option),
                            id="staff_id",
                            name="staff_id",
                            required=True,
                            default_value=opened.staff_id,
                            key=opened.key + opened.staff_id,
                        ),
                        class_name="field",
                    ),
                    text_field(
                        "Lý do",
                        id="reason",
                        default_value=opened.reason,
                        key=opened.key + opened.reason,
                        required=True,
                        max_length=200,
                        hint="Ví dụ: Cô Ánh nghỉ thai sản từ 01/05. Lý do được ghi vào nhật ký và vào hồ sơ khi đóng dấu.",
                    ),
                    rx.cond(
                        opened.waiting > 0,
                        rx.el.label(
                            rx.el.input(
                                type="checkbox", name="locked", value="1", class_name="check", default_checked=True
                            ),
                            " Chuyển cả hồ sơ đã chốt mà chưa ký ở ô này",
                            style={"display": "flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
                        ),
                    ),
                    rx.cond(
                        opened.together != "",
                        rx.el.label(
                            rx.el.input(type="checkbox", name="together", value="1", class_name="check"),
                            rx.el.span(
                                "Trên hồ sơ đã chốt, ô ký này gồm cả môn ",
                                rx.el.b(opened.together),
                                ": người mới ký thay cả các môn ấy. Không chọn thì"
                                " những hồ sơ này giữ nguyên; muốn tách phải hủy chốt rồi chốt lại.",
                            ),
                            style={"display": "flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
                        ),
                    ),
                    rx.el.div(
                        rx.el.button("Lưu người ký", type="submit", class_name="button"),
                        rx.cond(
                            opened.assigned != "",
                            rx.el.button(
                                "Bỏ phân công, theo SMAS",
                                type="button",
                                class_name="button soft",
                                on_click=AssignmentsState.clear,
                            ),
                        ),
                        style={"display": "flex", "flexWrap": "wrap", "gap": "8px"},
                    ),
                    on_submit=AssignmentsState.save,
                ),
                class_name="panel stack",
                aria_label="Đổi người ký",
                tab_index=-1,
                style={"scrollMarginTop": "72px"},
                custom_attrs={"data-reveal": "1"},
                key=opened.key,  # another place is another element
            ),
        ),
        class_name="stack",
    )


def _matrix() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Ai ký ở từng lớp", class_name="panel-title", style={"margin": "0"}),
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    class_name="check",
                    checked=AssignmentsState.only_gaps,
                    on_change=AssignmentsState.show_gaps,
                ),
                " Chỉ lớp còn thiếu",
                style={"display": "inline-flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
            ),
            style={
                "display": "flex",
                "flexWrap": "wrap",
                "gap": "6px 16px",
                "alignItems": "center",
                "marginBottom": "8px",
            },
        ),
        rx.cond(
            AssignmentsState.rows.length() > 0,
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(
                            rx.el.th("Lớp", scope="col"),
                            rx.foreach(AssignmentsState.heads, lambda head: rx.el.th(head, scope="col")),
                        )
                    ),
                    rx.el.tbody(rx.foreach(AssignmentsState.rows, folding(_class))),
                    class_name="grid-table matrix fold",
                ),
                class_name="scroll sideways",
                tab_index=0,
                role="region",
                aria_label="Người ký theo lớp và môn",
            ),
            empty_state("Lớp nào cũng đủ người ký", "Bỏ chọn “Chỉ lớp còn thiếu” để xem tất cả.", icon="circle-check"),
        ),
        id="matrix",
        style={"scrollMarginTop": "72px"},
    )


def _class(row: MatrixRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            row.name,
            rx.cond(row.missing > 0, rx.el.div(status_badge("problem", row.missing.to_string() + " chỗ thiếu"))),
            scope="row",
        ),
        rx.foreach(row.columns, _column),
    )


def _column(column: Column) -> rx.Component:
    return rx.el.td(rx.foreach(column.places, _one), custom_attrs={"data-label": column.label})


def _one(place: Place) -> rx.Component:
    return rx.el.button(
        rx.cond(
            place.tone == "nobody",
            rx.icon("triangle-alert", size=14, aria_hidden=True, style={"display": "inline", "marginRight": "4px"}),
        ),
        place.text,
        rx.cond(place.note != "", rx.el.div(place.note, class_name="small muted", style={"fontWeight": "400"})),
        class_name="place " + place.tone,
        on_click=AssignmentsState.open_place(place.key),
        type="button",
        aria_pressed=AssignmentsState.opened.key == place.key,
        aria_label=place.label,
        title=place.label,
    )
