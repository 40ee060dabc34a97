"""The page "Ký học bạ": what waits for me, one tap to sign it, and how each batch goes. Made for one hand."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.count import count
from hocba_app.components.data_table import column_head, data_table, pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import select_field
from hocba_app.components.group_content import group_content
from hocba_app.components.link import link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import announcement, progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.undo_notice import undo_notice
from hocba_app.state.batch_cards import BatchCard
from hocba_app.state.shell import ShellState
from hocba_app.state.signing import SigningState
from hocba_app.state.signing_rows import AskedRow, Group, LateRow, RecordRow, Section


def signing() -> rx.Component:
    """Layout of ``/sign``."""
    return shell(
        rx.cond(SigningState.problem != "", error_notice(SigningState.problem)),
        rx.cond(SigningState.done != "", rx.el.div(notice(SigningState.done, tone="ok"), role="status")),
        announcement(SigningState.announced),
        rx.foreach(SigningState.asked, _asked),
        rx.cond(
            SigningState.batches.length() > 0,
            rx.el.section(
                rx.el.h2("Lượt ký", class_name="panel-title"),
                rx.el.div(rx.foreach(SigningState.batches, _batch), class_name="stack"),
                aria_label="Lượt ký",
            ),
        ),
        rx.el.section(
            rx.el.h2(SigningState.title, class_name="panel-title"),
            rx.cond(
                SigningState.loaded,
                rx.cond(
                    SigningState.sections.length() > 0,
                    rx.el.div(
                        rx.cond(SigningState.grades.length() > 0, _grades()),
                        rx.foreach(SigningState.sections, _section),
                        class_name="stack",
                    ),
                    _nothing(),
                ),
                placeholder("120px"),
            ),
        ),
        rx.cond(SigningState.late.length() > 0, _late()),
        rx.cond(SigningState.earlier.length() > 0, _earlier()),
        rx.cond(SigningState.sign_all != "", _sign_bar()),
        undo_notice(SigningState),
        title="Ký học bạ",
        subtitle=rx.cond(SigningState.only_seals, "Bấm Đóng dấu", "Bấm Ký")
        + ", rồi xác nhận một lần trên ứng dụng ký số của thầy cô.",
        active="/sign",
    )


def _asked(row: AskedRow) -> rx.Component:
    """A colleague waits for me."""
    return notice(
        rx.el.div(
            rx.el.div(rx.el.b(row.text)),
            rx.el.button("Đã biết", class_name="button soft", on_click=SigningState.dismiss(row.id)),
            class_name="task",
        ),
        tone="todo",
    )


def _late() -> rx.Component:
    """For whom the homeroom teacher's class waits."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Giáo viên bộ môn chưa ký", class_name="panel-title", style={"margin": "0"}),
            rx.cond(
                SigningState.late.length() > 1,
                rx.el.button("Nhắc tất cả", class_name="button soft", on_click=SigningState.remind_everybody),
            ),
            class_name="group",
            style={"justifyContent": "space-between", "marginBottom": "12px"},
        ),
        rx.el.div(rx.foreach(SigningState.late, _late_teacher), class_name="stack"),
        aria_label="Giáo viên bộ môn chưa ký",
    )


