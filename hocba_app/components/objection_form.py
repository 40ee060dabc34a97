"""The panel of "Báo sai": what is wrong on one record, and why."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.fields import select_field, text_area


def objection_form(state: Any) -> rx.Component:
    """The panel, while a page's state asks for it.

    Args:
        state: class of the page's state, a :class:`hocba_app.state.shared.objection_mixin.ObjectionMixin`.
    """
    return rx.cond(
        state.objecting != "",
        rx.el.section(
            rx.el.h2("Báo sai: ", state.objecting_to),
            rx.el.div(
                select_field(
                    "Chỗ sai",
                    state.objection_facts,
                    id="objection-fact",
                    value=state.objection_fact,
                    on_change=state.set_objection_fact,
                ),
                rx.cond(
                    state.objection_subjects.length() > 1,
                    select_field(
                        "Môn",
                        state.objection_subjects,
                        id="objection-subject",
                        value=state.objection_subject,
                        on_change=state.set_objection_subject,
                    ),
                ),
                class_name="filters",
            ),
            text_area(
                "Sai thế nào, đúng ra là gì",
                id="objection-reason",
                value=state.objection_reason,
                on_change=state.set_objection_reason,
                max_length=500,
                auto_focus=True,
                hint="Gửi tới GVCN và văn phòng. Chỉ hồ sơ này dừng lại cho đến khi được sửa hoặc được trả lời.",
            ),
            rx.el.div(
                rx.el.button("Gửi báo sai", class_name="button", on_click=state.object_now),
                rx.el.button("Quay lại", class_name="button soft", on_click=state.object_not),
                class_name="filters",
            ),
            class_name="panel stack",
            key=state.objecting,  # made anew for each record: the field takes the focus, and comes into sight
            role="dialog",
            aria_label="Báo sai",
        ),
    )
