"""The page "In học bạ": choose what to print and how, follow the packets, hand a record over by file or link."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import select_field, text_field
from hocba_app.components.native_form import native_form, native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.wording import KIND
from hocba_app.state.printing import LinkRow, PacketRow, PrintState

_MARGINS = [("0", "Không"), ("3", "3 mm"), ("5", "5 mm"), ("8", "8 mm"), ("10", "10 mm")]
_BINDINGS = [("0", "Không"), ("5", "5 mm"), ("8", "8 mm"), ("10", "10 mm"), ("15", "15 mm")]
_DAYS = [("3", "3 ngày"), ("7", "7 ngày"), ("14", "14 ngày"), ("30", "30 ngày"), ("90", "90 ngày")]


def printing() -> rx.Component:
    """Layout of ``/print``."""
    return shell(
        rx.cond(
            PrintState.loaded,
            rx.el.div(_configure(), _packets(), _hand_out(), class_name="stack"),
            placeholder("320px"),
        ),
        title="In học bạ",
        subtitle="Chỉ in hồ sơ đã đóng dấu. Mỗi trang in mang dòng “BẢN SAO” và mã tra cứu; bản gốc là tệp đã ký số.",
        active="/print",
    )


def _configure() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Chọn hồ sơ và cách in"),
        rx.cond(PrintState.problem != "", error_notice(PrintState.problem)),
        rx.el.div(
            rx.cond(
                PrintState.years.length() > 1,
                select_field(
                    "Lớp của năm học",
                    PrintState.years,
                    id="school-year",
                    value=PrintState.year,
                    on_change=PrintState.choose_year,
                ),
            ),
            select_field(
                "Lớp", PrintState.classes, id="class", value=PrintState.class_id, on_change=PrintState.choose_class
            ),
            select_field(
                "Học sinh",
                PrintState.pupils,
                id="student",
                value=PrintState.student_id,
                on_change=PrintState.choose_pupil,
            ),
            select_field(
                "Năm học",
                [("yes", "Tất cả các năm"), ("no", "Chỉ năm học của lớp")],
                id="years",
                value=rx.cond(PrintState.whole_record, "yes", "no"),
                on_change=lambda value: PrintState.set_option("whole_record", value),
            ),
            class_name="filters",
        ),
        rx.el.fieldset(
            rx.el.legend("Loại hồ sơ"),
            *[_check(KIND[kind], PrintState.kinds.contains(kind), PrintState.toggle_kind(kind)) for kind in KINDS],
            style={
                "border": "0",
                "padding": "0",
                "margin": "14px 0 6px",
                "display": "flex",
                "flexWrap": "wrap",
                "gap": "2px 18px",
            },
        ),
        rx.el.div(
            select_field(
                "Khổ giấy",
                [("A4", "A4, từng trang"), ("A3", "A3, gấp thành quyển")],
                id="paper",
                value=PrintState.paper,
                on_change=lambda value: PrintState.set_option("paper", value),
            ),
            rx.cond(
                PrintState.paper == "A4",
                select_field(
                    "In",
                    [("yes", "Hai mặt"), ("no", "Một mặt")],
                    id="sides",
                    value=rx.cond(PrintState.double_sided, "yes", "no"),
                    on_change=lambda value: PrintState.set_option("double_sided", value),
                ),
            ),
            select_field(
                "Thu nhỏ, chừa lề",
                _MARGINS,
                id="margin",
                value=PrintState.margin_mm.to_string(),
                on_change=lambda value: PrintState.set_option("margin_mm", value),
            ),
            rx.cond(
                PrintState.paper == "A4",
                select_field(
                    "Lề đóng gáy",
                    _BINDINGS,
                    id="binding",
                    value=PrintState.binding_mm.to_string(),
                    on_change=lambda value: PrintState.set_option("binding_mm", value),
                ),
            ),
            class_name="filters",
        ),
        _check("Thêm trang “Sao y” để ký và đóng dấu giấy", PrintState.seal_page, PrintState.toggle_seal_page),
        rx.cond(
            PrintState.paper == "A3",
            notice(
                "In hai mặt, lật theo cạnh ngắn, tỉ lệ 100 %. Mỗi học sinh một quyển: xếp các tờ theo thứ tự rồi gấp đôi."
            ),
            notice("In ở tỉ lệ 100 % để trang giấy giống hệt bản đã ký."),
        ),
        rx.el.div(
            rx.el.button(
                rx.icon("printer", size=18, aria_hidden=True),
                rx.cond(PrintState.student_id != "", "Tạo gói in của học sinh", "Tạo gói in cả lớp"),
                class_name="button",
                on_click=PrintState.start,
                disabled=((PrintState.class_id == "") & (PrintState.student_id == ""))
                | (PrintState.kinds.length() == 0),
            ),
            style={"marginTop": "14px"},
        ),
        class_name="panel",
    )


def _check(words: Any, checked: Any, on_change: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", class_name="check", checked=checked, on_change=on_change),
        rx.el.span(words),
        style={"display": "inline-flex", "alignItems": "center", "gap": "8px", "minHeight": "44px"},
    )


def _packets() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Gói in", class_name="panel-title"),
        rx.cond(
            PrintState.packets.length() > 0,
            rx.el.div(rx.foreach(PrintState.packets, _packet), class_name="stack", style={"gap": "10px"}),
            empty_state("Chưa có gói in nào", "Gói in được giữ 24 giờ để tải về, sau đó tự xóa.", icon="printer"),
        ),
        aria_live="polite",
    )


def _packet(row: PacketRow) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(row.title),
                rx.el.span(row.options, " · ", row.when, class_name="muted small"),
                rx.cond(row.note != "", rx.el.div(row.note, class_name="small")),
                class_name="what",
            ),
            status_badge(row.tone, row.state_name),
            rx.el.div(
                rx.cond(
                    row.href != "",
                    native_link(
                        rx.icon("download", size=18, aria_hidden=True), "Tải gói in", href=row.href, class_name="button"
                    ),
                ),
                rx.cond(
                    row.running, rx.el.button("Dừng", class_name="button soft", on_click=PrintState.cancel(row.id))
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        rx.cond(row.running, progress_bar(row.percent, row.progress_text)),
        rx.cond(row.problem != "", error_notice(row.problem)),
        class_name="panel",
    )


def _hand_out() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Giao bản gốc đã ký số"),
        rx.cond(
            PrintState.student_id != "",
            rx.el.div(
                rx.el.div(
                    native_link(
                        rx.icon("download", size=18, aria_hidden=True),
                        "Tải tệp gốc và chứng thư số",
                        href="/packages/" + PrintState.student_id,
                        class_name="button soft",
                    ),
                ),
                _new_link(),
                rx.cond(
                    PrintState.links.length() > 0, rx.el.ul(rx.foreach(PrintState.links, _link), class_name="steps")
                ),
                class_name="stack",
            ),
            rx.cond(
                PrintState.class_id != "",
                _class_links(),
                rx.el.p(
                    "Chọn lớp để tạo liên kết có mã PIN cho cả lớp; chọn một học sinh để tải tệp gốc hoặc tạo một liên kết.",
                    class_name="muted",
                ),
            ),
        ),
        class_name="panel",
    )


def _class_links() -> rx.Component:
    """A form of the browser's own: the PINs go to the sheet to print, never through this page."""
    return native_form(
        rx.el.p(
            "Mỗi học sinh của lớp đã có hồ sơ đóng dấu được một liên kết và một phiếu để in: mã QR, địa chỉ, mã PIN. "
            "Mã PIN chỉ hiện một lần. Liên kết đã tạo trước vẫn dùng được đến hạn."
        ),
        rx.el.input(type="hidden", name="class_id", value=PrintState.class_id, read_only=True),
        rx.el.input(type="hidden", name="kinds", value=PrintState.kinds.join(" "), read_only=True),
        rx.el.div(
            text_field(
                "Người nhận", id="class-recipient", name="recipient", default_value="Gia đình học sinh", max_length=200
            ),
            select_field("Dùng được trong", _DAYS, id="class-days", name="days", default_value="14"),
            rx.el.button(
                rx.icon("link", size=18, aria_hidden=True),
                "Tạo liên kết cả lớp",
                class_name="button",
                type="submit",
                disabled=PrintState.kinds.length() == 0,
            ),
            class_name="filters",
        ),
        action="/print/class-links",
        method="post",
        class_name="stack",
    )


