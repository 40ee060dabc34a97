"""The table of an opened group: what is about to be signed, a line a pupil; on a phone each line is a card."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.data_table import pager
from hocba_app.components.link import link
from hocba_app.components.objection_form import objection_form


def group_content(state: Any) -> rx.Component:
    """Values, ticks, notes and "Báo sai".

    Args:
        state: class of the page's state, a :class:`hocba_app.state.signing_group.GroupReading` that sorts.
    """
    return rx.el.div(
        rx.cond(
            state.to_look > 0,
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    class_name="check",
                    checked=state.only_to_look,
                    on_change=state.toggle_only_to_look.stop_propagation,
                ),
                "Chỉ hiện ",
                state.to_look,
                " dòng cần xem",
                class_name="check-line",
            ),
        ),
        objection_form(state),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th("Ký", scope="col"),
                        _head(state, "name", "Học sinh"),
                        rx.foreach(state.columns, lambda column: _head(state, column.key, column.label)),
                        _head(state, "state", "Cần xem"),
                        rx.el.th("", scope="col"),
                    )
                ),
                rx.el.tbody(rx.foreach(state.lines, lambda line: _line(state, line))),
                class_name="grid-table cards labelled",
            ),
            class_name="scroll",
            tab_index=0,
            role="region",
            aria_label="Nội dung sẽ ký",
        ),
        rx.cond(
            state.line_pages > 1,
            pager(
                page=state.line_page,
                pages=state.line_pages,
                total=state.line_total,
                on_previous=state.previous_lines,
                on_next=state.next_lines,
                noun="dòng",
            ),
        ),
        class_name="stack",
        style={"marginTop": "12px", "gap": "10px"},
    )


def _head(state: Any, key: Any, label: Any) -> rx.Component:
    active = state.sort == key
    arrow = rx.cond(active, rx.cond(state.descending, "▼", "▲"), "")
    order = rx.cond(active, rx.cond(state.descending, "descending", "ascending"), "none")
    return rx.el.th(
        rx.el.button(label, rx.el.span(arrow, aria_hidden=True), class_name="sort", on_click=state.set_sort(key)),
        scope="col",
        aria_sort=order,
    )


def _line(state: Any, line: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.cond(
                line.first,
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        class_name="check",
                        checked=line.chosen,
                        disabled=line.held != "",
                        on_change=state.toggle_line(line.slot_id).stop_propagation,
                        aria_label="Ký hồ sơ của " + line.name.to(str),
                    ),
                    class_name="check-label",
                ),
            ),
            class_name="tick",
        ),
        rx.el.th(link(line.name, href=line.href), rx.el.div(line.code, class_name="small muted"), scope="row"),
        rx.foreach(
            line.cells,
            lambda cell: rx.el.td(cell.text, custom_attrs={"data-label": cell.label}, class_name=cell.style),
        ),
        rx.el.td(
            rx.foreach(line.notes, lambda note: rx.el.div(note, class_name="small note")),
            custom_attrs={"data-label": rx.cond(line.notes.length() > 0, "Cần xem", "")},
            class_name="notes",
        ),
        rx.el.td(
            rx.el.button(
                "Báo sai",
                class_name="button soft",
                on_click=state.report_line(line.slot_id, line.subject),
                aria_label="Báo sai trên hồ sơ của " + line.name.to(str),
            ),
            class_name="report",
        ),
        class_name=rx.cond(line.notes.length() > 0, "look", ""),
    )
