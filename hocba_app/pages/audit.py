"""The page "Nhật ký": every change of a record, signature, assignment and account."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import Head, data_table, list_pager, sort_head
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import option, select_field, text_field
from hocba_app.components.link import link
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.domain.audit_wording import GROUPS
from hocba_app.state.audit import SYSTEM, AuditState, Row

_GROUPS = [("", "Tất cả"), *GROUPS.items()]


def audit() -> rx.Component:
    """Layout of ``/audit``."""
    return shell(
        rx.cond(AuditState.problem != "", error_notice(AuditState.problem)),
        rx.cond(
            AuditState.loaded,
            rx.el.div(
                _filters(),
                rx.cond(
                    AuditState.rows.length() > 0,
                    rx.el.section(
                        data_table(
                            ["Số", _time_head(), "Người thực hiện", "Việc", "Đối tượng", "Chi tiết"],
                            AuditState.rows,
                            _row,
                            label="Nhật ký",
                        ),
                        list_pager(AuditState, "việc"),
                    ),
                    empty_state(
                        "Không có việc nào như vậy",
                        "Hãy bỏ bớt bộ lọc; xóa “Từ ngày” để tìm cả các năm học trước.",
                        icon="scroll-text",
                    ),
                ),
                class_name="stack",
            ),
            placeholder("360px"),
        ),
        title="Nhật ký",
        active="/audit",
        subtitle="Không ai sửa hay xóa được: mỗi dòng mang mã băm của dòng trước, và mỗi ngày được đóng dấu thời gian.",
        actions=native_link("Tải về (CSV)", href=AuditState.csv_href, class_name="button soft"),
    )


def _time_head() -> Head:
    return sort_head("Lúc", active=True, descending=~AuditState.oldest_first, on_click=AuditState.turn_order)


def _filters() -> rx.Component:
    return rx.el.div(
        text_field(
            "Tìm",
            id="search",
            value=AuditState.search,
            on_change=AuditState.set_search.debounce(300),
            type="search",
            placeholder="Việc, người, mã học sinh",
            auto_complete="off",
            max_length=100,
        ),
        select_field(
            "Việc",
            _GROUPS,
            id="group",
            value=AuditState.group,
            on_change=lambda value: AuditState.set_filter("group", value),
        ),
        rx.el.div(
            rx.el.label("Người thực hiện", html_for="actor"),
            rx.el.select(
                rx.el.option("Tất cả", value=""),
                rx.el.option("Hệ thống", value=SYSTEM),
                rx.foreach(AuditState.people, option),
                id="actor",
                value=AuditState.actor,
                on_change=lambda value: AuditState.set_filter("actor", value),
            ),
            class_name="field",
        ),
        text_field(
            "Từ ngày",
            id="since",
            type="date",
            value=AuditState.since,
            on_change=lambda value: AuditState.set_filter("since", value),
        ),
        text_field(
            "Đến ngày",
            id="until",
            type="date",
            value=AuditState.until,
            on_change=lambda value: AuditState.set_filter("until", value),
        ),
        class_name="filters panel",
    )


def _row(row: Row) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.seq, class_name="num muted"),
        rx.el.td(row.at, class_name="brief", style={"whiteSpace": "nowrap"}),
        rx.el.td(row.actor),
        rx.el.th(row.action, scope="row"),
        rx.el.td(rx.cond(row.href != "", link(row.subject, href=row.href), row.subject)),
        rx.el.td(row.details, class_name="small prose"),
    )