def _new_link() -> rx.Component:
    return rx.el.div(
        rx.cond(PrintState.link_problem != "", error_notice(PrintState.link_problem)),
        rx.cond(
            PrintState.new_url != "",
            notice(
                rx.el.div(
                    rx.el.div("Liên kết: ", rx.el.b(PrintState.new_url, style={"overflowWrap": "anywhere"})),
                    rx.el.div(
                        "Mã PIN: ", rx.el.b(PrintState.new_pin, style={"fontSize": "20px", "letterSpacing": "2px"})
                    ),
                    rx.el.p(
                        "Chỉ hiện một lần. Gửi liên kết và mã PIN bằng hai đường khác nhau (ví dụ tin nhắn và điện thoại)."
                    ),
                    rx.el.div(
                        rx.el.button(
                            "Chép liên kết", class_name="button soft", on_click=rx.set_clipboard(PrintState.new_url)
                        ),
                        rx.el.button("Đã ghi lại", class_name="button soft", on_click=PrintState.hide_new_link),
                        class_name="filters",
                    ),
                ),
                tone="ok",
            ),
        ),
        rx.el.div(
            text_field(
                "Người nhận",
                id="recipient",
                value=PrintState.recipient,
                on_change=PrintState.set_recipient,
                max_length=200,
                placeholder="Mẹ học sinh, Trường THCS Lê Lợi…",
            ),
            select_field(
                "Dùng được trong", _DAYS, id="days", value=PrintState.days.to_string(), on_change=PrintState.set_days
            ),
            rx.el.button(
                rx.icon("link", size=18, aria_hidden=True),
                "Tạo liên kết",
                class_name="button",
                on_click=PrintState.create_link,
                disabled=PrintState.recipient == "",
            ),
            class_name="filters",
        ),
        class_name="stack",
    )


def _link(row: LinkRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(row.recipient),
            rx.el.span("Tạo ", row.made, " · đến ", row.until, " · ", row.downloads, class_name="muted small"),
            class_name="what",
        ),
        status_badge(row.tone, row.state_name),
        rx.cond(
            row.is_open,
            rx.cond(
                PrintState.closing == row.id,
                rx.el.div(
                    rx.el.b("Thu hồi liên kết? Người nhận không tải được nữa."),
                    rx.el.button(
                        "Thu hồi", class_name="button danger", on_click=PrintState.close_link(row.id), auto_focus=True
                    ),
                    rx.el.button("Quay lại", class_name="button soft", on_click=PrintState.keep_link),
                    class_name="filters",
                    role="alertdialog",
                    aria_label="Xác nhận thu hồi liên kết",
                ),
                rx.el.button(
                    "Thu hồi…",
                    class_name="button soft",
                    on_click=PrintState.ask_close(row.id),
                    aria_label="Thu hồi… liên kết của " + row.recipient,
                ),
            ),
        ),
        class_name="group",
    )
