"""The small table of levels and absences by term and year."""

from __future__ import annotations

from functools import partial

from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.form_version import Column
from hocba_app.forms.header_footer import LEFT, RIGHT
from hocba_app.forms.page import MM, TINT, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.text_fitting import fit

HEAD, ROW = 15 * MM, 8.5 * MM


def summary_block(columns: tuple[Column, ...], rows: list[dict[str, str | None]]) -> Block:
    """The whole table as one block; an absent value leaves its cell empty."""
    return Block("bảng tổng hợp", HEAD + ROW * len(rows), partial(_draw, columns, rows), stretch=1.5 * MM * len(rows))


def _draw(columns: tuple[Column, ...], rows: list[dict[str, str | None]], page: Page, top: float, given: float) -> None:
    page.box(Box(LEFT, top - HEAD, RIGHT, top), fill=TINT, stroke=False)
    page.box(Box(LEFT, top - given, RIGHT, top), width=0.7)
    edges = [LEFT]
    for column in columns:
        edges.append(edges[-1] + column.width * MM)
    row_height = (given - HEAD) / len(rows)
    _draw_heads(columns, edges, page, top, top - given)
    for number, row in enumerate(rows):
        y = top - HEAD - number * row_height
        page.line(LEFT, y, RIGHT, y)
        last = number == len(rows) - 1
        for column, left, right in zip(columns, edges, edges[1:], strict=False):
            face = BOLD if last or column is columns[0] else REGULAR
            box = Box(left, y - row_height, right, y).inset(1 * MM, 0)
            page.fitted(fit(row[column.key], face, box.width, box.height, 11, 8), box, align="centre")


def _draw_heads(columns: tuple[Column, ...], edges: list[float], page: Page, top: float, bottom: float) -> None:
    middle = top - HEAD * 0.55
    drawn: set[str] = set()
    for number, column in enumerate(columns):
        left, right = edges[number], edges[number + 1]
        if left > LEFT:
            page.line(left, middle if column.group in drawn else top, left, bottom)
        if column.group and column.group not in drawn:
            drawn.add(column.group)
            end = max(edge for other, edge in zip(columns, edges[1:], strict=False) if other.group == column.group)
            _head(page, column.group, Box(left, middle, end, top))
            page.line(left, middle, end, middle)
        _head(page, column.title, Box(left, top - HEAD, right, middle if column.group else top))


def _head(page: Page, title: str, box: Box) -> None:
    inner = box.inset(1 * MM, 0.4 * MM)
    page.fitted(fit(title, BOLD, inner.width, inner.height, 9.5, 7), inner, align="centre")