def _late_teacher(row: LateRow) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(row.name),
                rx.el.span("Lớp ", row.class_name, " · ", row.subjects, class_name="muted"),
                class_name="what",
            ),
            rx.el.div(
                rx.cond(
                    row.reminded,
                    status_badge("ok", "Đã nhắc hôm nay"),
                    rx.el.button(
                        "Nhắc",
                        class_name="button soft",
                        on_click=SigningState.remind(row.class_id, row.staff_id),
                        aria_label="Nhắc " + row.name + " ký lớp " + row.class_name,
                    ),
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        class_name="panel",
    )


def _nothing() -> rx.Component:
    return rx.cond(
        ShellState.waiting > 0,
        empty_state(
            "Không có hồ sơ nào tới lượt ký",
            rx.fragment("Còn ", ShellState.waiting, " việc khác chờ thầy cô: ", link("xem ở Tổng quan", href="/"), "."),
            icon="list-todo",
        ),
        empty_state(
            "Không có hồ sơ nào tới lượt ký",
            "Khi nhà trường chốt hồ sơ và đến lượt thầy cô, hồ sơ sẽ hiện ở đây. Trang tự cập nhật.",
            icon="circle-check",
        ),
    )


def _grades() -> rx.Component:
    return rx.el.div(
        select_field(
            "Khối", SigningState.grades, id="grade", value=SigningState.grade, on_change=SigningState.choose_grade
        ),
        class_name="filters",
    )


def _section(section: Section) -> rx.Component:
    """All covers, all QTHT …: with many classes folded, with one button for the whole."""
    return rx.cond(
        section.folded,
        rx.el.section(
            rx.el.div(
                rx.el.div(rx.el.b(section.title), rx.el.span(section.summary, class_name="muted"), class_name="what"),
                _sign_section(section),
                class_name="group",
            ),
            rx.el.details(
                rx.el.summary("Từng lớp (", section.groups.length(), ")"),
                rx.el.div(rx.foreach(section.groups, _group), class_name="stack", style={"marginTop": "8px"}),
            ),
            class_name="panel",
        ),
        rx.el.div(rx.foreach(section.groups, _group), class_name="stack"),
    )


def _sign_section(section: Section) -> rx.Component:
    return rx.cond(
        section.button != "",
        rx.el.div(
            rx.el.button(
                rx.icon("pen-line", size=18, aria_hidden=True),
                section.button,
                class_name="button",
                on_click=SigningState.sign_section(section.key),
                disabled=SigningState.busy,
            ),
            class_name="acts",
        ),
    )


def _sign_bar() -> rx.Component:
    """Everything at once: under the thumb."""
    return rx.el.div(
        rx.cond(SigningState.confirming != "", rx.el.div(SigningState.confirming, class_name="small")),
        rx.el.button(
            rx.icon("pen-line", size=20, aria_hidden=True),
            SigningState.sign_all,
            class_name="button",
            on_click=SigningState.sign_selected,
            disabled=SigningState.busy,
        ),
        class_name="sign-bar",
    )


def _earlier() -> rx.Component:
    return rx.el.details(
        rx.el.summary("Các lượt ký trước (", SigningState.earlier.length(), " lượt gần nhất)"),
        rx.el.div(rx.foreach(SigningState.earlier, _batch), class_name="stack", style={"marginTop": "8px"}),
    )


def _group(group: Group) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.cond(
                group.ready > 0,
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        class_name="check",
                        checked=SigningState.selected.contains(group.key),
                        on_change=SigningState.toggle(group.key).stop_propagation,
                        aria_label="Chọn " + group.title,
                    ),
                    class_name="check-label",
                ),
            ),
            rx.el.div(
                rx.el.b(group.title),
                rx.el.span(group.detail, " · ", count(group.waiting), " hồ sơ chờ", class_name="muted"),
                rx.cond(group.left > 0, rx.el.div("Để lại ", group.left, " học sinh.", class_name="small")),
                rx.cond(group.blocked != "", rx.el.div(group.blocked, class_name="small")),
                class_name="what",
            ),
            rx.el.div(
                rx.el.button(
                    "Xem nội dung",
                    class_name="button soft",
                    on_click=SigningState.open_group(group.key),
                    aria_expanded=SigningState.opened == group.key,
                    aria_label="Xem nội dung " + group.title,
                ),
                rx.el.button(
                    rx.icon("pen-line", size=18, aria_hidden=True),
                    group.button,
                    class_name="button",
                    on_click=SigningState.sign_group(group.key),
                    disabled=(group.ready == 0) | SigningState.busy,
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        rx.cond(SigningState.opened == group.key, group_content(SigningState)),
        class_name="panel",
        aria_label=group.title,
    )


def _batch(batch: BatchCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(rx.el.b(batch.title), status_badge(batch.tone, batch.state_name), class_name="what"),
            rx.el.div(
                rx.cond(
                    batch.your_turn,
                    rx.el.button("Ký ngay", class_name="button", on_click=SigningState.accept(batch.id)),
                ),
                rx.cond(
                    batch.may_split,
                    rx.el.button("Ký phần đang rảnh", class_name="button soft", on_click=SigningState.split(batch.id)),
                ),
                rx.cond(
                    batch.may_stop,
                    rx.el.button("Ngừng chờ", class_name="button soft", on_click=SigningState.stop(batch.id)),
                ),
                rx.el.button(
                    "Chi tiết",
                    class_name="button soft",
                    on_click=SigningState.open_batch(batch.id),
                    aria_expanded=SigningState.opened == batch.id,
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        rx.el.div(
            rx.cond(batch.waiting_phone, _phone(batch)),
            rx.cond(batch.queue_text != "", notice(batch.queue_text, tone="info")),
            rx.cond(batch.note != "", notice(batch.note, tone="wait")),
            rx.cond(batch.problem != "", error_notice(batch.problem)),
            rx.cond(
                ~batch.over | batch.done_well,
                progress_bar(
                    batch.percent,
                    count(batch.committed) + "/" + count(batch.total) + " hồ sơ " + batch.done_word,
                ),
            ),
            rx.cond(batch.over & (batch.failed > 0), _rest(batch)),
            rx.cond(SigningState.opened == batch.id, _records()),
            class_name="stack",
            style={"gap": "10px", "marginTop": "10px"},
        ),
        class_name="panel",
        aria_label=batch.title,
    )


def _phone(batch: BatchCard) -> rx.Component:
    """What to expect on the phone, and how long it waits."""
    return notice(
        rx.fragment(
            "Mở ứng dụng " + batch.app + " trên điện thoại, kiểm tra số hồ sơ (",
            rx.el.b(count(batch.total)),
            ") rồi nhập mã PIN để xác nhận. Còn ",
            rx.el.span(
                class_name="countdown",
                style={"--from": batch.countdown},
                key=batch.id + "-" + batch.countdown.to_string(),
                role="timer",
                aria_label=batch.countdown.to_string() + " giây",
            ),
            ".",
        ),
        tone="todo",
    )


def _rest(batch: BatchCard) -> rx.Component:
    """What is left after a failure, with the button for it."""
    return rx.el.div(
        rx.el.span(
            "Xong ", count(batch.committed), ", còn lại ", count(batch.failed), ". Phần đã xong được giữ nguyên."
        ),
        rx.el.button(
            "Ký tiếp phần còn lại",
            class_name="button",
            on_click=SigningState.sign_rest(batch.id),
            disabled=SigningState.busy,
        ),
        class_name="group",
    )


def _records() -> rx.Component:
    return rx.el.div(
        data_table(
            [
                column_head(SigningState, "Mã HS", "code"),
                column_head(SigningState, "Học sinh", "name"),
                column_head(SigningState, "Tình trạng", "state"),
            ],
            SigningState.records,
            _record,
            label="Danh sách hồ sơ",
        ),
        rx.cond(
            SigningState.record_pages > 1,
            pager(
                page=SigningState.record_page,
                pages=SigningState.record_pages,
                total=SigningState.record_total,
                on_previous=SigningState.previous_records,
                on_next=SigningState.next_records,
                noun="hồ sơ",
            ),
        ),
        style={"marginTop": "12px"},
    )


def _record(row: RecordRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.code),
        rx.el.td(row.name),
        rx.el.td(row.state_name, rx.cond(row.problem != "", rx.el.div(row.problem, class_name="small muted"))),
    )
