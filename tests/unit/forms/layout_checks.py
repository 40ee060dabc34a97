"""What must hold on every page of every form, whatever the texts are."""

from __future__ import annotations

import re
from itertools import combinations

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.form_version import form_of
from hocba_app.forms.page import PAGE_HEIGHT, PAGE_WIDTH, Box, Page, TextLine
from hocba_app.forms.render import draw_pages
from hocba_app.forms.wording import printable
from hocba_app.recordfile.date_line import HEAD

_NUMBER = r"(-?[\d.]+)"
_LINE = re.compile(rf"^q (?!\[).*? RG {_NUMBER} {_NUMBER} m {_NUMBER} {_NUMBER} l S Q$")
_RECTANGLE = re.compile(rf"RG {_NUMBER} {_NUMBER} {_NUMBER} {_NUMBER} re S Q$")
MARGIN = 20.0
"""Nothing is printed nearer than this to the paper's edge, in points."""


def pages_of(snapshot: Snapshot) -> list[Page]:
    """The drawn pages, as rendering draws them."""
    return draw_pages(printable(snapshot), has_photo=False)


def text_box(line: TextLine) -> Box:
    """The box of a line from its descenders to its capitals."""
    return Box(line.left, line.baseline - 0.2 * line.size, line.left + line.width, line.baseline + 0.68 * line.size)


def overlap(first: Box, second: Box, least: float = 0.3) -> bool:
    """Whether two boxes share more than a hair."""
    return (
        min(first.right, second.right) - max(first.left, second.left) > least
        and min(first.top, second.top) - max(first.bottom, second.bottom) > least
    )


def rules_of(page: Page) -> list[Box]:
    """Every solid rule and the edges of every frame, as boxes without thickness."""
    rules = []
    for drawn in page.drawing:
        if found := _LINE.match(drawn):
            x1, y1, x2, y2 = map(float, found.groups())
            rules.append(Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
        elif found := _RECTANGLE.search(drawn):
            x, y, w, h = map(float, found.groups())
            rules += [
                Box(x, y, x + w, y),
                Box(x, y + h, x + w, y + h),
                Box(x, y, x, y + h),
                Box(x + w, y, x + w, y + h),
            ]
    return rules


def faults(snapshot: Snapshot) -> list[str]:
    """Everything wrong with the layout of a snapshot, in words; empty when it is sound."""
    found, dated = [], form_of(snapshot).dated
    for number, page in enumerate(pages_of(snapshot), 1):
        found += [f"page {number}: {fault}" for fault in _page_faults(page, dated)]
    return found


def _page_faults(page: Page, dated: str = "") -> list[str]:
    """Faults of one page; the dated field reaches over the line for the day and the office, which its signature leaves free."""
    boxes = [(line.text, text_box(line)) for line in page.lines]
    found = [f"off the page: {text!r}" for text, box in boxes if not _on_paper(box)]
    found += [f"{a!r} over {b!r}" for (a, first), (b, second) in combinations(boxes, 2) if overlap(first, second)]
    rules = rules_of(page)
    found += [f"a rule through {text!r}" for text, box in boxes for rule in rules if _crosses(rule, box)]
    for name, field in page.fields.items():
        drawn = Box(field.left, field.bottom, field.right, field.top - HEAD) if name == dated else field
        found += [f"field {name} over {text!r}" for text, box in boxes if overlap(drawn, box)]
        found += [] if _on_paper(field) else [f"field {name} off the page"]
        found += [f"a rule through field {name}" for rule in rules if _crosses(rule, field)]
    for (a, first), (b, second) in combinations(page.fields.items(), 2):
        if {a, b} != {"principal", "seal"} and overlap(first, second):
            found.append(f"field {a} over {b}")
    return found


def _on_paper(box: Box) -> bool:
    return (
        box.left >= MARGIN
        and box.right <= PAGE_WIDTH - MARGIN
        and box.bottom >= MARGIN
        and box.top <= PAGE_HEIGHT - MARGIN
    )


def _crosses(rule: Box, box: Box) -> bool:
    inner = box.inset(0.2, 0.2)
    return rule.left < inner.right and rule.right > inner.left and rule.bottom < inner.top and rule.top > inner.bottom
