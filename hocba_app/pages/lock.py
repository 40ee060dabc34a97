"""The page "Chốt học bạ": what to lock, what to look at before, and how it goes."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from hocba_app.components.data_table import data_table
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import select_field, text_field
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.progress import announcement, progress_bar
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.domain.wording import KIND
from hocba_app.state.lock import LockState
from hocba_app.state.lock_rows import ALL, ClassRow, Passed, PupilRow, RunCard


def lock() -> rx.Component:
    """Layout of ``/lock``."""
    return shell(
        rx.cond(LockState.problem != "", error_notice(LockState.problem)),
        rx.cond(
            LockState.loaded,
            rx.el.div(
                announcement(LockState.announced),
                _runs(),
                _choose(),
                rx.cond(LockState.opened != "", _pupils()),
                _confirm(),
                class_name="stack",
            ),
            placeholder("320px"),
        ),
        title="Chốt học bạ",
        active="/lock",
        subtitle="Chốt là giữ nguyên nội dung để ký. Sau khi chốt, muốn sửa phải hủy chốt và mọi người ký lại.",
    )


def _choose() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Chọn hồ sơ và lớp"),
        rx.el.div(
            select_field(
                "Loại hồ sơ",
                [(ALL, "Cả ba: bìa, QTHT, KQHT"), *KIND.items()],
                id="kind",
                value=LockState.kind,
                on_change=LockState.choose_kind,
            ),
            rx.cond(
                LockState.years.length() > 1,
                select_field(
                    "Năm học", LockState.years, id="year", value=LockState.year, on_change=LockState.choose_year
                ),
            ),
            rx.el.button(
                rx.cond(LockState.selected.length() > 0, "Bỏ chọn", "Chọn mọi lớp còn học sinh chưa chốt"),
                class_name="button soft",
                on_click=LockState.toggle_all,
            ),
            class_name="filters",
            style={"marginBottom": "12px"},
        ),
        rx.cond(
            LockState.classes.length() > 0,
            data_table(
                ["Chọn", "Lớp", "Đã chốt", "Tiến độ", ""],
                LockState.classes,
                _class,
                label="Các lớp",
            ),
            empty_state("Chưa có lớp nào", "Đồng bộ dữ liệu đầu năm trước, rồi chốt.", icon="lock"),
        ),
        class_name="panel",
    )


def _class(row: ClassRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(_check(LockState.selected.contains(row.id), LockState.toggle_class(row.id), "Chọn lớp " + row.name)),
        rx.el.th(row.name, scope="row"),
        rx.el.td(row.locked, "/", row.students, class_name="num brief"),
        rx.el.td(
            rx.cond(
                row.all_locked,
                status_badge("ok", "Đã chốt hết"),
                rx.el.div(
                    rx.el.div(style={"width": row.percent.to_string() + "%"}),
                    class_name="meter",
                    role="img",
                    aria_label=row.percent.to_string() + "% đã chốt",
                    style={"minWidth": "80px"},
                ),
            )
        ),
        rx.el.td(
            rx.el.button(
                "Kiểm tra",
                class_name="button soft",
                on_click=LockState.open_class(row.id),
                aria_expanded=LockState.opened == row.id,
                aria_label="Kiểm tra lớp " + row.name + " trước khi chốt",
            )
        ),
    )


def _check(checked: rx.Var[bool], toggle: EventSpec, label: object, *, disabled: object = False) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            class_name="check",
            checked=checked,
            on_change=toggle.stop_propagation,
            disabled=disabled,
            aria_label=label,
        ),
        class_name="check-label",
    )


def _pupils() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Kiểm tra trước khi chốt: lớp ", LockState.opened_name, " · ", LockState.kind_name),
        rx.el.div(
            rx.cond(
                LockState.alone != "",
                rx.el.span("Chỉ chốt riêng ", rx.el.b(LockState.alone_name), "; cả lớp không thay đổi."),
                rx.el.span(LockState.counts, class_name="muted"),
            ),
            rx.cond(
                LockState.alone != "",
                rx.el.button("Xem cả lớp", class_name="button soft", on_click=LockState.whole_class),
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        class_name="check",
                        checked=LockState.only_to_look,
                        on_change=LockState.toggle_only_to_look.stop_propagation,
                    ),
                    " Chỉ hiện học sinh cần xem",
                    style={"display": "inline-flex", "gap": "8px", "alignItems": "center", "minHeight": "44px"},
                ),
            ),
            class_name="filters",
            style={"justifyContent": "space-between"},
        ),
        rx.cond(
            LockState.need_reason > 0,
            rx.el.div(
                notice(
                    rx.fragment(
                        rx.el.b(LockState.need_reason),
                        " học sinh có kết quả đã nộp khác với cách tính lại theo quy định hoặc không kiểm tra được. Hãy sửa hay bổ sung trên SMAS, nộp và "
                        "đồng bộ lại; hoặc ghi lý do của từng em ở dòng của em để vẫn chốt.",
                    ),
                    tone="wait",
                ),
                rx.cond(
                    LockState.need_reason > 1,
                    rx.el.div(
                        text_field(
                            "Cùng một lý do cho các em chưa có",
                            id="reason",
                            value=LockState.reason,
                            on_change=LockState.set_reason,
                            max_length=500,
                        ),
                        rx.el.button("Điền lý do này", class_name="button soft", on_click=LockState.fill_in_reason),
                        class_name="filters",
                    ),
                ),
                class_name="stack",
            ),
        ),
        rx.cond(
            LockState.common.length() > 0,
            rx.el.div(
                rx.el.b("Chung cho nhiều em"),
                rx.el.ul(
                    rx.foreach(LockState.common, lambda text: rx.el.li(text)),
                    class_name="small",
                    style={"margin": "4px 0 0", "paddingLeft": "20px"},
                ),
            ),
        ),
        rx.cond(
            LockState.shown.length() > 0,
            data_table(
                ["Chốt", "Mã HS", "Học sinh", "Tình trạng", "Cần xem", ""],
                LockState.shown,
                _pupil,
                label="Học sinh của lớp",
            ),
            rx.el.p("Không có học sinh nào cần xem lại.", class_name="muted"),
        ),
        key=LockState.opened,
        class_name="panel stack",
        tab_index=-1,
        custom_attrs={"data-reveal": "true"},
    )


def _pupil(row: PupilRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(_check(row.chosen, LockState.toggle_pupil(row.id), "Chốt " + row.name, disabled=row.fixed)),
        rx.el.td(row.code),
        rx.el.th(row.name, scope="row"),
        rx.el.td(status_badge(row.tone, row.state_name)),
        rx.el.td(
            rx.foreach(row.findings, lambda text: rx.el.div(text, class_name="small")),
            rx.cond(
                row.needs_reason,
                rx.el.input(
                    default_value=row.reason,
                    key=row.id + row.reason,
                    on_blur=LockState.set_pupil_reason(row.id),
                    max_length=500,
                    placeholder="Lý do vẫn chốt em này",
                    aria_label="Lý do vẫn chốt " + row.name,
                    class_name="input reason",
                ),
            ),
            rx.cond(
                row.changes.length() > 0,
                rx.el.details(
                    rx.el.summary(row.changes.length(), " chỗ khác bản trước", class_name="small"),
                    rx.foreach(row.changes, lambda text: rx.el.div(text, class_name="small muted")),
                ),
            ),
        ),
        rx.el.td(
            rx.el.div(
                rx.foreach(
                    row.previews,
                    lambda preview: native_link(
                        preview.label,
                        href=preview.href,
                        target="_blank",
                        class_name="button soft",
                        aria_label=preview.label.to(str) + " của " + row.name.to(str),
                    ),
                ),
                class_name="previews",
            ),
        ),
    )


def _confirm() -> rx.Component:
    return rx.cond(
        LockState.asking,
        rx.el.section(
            rx.el.h2("Xác nhận chốt"),
            rx.el.p(LockState.question),
            rx.cond(
                LockState.accepting.length() > 0,
                rx.el.div(
                    rx.el.b("Vẫn chốt dù khác cách tính lại hoặc không kiểm tra được:"),
                    rx.el.ul(
                        rx.foreach(LockState.accepting, lambda text: rx.el.li(text)),
                        style={"margin": "4px 0 12px", "paddingLeft": "20px"},
                    ),
                ),
            ),
            rx.cond(
                LockState.alone == "",
                rx.el.p(
                    "Học sinh đánh giá lại trong hè, đã chuyển đi hoặc còn thiếu thông tin được để riêng và chốt sau; lớp không phải chờ.",
                    class_name="muted",
                ),
            ),
            rx.el.div(
                rx.el.button(
                    rx.icon("lock", size=18, aria_hidden=True),
                    "Chốt",
                    class_name="button",
                    on_click=LockState.lock,
                    auto_focus=True,
                ),
                rx.el.button("Quay lại", class_name="button soft", on_click=LockState.not_now),
                class_name="filters",
            ),
            class_name="panel asking",
            role="alertdialog",
            aria_label="Xác nhận chốt",
        ),
        rx.cond(
            LockState.selected.length() > 0,
            rx.el.div(
                rx.el.button(
                    rx.icon("lock", size=20, aria_hidden=True),
                    rx.cond(
                        LockState.alone != "",
                        "Chốt riêng " + LockState.alone_name,
                        "Chốt " + LockState.selected.length().to_string() + " lớp đã chọn",
                    ),
                    class_name="button",
                    on_click=LockState.ask,
                ),
                class_name="sign-bar",
            ),
        ),
    )


def _runs() -> rx.Component:
    return rx.cond(
        LockState.runs.length() > 0,
        rx.el.section(
            rx.el.h2("Các lượt chốt", class_name="panel-title"),
            rx.el.div(rx.foreach(LockState.runs, _run), class_name="stack"),
            rx.cond(
                LockState.older.length() > 0,
                rx.el.details(
                    rx.el.summary("Các lượt chốt trước (", LockState.older.length(), " lượt gần nhất)"),
                    rx.el.div(rx.foreach(LockState.older, _run), class_name="stack"),
                ),
            ),
            aria_label="Các lượt chốt",
        ),
    )


def _run(run: RunCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(run.title),
                status_badge(run.tone, run.state_name),
                rx.el.span(" ", run.detail, class_name="small muted"),
                class_name="what",
            ),
            rx.cond(
                run.live,
                rx.cond(
                    run.stopping,
                    rx.el.span("Đang dừng…", class_name="muted"),
                    rx.el.button("Dừng", class_name="button soft", on_click=LockState.stop(run.id)),
                ),
            ),
            class_name="group",
        ),
        rx.cond(run.live, progress_bar(run.percent, run.progress_text)),
        rx.cond(run.problem != "", error_notice(run.problem)),
        rx.cond(run.summary != "", rx.el.p(run.summary, class_name="muted", style={"margin": "8px 0 0"})),
        rx.cond(
            run.passed.length() > 0,
            rx.el.details(
                rx.el.summary("Học sinh chưa chốt trong lượt này (", run.passed.length(), ")"),
                data_table(
                    ["Mã HS", "Học sinh", "Kết quả", "Vì sao"],
                    run.passed,
                    _passed,
                    label="Học sinh chưa chốt",
                ),
                style={"marginTop": "8px"},
            ),
        ),
        class_name="panel",
        aria_label=run.title,
    )


def _passed(row: Passed) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.code),
        rx.el.th(row.name, scope="row"),
        rx.el.td(row.outcome),
        rx.el.td(row.reason, class_name="prose"),
    )
