"""Qualities and competencies of primary pupils: one table a group, with one comment beside all of its rows."""

from __future__ import annotations

from dataclasses import dataclass

from hocba_app.domain.snapshot import Trait
from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.header_footer import LEFT, RIGHT
from hocba_app.forms.page import MM, TINT, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.text_fitting import fit

HEAD, ROW = 7 * MM, 7 * MM
PAD = 1.3 * MM


@dataclass(frozen=True, slots=True)
class TraitColumns:
    """Titles of the three columns and the widths of the first two in millimetres; the comment has the rest of 180."""

    name: str
    level: str
    comment: str
    name_width: float = 58
    level_width: float = 26


def traits_block(place: str, columns: TraitColumns, traits: list[Trait], comment: str | None) -> Block:
    """The whole group as one block; a long comment makes its rows higher."""
    first = LEFT + columns.name_width * MM
    second = first + columns.level_width * MM
    text = fit(comment, REGULAR, RIGHT - second - 2 * PAD, ROW * len(traits) - 2 * PAD, 10.5, 8)
    height = HEAD + max(ROW * len(traits), text.height + 2 * PAD)
    edges = (LEFT, first, second, RIGHT)

    def draw(page: Page, top: float, given: float) -> None:
        bottom, body = top - given, top - HEAD
        page.box(Box(LEFT, body, RIGHT, top), fill=TINT, stroke=False)
        page.box(Box(LEFT, bottom, RIGHT, top), width=0.7)
        page.line(LEFT, body, RIGHT, body)
        for edge in (first, second):
            page.line(edge, bottom, edge, top)
        for title, left, right in zip((columns.name, columns.level, columns.comment), edges, edges[1:], strict=False):
            inner = Box(left, body, right, top).inset(1 * MM, 0)
            page.fitted(fit(title, BOLD, inner.width, inner.height, 10, 7), inner, align="centre")
        step = (body - bottom) / len(traits)
        for number, trait in enumerate(traits):
            y = body - number * step
            if number:
                page.line(LEFT, y, second, y)
            name = Box(LEFT, y - step, first, y).inset(PAD, 0)
            page.fitted(fit(trait["name"], REGULAR, name.width, name.height, 10.5, 8), name)
            level = Box(first, y - step, second, y).inset(PAD, 0)
            page.fitted(fit(trait["level"], BOLD, level.width, level.height, 10.5, 8), level, align="centre")
        page.fitted(text, Box(second, bottom, RIGHT, body).inset(PAD, 0))

    return Block(place, height, draw, stretch=0.8 * MM * len(traits))
