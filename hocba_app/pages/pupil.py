"""The page of one pupil: every document of every year, and the records he brought from other schools."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.data_table import data_table
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import text_area
from hocba_app.components.link import link
from hocba_app.components.native_form import native_form, native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.state.pupil import AttachedRow, DocumentRow, PupilState

_TOUCH = {"display": "inline-block", "padding": "6px 0", "minHeight": "24px"}
"""Two links, one over the other, that a finger can tell apart (WCAG 2.2, 2.5.8)."""


def pupil() -> rx.Component:
    """Layout of ``/students/[student_id]``."""
    return shell(
        rx.cond(PupilState.problem != "", error_notice(PupilState.problem)),
        rx.cond(PupilState.done != "", notice(PupilState.done, tone="ok")),
        rx.cond(
            PupilState.loaded,
            rx.cond(
                PupilState.found,
                rx.el.div(_documents(), _others(), class_name="stack"),
                link("Về danh sách học bạ", href="/records", class_name="button soft"),
            ),
            placeholder("480px"),
        ),
        title=rx.cond(PupilState.found, PupilState.name, "Học sinh"),
        active="/records",
        subtitle=PupilState.subtitle,
        actions=rx.cond(
            PupilState.print_href != "",
            link("In, giao hồ sơ", href=PupilState.print_href, class_name="button soft"),
        ),
    )


def _documents() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Học bạ tại trường này"),
        rx.cond(
            PupilState.note != "",
            rx.el.div(
                notice(
                    PupilState.note
                    + ": chốt riêng từng hồ sơ của học sinh này, ký và đóng dấu như thường lệ, rồi giao; không phải đợi cả lớp.",
                    tone="wait",
                ),
                class_name="said",
            ),
        ),
        rx.cond(
            PupilState.circumstances.length() > 0,
            rx.el.div(
                rx.el.b("Trường hợp theo quy định"),
                rx.el.ul(rx.foreach(PupilState.circumstances, rx.el.li), class_name="small"),
                class_name="said",
            ),
        ),
        rx.cond(
            PupilState.documents.length() > 0,
            data_table(
                ["Hồ sơ", "Tình trạng", "Còn thiếu", "Việc cần làm"],
                PupilState.documents,
                _document,
                label="Học bạ của học sinh",
            ),
            empty_state("Chưa có hồ sơ nào", "Học sinh chưa được xếp lớp ở trường này.", icon="book-open"),
        ),
        class_name="panel",
    )


def _document(row: DocumentRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            rx.cond(row.href != "", link(row.name, href=row.href), row.name),
            rx.cond(row.detail != "", rx.el.div(row.detail, class_name="small muted")),
            scope="row",
        ),
        rx.el.td(
            status_badge(row.tone, row.state_name),
            rx.cond(
                row.out_of_date, rx.el.div(status_badge("problem", "Khác dữ liệu mới"), style={"marginTop": "4px"})
            ),
        ),
        rx.el.td(
            rx.foreach(row.must_mend, lambda text: rx.el.div(rx.el.b("Phải sửa: "), text, class_name="small")),
            rx.foreach(row.to_look_at, lambda text: rx.el.div(text, class_name="small muted")),
        ),
        rx.el.td(
            rx.cond(row.lock_href != "", rx.el.div(link("Chốt riêng", href=row.lock_href, style=_TOUCH))),
            rx.cond(
                row.preview_href != "",
                rx.el.div(
                    native_link("Xem trước", href=row.preview_href, target="_blank", class_name="small", style=_TOUCH)
                ),
            ),
        ),
    )


def _others() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Hồ sơ từ trường khác", style={"margin": "0"}),
        rx.cond(
            PupilState.attached.length() > 0,
            rx.el.ul(rx.foreach(PupilState.attached, _attached), class_name="steps", aria_live="polite"),
            rx.el.p(
                "Chưa có tệp nào. Học sinh chuyển đến mang theo học bạ điện tử: tải tệp lên đây để kiểm tra và lưu cùng hồ sơ.",
                class_name="muted",
            ),
        ),
        rx.cond(
            PupilState.detached.length() > 0,
            rx.el.details(
                rx.el.summary("Tệp đã gỡ (vẫn lưu)", class_name="small"),
                rx.el.ul(rx.foreach(PupilState.detached, _attached), class_name="steps"),
            ),
        ),
        rx.cond(PupilState.may_attach, _upload()),
        class_name="panel stack",
    )


def _upload() -> rx.Component:
    return native_form(
        rx.el.div(
            rx.el.label("Chọn tệp PDF, hoặc gói ZIP trường cũ đã giao", html_for="given"),
            rx.el.input(
                id="given",
                name="files",
                type="file",
                multiple=True,
                accept="application/pdf,application/zip,.pdf,.zip",
                required=True,
            ),
            rx.el.small(
                "Mỗi lần tối đa 60 tệp, 200 MB. Tệp được kiểm tra chữ ký và đối chiếu với học sinh; tệp không hợp lệ chỉ được đính kèm khi thầy cô "
                "xem và ghi lý do."
            ),
            class_name="field",
        ),
        rx.el.button(
            rx.icon("upload", size=18, aria_hidden=True), "Tải lên và kiểm tra", type="submit", class_name="button"
        ),
        action=PupilState.upload_to,
        method="post",
        enc_type="multipart/form-data",
    )


def _attached(row: AttachedRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.b(row.name, style={"overflowWrap": "anywhere"}),
                rx.el.span(row.came, class_name="small muted"),
                rx.cond(row.issuer != "", rx.el.div("Trường cấp ghi trong tệp: ", row.issuer, class_name="small")),
                class_name="what",
            ),
            rx.el.div(
                status_badge(row.tone, row.state_name),
                rx.cond(row.asking, rx.el.div(status_badge("todo", "Chờ quyết định"), style={"marginTop": "4px"})),
            ),
            rx.el.div(
                native_link(
                    rx.icon("download", size=18, aria_hidden=True), "Tải tệp", href=row.href, class_name="button soft"
                ),
                rx.cond(
                    PupilState.may_attach & row.is_attached,
                    rx.el.button(
                        "Gỡ…",
                        class_name="button soft",
                        on_click=PupilState.open(row.id),
                        aria_expanded=PupilState.opened == row.id,
                    ),
                ),
                rx.cond(
                    PupilState.may_attach & (row.checking | row.asking),
                    rx.el.button("Bỏ tệp này", class_name="button soft", on_click=PupilState.refuse(row.id)),
                ),
                rx.cond(
                    PupilState.may_attach & row.asking,
                    rx.el.button(
                        "Vẫn đính kèm…",
                        class_name="button",
                        on_click=PupilState.open(row.id),
                        aria_expanded=PupilState.opened == row.id,
                    ),
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        rx.cond(row.ended != "", rx.el.div(row.ended, class_name="small")),
        rx.cond(
            row.accepted != "", rx.el.div("Đính kèm theo quyết định của nhà trường: ", row.accepted, class_name="small")
        ),
        rx.cond(
            row.against.length() > 0, rx.el.div(notice(_list(row.against), tone="problem"), style={"marginTop": "8px"})
        ),
        rx.cond(PupilState.opened == row.id, _decide(row)),
        rx.cond(
            row.headline != "",
            rx.el.details(
                rx.el.summary("Kết quả kiểm tra, người ký", class_name="small"),
                rx.el.div(row.headline, class_name="small"),
                _list(row.reasons),
                _list(row.signers),
                rx.el.div("SHA-256: ", row.fingerprint, class_name="small muted", style={"overflowWrap": "anywhere"}),
            ),
        ),
    )


def _list(texts: Any) -> rx.Component:
    return rx.el.div(
        rx.foreach(texts, lambda text: rx.el.div(text, class_name="small", style={"overflowWrap": "anywhere"}))
    )


def _decide(row: AttachedRow) -> rx.Component:
    return rx.el.div(
        text_area(
            rx.cond(row.asking, "Vì sao vẫn đính kèm", "Vì sao gỡ"),
            id="attached-reason",
            value=PupilState.reason,
            on_change=PupilState.set_reason,
            max_length=500,
            hint="Lý do được lưu cùng tệp và trong nhật ký.",
        ),
        rx.el.div(
            rx.cond(
                row.asking,
                rx.el.button(
                    "Đính kèm",
                    class_name="button",
                    on_click=PupilState.accept(row.id),
                    disabled=PupilState.reason == "",
                ),
                rx.el.button(
                    "Gỡ tệp",
                    class_name="button danger",
                    on_click=PupilState.detach(row.id),
                    disabled=PupilState.reason == "",
                ),
            ),
            rx.el.button("Quay lại", class_name="button soft", on_click=PupilState.open(row.id)),
            class_name="filters",
        ),
        style={"marginTop": "10px"},
    )
