"""The page "Nhập từ Excel": columns, wrong cells, near matches, what would change – and only then the import."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import data_table, list_pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import option
from hocba_app.components.link import link
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.state.workbooks import Choice, ColumnRow, FileRow, Group, Row, WorkbooksState


def workbooks() -> rx.Component:
    """Layout of ``/workbooks``."""
    return shell(
        rx.cond(WorkbooksState.problem != "", error_notice(WorkbooksState.problem)),
        rx.cond(
            WorkbooksState.loaded,
            rx.el.div(
                rx.cond(WorkbooksState.id != "", rx.fragment(_standing(), _unknown(), _preview(), _columns())),
                _files(),
                class_name="stack",
            ),
            placeholder("280px"),
        ),
        title="Nhập từ Excel",
        active="/sync",
        subtitle="Xem trước mọi thay đổi rồi mới ghi. Tệp gốc không bị sửa; chỗ sửa trên trang này chỉ áp dụng khi nhập.",
    )


def _standing() -> rx.Component:
    busy = (WorkbooksState.state == "checking") | (WorkbooksState.state == "importing")
    return rx.el.section(
        rx.el.div(
            rx.el.h2(WorkbooksState.name, class_name="panel-title", style={"overflowWrap": "anywhere", "margin": "0"}),
            status_badge(WorkbooksState.tone, WorkbooksState.state_name),
            class_name="filters",
            style={"alignItems": "center", "justifyContent": "space-between"},
        ),
        rx.el.p("Năm học ", WorkbooksState.year, class_name="muted", style={"margin": "4px 0 12px"}),
        rx.cond(WorkbooksState.why != "", error_notice(WorkbooksState.why)),
        rx.match(
            WorkbooksState.state,
            ("checking", progress_bar(WorkbooksState.percent, WorkbooksState.progress_text)),
            ("importing", progress_bar(WorkbooksState.percent, WorkbooksState.progress_text)),
            (
                "columns",
                notice(
                    "Có cột chưa rõ ý nghĩa. Chọn ý nghĩa một lần ở bên dưới; lần sau trường không phải chọn lại.",
                    tone="todo",
                ),
            ),
            (
                "preview",
                rx.cond(
                    WorkbooksState.ready,
                    notice(
                        rx.el.span("Không còn ô sai. Sẽ ghi ", rx.el.b(WorkbooksState.writes), " bản ghi."), tone="ok"
                    ),
                    rx.cond(
                        WorkbooksState.to_settle,
                        notice("Chưa nhập được: sửa các ô bị từ chối và trả lời các câu hỏi bên dưới.", tone="todo"),
                        notice("Chưa có gì để ghi: tệp không có gì khác với dữ liệu đang có.", tone="info"),
                    ),
                ),
            ),
            ("done", notice("Đã nhập xong.", tone="ok")),
            (
                "stopped",
                notice(
                    "Đã dừng giữa chừng. Phần đã ghi được giữ lại; kiểm tra lại để xem phần còn thiếu.", tone="wait"
                ),
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.cond(
                WorkbooksState.ready,
                rx.el.button(
                    rx.icon("check", size=18, aria_hidden=True),
                    "Nhập vào học bạ",
                    id="import",
                    class_name="button",
                    on_click=WorkbooksState.start,
                    disabled=WorkbooksState.edits > 0,
                ),
            ),
            rx.cond(
                WorkbooksState.state == "importing",
                rx.el.button("Dừng nhập", class_name="button soft", on_click=WorkbooksState.stop),
            ),
            rx.cond(
                WorkbooksState.run_id != "",
                link("Xem báo cáo", href="/sync?run=" + WorkbooksState.run_id, class_name="button soft"),
            ),
            rx.cond(
                busy,
                rx.fragment(),
                rx.el.button("Kiểm tra lại", class_name="button soft", on_click=WorkbooksState.look_again),
            ),
            rx.cond(
                WorkbooksState.state == "importing",
                rx.fragment(),
                rx.el.button("Bỏ tệp này", class_name="button soft", on_click=WorkbooksState.put_aside),
            ),
            class_name="filters",
            style={"marginTop": "12px"},
        ),
        class_name="panel",
        aria_live="polite",
    )


def _unknown() -> rx.Component:
    return rx.cond(
        WorkbooksState.unknown.length() > 0,
        rx.el.section(
            rx.el.h2("Ý nghĩa của cột (", WorkbooksState.unknown.length(), ")"),
            rx.el.p(
                "Chọn cột này là gì. Cột để “Không đọc” sẽ bị bỏ qua. Nhà trường chỉ phải chọn một lần cho mỗi tiêu đề cột.",
                class_name="muted",
                style={"margin": "0 0 12px"},
            ),
            rx.el.div(rx.foreach(WorkbooksState.unknown, _explained), class_name="stack"),
            rx.el.button(
                "Lưu ý nghĩa các cột",
                id="explain",
                class_name="button",
                on_click=WorkbooksState.explain,
                style={"marginTop": "12px"},
            ),
            class_name="panel",
        ),
    )


def _explained(column: ColumnRow) -> rx.Component:
    name = "meaning-" + column.key
    return rx.el.div(
        rx.el.label(rx.el.b(column.head), rx.el.span(" · ", column.place, class_name="muted small"), html_for=name),
        rx.el.small("Ví dụ: ", column.examples),
        rx.el.select(
            rx.foreach(WorkbooksState.groups, _group),
            id=name,
            default_value=rx.cond(column.target != "", column.target, "-"),
            on_change=lambda value: WorkbooksState.mean(column.key, value),
            custom_attrs={"data-column": column.place},
        ),
        class_name="field",
    )


def _group(group: Group) -> rx.Component:
    options = rx.foreach(group.options, option)
    return rx.cond(group.label != "", rx.el.optgroup(options, label=group.label), rx.fragment(options))


def _preview() -> rx.Component:
    return rx.cond(
        WorkbooksState.outcomes.length() > 0,
        rx.el.section(
            rx.el.h2("Xem trước"),
            rx.el.div(
                rx.foreach(WorkbooksState.outcomes, _tab), class_name="filters", role="group", aria_label="Loại dòng"
            ),
            rx.el.div(
                rx.match(
                    WorkbooksState.outcome,
                    (
                        "rejected",
                        data_table(
                            ["Ô", "Vì sao", "Ghi là", ""], WorkbooksState.rows, _wrong, label="Các ô bị từ chối"
                        ),
                    ),
                    (
                        "question",
                        data_table(["Ô", "Câu hỏi", "Trả lời"], WorkbooksState.rows, _asked, label="Cần trả lời"),
                    ),
                    data_table(
                        ["Ô", "Loại", "Dữ liệu", "Thay đổi"], WorkbooksState.rows, _change, label="Thay đổi sẽ ghi"
                    ),
                ),
                style={"marginTop": "12px"},
            ),
            list_pager(WorkbooksState),
            rx.cond(
                (WorkbooksState.outcome == "rejected") | (WorkbooksState.outcome == "question"),
                rx.el.div(
                    rx.el.button(
                        "Lưu và kiểm tra lại",
                        rx.cond(WorkbooksState.edits > 0, rx.el.span("(", WorkbooksState.edits, ")")),
                        id="send",
                        class_name="button",
                        on_click=WorkbooksState.send,
                        disabled=WorkbooksState.edits == 0,
                    ),
                    native_link(
                        "Tải danh sách ô sai",
                        href="/files/workbook-problems/" + WorkbooksState.id,
                        class_name="button soft",
                    ),
                    class_name="filters",
                    style={"marginTop": "12px"},
                ),
            ),
            class_name="panel",
        ),
    )


def _tab(choice: Choice) -> rx.Component:
    return rx.el.button(
        choice.label,
        rx.el.b(choice.count),
        class_name="button soft",
        on_click=WorkbooksState.choose_outcome(choice.value),
        aria_pressed=rx.cond(WorkbooksState.outcome == choice.value, "true", "false"),
    )


def _wrong(row: Row) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.place, scope="row"),
        rx.el.td(row.text, class_name="prose"),
        rx.el.td(
            rx.el.input(
                default_value=row.value,
                key=row.id,
                on_blur=lambda text: WorkbooksState.edit(row.key, text),
                aria_label="Ghi lại ô " + row.place,
                class_name="input",
                disabled=row.left_out,
                style={"minWidth": "120px"},
            )
        ),
        rx.el.td(
            rx.el.button(
                rx.cond(row.left_out, "Sẽ bỏ dòng này", "Bỏ cả dòng"),
                class_name="button soft",
                on_click=WorkbooksState.leave_out(row.out_key),
                aria_pressed=rx.cond(row.left_out, "true", "false"),
            )
        ),
    )


def _asked(row: Row) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.place, scope="row"),
        rx.el.td(row.text, class_name="prose"),
        rx.el.td(
            rx.el.div(
                rx.foreach(
                    row.choices,
                    lambda choice: rx.el.button(
                        choice.label,
                        class_name="button soft",
                        on_click=WorkbooksState.answer(row.key, choice.value),
                        aria_pressed=rx.cond(row.chosen == choice.value, "true", "false"),
                    ),
                ),
                class_name="filters",
            )
        ),
    )


def _change(row: Row) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.place),
        rx.el.td(row.resource),
        rx.el.th(row.label, scope="row"),
        rx.el.td(row.text, class_name="prose"),
    )


def _columns() -> rx.Component:
    return rx.cond(
        WorkbooksState.columns.length() > 0,
        rx.el.details(
            rx.el.summary("Các cột được hiểu thế nào (", WorkbooksState.columns.length(), ")"),
            data_table(
                ["Cột", "Tiêu đề trong tệp", "Hiểu là", "Ví dụ", ""],
                WorkbooksState.columns,
                _column,
                label="Các cột của tệp",
            ),
            rx.cond(
                WorkbooksState.notes.length() > 0,
                rx.el.ul(rx.foreach(WorkbooksState.notes, lambda text: rx.el.li(text)), class_name="muted small"),
            ),
            class_name="panel",
        ),
    )


def _column(column: ColumnRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(column.place),
        rx.el.th(column.head, scope="row"),
        rx.el.td(column.title, rx.cond(column.remembered, rx.el.div("Trường đã chọn", class_name="small muted"))),
        rx.el.td(column.examples),
        rx.el.td(
            rx.cond(
                column.wide,
                rx.el.button(
                    "Đổi",
                    class_name="button soft",
                    on_click=WorkbooksState.reopen(column.key),
                    aria_label="Đổi ý nghĩa " + column.place,
                ),
            )
        ),
    )


def _files() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Các tệp đã tải lên"),
        rx.cond(
            WorkbooksState.files.length() > 0,
            data_table(
                ["Tệp", "Tải lên lúc", "Năm học", "Tình trạng", ""],
                WorkbooksState.files,
                _file,
                label="Các tệp Excel đã tải lên",
            ),
            empty_state("Chưa có tệp nào", "Chọn tệp Excel ở trang Đồng bộ.", icon="file-spreadsheet"),
        ),
        link("Tải tệp khác ở trang Đồng bộ", href="/sync", class_name="button soft"),
        class_name="panel stack",
    )


def _file(row: FileRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.name, scope="row", style={"overflowWrap": "anywhere"}),
        rx.el.td(row.at),
        rx.el.td(row.year),
        rx.el.td(status_badge(row.tone, row.state_name)),
        rx.el.td(link("Mở", href="/workbooks?id=" + row.id, class_name="button soft")),
    )
