"""The personal page of the cover: photo, who the pupil is, the principal's signature and the seal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.form_blocks import approval
from hocba_app.forms.form_version import Form, form_of
from hocba_app.forms.header_footer import BODY_BOTTOM, LEFT, RIGHT, WIDTH
from hocba_app.forms.page import MM, PAGE_HEIGHT, PALE_RULE, SOFT_INK, Box, Page
from hocba_app.forms.signature_layout import approval_height
from hocba_app.forms.text_fitting import LEADING, Fitted, fit, fit_line
from hocba_app.forms.wording import BLANK, LEVEL_NAMES, day

PHOTO_NAME = "Photo"
_PHOTO = Box(LEFT, PAGE_HEIGHT - 58 * MM, LEFT + 30 * MM, PAGE_HEIGHT - 18 * MM)
_SIZE, _LEAST_SIZE = 12.5, 10.5
_LEAST_SPACE, _WIDEST_SPACE = 2 * MM, 5.6 * MM
"""Between two lines of particulars."""


_DATES = frozenset({"birth_date", "admission_date"})


def draw_personal_page(snapshot: Snapshot, has_photo: bool) -> Page:
    """The page, without its foot.

    Raises:
        HocbaError: FORM_TEXT_TOO_LONG when the particulars would run into the signature.
    """
    form = form_of(snapshot)
    page = Page(form.binding)
    _head(page, snapshot, form)
    _photo(page, has_photo, form)
    _particulars(page, snapshot, form)
    approval(page, RIGHT, _approval_top(form), snapshot)
    return page


def _approval_top(form: Form) -> float:
    return BODY_BOTTOM + 1 * MM + approval_height(form)


def _head(page: Page, snapshot: Snapshot, form: Form) -> None:
    school = snapshot["school"]
    left, right = _PHOTO.right + 8 * MM, RIGHT
    centre = (left + right) / 2
    y = _PHOTO.top
    page.text(form.word("title"), centre, y - 20, BOLD, 22, align="centre")
    page.text(LEVEL_NAMES[school["level"]].upper(), centre, y - 39, BOLD, 14, align="centre")
    place = f"{school['commune']}, {school['province']}"
    y -= 21 * MM
    for text, face, size in ((school["name"], BOLD, 13), (place, REGULAR, 12), (school["department"], REGULAR, 11)):
        fitted = fit_line(text, face, right - left, size, 8)
        page.fitted(fitted, Box(left, 0, right, y), align="centre", middle=False)
        y -= fitted.height


def _photo(page: Page, has_photo: bool, form: Form) -> None:
    if has_photo:
        page.picture(PHOTO_NAME, _PHOTO)
        page.box(_PHOTO, width=0.4, colour=PALE_RULE)
        return
    page.box(_PHOTO, width=0.6, colour=PALE_RULE)
    centre = (_PHOTO.left + _PHOTO.right) / 2
    page.text(form.word("photo"), centre, _PHOTO.bottom + 22 * MM, REGULAR, 10, align="centre", colour=SOFT_INK)
    page.text(form.word("photo_size"), centre, _PHOTO.bottom + 17 * MM, REGULAR, 10, align="centre", colour=SOFT_INK)


@dataclass(frozen=True, slots=True)
class _Placed:
    """One label and its value, measured: where it begins on its line and how wide it is."""

    label: str
    value: Fitted
    left: float
    right: float
    value_left: float


def _particulars(page: Page, snapshot: Snapshot, form: Form) -> None:
    rows = [_measured(row, snapshot, form) for row in form.data["rows"]]
    heights = [max(_SIZE * LEADING, *(item.value.height for item in row)) for row in rows]
    top = _PHOTO.bottom - 9 * MM
    spare = top - (_approval_top(form) + 3 * MM) - sum(heights)
    between = min(spare / len(rows), _WIDEST_SPACE)
    if between < _LEAST_SPACE:
        raise HocbaError(ErrorCode.FORM_TEXT_TOO_LONG, place="lý lịch học sinh trên bìa")
    for row, height in zip(rows, heights, strict=True):
        for item in row:
            _draw_item(page, item, top)
        top -= height + between


def _measured(row: Sequence[tuple[str, float]], snapshot: Snapshot, form: Form) -> list[_Placed]:
    """A row's particulars, each with its share of the line's width."""
    placed, left = [], LEFT
    for number, (key, share) in enumerate(row, 1):
        label = form.word(key)
        right = RIGHT if number == len(row) else left + WIDTH * share - 4 * MM
        value_left = left + REGULAR.width(label, _SIZE) + 2 * MM
        face = BOLD if key == "full_name" else REGULAR
        value = fit(_value(key, snapshot), face, right - value_left, _SIZE * LEADING, _SIZE, _LEAST_SIZE)
        placed.append(_Placed(label, value, left, right, value_left))
        left = right + 4 * MM
    return placed


def _value(key: str, snapshot: Snapshot) -> str:
    value = snapshot["student"].get(key)
    if not value:
        return BLANK
    if key in _DATES:
        return day(str(value)) or BLANK
    return str(value).upper() if key == "full_name" else str(value)


def _draw_item(page: Page, item: _Placed, top: float) -> None:
    """The label, the value on its baseline, and a dotted line under each line of it."""
    page.text(item.label, item.left, top - 0.93 * _SIZE, REGULAR, _SIZE)
    value = item.value
    value_top = top - (_SIZE - value.size) * 0.93
    page.fitted(value, Box(item.value_left, 0, item.right, value_top), middle=False)
    for number in range(len(value.lines)):
        y = top - 1.16 * _SIZE - number * value.size * LEADING
        page.line(item.value_left - 1 * MM, y, item.right, y, dotted=True, colour=PALE_RULE)
