"""What the year results of every regime share: pages with head and foot, the closing sections, the words for an outcome."""

from __future__ import annotations

from hocba_app.domain.snapshot import Results, Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR, Face
from hocba_app.forms.form_blocks import labelled, paragraph, word_of_office
from hocba_app.forms.form_version import Form
from hocba_app.forms.header_footer import LEFT, WIDTH, numbered_pages
from hocba_app.forms.page import MM, SOFT_INK, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.wording import BLANK, circumstance_lines, school_year

COMPLETION_LAW_YEAR = "2025-2026"
"""The first school year that ends under the law by which the record confirms the level; "YYYY-YYYY" compares as text."""


def results_pages(snapshot: Snapshot, blocks: list[Block]) -> list[Page]:
    """The blocks on numbered pages with the pupil's name above and the code to check below.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    return numbered_pages(snapshot, blocks, f"Kết quả học tập · Năm học {school_year(snapshot['school_year'])}")


def under_the_marks(snapshot: Snapshot, form: Form) -> list[Block]:
    """The official sentence about corrections, and where the form has it, by whom the marks are confirmed.

    The snapshot is what was submitted; a change gives a new version, so the table itself never has corrections. One signature covers
    the whole record, so both places under the marks say where it stands.
    """
    blocks = [paragraph("sửa chữa", form.word("corrections"), size=10)]
    if form.has("marks_homeroom"):
        blocks.append(_confirmations(form.word("marks_homeroom"), word_of_office(form, "marks_head", snapshot), form))
    return blocks


def _confirmations(left: str, right: str, form: Form) -> Block:
    def draw(page: Page, top: float, given: float) -> None:
        for words, centre in ((left, LEFT + WIDTH / 4), (right, LEFT + WIDTH * 3 / 4)):
            page.text(words, centre, top - 4 * MM, BOLD, 10, align="centre")
            note = form.word("marks_signed")
            page.text(note, centre, top - 8 * MM, ITALIC, 8.5, align="centre", colour=SOFT_INK)

    return Block("xác nhận dưới bảng điểm", 9.5 * MM, draw)


def departure_fact(form: Form, results: Results) -> list[Block]:
    """When a pupil left in mid-year; nothing for the others."""
    return [labelled(form.word("departure"), results["departure"], face=BOLD)] if results["departure"] else []


def circumstance_facts(form: Form, snapshot: Snapshot) -> list[Block]:
    """By which exceptions of the law the pupil was assessed this year, each on a line; nothing for most pupils."""
    return [labelled(form.word("circumstance"), text, face=BOLD) for text in circumstance_lines(snapshot)]


def count(value: int | None) -> str | None:
    """A number of days as a cell shows it; None leaves the cell empty."""
    return None if value is None else str(value)


def promotion(form: Form, results: Results, level: str) -> str:
    """The decision at the end of the year, with its note."""
    decided = results["promotion"] or ""
    words = form.word(decided) if form.has(decided) else BLANK
    if decided == "promoted" and results["programme_completed"]:
        words = form.word(f"programme_{level}")
    return with_note(words, results)


def with_note(words: str, results: Results) -> str:
    """A decision and what was noted of it."""
    return f"{words} ({results['promotion_note']})" if results["promotion_note"] else words


def homeroom_comments(form: Form, results: Results) -> list[tuple[str, str]]:
    """The homeroom teacher's comment under the form's caption and, where there is one, the comment after summer."""
    comments = [(form.word("homeroom_caption"), results["homeroom_comment"] or BLANK)]
    if results["homeroom_comment_after_summer"]:
        comments.append((form.word("after_summer"), results["homeroom_comment_after_summer"]))
    return comments


def approval_statements(snapshot: Snapshot, form: Form) -> list[tuple[str, Face]]:
    """What the principal confirms: the year and, in the last grade, whether the level is completed."""
    level, results = snapshot["school"]["level"], snapshot["results"]
    if results["programme_completed"] is None:
        return [(form.word("confirmed"), REGULAR)]
    finished = form.word(f"programme_{level}")
    if not results["programme_completed"]:
        return [(form.word("not_completed", programme_small=f"{finished[0].lower()}{finished[1:]}"), BOLD)]
    statements: list[tuple[str, Face]] = [(form.word("completed", programme=finished), BOLD)]
    if level == "lower_secondary" and (snapshot["school_year"] or "") >= COMPLETION_LAW_YEAR:
        statements.append((word_of_office(form, "diploma", snapshot), ITALIC))
    return statements
