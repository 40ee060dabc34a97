"""What surrounds every page, signed in or not: a word when the connection is lost, a way out when a page breaks. In Vietnamese,
where Reflex has English."""

from __future__ import annotations

import reflex as rx
from reflex_base.components.memo import memo
from reflex_base.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import connection_pulser, has_too_many_connection_errors

from hocba_app.components.native_form import native_link
from hocba_app.components.tones import tone_icon


def connection_notice() -> rx.Component:
    """Below the header while the connection is lost; `assets/scripts/connection.js` says when, and turns the buttons off."""

    def lost_connection() -> rx.Component:
        return rx.fragment(
            connection_pulser(),
            rx.el.div(
                rx.el.div(
                    tone_icon("wait", size=20),
                    rx.el.div(
                        rx.el.b("Mất kết nối, các nút tạm tắt."),
                        " Lượt ký đã gửi vẫn chạy tiếp. Có mạng, trang tự tải lại và giữ chữ đang gõ.",
                        class_name="body",
                    ),
                    class_name="notice wait",
                    role="alert",
                ),
                class_name="offline",
                id="connection",
                custom_attrs={"data-socket": rx.cond(has_too_many_connection_errors, "lost", "")},
            ),
        )

    return rx.fragment(memo(lost_connection)())


def broken_page() -> rx.Component:
    """Shown in place of a page whose drawing failed: nothing is lost, everything is in the database."""
    fallback = rx.el.main(
        rx.el.div(
            rx.el.h1("Trang này gặp lỗi khi hiển thị"),
            rx.el.p(
                "Dữ liệu và lượt ký không bị ảnh hưởng. Hãy tải lại trang; nếu vẫn lỗi, báo người quản trị hệ thống."
            ),
            native_link("Tải lại, về trang đầu", href="/", class_name="button"),
            class_name="panel stack",
        ),
        class_name="content",
    )
    return ErrorBoundary.create(fallback_render=ArgsFunctionOperation.create(("event_args",), rx.Var.create(fallback)))


WRAPS = {
    (55, "ErrorBoundary"): lambda _: broken_page(),
    (5, "Overlay"): lambda stateful: connection_notice() if stateful else None,
}
"""In place of Reflex's own of the same names."""
