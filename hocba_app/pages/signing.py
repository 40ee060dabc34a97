"""The page "Ký học bạ": what waits for me, one tap to sign it, and how each batch goes. Made for a phone in one hand."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.empty_state import empty_state
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.progress import progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.state.signing import BatchCard, Group, RecordRow, SigningState


def signing() -> rx.Component:
    """Layout of ``/sign``."""
    return shell(
        rx.cond(SigningState.problem != "", error_notice(SigningState.problem)),
        rx.cond(
            SigningState.batches.length() > 0,
            rx.el.section(
                rx.heading("Lượt ký", size="4", as_="h2", margin_bottom="12px"),
                rx.vstack(rx.foreach(SigningState.batches, _batch), spacing="3", width="100%"),
                aria_label="Lượt ký",
                aria_live="polite",
                width="100%",
            ),
        ),
        rx.el.section(
            rx.flex(
                rx.heading("Chờ tôi ký", size="4", as_="h2"),
                rx.cond(
                    SigningState.groups.length() > 1,
                    rx.hstack(
                        rx.button("Chọn tất cả", variant="ghost", on_click=SigningState.toggle_all, size="3"),
                        rx.button(
                            "Ký mục đã chọn", size="3", on_click=SigningState.sign_selected,
                            disabled=(SigningState.selected.length() == 0) | SigningState.busy,
                        ),
                        spacing="4",
                        align="center",
                    ),
                ),
                justify="between", align="center", wrap="wrap", gap="12px", margin_bottom="12px",
            ),
            rx.cond(
                SigningState.loaded,
                rx.cond(
                    SigningState.groups.length() > 0,
                    rx.vstack(rx.foreach(SigningState.groups, _group), spacing="3", width="100%"),
                    empty_state(
                        "Không có hồ sơ nào chờ thầy cô ký",
                        "Khi nhà trường chốt hồ sơ và đến lượt thầy cô, hồ sơ sẽ hiện ở đây. Trang tự cập nhật.",
                        icon="circle-check",
                    ),
                ),
                rx.skeleton(height="120px", width="100%"),
            ),
            width="100%",
        ),
        title="Ký học bạ",
        subtitle="Bấm Ký, rồi xác nhận một lần trên ứng dụng MySign của thầy cô.",
        active="/sign",
    )


def _group(group: Group) -> rx.Component:
    return rx.card(
        rx.flex(
            rx.checkbox(
                checked=SigningState.selected.contains(group.key),
                on_change=lambda _value: SigningState.toggle(group.key),
                disabled=group.ready == 0,
                aria_label="Chọn " + group.title,
                size="3",
            ),
            rx.box(
                rx.text(group.title, weight="bold", size="3"),
                rx.text(group.detail, " · ", group.stage_name, size="2", color_scheme="gray"),
                rx.cond(group.blocked != "", rx.text(group.blocked, size="2", color_scheme="amber", margin_top="4px")),
                flex="1 1 220px",
                min_width="0",
            ),
            rx.flex(
                rx.button(
                    "Xem", variant="soft", size="3", on_click=SigningState.open_group(group.key),
                    aria_expanded=SigningState.opened == group.key,
                ),
                rx.button(
                    rx.icon("pen-line", size=18),
                    rx.cond(group.ready > 0, "Ký " + group.ready.to_string() + " hồ sơ", "Chưa ký được"),
                    size="3",
                    on_click=SigningState.sign_group(group.key),
                    disabled=(group.ready == 0) | SigningState.busy,
                    loading=SigningState.busy,
                ),
                gap="8px", wrap="wrap",
            ),
            gap="12px", align="center", wrap="wrap",
        ),
        rx.cond(SigningState.opened == group.key, _records()),
        width="100%",
    )


def _batch(batch: BatchCard) -> rx.Component:
    return rx.card(
        rx.flex(
            rx.box(
                rx.text(batch.title, weight="bold", size="3"),
                status_badge(
                    rx.cond(
                        batch.over,
                        rx.cond(batch.done_well, "ok", "problem"),
                        rx.cond(batch.waiting_phone | batch.your_turn, "todo", "wait"),
                    ),
                    batch.state_name,
                ),
                flex="1 1 220px",
            ),
            rx.flex(
                rx.cond(batch.your_turn, rx.button("Ký ngay", size="3", on_click=SigningState.accept(batch.id))),
                rx.cond(
                    (batch.state == "queued") & ~batch.your_turn,
                    rx.button("Ký phần đang rảnh", variant="soft", size="3", on_click=SigningState.split(batch.id)),
                ),
                rx.cond(
                    ~batch.over & ~batch.stop_asked & ~batch.confirmed,
                    rx.button("Ngừng chờ", variant="soft", color_scheme="gray", size="3", on_click=SigningState.stop(batch.id)),
                ),
                rx.button(
                    "Chi tiết", variant="ghost", size="3", on_click=SigningState.open_batch(batch.id),
                    aria_expanded=SigningState.opened == batch.id,
                ),
                gap="12px", align="center", wrap="wrap",
            ),
            gap="12px", align="center", wrap="wrap",
        ),
        rx.cond(
            batch.waiting_phone,
            notice(
                rx.fragment(
                    "Mở ứng dụng MySign trên điện thoại, kiểm tra số hồ sơ rồi nhập mã PIN để xác nhận. Còn ",
                    rx.text.strong(batch.countdown.to_string(), " giây"),
                    ".",
                ),
                tone="todo",
            ),
        ),
        rx.cond(batch.queue_text != "", notice(batch.queue_text, tone="info")),
        rx.cond(batch.note != "", notice(batch.note, tone="wait")),
        rx.cond(batch.problem != "", error_notice(batch.problem)),
        rx.cond(
            ~batch.over | batch.done_well,
            progress_bar(batch.percent, batch.committed.to_string() + "/" + batch.total.to_string() + " hồ sơ đã ký"),
        ),
        rx.cond(
            batch.over & (batch.failed > 0),
            rx.text(
                "Đã ký ", batch.committed.to_string(), ", chưa ký ", batch.failed.to_string(),
                ". Hồ sơ chưa ký nằm ở mục Chờ tôi ký: bấm Ký để ký tiếp phần còn lại.", size="2", margin_top="8px",
            ),
        ),
        rx.cond(SigningState.opened == batch.id, _records()),
        width="100%",
    )


def _records() -> rx.Component:
    return rx.box(
        rx.table.root(
            rx.table.header(
                rx.table.row(
                    rx.table.column_header_cell("Mã HS"), rx.table.column_header_cell("Học sinh"),
                    rx.table.column_header_cell("Tình trạng"),
                )
            ),
            rx.table.body(rx.foreach(SigningState.records, _record)),
            size="1",
        ),
        max_height="420px", overflow="auto", margin_top="12px", tab_index=0, role="region", aria_label="Danh sách hồ sơ",
    )


def _record(row: RecordRow) -> rx.Component:
    return rx.table.row(
        rx.table.cell(row.code),
        rx.table.cell(
            rx.cond(row.document_id != "", rx.link(row.name, href="/records/" + row.document_id), rx.text(row.name))
        ),
        rx.table.cell(row.state_name, rx.cond(row.problem != "", rx.text(row.problem, size="1", color_scheme="amber"))),
    )
