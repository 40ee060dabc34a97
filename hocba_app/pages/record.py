"""The page of one record: the file beside its chain of signatures."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import data_table
from hocba_app.components.link import link
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.unlock_form import unlock_form
from hocba_app.state.record import DifferenceRow, FindingRow, Link, RecordState, SlotRow, VersionRow


def record() -> rx.Component:
    """Layout of ``/records/[document_id]``."""
    return shell(
        rx.cond(RecordState.problem != "", error_notice(RecordState.problem)),
        rx.cond(RecordState.done != "", notice(RecordState.done, tone="ok")),
        rx.cond(
            RecordState.loaded,
            rx.cond(
                RecordState.found,
                rx.el.div(
                    _standing(),
                    _ask(),
                    _differences(),
                    _missing(),
                    rx.el.div(
                        _file(),
                        rx.el.div(_chain(), _versions(), class_name="stack"),
                        class_name="beside",
                    ),
                    class_name="stack",
                ),
                link("Về danh sách học bạ", href="/records", class_name="button soft"),
            ),
            placeholder("480px"),
        ),
        title=rx.cond(RecordState.found, RecordState.title, "Học bạ"),
        active="/records",
        subtitle=RecordState.subtitle,
    )


def _standing() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                status_badge(RecordState.tone, RecordState.step_name),
                rx.cond(RecordState.waits_for != "", rx.el.span(" Đang chờ: ", RecordState.waits_for)),
                class_name="what",
            ),
            rx.el.div(
                rx.foreach(RecordState.links, _link),
                rx.cond(
                    RecordState.lock_href != "",
                    link("Chốt hồ sơ này", href=RecordState.lock_href, class_name="button"),
                ),
                rx.cond(
                    RecordState.original_href != "",
                    native_link("Tải bản đã ký", href=RecordState.original_href, class_name="button soft"),
                ),
                rx.cond(
                    RecordState.print_href != "",
                    link("In, giao hồ sơ", href=RecordState.print_href, class_name="button soft"),
                ),
                rx.cond(
                    RecordState.may_ask & ~RecordState.asking,
                    rx.el.button(
                        rx.icon("lock-open", size=18, aria_hidden=True),
                        "Hủy chốt…",
                        class_name="button soft",
                        on_click=RecordState.ask,
                    ),
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        rx.cond(
            RecordState.unlock_text != "",
            rx.el.div(notice(RecordState.unlock_text, tone="wait"), style={"marginTop": "12px"}),
        ),
        class_name="panel",
    )


def _link(row: Link) -> rx.Component:
    return link(row.label, href=row.href, class_name="button soft")


def _ask() -> rx.Component:
    return rx.cond(
        RecordState.asking,
        unlock_form(
            "1",
            RecordState.again,
            reason=RecordState.reason,
            on_reason=RecordState.set_reason,
            on_send=RecordState.send,
            on_cancel=RecordState.not_now,
            needs_approval=RecordState.needs_approval,
            pending=RecordState.pending,
        ),
    )


def _differences() -> rx.Component:
    return rx.cond(
        RecordState.differences.length() > 0,
        rx.el.section(
            rx.cond(
                RecordState.out_of_date,
                notice(
                    "Dữ liệu đã đồng bộ khác với bản đã chốt. Bản đã chốt không tự đổi: nếu cần ký lại, hãy đề nghị hủy chốt.",
                    tone="problem",
                ),
                notice(
                    "Có thông tin đã thay đổi sau khi chốt. Những thông tin này đúng vào lúc chốt, hồ sơ vẫn dùng được.",
                    tone="info",
                ),
            ),
            data_table(
                ["Mục", "Đã chốt", "Dữ liệu mới"],
                RecordState.differences,
                _difference,
                label="Khác biệt",
            ),
            class_name="stack",
        ),
    )


def _difference(row: DifferenceRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            row.label,
            rx.cond(row.essential, "", rx.el.span(" (không phải ký lại)", class_name="small muted")),
            scope="row",
        ),
        rx.el.td(row.locked),
        rx.el.td(rx.el.b(row.synced)),
    )


def _missing() -> rx.Component:
    return rx.cond(
        RecordState.missing.length() > 0,
        data_table(
            ["Mức", "Trước khi chốt cần xem"],
            RecordState.missing,
            _finding,
            label="Cần xem trước khi chốt",
        ),
    )


def _finding(row: FindingRow) -> rx.Component:
    return rx.el.tr(rx.el.td(status_badge(row.tone, row.severity)), rx.el.td(row.text, class_name="prose"))


def _file() -> rx.Component:
    return rx.cond(
        RecordState.file_href != "",
        rx.el.section(
            rx.el.div(
                rx.el.h2("Bản ", RecordState.version, class_name="panel-title", style={"margin": "0"}),
                rx.cond(RecordState.version_void, status_badge("info", "Đã hủy, giữ làm bằng chứng")),
                rx.el.div(
                    link(
                        "Đọc trên màn hình",
                        href="/read/" + RecordState.shown_id,
                        class_name="button soft",
                    ),
                    native_link("Mở tệp PDF", href=RecordState.file_href, target="_blank", class_name="button soft"),
                    native_link(
                        "Kiểm tra công khai", href=RecordState.verify_href, target="_blank", class_name="button soft"
                    ),
                    class_name="acts",
                ),
                class_name="group",
            ),
            # Phones have no PDF viewer inside a page: there the button above opens the file.
            rx.el.iframe(
                src=RecordState.file_href + "#navpanes=0&view=FitH",
                title="Trang học bạ",
                class_name="paper",
                loading="lazy",
            ),
            class_name="panel stack",
        ),
        rx.el.section(rx.el.p("Chưa có bản nào: hồ sơ chưa chốt.", class_name="muted"), class_name="panel"),
    )


def _chain() -> rx.Component:
    return rx.cond(
        RecordState.chain.length() > 0,
        rx.el.section(
            rx.el.h2("Chữ ký"),
            rx.el.ol(rx.foreach(RecordState.chain, _slot), class_name="steps"),
            class_name="panel",
            aria_live="polite",
        ),
    )


def _slot(row: SlotRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.b(row.stage, rx.cond(row.what != "", rx.el.span(" · " + row.what, style={"fontWeight": "400"}))),
                rx.el.span(row.signer),
                class_name="what",
                style={"flexBasis": "150px"},
            ),
            status_badge(row.tone, row.state_name),
            class_name="group",
        ),
        rx.cond(row.reassigned != "", rx.el.div(row.reassigned, class_name="small muted")),
        rx.cond(
            row.certificate.length() > 0,
            rx.el.details(
                rx.el.summary("Chứng thư số", class_name="small"),
                rx.foreach(
                    row.certificate,
                    lambda line: rx.el.div(line, class_name="small muted", style={"overflowWrap": "anywhere"}),
                ),
            ),
        ),
    )


def _versions() -> rx.Component:
    return rx.cond(
        RecordState.versions.length() > 0,
        rx.el.section(
            rx.el.h2("Các bản"),
            rx.el.ul(rx.foreach(RecordState.versions, _version), class_name="steps"),
            class_name="panel",
        ),
    )


def _version(row: VersionRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(rx.el.b(row.title), rx.el.span(row.locked, class_name="small muted"), class_name="what"),
            status_badge(row.tone, row.state_name),
            rx.el.button(
                "Xem",
                class_name="button soft",
                on_click=RecordState.show_version(row.number),
                aria_pressed=RecordState.version == row.number,
                aria_label="Xem bản " + row.number.to_string(),
            ),
            class_name="group",
        ),
        rx.cond(row.reason != "", rx.el.div("Lý do hủy: ", row.reason, class_name="small")),
        rx.el.details(
            rx.el.summary("Mã tra cứu, mã băm", class_name="small"),
            rx.el.div("Mã tra cứu: ", row.code, class_name="small muted"),
            rx.el.div("SHA-256: ", row.fingerprint, class_name="small muted", style={"overflowWrap": "anywhere"}),
        ),
    )
