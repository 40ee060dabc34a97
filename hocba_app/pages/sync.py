"""The page "Đồng bộ": what will come, what came, what was refused and why, what is out of date and what to do."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.count import count
from hocba_app.components.data_table import column_head, data_table, list_pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import select_field, text_field
from hocba_app.components.link import link
from hocba_app.components.native_form import native_form, native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.domain.wording import OUTCOME, RESOURCE
from hocba_app.pages.sync_scope import scope
from hocba_app.state.sync import SyncState
from hocba_app.state.sync_rows import ConflictCard, Fact, ReportRow, RunRow, SnapshotRow
from hocba_app.state.sync_scope import SyncScopeState


def sync() -> rx.Component:
    """Layout of ``/sync``."""
    return shell(
        rx.cond(SyncState.problem != "", error_notice(SyncState.problem)),
        rx.cond(SyncState.done != "", notice(SyncState.done, tone="ok")),
        rx.cond(
            SyncState.loaded,
            rx.el.div(_now(), _conflicts(), _stale(), _runs(), _excel(), class_name="stack"),
            placeholder("280px"),
        ),
        title="Đồng bộ",
        active="/sync",
        subtitle="Dữ liệu lấy từ CSDL ngành, theo lần nộp mới nhất của trường. Muốn sửa: sửa trên SMAS, nộp lại, rồi đồng bộ.",
    )


def _now() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Đồng bộ dữ liệu"),
        rx.cond(
            SyncState.running,
            rx.el.div(
                progress_bar(SyncState.percent, SyncState.progress_text),
                rx.cond(
                    SyncState.cancelling,
                    rx.el.span("Đang dừng… phần đã về được giữ lại.", class_name="muted"),
                    rx.el.button("Dừng đồng bộ", class_name="button soft", on_click=SyncState.cancel),
                ),
                class_name="stack",
                aria_live="polite",
            ),
            rx.el.div(
                rx.cond(SyncState.sector_problem != "", notice(SyncState.sector_problem, tone="wait")),
                rx.cond(
                    SyncState.snapshots.length() > 0,
                    rx.fragment(
                        rx.el.p(
                            "Các lần nộp của năm học ",
                            SyncState.snapshots_of,
                            class_name="muted",
                            style={"margin": "0"},
                        ),
                        data_table(
                            ["Dữ liệu đã nộp", "Lần nộp", "Nộp lúc", "Tình trạng"],
                            SyncState.snapshots,
                            _snapshot,
                            label="Các lần nộp",
                        ),
                    ),
                    rx.cond(
                        SyncState.sector_problem == "",
                        rx.el.p(
                            "Trường chưa nộp dữ liệu nào của năm học ",
                            SyncState.snapshots_of,
                            " lên CSDL ngành. Hãy nộp từ SMAS trước.",
                            class_name="muted",
                        ),
                    ),
                ),
                scope(),
                rx.el.div(
                    rx.el.button(
                        rx.icon("refresh-cw", size=18, aria_hidden=True),
                        rx.cond(SyncScopeState.part, "Đồng bộ phần đã chọn", "Đồng bộ cả trường"),
                        class_name="button",
                        on_click=SyncState.start,
                        disabled=SyncScopeState.part & SyncScopeState.nothing,
                    ),
                    select_field(
                        "Tự đồng bộ hằng ngày",
                        [
                            ("", "Không"),
                            *[(f"{hour:02}:30", f"Lúc {hour:02}:30") for hour in (0, 2, 4, 5, 6, 12, 18, 20, 22)],
                        ],
                        id="daily",
                        value=SyncState.daily_at,
                        on_change=SyncState.choose_time,
                    ),
                    class_name="filters",
                ),
                class_name="stack",
            ),
        ),
        class_name="panel",
    )


def _snapshot(row: SnapshotRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.name, scope="row"),
        rx.el.td(row.number),
        rx.el.td(row.accepted_at),
        rx.el.td(status_badge(row.tone, row.state_name)),
    )


def _conflicts() -> rx.Component:
    return rx.cond(
        SyncState.conflicts.length() > 0,
        rx.el.section(
            rx.el.h2("Cần xem xét (", SyncState.conflicts.length(), ")"),
            rx.el.p(
                "Danh tính của những bản ghi này không khớp với dữ liệu đang có. Chọn cách xử lý, hoặc sửa trên SMAS rồi nộp lại.",
                class_name="muted",
            ),
            rx.el.div(rx.foreach(SyncState.conflicts, _conflict), class_name="stack"),
            class_name="panel",
        ),
    )


def _conflict(card: ConflictCard) -> rx.Component:
    return rx.el.article(
        rx.el.b(card.title),
        rx.el.p(card.reason, class_name="muted", style={"margin": "4px 0 8px"}),
        data_table(["Thông tin", "Đang có", "Mới về"], card.facts, _fact, label="Hai bên"),
        rx.cond(
            card.decision != "",
            notice("Đã chọn: " + card.decision + ". Lần đồng bộ tới sẽ thực hiện.", tone="wait"),
            rx.el.div(
                rx.foreach(
                    card.choices,
                    lambda choice: rx.el.button(
                        choice.label, class_name="button soft", on_click=SyncState.settle(card.id, choice.value)
                    ),
                ),
                class_name="filters",
                style={"marginTop": "8px"},
            ),
        ),
        class_name="panel",
    )


def _fact(row: Fact) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.label, scope="row"),
        rx.el.td(row.ours),
        rx.el.td(rx.cond(row.ours == row.incoming, row.incoming, rx.el.b(row.incoming))),
    )


def _excel() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Nhập, xuất Excel"),
        rx.el.p(
            "Dùng khi CSDL ngành chưa có dữ liệu: mẫu của hệ thống, tệp xuất từ SMAS, vnEdu, biểu của ngành. Xem trước rồi mới ghi.",
            class_name="muted",
        ),
        native_form(
            rx.el.div(
                rx.el.label("Năm học của dữ liệu", html_for="workbook-year"),
                rx.el.select(
                    rx.foreach(SyncScopeState.years, lambda year: rx.el.option(year, value=year)),
                    id="workbook-year",
                    name="school_year",
                    default_value=SyncScopeState.year,
                    key=SyncScopeState.year,
                ),
                class_name="field",
            ),
            text_field(
                "Tệp Excel (.xlsx, .xls, .xlsb, .ods) hoặc .csv",
                id="workbook",
                type="file",
                accept=".xlsx,.xls,.xlsb,.ods,.csv,.tsv,.txt,.htm,.html,.xml",
                required=True,
            ),
            rx.el.button("Tải lên và xem trước", type="submit", class_name="button"),
            action="/uploads/workbook",
            method="post",
            enc_type="multipart/form-data",
            style={"marginTop": "14px"},
        ),
        rx.el.div(
            link("Các tệp đã tải lên", href="/workbooks", class_name="button soft"),
            native_link("Tải tệp mẫu", href="/files/workbook/template", class_name="button soft"),
            native_link(
                "Xuất dữ liệu năm học ",
                SyncScopeState.year,
                href="/files/workbook?year=" + SyncScopeState.year,
                class_name="button soft",
            ),
            class_name="filters",
            style={"marginTop": "12px"},
        ),
        class_name="panel",
    )


def _stale() -> rx.Component:
    return rx.cond(
        SyncState.out_of_date > 0,
        notice(
            rx.el.div(
                rx.el.div(
                    rx.el.b(SyncState.out_of_date, " hồ sơ đã chốt khác với dữ liệu mới"),
                    "Bản đã chốt không tự đổi. Xem khác biệt, rồi đề nghị hủy chốt nếu cần ký lại.",
                ),
                link("Xem khác biệt", href="/records?stale=1", class_name="button soft"),
                class_name="task",
            ),
            tone="wait",
        ),
    )


def _runs() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Các lần đồng bộ", class_name="panel-title"),
        rx.cond(
            SyncState.runs.length() > 0,
            data_table(
                ["Lúc", "Người làm", "Phạm vi", "Tình trạng", "Mới", "Thay đổi", "Không còn", "Từ chối", ""],
                SyncState.runs,
                _run,
                label="Các lần đồng bộ",
            ),
            empty_state("Chưa đồng bộ lần nào", "Bấm Đồng bộ cả trường để lấy dữ liệu đã nộp.", icon="refresh-cw"),
        ),
        rx.cond(SyncState.opened != "", _report()),
    )


def _run(row: RunRow) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.at, scope="row"),
        rx.el.td(row.by),
        rx.el.td(row.scope),
        rx.el.td(
            status_badge(row.tone, row.state_name),
            rx.cond(row.problem != "", rx.el.div(row.problem, class_name="small muted")),
        ),
        rx.el.td(count(row.new), class_name="num"),
        rx.el.td(count(row.changed), class_name="num"),
        rx.el.td(count(row.gone), class_name="num"),
        rx.el.td(count(row.refused), class_name="num"),
        rx.el.td(
            rx.el.button(
                "Chi tiết",
                class_name="button soft",
                on_click=SyncState.open_run(row.id),
                aria_expanded=SyncState.opened == row.id,
            )
        ),
    )


def _report() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            select_field(
                "Kết quả",
                [("", "Tất cả"), *OUTCOME.items()],
                id="outcome",
                value=SyncState.outcome,
                on_change=SyncState.choose_outcome,
            ),
            select_field(
                "Loại dữ liệu",
                [("", "Tất cả"), *RESOURCE.items()],
                id="of",
                value=SyncState.report_resource,
                on_change=SyncState.choose_report_resource,
            ),
            native_link("Tải báo cáo (CSV)", href="/files/sync/" + SyncState.opened, class_name="button soft"),
            class_name="filters",
        ),
        rx.cond(
            SyncState.rows.length() > 0,
            rx.fragment(
                data_table(
                    [
                        column_head(SyncState, "Loại", "resource"),
                        column_head(SyncState, "Dữ liệu", "label"),
                        column_head(SyncState, "Kết quả", "outcome"),
                        column_head(SyncState, "Trường thông tin", "field"),
                        "Vì sao, cần làm gì",
                    ],
                    SyncState.rows,
                    _row,
                    label="Báo cáo đồng bộ",
                ),
                list_pager(SyncState),
            ),
            rx.el.p("Không có dòng nào như vậy trong lần đồng bộ này.", class_name="muted"),
        ),
        class_name="panel stack",
        style={"marginTop": "12px"},
    )


def _row(row: ReportRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.resource),
        rx.el.th(row.label, scope="row"),
        rx.el.td(status_badge(row.tone, row.outcome)),
        rx.el.td(row.field),
        rx.el.td(row.reason, class_name="prose"),
    )
