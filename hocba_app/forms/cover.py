"""The cover document: the cover itself and, behind it, the pupil's personal page."""

from __future__ import annotations

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, REGULAR, Face
from hocba_app.forms.form_version import Form, form_of
from hocba_app.forms.header_footer import foot
from hocba_app.forms.page import INK, MM, PAGE_HEIGHT, PAGE_WIDTH, SOFT_INK, STATE_RED, Box, Page
from hocba_app.forms.personal_page import draw_personal_page
from hocba_app.forms.text_fitting import fit_line
from hocba_app.forms.wording import BLANK, LEVEL_NAMES

_CENTRE = PAGE_WIDTH / 2
_FRAME = Box(12 * MM, 27 * MM, PAGE_WIDTH - 12 * MM, PAGE_HEIGHT - 12 * MM)
_TEXT_WIDTH = _FRAME.width - 24 * MM
TITLE = "Bìa học bạ"


def draw_cover(snapshot: Snapshot, has_photo: bool) -> list[Page]:
    """The two pages.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    pages = [_cover(snapshot), draw_personal_page(snapshot, has_photo)]
    for number, page in enumerate(pages, 1):
        foot(page, snapshot, TITLE, number, len(pages))
    return pages


def _cover(snapshot: Snapshot) -> Page:
    form = form_of(snapshot)
    page = Page(form.binding)
    _frame(page)
    _motto(page, form)
    school, student = snapshot["school"], snapshot["student"]
    y = PAGE_HEIGHT - 66 * MM
    for text, face, size in (
        (school["department"].upper(), REGULAR, 13),
        (f"{school['commune']}, {school['province']}", REGULAR, 12.5),
        (school["name"].upper(), BOLD, 15),
    ):
        y = _centred(page, text, face, size, y, INK) - 1.5 * MM
    _title(page, form, LEVEL_NAMES[school["level"]].upper())
    page.text(form.word("cover_name"), _CENTRE, 108 * MM, REGULAR, 13, align="centre", colour=SOFT_INK)
    _centred(page, student["full_name"].upper(), BOLD, 22, 104 * MM, INK)
    number = student.get("register_number") or BLANK
    _centred(page, form.word("cover_number", number=number), REGULAR, 14, 78 * MM, INK)
    _centred(page, form.word("cover_code", code=student["code"]), REGULAR, 12, 70 * MM, SOFT_INK)
    return page


def _frame(page: Page) -> None:
    """A double frame with a small square set into each corner."""
    inner = _FRAME.inset(2 * MM, 2 * MM)
    page.box(_FRAME, width=1.8, colour=STATE_RED)
    page.box(inner, width=0.6, colour=STATE_RED)
    side = 3.2 * MM
    for x in (inner.left, inner.right - side):
        for y in (inner.bottom, inner.top - side):
            page.box(Box(x, y, x + side, y + side), width=0.6, colour=STATE_RED)
            page.box(Box(x, y, x + side, y + side).inset(1 * MM, 1 * MM), fill=STATE_RED, stroke=False)


def _motto(page: Page, form: Form) -> None:
    y = PAGE_HEIGHT - 32 * MM
    page.text(form.word("nation"), _CENTRE, y, BOLD, 14, align="centre")
    motto = form.word("motto")
    page.text(motto, _CENTRE, y - 18, BOLD, 14, align="centre")
    half = BOLD.width(motto, 14) / 2
    page.line(_CENTRE - half, y - 24, _CENTRE + half, y - 24, width=0.9, colour=INK)


def _title(page: Page, form: Form, level: str) -> None:
    y = 166 * MM
    page.text(form.word("title"), _CENTRE, y, BOLD, 60, align="centre", colour=STATE_RED)
    _centred(page, level, BOLD, 24, y - 9 * MM, STATE_RED)
    rule = y - 24 * MM
    for side in (-1, 1):
        page.line(_CENTRE + side * 3 * MM, rule, _CENTRE + side * 32 * MM, rule, width=0.8, colour=STATE_RED)
    mark = 1.1 * MM
    page.box(Box(_CENTRE - mark, rule - mark, _CENTRE + mark, rule + mark), fill=STATE_RED, stroke=False)


def _centred(page: Page, text: str, face: Face, size: float, top: float, colour: tuple[float, float, float]) -> float:
    """Centred text under ``top``, smaller or on more lines where it is long; gives back the y under it."""
    fitted = fit_line(text, face, _TEXT_WIDTH, size, size * 0.6)
    page.fitted(
        fitted,
        Box(_CENTRE - _TEXT_WIDTH / 2, 0, _CENTRE + _TEXT_WIDTH / 2, top),
        align="centre",
        middle=False,
        colour=colour,
    )
    return top - fitted.height
