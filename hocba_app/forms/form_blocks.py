"""Blocks that several forms share: a labelled paragraph, a framed section, the place where someone signs."""

from __future__ import annotations

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR, Face
from hocba_app.forms.form_version import Form, form_of
from hocba_app.forms.header_footer import LEFT, RIGHT, ROOM, WIDTH
from hocba_app.forms.page import INK, MM, SOFT_INK, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.signature_layout import (
    APPROVAL_WIDTH,
    HOMEROOM,
    PERSON_HEIGHT,
    PERSON_WIDTH,
    PRINCIPAL,
    approval_height,
    place_approval,
)
from hocba_app.forms.text_fitting import Fitted, fit, fit_line
from hocba_app.forms.wording import ground_of_head, office_of_head
from hocba_app.recordfile.date_line import BASELINE, BLANKS, LINE_WIDTH, SIZE, WORDS

INSET = 3 * MM
HEADING = 9 * MM
BETWEEN = 2.2 * MM
SUBHEADING = 7.5 * MM
_LONG_LABEL = 0.6 * WIDTH


def gap(height: float) -> Block:
    """Empty space of ``height`` points."""
    return Block("khoảng trống", height, lambda page, top, given: None)


def labelled(
    label: str, value: str, *, face: Face = REGULAR, size: float = 11, indent: float = 0.0, label_face: Face = REGULAR
) -> Block:
    """``label`` and, behind it, ``value`` in as many lines as it needs, hanging under its beginning; below a label that leaves it
    no room."""
    start = LEFT + indent + label_face.width(label, size) + 1.5 * MM
    under = 0.0
    if start > LEFT + _LONG_LABEL and face.width(" ".join(value.split()), size) > RIGHT - start:
        start, under = LEFT + indent + 3 * MM, size * 1.2
    fitted = fit(value, face, RIGHT - start, size * 2.4, size, 9)

    def draw(page: Page, top: float, given: float) -> None:
        page.text(label, LEFT + indent, top - 0.93 * (size if under else fitted.size), label_face, size)
        page.fitted(fitted, Box(start, top - given, RIGHT, top - under), middle=False)

    return Block(label.rstrip(":"), under + fitted.height + 1.8 * MM, draw, stretch=1.5 * MM)


def paragraph(place: str, text: str, *, face: Face = REGULAR, size: float = 11, least: float = 9) -> Block:
    """A paragraph over the full width."""
    fitted = fit(text, face, WIDTH, size * 2.4, size, least)
    return Block(
        place,
        fitted.height + 1.6 * MM,
        lambda page, top, given: page.fitted(fitted, Box(LEFT, top - given, RIGHT, top), middle=False),
    )


def under_heading(title: str, block: Block) -> Block:
    """A numbered heading and the block it opens, never on different pages."""

    def draw(page: Page, top: float, given: float) -> None:
        page.text(title, LEFT, top - 5.2 * MM, BOLD, 11)
        block.draw(page, top - SUBHEADING, given - SUBHEADING)

    return Block(block.place, SUBHEADING + block.height, draw, stretch=block.stretch)


def together(place: str, blocks: list[Block]) -> Block:
    """Blocks that stay on one page: a signature is never alone on a page without what it confirms."""

    def draw(page: Page, top: float, given: float) -> None:
        share = (given - height) / stretch if stretch else 0.0
        for block in blocks:
            taken = block.height + block.stretch * share
            block.draw(page, top, taken)
            top -= taken

    height, stretch = sum(block.height for block in blocks), sum(block.stretch for block in blocks)
    return Block(place, height, draw, stretch=stretch)


def kept_together(form: Form, *blocks: Block) -> list[Block]:
    """The closing sections as one block, so that no page has signatures alone; apart where they would not fit on one page.

    The first version kept each by itself.
    """
    whole = together(blocks[-1].place, list(blocks))
    return [whole] if form.dated and whole.height <= ROOM else list(blocks)


def facts_line(place: str, facts: list[tuple[str, float]], *, size: float = 11) -> Block:
    """Short facts on one line, each in its share of the width; smaller where one is long."""
    fitted = [fit(text, REGULAR, WIDTH * share - 2 * MM, size * 1.25, size, 7) for text, share in facts]

    def draw(page: Page, top: float, given: float) -> None:
        left = LEFT
        for text, (_, share) in zip(fitted, facts, strict=True):
            page.fitted(text, Box(left, top - given, left + WIDTH * share, top), middle=False)
            left += WIDTH * share

    return Block(place, max(text.height for text in fitted) + 1.6 * MM, draw)


def framed_heading(page: Page, top: float, height: float, heading: str) -> None:
    """A frame over the full width with its heading."""
    page.box(Box(LEFT, top - height, RIGHT, top), width=0.7)
    page.text(heading, (LEFT + RIGHT) / 2, top - 6 * MM, BOLD, 11, align="centre")


def homeroom_section(form: Form, comments: list[tuple[str, str]]) -> Block:
    """The homeroom teacher's comments, each under its caption, and beside them the place to sign."""
    width = WIDTH - PERSON_WIDTH - 3 * INSET
    texts: list[Fitted] = []
    for caption, comment in comments:
        if caption:
            texts.append(fit(caption, ITALIC, width, 24, 10, 9))
        texts.append(fit(comment, REGULAR, width, 34 * MM / len(comments), 11, 8.5))
    text_height = sum(text.height for text in texts) + BETWEEN * len(texts)
    signing_height = 11 * MM + PERSON_HEIGHT
    height = HEADING + max(text_height, signing_height) + 2 * MM

    def draw(page: Page, top: float, given: float) -> None:
        framed_heading(page, top, given, form.word("homeroom_heading"))
        y = top - HEADING
        for text in texts:
            colour = SOFT_INK if text.face is ITALIC else INK
            page.fitted(text, Box(LEFT + INSET, 0, LEFT + INSET + width, y), middle=False, colour=colour)
            y -= text.height + BETWEEN
        homeroom_place(page, RIGHT - INSET, top - HEADING - (given - height) / 3, form)

    return Block("nhận xét của giáo viên chủ nhiệm", height, draw, stretch=30 * MM)


