"""What a printed copy carries besides the signed pages: the mark on each of them, and the page for "SAO Y"."""

from __future__ import annotations

from collections.abc import Sequence

from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR
from hocba_app.forms.header_footer import LEFT, RIGHT, WIDTH
from hocba_app.forms.page import INK, MM, PAGE_HEIGHT, PAGE_WIDTH, SOFT_INK, STATE_RED, TINT, Box, Page
from hocba_app.forms.text_fitting import fit, fit_line

MARK_BOX = Box(PAGE_WIDTH / 2 - 52 * MM, PAGE_HEIGHT - 7.6 * MM, PAGE_WIDTH / 2 + 52 * MM, PAGE_HEIGHT - 4.2 * MM)
"""Where the mark lies: in the upper margin, which every form of ours leaves empty."""
_ROW = 9 * MM
ROWS_A_PAGE = 14
"""Documents listed on one seal page; a longer record needs a second one."""


def draw_mark(code: str) -> Page:
    """A page that holds nothing but the mark."""
    page = Page()
    words = fit_line(f"BẢN SAO – mã {code}", BOLD, MARK_BOX.width, 8.5, 6)
    page.fitted(words, MARK_BOX, align="centre", colour=STATE_RED)
    return page


def draw_seal_pages(
    school: str, place: str, head: Sequence[str], pupil: str, documents: Sequence[tuple[str, str, int]]
) -> list[Page]:
    """The pages on which the school certifies a copy of electronic records on paper (Decree 30/2020/NĐ-CP, Art. 25).

    Args:
        head: what stands above the place to sign, a line each: "HIỆU TRƯỞNG", "Q. GIÁM ĐỐC".
        documents: title, code and number of pages of each copied document, in printed order.
    """
    chunks = [documents[at : at + ROWS_A_PAGE] for at in range(0, len(documents), ROWS_A_PAGE)]
    pages = []
    for number, chunk in enumerate(chunks):
        page = Page()
        _head(page, school, pupil, sum(count for _, _, count in documents))
        bottom = _table(page, chunk, PAGE_HEIGHT - 84 * MM)
        if number == len(chunks) - 1:
            _certify(page, place, head, bottom - 8 * MM)
        pages.append(page)
    return pages


def _head(page: Page, school: str, pupil: str, total: int) -> None:
    centre = PAGE_WIDTH / 2
    name = fit_line(school.upper(), BOLD, WIDTH, 13, 8)
    page.fitted(name, Box(LEFT, 0, RIGHT, PAGE_HEIGHT - 25 * MM), align="centre", middle=False)
    page.text("SAO Y", centre, PAGE_HEIGHT - 49 * MM, BOLD, 22, align="centre", colour=STATE_RED)
    words = f"Bản in này gồm {total} trang, sao từ các hồ sơ điện tử đã ký số và đóng dấu của học sinh {pupil.upper()}:"
    text = fit(words, REGULAR, WIDTH, 40, 12, 9)
    page.fitted(text, Box(LEFT, 0, RIGHT, PAGE_HEIGHT - 60 * MM), middle=False)


def _table(page: Page, rows: Sequence[tuple[str, str, int]], top: float) -> float:
    edges = (LEFT, LEFT + 12 * MM, LEFT + 112 * MM, LEFT + 162 * MM, RIGHT)
    head = ("STT", "Hồ sơ", "Mã tra cứu", "Số trang")
    bottom = top - _ROW * (len(rows) + 1)
    page.box(Box(LEFT, top - _ROW, RIGHT, top), fill=TINT, stroke=False)
    page.box(Box(LEFT, bottom, RIGHT, top), width=0.7)
    for edge in edges[1:-1]:
        page.line(edge, bottom, edge, top)
    for number in range(len(rows) + 1):
        cells = (
            head if number == 0 else (str(number), rows[number - 1][0], rows[number - 1][1], str(rows[number - 1][2]))
        )
        y = top - number * _ROW
        if number:
            page.line(LEFT, y, RIGHT, y)
        for at, cell in enumerate(cells):
            inner = Box(edges[at], y - _ROW, edges[at + 1], y).inset(1.5 * MM, 0)
            fitted = fit(cell, REGULAR if number else BOLD, inner.width, inner.height, 11, 7)
            page.fitted(fitted, inner, align="left" if at == 1 and number else "centre")
    return bottom


def _certify(page: Page, place: str, head: Sequence[str], top: float) -> None:
    """Day, office and free room for hand and seal."""
    centre = RIGHT - 40 * MM
    line = fit_line(f"{place}, ngày ...... tháng ...... năm ............", ITALIC, 90 * MM, 11, 7)
    page.fitted(line, Box(centre - 45 * MM, 0, centre + 45 * MM, top), align="centre", middle=False)
    baseline = top - 11 * MM
    for words in head:
        page.text(words, centre, baseline, BOLD, 12, align="centre", colour=INK)
        baseline -= 5 * MM
    page.text("(Ký, ghi rõ họ tên và đóng dấu)", centre, baseline, ITALIC, 10, align="centre", colour=SOFT_INK)
