"""Blocks one under the other, over as many pages as they need. A block is never divided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.page import Page

Draw = Callable[[Page, float, float], None]
"""Draws the block on a page: y of its top, and the height it was given (its own, or more)."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a form that stays together."""

    place: str
    """What it is, in the school's words: named when it is too long for a page."""
    height: float
    draw: Draw
    repeated_head: Block | None = None
    """Drawn again above this block when it opens a new page (a table's head)."""
    starts_page: bool = False
    """Opens a new page, as the official form does here."""
    stretch: float = 0.0
    """How many points it may be taller to fill its page, as a printed form would."""


def paginate(blocks: list[Block], room: float) -> list[list[Block]]:
    """The blocks of each page, stretched to fill it as far as they may be.

    Args:
        blocks: in order.
        room: height of a page's body in points.

    Raises:
        HocbaError: FORM_TEXT_TOO_LONG when one block alone is taller than a page.
    """
    pages: list[list[Block]] = [[]]
    left = room
    for block in blocks:
        if pages[-1] and (block.starts_page or block.height > left):
            pages.append([])
            left = room
            if block.repeated_head:
                pages[-1].append(block.repeated_head)
                left -= block.repeated_head.height
        if block.height > left:
            raise HocbaError(ErrorCode.FORM_TEXT_TOO_LONG, place=block.place)
        pages[-1].append(block)
        left -= block.height
    return [_filled(page, room) for page in pages]


def _filled(blocks: list[Block], room: float) -> list[Block]:
    """Spare height is shared out in proportion to what each block may take."""
    elastic = sum(block.stretch for block in blocks)
    if not elastic:
        return blocks
    share = min(1.0, (room - sum(block.height for block in blocks)) / elastic)
    return [replace(block, height=block.height + block.stretch * share) for block in blocks]


def draw_blocks(page: Page, blocks: list[Block], top: float) -> None:
    """Draw one page's blocks from ``top`` downwards."""
    for block in blocks:
        block.draw(page, top, block.height)
        top -= block.height
