"""The page "Chữ ký của tôi": own image, own signing account, certificate and its expiry, how one confirms."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.image_draft import image_draft
from hocba_app.components.key_editor import key_editor, key_facts
from hocba_app.components.native_form import native_form
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.picture_field import picture_field
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.undo_notice import undo_notice
from hocba_app.state.my_signature import MySignatureState


def my_signature() -> rx.Component:
    """Layout of ``/my-signature``."""
    return shell(
        rx.cond(MySignatureState.problem != "", error_notice(MySignatureState.problem)),
        rx.cond(MySignatureState.done != "", rx.el.div(notice(MySignatureState.done, tone="ok"), role="status")),
        image_draft(MySignatureState, "chữ ký của tôi"),
        rx.cond(
            MySignatureState.loaded,
            rx.el.div(rx.el.div(_image(), _account(), class_name="two"), _confirming(), class_name="stack"),
            placeholder("320px"),
        ),
        undo_notice(MySignatureState),
        title="Chữ ký của tôi",
        active="/my-signature",
        subtitle="Ảnh chữ ký hiện trên học bạ; chứng thư số làm cho chữ ký có giá trị. Cần đủ cả hai để ký.",
    )


def _image() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Ảnh chữ ký"),
        rx.cond(
            MySignatureState.preview != "",
            rx.el.div(
                rx.el.img(src=MySignatureState.preview, alt="Ảnh chữ ký của tôi sau xử lý", class_name="ink large"),
                rx.el.span("Lưu lúc ", MySignatureState.saved, class_name="small muted"),
                style={"marginBottom": "14px"},
            ),
            rx.el.div(
                notice("Chưa có ảnh chữ ký. Hãy tải ảnh lên để có thể ký.", tone="todo"), style={"marginBottom": "14px"}
            ),
        ),
        native_form(
            picture_field(
                rx.cond(MySignatureState.preview != "", "Thay ảnh chữ ký", "Chọn hoặc chụp ảnh chữ ký"),
                id="mine",
                name="file",
                hint="Ký bằng bút mực xanh trên giấy trắng, chụp thẳng, đủ sáng. PNG, JPG hoặc HEIC, tối đa 10 MB. Nền giấy được xóa tự động.",
            ),
            rx.el.button(rx.icon("upload", size=18, aria_hidden=True), "Xem trước", type="submit", class_name="button"),
            action="/uploads/my-signature",
            method="post",
            enc_type="multipart/form-data",
        ),
        class_name="panel",
    )


def _account() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Tài khoản ký số và chứng thư số"),
        key_facts(MySignatureState.key),
        rx.cond(
            MySignatureState.key.user != "",
            rx.el.div(
                rx.el.button(
                    "Kiểm tra lại",
                    class_name="button soft",
                    on_click=MySignatureState.test(MySignatureState.key_owner),
                    disabled=MySignatureState.key_busy,
                )
            ),
        ),
        key_editor(MySignatureState),
        class_name="panel stack",
    )


def _confirming() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Xác nhận khi ký"),
        rx.el.ul(rx.foreach(MySignatureState.confirming, rx.el.li), class_name="advice"),
        class_name="panel",
    )
