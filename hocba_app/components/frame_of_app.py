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
    """Over the page's upper edge after the second failed attempt; gone by itself once the page is connected again."""

    def lost_connection() -> rx.Component:
        return rx.fragment(
            connection_pulser(),
            rx.el.div(
                rx.cond(
                    has_too_many_connection_errors,
                    rx.el.div(
                        tone_icon("wait", size=20),
                        rx.el.div(
                            "Mất kết nối với máy chủ, đang thử nối lại. Lượt ký đã gửi vẫn chạy tiếp; trang tự cập nhật khi có mạng.",
                            class_name="body",
                        ),
                        class_name="notice wait",
                        role="alert",
                    ),
                ),
                class_name="offline",
            ),
        )

    return rx.fragment(memo(lost_connection)())


def broken_page() -> rx.Component:
    """What stands in place of a page whose drawing failed: nothing is lost, everything is in the database."""
    fallback = rx.el.main(
        rx.el.div(
            rx.el.h1("Trang này gặp lỗi khi hiển thị"),
            rx.el.p(
                "Dữ liệu và lượt ký không bị ảnh hưởng. Hãy tải lại trang; nếu vẫn lỗi, báo người quản trị phần mềm."
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
