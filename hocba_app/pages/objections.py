"""The page "Báo sai": which records wait because somebody says something on them is wrong, and the answer to it."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import list_pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import text_area
from hocba_app.components.link import link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.state.objections import ObjectionsState, ReportRow


def objections() -> rx.Component:
    """Layout of ``/objections``."""
    return shell(
        rx.cond(ObjectionsState.problem != "", error_notice(ObjectionsState.problem)),
        rx.cond(ObjectionsState.done != "", rx.el.div(notice(ObjectionsState.done, tone="ok"), role="status")),
        rx.el.div(
            _which("Chờ xử lý", "open", ObjectionsState.open_ones),
            _which("Đã xong", "over", ~ObjectionsState.open_ones),
            class_name="filters",
            role="group",
            aria_label="Báo sai nào",
        ),
        rx.cond(
            ObjectionsState.loaded,
            rx.cond(
                ObjectionsState.rows.length() > 0,
                rx.el.div(
                    rx.foreach(ObjectionsState.rows, _report),
                    rx.cond(
                        ObjectionsState.pages > 1,
                        list_pager(ObjectionsState, "báo sai"),
                    ),
                    class_name="stack",
                ),
                empty_state(
                    "Không có báo sai nào ở đây",
                    "Người ký bấm Báo sai khi xem nội dung trước khi ký; báo sai hiện ở đây cho GVCN và văn phòng.",
                    icon="flag",
                ),
            ),
            placeholder("200px"),
        ),
        title="Báo sai",
        active="/objections",
        subtitle="Hồ sơ bị báo sai dừng lại một mình. Sửa trên SMAS rồi chốt lại, hoặc trả lời rằng hồ sơ đúng.",
    )


def _which(words: str, value: str, pressed: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        words, class_name="button soft", on_click=ObjectionsState.show(value), aria_pressed=pressed, type="button"
    )


def _report(row: ReportRow) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(row.title),
                rx.el.div(row.place, ": «", row.reason, "»"),
                rx.el.div(row.asked, class_name="small muted"),
                rx.cond(row.ended != "", rx.el.div(row.ended, class_name="small")),
                class_name="what",
            ),
            status_badge(row.tone, row.state_name),
            rx.el.div(
                link("Xem hồ sơ", href=row.read_href, class_name="button soft"),
                rx.cond(
                    row.may_unlock,
                    link("Hủy chốt để sửa", href=row.record_href, class_name="button soft"),
                ),
                rx.cond(
                    row.may_answer,
                    rx.el.button(
                        "Trả lời: hồ sơ đúng",
                        class_name="button",
                        on_click=ObjectionsState.ask_answer(row.id),
                        aria_expanded=ObjectionsState.answering == row.id,
                    ),
                ),
                rx.cond(
                    row.may_withdraw,
                    rx.el.button("Rút báo sai", class_name="button soft", on_click=ObjectionsState.withdraw(row.id)),
                ),
                class_name="acts",
            ),
            class_name="group",
        ),
        rx.cond(
            ObjectionsState.answering == row.id,
            rx.el.div(
                text_area(
                    "Vì sao hồ sơ đúng",
                    id="answer",
                    value=ObjectionsState.answer,
                    on_change=ObjectionsState.set_answer,
                    max_length=500,
                    auto_focus=True,
                    hint="Người báo và những người ký sau đọc câu này khi hồ sơ trở lại.",
                ),
                rx.el.div(
                    rx.el.button("Gửi trả lời", class_name="button", on_click=ObjectionsState.send),
                    rx.el.button("Quay lại", class_name="button soft", on_click=ObjectionsState.not_now),
                    class_name="filters",
                ),
                class_name="stack",
                style={"marginTop": "12px"},
            ),
        ),
        class_name="panel",
    )
