"""Blocks that several forms share: a labelled paragraph, a framed section, the place where someone signs."""

from __future__ import annotations

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR, Face
from hocba_app.forms.header_footer import LEFT, RIGHT, WIDTH
from hocba_app.forms.page import INK, MM, SOFT_INK, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.signature_layout import (
    APPROVAL_WIDTH,
    HOMEROOM,
    PERSON_HEIGHT,
    PERSON_WIDTH,
    SEAL_SIZE,
    place_approval,
)
from hocba_app.forms.text_fitting import Fitted, fit, fit_line
from hocba_app.forms.wording import SIGNING_NOTE, office_of_head, signing_note

INSET = 3 * MM
HEADING = 9 * MM
BETWEEN = 2.2 * MM
SUBHEADING = 7.5 * MM


def gap(height: float) -> Block:
    """Empty space of ``height`` points."""
    return Block("khoảng trống", height, lambda page, top, given: None)


def labelled(
    label: str, value: str, *, face: Face = REGULAR, size: float = 11, indent: float = 0.0, label_face: Face = REGULAR
) -> Block:
    """``label`` and, behind it, ``value`` in as many lines as it needs, hanging under its beginning."""
    start = LEFT + indent + label_face.width(label, size) + 1.5 * MM
    fitted = fit(value, face, RIGHT - start, size * 2.4, size, 9)

    def draw(page: Page, top: float, given: float) -> None:
        page.text(label, LEFT + indent, top - 0.93 * fitted.size, label_face, size)
        page.fitted(fitted, Box(start, top - given, RIGHT, top), middle=False)

    return Block(label.rstrip(":"), fitted.height + 1.8 * MM, draw, stretch=1.5 * MM)


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


def homeroom_section(comments: list[tuple[str, str]]) -> Block:
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
        framed_heading(page, top, given, "NHẬN XÉT CỦA GIÁO VIÊN CHỦ NHIỆM")
        y = top - HEADING
        for text in texts:
            colour = SOFT_INK if text.face is ITALIC else INK
            page.fitted(text, Box(LEFT + INSET, 0, LEFT + INSET + width, y), middle=False, colour=colour)
            y -= text.height + BETWEEN
        homeroom_place(page, RIGHT - INSET, top - HEADING - (given - height) / 3)

    return Block("nhận xét của giáo viên chủ nhiệm", height, draw, stretch=30 * MM)


def approval_section(heading: str, snapshot: Snapshot, statements: list[tuple[str, Face]]) -> Block:
    """The principal's approval: what he confirms on the left, his signature and the seal on the right."""
    width = WIDTH - APPROVAL_WIDTH - 3 * INSET
    texts = [fit(statement, face, width, 40, 11, 9) for statement, face in statements]
    text_height = sum(text.height for text in texts) + BETWEEN * len(texts)
    height = HEADING + max(16 * MM + SEAL_SIZE, text_height) + 2 * MM

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
    height = 16 * MM + SEAL_SIZE

    def draw(page: Page, top: float, given: float) -> None:
        top -= (given - height) / 2
        approval(page, LEFT + INSET + APPROVAL_WIDTH, top, snapshot)
        right = RIGHT - 2 * INSET
        homeroom_place(page, right, top - 5.5 * MM)

    return Block("chữ ký của giáo viên chủ nhiệm và Hiệu trưởng", height, draw, stretch=10 * MM)


def homeroom_place(page: Page, right: float, top: float) -> None:
    """Office and field of the homeroom teacher; 11 mm taller than the field."""
    centre = right - PERSON_WIDTH / 2
    page.text("Giáo viên chủ nhiệm", centre, top - 4 * MM, BOLD, 10.5, align="centre")
    page.text("(Ký, ghi rõ họ tên)", centre, top - 8.5 * MM, ITALIC, 9, align="centre", colour=SOFT_INK)
    page.sign_here(HOMEROOM, Box(right - PERSON_WIDTH, top - 11 * MM - PERSON_HEIGHT, right, top - 11 * MM))


def _signing_note(page: Page, right: float, top: float, snapshot: Snapshot) -> None:
    """Under the office; with a decision to name it is as wide as the place, else centred under the office."""
    head = snapshot.get("head")
    if not head or not head.get("ground"):
        centre = right - PERSON_WIDTH / 2
        page.text(SIGNING_NOTE, centre, top - 13.5 * MM, ITALIC, 9, align="centre", colour=SOFT_INK)
        return
    note = fit_line(signing_note(snapshot), ITALIC, APPROVAL_WIDTH, 9, 5)
    place = Box(right - APPROVAL_WIDTH, top - 15 * MM, right, top - 10.7 * MM)
    page.fitted(note, place, align="right", middle=False, colour=SOFT_INK)


def approval(page: Page, right: float, top: float, snapshot: Snapshot) -> None:
    """Place, office and the fields of principal and seal; 16 mm taller than the seal.

    The day is not printed: it is the day of the signature, and its time stamp shows it in the field.
    """
    centre = right - PERSON_WIDTH / 2
    line = fit(f"{snapshot['place']}, ngày ghi tại chữ ký số", ITALIC, APPROVAL_WIDTH, 14, 10, 7)
    page.fitted(line, Box(right - APPROVAL_WIDTH, top - 5 * MM, right, top), align="right", middle=False)
    page.text(office_of_head(snapshot).upper(), centre, top - 9.5 * MM, BOLD, 11, align="centre")
    _signing_note(page, right, top, snapshot)
    place_approval(page, right, top - 15 * MM)
