"""Asking for an unlock: the price first, then the reason."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.data_table import data_table
from hocba_app.components.fields import text_area
from hocba_app.components.notice import notice


def unlock_form(
    count: Any,
    again: Any,
    *,
    reason: Any,
    on_reason: Any,
    on_send: Any,
    on_cancel: Any,
    needs_approval: Any,
    pending: Any = False,
) -> rx.Component:
    """The panel of a request.

    Args:
        count: documents chosen.
        again: Var of rows with ``name``, ``stage`` and ``documents``: who would have to sign again.
        pending: somebody is confirming on the phone now.
    """
    return rx.el.section(
        rx.el.h2("Hủy chốt ", count, " hồ sơ"),
        rx.cond(
            again.length() > 0,
            rx.fragment(
                notice(
                    "Mọi chữ ký trên những hồ sơ này sẽ không còn giá trị (vẫn được giữ làm bằng chứng). Những người sau phải ký lại:",
                    tone="wait",
                ),
                data_table(
                    ["Người ký", "Bước", "Số hồ sơ ký lại"],
                    again,
                    again_row,
                    label="Người phải ký lại",
                ),
            ),
            notice("Chưa ai ký trên những hồ sơ này.", tone="info"),
        ),
        rx.cond(
            pending,
            notice(
                "Đang có người xác nhận ký trên điện thoại: hủy chốt thực hiện ngay khi lượt ký đó kết thúc.",
                tone="wait",
            ),
        ),
        text_area(
            "Lý do",
            id="unlock-reason",
            value=reason,
            on_change=on_reason,
            max_length=500,
            hint="Ví dụ: sửa điểm Toán học kì II.",
        ),
        rx.el.div(
            rx.el.button(
                rx.cond(needs_approval, "Gửi đề nghị hủy chốt", "Hủy chốt ngay"),
                class_name="button danger",
                on_click=on_send,
            ),
            rx.el.button("Quay lại", class_name="button soft", on_click=on_cancel),
            class_name="filters",
        ),
        class_name="panel stack",
        role="alertdialog",
        aria_label="Đề nghị hủy chốt",
    )


def again_row(row: Any) -> rx.Component:
    """One person who signs again."""
    return rx.el.tr(rx.el.th(row.name, scope="row"), rx.el.td(row.stage), rx.el.td(row.documents, class_name="num"))
