"""The page "Tổng quan" [13]: next tasks, progress by class and stage, for whom it waits, one chart."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.chart import stacked_bars
from hocba_app.components.empty_state import empty_state
from hocba_app.components.notice import notice
from hocba_app.components.shell import shell
from hocba_app.components.stat_card import stat_card
from hocba_app.domain.wording import STEP
from hocba_app.services.records.dashboard import STEPS
from hocba_app.state.dashboard import SHADES, Cell, ClassRow, DashboardState, PersonRow, Task


def dashboard() -> rx.Component:
    """Layout of ``/``."""
    return shell(
        rx.cond(
            DashboardState.loaded,
            rx.vstack(
                rx.vstack(rx.foreach(DashboardState.tasks, _task), spacing="3", width="100%"),
                rx.grid(
                    stat_card("Hồ sơ đã hoàn tất", DashboardState.sealed.to_string() + "/" + DashboardState.total.to_string()),
                    stat_card("Năm học", DashboardState.school_year),
                    stat_card("Hồ sơ có dữ liệu mới", DashboardState.out_of_date.to_string()),
                    columns=rx.breakpoints(initial="1", sm="3"),
                    gap="12px",
                    width="100%",
                ),
                rx.cond(
                    DashboardState.rows.length() > 0,
                    rx.fragment(_progress(), _chart(), _people()),
                    empty_state("Chưa có lớp nào", "Dữ liệu sẽ hiện sau lần đồng bộ đầu tiên.", icon="school"),
                ),
                spacing="5",
                width="100%",
            ),
            rx.skeleton(height="320px", width="100%"),
        ),
        title="Tổng quan",
        subtitle=DashboardState.school_name,
        active="/",
    )


def _task(task: Task) -> rx.Component:
    return notice(
        rx.flex(
            rx.box(rx.text(task.title, weight="bold"), rx.text(task.text, size="2"), flex="1 1 220px"),
            rx.link(rx.button(task.button, size="3"), href=task.href),
            align="center", gap="12px", wrap="wrap",
        ),
        tone="todo",
    )


def _progress() -> rx.Component:
    return rx.el.section(
        rx.heading("Tiến độ theo lớp", size="4", as_="h2", margin_bottom="12px"),
        rx.box(
            rx.table.root(
                rx.table.header(
                    rx.table.row(
                        rx.table.column_header_cell("Lớp"), rx.table.column_header_cell("Loại"),
                        *[rx.table.column_header_cell(STEP[step], justify="center") for step in STEPS],
                    )
                ),
                rx.table.body(rx.foreach(DashboardState.rows, _row)),
                size="1", variant="surface",
            ),
            overflow_x="auto", tab_index=0, role="region", aria_label="Bảng tiến độ theo lớp",
        ),
        width="100%",
    )


def _row(row: ClassRow) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(rx.link(row.name, href=row.href)),
        rx.table.cell(row.kind),
        rx.foreach(row.cells, _cell),
    )


def _cell(cell: Cell) -> rx.Component:
    return rx.table.cell(
        rx.text(cell.text, weight=rx.cond(cell.share > 0, "bold", "regular")),
        justify="center",
        background=rx.match(cell.step, *[(step, f"var(--{shade}-4)") for step, shade in SHADES.items()], "transparent"),
    )


def _chart() -> rx.Component:
    return rx.el.section(
        rx.heading("Hồ sơ theo bước", size="4", as_="h2", margin_bottom="12px"),
        stacked_bars(DashboardState.chart, [(STEP[step], SHADES[step]) for step in STEPS]),
        width="100%",
    )


def _people() -> rx.Component:
    return rx.cond(
        DashboardState.people.length() > 0,
        rx.el.section(
            rx.heading("Đang chờ ai ký", size="4", as_="h2", margin_bottom="12px"),
            rx.box(
                rx.table.root(
                    rx.table.header(
                        rx.table.row(
                            rx.table.column_header_cell("Người ký"), rx.table.column_header_cell("Vai trò"),
                            rx.table.column_header_cell("Lớp"), rx.table.column_header_cell("Số hồ sơ", justify="end"),
                        )
                    ),
                    rx.table.body(rx.foreach(DashboardState.people, _person)),
                    size="1", variant="surface",
                ),
                overflow_x="auto", tab_index=0, role="region", aria_label="Danh sách người chờ ký",
            ),
            width="100%",
        ),
    )


def _person(row: PersonRow) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(row.name), rx.table.cell(row.role), rx.table.cell(row.class_name),
        rx.table.cell(row.slots.to_string(), justify="end"),
    )
