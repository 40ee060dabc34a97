"""The page "Ảnh chữ ký, con dấu": upload of many at once, one by one, the seal; before and after cleaning."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import column_head, data_table, list_pager, pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import option, text_field
from hocba_app.components.image_draft import image_draft
from hocba_app.components.native_form import native_form
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.picture_field import picture_field
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.undo_notice import undo_notice
from hocba_app.state.signature_images import FileRow, Person, SignatureImagesState

_PAPER = "Ký bằng bút mực xanh trên giấy trắng, chụp thẳng, đủ sáng. Nền giấy được xóa và ảnh được cắt gọn tự động."


def signature_images() -> rx.Component:
    """Layout of ``/signature-images``."""
    return shell(
        rx.cond(SignatureImagesState.problem != "", error_notice(SignatureImagesState.problem)),
        rx.cond(
            SignatureImagesState.done != "", rx.el.div(notice(SignatureImagesState.done, tone="ok"), role="status")
        ),
        image_draft(
            SignatureImagesState,
            rx.cond(
                SignatureImagesState.draft.name != "",
                "chữ ký của " + SignatureImagesState.draft.name,
                "con dấu nhà trường",
            ),
        ),
        rx.el.div(_many(), _seal(), class_name="two"),
        rx.cond(SignatureImagesState.upload_id != "", _upload()),
        _people(),
        undo_notice(SignatureImagesState),
        title="Ảnh chữ ký, con dấu",
        active="/signature-images",
        subtitle="Ảnh này hiện trên học bạ cùng chữ ký số. Thầy cô cũng có thể tự tải ảnh ở mục Chữ ký của tôi.",
    )


def _many() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Tải ảnh của nhiều giáo viên"),
        native_form(
            picture_field(
                "Chọn nhiều ảnh hoặc một tệp ZIP",
                id="files",
                name="files",
                multiple=True,
                accept="image/png,image/jpeg,image/webp,image/heic,image/heif,.heic,.heif,.zip,application/zip",
                hint="Tên tệp có mã giáo viên, ví dụ GV001.png hoặc GV001 - Nguyễn Thị Ánh.jpg. PNG, JPG hoặc HEIC, mỗi ảnh tối đa 10 MB. "
                + _PAPER,
            ),
            rx.el.button(
                rx.icon("upload", size=18, aria_hidden=True), "Tải lên và xem trước", type="submit", class_name="button"
            ),
            action="/uploads/signature-images",
            method="post",
            enc_type="multipart/form-data",
        ),
        class_name="panel",
    )


def _seal() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Con dấu nhà trường"),
        rx.el.div(
            rx.cond(
                SignatureImagesState.seal_preview != "",
                rx.fragment(
                    rx.el.img(src=SignatureImagesState.seal_preview, alt="Con dấu sau xử lý", class_name="ink large"),
                    rx.el.span("Lưu lúc ", SignatureImagesState.seal_saved, class_name="small muted"),
                ),
                rx.cond(SignatureImagesState.loaded, notice("Chưa có ảnh con dấu: chưa thể đóng dấu.", tone="todo")),
            ),
            style={
                "minHeight": "160px",
                "marginBottom": "14px",
            },  # of the image with its time: what lies below never moves
        ),
        native_form(
            picture_field(
                "Chọn ảnh con dấu",
                id="seal",
                name="file",
                hint="Dấu đỏ đóng trên giấy trắng, chụp thẳng hoặc quét. PNG, JPG hoặc HEIC, tối đa 10 MB.",
            ),
            rx.el.button(
                rx.icon("stamp", size=18, aria_hidden=True),
                "Xem trước con dấu",
                type="submit",
                class_name="button soft",
            ),
            action="/uploads/seal",
            method="post",
            enc_type="multipart/form-data",
        ),
        class_name="panel",
    )


def _upload() -> rx.Component:
    """The last upload: its progress, then its report."""
    return rx.el.section(
        rx.el.h2(SignatureImagesState.upload_title),
        rx.cond(
            SignatureImagesState.running,
            rx.el.div(
                progress_bar(SignatureImagesState.upload_percent, SignatureImagesState.upload_text),
                rx.el.button("Dừng", class_name="button soft", on_click=SignatureImagesState.cancel),
                class_name="stack",
                aria_live="polite",
            ),
            rx.el.div(
                rx.el.div(
                    rx.cond(
                        SignatureImagesState.ready_files > 0,
                        status_badge("todo", SignatureImagesState.ready_files.to_string() + " ảnh chờ dùng, chưa lưu"),
                    ),
                    rx.cond(
                        SignatureImagesState.good_files > 0,
                        status_badge("ok", SignatureImagesState.good_files.to_string() + " ảnh đã lưu"),
                    ),
                    rx.cond(
                        SignatureImagesState.open_files > 0,
                        status_badge("problem", SignatureImagesState.open_files.to_string() + " tệp chưa dùng được"),
                    ),
                    style={"display": "flex", "flexWrap": "wrap", "gap": "8px"},
                ),
                rx.cond(
                    SignatureImagesState.ready_files > 0,
                    rx.el.div(
                        rx.el.button(
                            "Dùng ",
                            SignatureImagesState.ready_files,
                            " ảnh",
                            class_name="button",
                            on_click=SignatureImagesState.use_upload,
                            type="button",
                        ),
                        rx.el.span(
                            "Hãy xem ảnh sau xử lý trước; ảnh nào chưa đẹp thì bỏ dấu chọn.", class_name="muted"
                        ),
                        class_name="group",
                    ),
                ),
                rx.el.details(
                    rx.el.summary(
                        "Ảnh gốc và ảnh sau xử lý của từng tệp", style={"cursor": "pointer", "padding": "10px 0"}
                    ),
                    rx.el.label(
                        rx.el.input(
                            type="checkbox",
                            class_name="check",
                            checked=SignatureImagesState.only_open,
                            on_change=SignatureImagesState.show_open,
                        ),
                        " Chỉ hiện tệp chưa dùng được",
                        style={"display": "inline-flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
                    ),
                    data_table(
                        [
                            column_head(SignatureImagesState, "Tệp", "file"),
                            "Ảnh gốc",
                            "Sau xử lý",
                            column_head(SignatureImagesState, "Kết quả", "outcome"),
                            column_head(SignatureImagesState, "Của ai", "whose"),
                        ],
                        SignatureImagesState.files,
                        _file,
                        label="Kết quả từng tệp",
                    ),
                    rx.cond(
                        SignatureImagesState.file_pages > 1,
                        pager(
                            page=SignatureImagesState.file_page,
                            pages=SignatureImagesState.file_pages,
                            total=SignatureImagesState.file_total,
                            on_previous=SignatureImagesState.previous_files,
                            on_next=SignatureImagesState.next_files,
                            noun="tệp",
                        ),
                    ),
                    open=SignatureImagesState.open_files + SignatureImagesState.ready_files > 0,  # somebody has to look
                    key=SignatureImagesState.upload_id,
                ),
                class_name="stack",
            ),
        ),
        class_name="panel",
    )


def _file(row: FileRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.file, scope="row", style={"overflowWrap": "anywhere"}),
        rx.el.td(
            rx.cond(
                row.before != "", rx.el.img(src=row.before, alt="Ảnh gốc " + row.file, class_name="ink", loading="lazy")
            )
        ),
        rx.el.td(
            rx.cond(
                row.after != "", rx.el.img(src=row.after, alt="Ảnh sau xử lý của tệp " + row.file, class_name="ink")
            ),
            class_name="brief",
        ),
        rx.el.td(
            rx.el.div(
                status_badge(row.tone, row.outcome_name),
                rx.cond((row.outcome == "ready") | (row.outcome == "left"), _take(row)),
                rx.cond(row.reason != "", rx.el.div(row.reason, class_name="small muted")),
            ),
        ),
        rx.el.td(rx.cond(row.outcome == "unmatched", _whose(row), row.whose)),
    )


def _take(row: FileRow) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            class_name="check",
            checked=row.outcome == "ready",
            aria_label="Dùng ảnh này: " + row.file,
            on_change=lambda value: SignatureImagesState.leave_file(row.number, ~value),
        ),
        " Dùng ảnh này",
        style={"display": "flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
    )


def _whose(row: FileRow) -> rx.Component:
    return rx.el.div(
        rx.el.select(
            rx.el.option("Chọn giáo viên…", value=""),
            rx.foreach(SignatureImagesState.people, option),
            class_name="input",
            value=rx.cond(SignatureImagesState.give_number == row.number, SignatureImagesState.give_to, ""),
            on_change=lambda value: SignatureImagesState.pick_person(row.number, value),
            aria_label="Giáo viên của tệp " + row.file,
            style={"maxWidth": "230px"},
        ),
        rx.el.button(
            "Lưu",
            class_name="button soft",
            on_click=SignatureImagesState.give(row.number),
            disabled=(SignatureImagesState.give_number != row.number) | (SignatureImagesState.give_to == ""),
        ),
        style={"display": "flex", "gap": "8px", "flexWrap": "wrap"},
    )


def _people() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Ảnh của từng người"),
        rx.cond(
            SignatureImagesState.loaded,
            rx.el.div(
                progress_bar(
                    SignatureImagesState.percent,
                    SignatureImagesState.have.to_string()
                    + "/"
                    + SignatureImagesState.staff.to_string()
                    + " người đã có ảnh chữ ký",
                ),
                rx.el.div(
                    text_field(
                        "Tìm theo tên hoặc mã",
                        id="search",
                        type="search",
                        value=SignatureImagesState.search,
                        on_change=SignatureImagesState.set_search,
                        auto_complete="off",
                    ),
                    rx.el.label(
                        rx.el.input(
                            type="checkbox",
                            class_name="check",
                            checked=SignatureImagesState.missing_only,
                            on_change=SignatureImagesState.show_missing,
                        ),
                        " Chỉ người chưa có ảnh",
                        style={"display": "inline-flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
                    ),
                    class_name="filters",
                ),
                rx.cond(
                    SignatureImagesState.rows.length() > 0,
                    rx.fragment(
                        rx.el.ul(rx.foreach(SignatureImagesState.rows, _person), class_name="people images"),
                        list_pager(SignatureImagesState, "người"),
                    ),
                    rx.cond(
                        SignatureImagesState.staff > 0,
                        empty_state(
                            "Không có ai như vậy",
                            "Thử tìm tên khác, hoặc bỏ chọn “Chỉ người chưa có ảnh”.",
                            icon="search",
                        ),
                        empty_state("Chưa có danh sách cán bộ", "Hãy đồng bộ dữ liệu đầu năm trước.", icon="users"),
                    ),
                ),
                class_name="stack",
            ),
            placeholder("240px"),
        ),
        class_name="panel",
    )


def _person(row: Person) -> rx.Component:
    opened = SignatureImagesState.chosen_id == row.id
    words = rx.cond(opened, "Đóng", rx.cond(row.preview != "", "Thay ảnh", "Tải ảnh"))
    return rx.el.li(
        rx.el.div(rx.el.div(row.name, class_name="name"), rx.el.div(row.detail, class_name="small muted")),
        rx.cond(
            row.preview != "",
            rx.el.img(src=row.preview, alt="Chữ ký của " + row.name, class_name="ink", loading="lazy"),
            rx.el.div("Chưa có ảnh chữ ký", class_name="no-ink"),
        ),
        rx.cond(row.saved != "", status_badge("ok", row.saved), status_badge("todo", "Chưa có ảnh")),
        rx.el.button(
            words,
            class_name="button soft",
            on_click=SignatureImagesState.choose(row.id),
            aria_expanded=opened,
            aria_label=words.to(str) + " chữ ký của " + row.name,
        ),
        rx.cond(opened, _one()),
    )


def _one() -> rx.Component:
    return native_form(
        rx.el.input(type="hidden", name="staff_id", value=SignatureImagesState.chosen_id, read_only=True),
        picture_field(
            "Ảnh chữ ký của " + SignatureImagesState.chosen_name,
            id="one",
            name="file",
            hint="PNG, JPG hoặc HEIC, tối đa 10 MB.",
        ),
        rx.el.button("Xem trước", type="submit", class_name="button"),
        action="/uploads/signature-images/person",
        method="post",
        enc_type="multipart/form-data",
    )