def approval_section(heading: str, snapshot: Snapshot, statements: list[tuple[str, Face]]) -> Block:
    """The principal's approval: what he confirms on the left, his signature and the seal on the right."""
    width = WIDTH - APPROVAL_WIDTH - 3 * INSET
    texts = [fit(statement, face, width, 40, 11, 9) for statement, face in statements]
    text_height = sum(text.height for text in texts) + BETWEEN * len(texts)
    height = HEADING + max(approval_height(form_of(snapshot)), text_height) + 2 * MM

    def draw(page: Page, top: float, given: float) -> None:
        framed_heading(page, top, given, heading)
        y = top - HEADING
        for text in texts:
            page.fitted(text, Box(LEFT + INSET, 0, LEFT + INSET + width, y), middle=False)
            y -= text.height + BETWEEN
        approval(page, RIGHT - INSET, top - HEADING - (given - height) / 3, snapshot)

    return Block(heading.lower(), height, draw, stretch=22 * MM)


def signing_pair(snapshot: Snapshot) -> Block:
    """Primary: the principal's confirmation with the seal on the left, the homeroom teacher on the right."""
    form = form_of(snapshot)
    height = approval_height(form)

    def draw(page: Page, top: float, given: float) -> None:
        top -= (given - height) / 2
        approval(page, LEFT + INSET + APPROVAL_WIDTH, top, snapshot)
        right = RIGHT - 2 * INSET
        if form.dated == HOMEROOM:
            date_line(page, right, top, snapshot, form)
        homeroom_place(page, right, top - _DATE_HEIGHT, form)

    return Block("chữ ký của giáo viên chủ nhiệm và Hiệu trưởng", height, draw, stretch=10 * MM)


_DATE_HEIGHT = 5.5 * MM
"""Of the line above the offices."""


def homeroom_place(page: Page, right: float, top: float, form: Form) -> None:
    """Office and field of the homeroom teacher; 11 mm taller than the field."""
    centre = right - PERSON_WIDTH / 2
    page.text(form.word("homeroom_office"), centre, top - 4 * MM, BOLD, 10.5, align="centre")
    page.text(form.word("homeroom_note"), centre, top - 8.5 * MM, ITALIC, 9, align="centre", colour=SOFT_INK)
    upper = top + _DATE_HEIGHT if form.dated == HOMEROOM else top - 11 * MM
    page.sign_here(HOMEROOM, Box(right - PERSON_WIDTH, top - 11 * MM - PERSON_HEIGHT, right, upper))


def _signing_note(page: Page, right: float, top: float, snapshot: Snapshot, form: Form) -> None:
    """Under the office; with a decision to name it is as wide as the place, else centred under the office."""
    ground = ground_of_head(snapshot)
    plain = form.word("signing_note")
    if not ground:
        centre = right - PERSON_WIDTH / 2
        page.text(plain, centre, top - 13.5 * MM, ITALIC, 9, align="centre", colour=SOFT_INK)
        return
    note = fit_line(plain[:-1] + form.word("signing_ground", ground=ground), ITALIC, APPROVAL_WIDTH, 9, 5)
    place = Box(right - APPROVAL_WIDTH, top - 15 * MM, right, top - 10.7 * MM)
    page.fitted(note, place, align="right", middle=False, colour=SOFT_INK)


def approval(page: Page, right: float, top: float, snapshot: Snapshot) -> None:
    """Place and day, office and the fields of principal and seal; as tall as :func:`approval_height` says."""
    form = form_of(snapshot)
    if form.dated in ("", PRINCIPAL):
        date_line(page, right, top, snapshot, form)
    office = word_of_office(form, "office", snapshot)
    page.text(office, right - PERSON_WIDTH / 2, top - 9.5 * MM, BOLD, 11, align="centre")
    _signing_note(page, right, top, snapshot, form)
    place_approval(page, right, top, form)


def word_of_office(form: Form, key: str, snapshot: Snapshot) -> str:
    """A word of the form that names the head's office."""
    office = office_of_head(snapshot)
    return form.word(key, office=office, OFFICE=office.upper())


def date_line(page: Page, right: float, top: float, snapshot: Snapshot, form: Form) -> None:
    """Place and day of signing, right-aligned. The day is not known when the pages are frozen: its signature writes it into the
    blanks (`recordfile.date_line`), as a pen would; the first version had no blanks."""
    if not form.dated:
        line = fit(form.word("date_line", place=snapshot["place"]), ITALIC, APPROVAL_WIDTH, 14, 10, 7)
        page.fitted(line, Box(right - APPROVAL_WIDTH, top - 5 * MM, right, top), align="right", middle=False)
        return
    baseline = top - BASELINE
    place = fit_line(f"{snapshot['place']},", ITALIC, APPROVAL_WIDTH - LINE_WIDTH, SIZE, 6)
    box = Box(
        right - APPROVAL_WIDTH, 0, right - LINE_WIDTH, baseline + 0.93 * place.size + place.height - place.size * 1.2
    )
    page.fitted(place, box, align="right", middle=False)
    for key, at in zip(("date_day", "date_month", "date_year"), WORDS, strict=True):
        page.text(form.word(key), right - at, baseline, ITALIC, SIZE, align="right")
    for left, end in BLANKS:
        page.line(right - left, baseline - 1.8, right - end, baseline - 1.8, dotted=True)
