"""What every page carries around its content: whose record it is above; the way to check it below."""

from __future__ import annotations

import functools
import zlib
from urllib.parse import urlsplit

import segno

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR
from hocba_app.forms.form_version import form_of
from hocba_app.forms.page import INK, MM, PAGE_HEIGHT, PAGE_WIDTH, PALE_RULE, SOFT_INK, Box, Page
from hocba_app.forms.pagination import Block, draw_blocks, paginate
from hocba_app.forms.pdf_file import Picture
from hocba_app.forms.text_fitting import LEADING, Fitted, fit, fit_line
from hocba_app.forms.wording import LEVEL_NAMES, school_year

LEFT, RIGHT = 15 * MM, PAGE_WIDTH - 15 * MM
WIDTH = RIGHT - LEFT
HEAD_TOP = PAGE_HEIGHT - 9 * MM
BODY_TOP = PAGE_HEIGHT - 25 * MM
BODY_BOTTOM = 25 * MM
ROOM = BODY_TOP - BODY_BOTTOM
QR_NAME = "Qr"
QR_SIZE = 15 * MM
_QR_QUIET = 2
CODE_LABEL, PUPIL_LABEL = "Mã tra cứu: ", "Mã học sinh:"
SITE_LABEL = "Tra cứu tại {host} hoặc quét mã QR"
_PUPIL_WIDTH = 52 * MM


def numbered_pages(snapshot: Snapshot, blocks: list[Block], title: str) -> list[Page]:
    """The blocks on pages of their own, each with the pupil's name above and, below, the title, its number and the code to check.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    laid_out = paginate(blocks, ROOM)
    pages = []
    for number, page_blocks in enumerate(laid_out, 1):
        page = Page(form_of(snapshot).binding)
        running_head(page, snapshot)
        draw_blocks(page, page_blocks, BODY_TOP)
        foot(page, snapshot, title, number, len(laid_out))
        pages.append(page)
    return pages


def running_head(page: Page, snapshot: Snapshot) -> None:
    """School and kind of record, then the pupil's name, class and year on a line of their own."""
    school = snapshot["school"]
    baseline = HEAD_TOP - 8.5
    right = f"HỌC BẠ {LEVEL_NAMES[school['level']].upper()}"
    name = fit_line(school["name"].upper(), BOLD, WIDTH - BOLD.width(right, 8.5) - 8 * MM, 8.5, 6)
    page.fitted(name, Box(LEFT, baseline - 3, RIGHT, baseline + name.size * 0.93), middle=False, colour=SOFT_INK)
    page.text(right, RIGHT, baseline, REGULAR, 8.5, align="right", colour=SOFT_INK)
    page.line(LEFT, HEAD_TOP - 14, RIGHT, HEAD_TOP - 14, colour=PALE_RULE)
    _whose_record(page, snapshot, HEAD_TOP - 29)


def _whose_record(page: Page, snapshot: Snapshot, baseline: float) -> None:
    student, form = snapshot["student"], form_of(snapshot)
    labels = [
        (form.word("pupil"), student["full_name"].upper(), LEFT, 96 * MM),
        (form.word("class"), snapshot["class_name"] or "", LEFT + 100 * MM, 30 * MM),
        (form.word("year"), school_year(snapshot["school_year"]), LEFT + 136 * MM, WIDTH - 136 * MM),
    ]
    for label, value, left, width in labels:
        page.text(label, left, baseline, REGULAR, 11)
        start = left + REGULAR.width(label, 11) + 1.5 * MM
        fitted = _short(value, width - (start - left))
        # A name too long for one line is set in two around the baseline.
        top = baseline + fitted.size * 0.93 + (len(fitted.lines) - 1) * fitted.size * 0.6
        page.fitted(fitted, Box(start, top - fitted.height, left + width, top), middle=False)


def _short(value: str, width: float) -> Fitted:
    """One line, or at most two smaller ones.

    Raises:
        HocbaError: FORM_TEXT_TOO_LONG when that is not enough (a name of over a hundred letters).
    """
    line = fit_line(value, BOLD, width, 11, 8.5)
    fitted = line if len(line.lines) <= 1 else fit(value, BOLD, width, 2 * 8.5 * LEADING + 0.1, 8.5, 6)
    if len(fitted.lines) * fitted.size > 2 * 8.5:
        raise HocbaError(ErrorCode.FORM_TEXT_TOO_LONG, place="họ và tên, lớp")
    return fitted


def foot(page: Page, snapshot: Snapshot, title: str, number: int, total: int) -> None:
    """Page number, the code to look the record up by, the QR code that does it, and the pupil's code."""
    verification = snapshot["verification"]
    top = BODY_BOTTOM - 2.5 * MM
    page.line(LEFT, top, RIGHT, top, colour=PALE_RULE)
    page.picture(QR_NAME, Box(LEFT, top - 1.2 * MM - QR_SIZE, LEFT + QR_SIZE, top - 1.2 * MM))
    left = LEFT + QR_SIZE + 3 * MM
    host = urlsplit(verification["url"]).netloc
    page.text(CODE_LABEL, left, top - 14, REGULAR, 8.5, colour=SOFT_INK)
    code_left = left + REGULAR.width(CODE_LABEL, 8.5)
    page.text(verification["code"], code_left, top - 14, BOLD, 9.5, colour=INK)
    page.text(SITE_LABEL.format(host=host), left, top - 26, REGULAR, 8.5, colour=SOFT_INK)
    page.text(
        "Giá trị pháp lý thuộc về chữ ký số trong tệp; hình chữ ký và con dấu chỉ để hiển thị.",
        left,
        top - 37,
        ITALIC,
        7.5,
        colour=SOFT_INK,
    )
    page.text(title, RIGHT, top - 14, REGULAR, 8.5, align="right", colour=SOFT_INK)
    page.text(f"Trang {number}/{total}", RIGHT, top - 26, BOLD, 9, align="right", colour=SOFT_INK)
    pupil = fit_line(f"{PUPIL_LABEL} {snapshot['student']['code']}", REGULAR, _PUPIL_WIDTH, 7.5, 5.5)
    box = Box(RIGHT - _PUPIL_WIDTH, 0, RIGHT, top - 37 + 0.93 * pupil.size)
    page.fitted(pupil, box, align="right", middle=False, colour=SOFT_INK)


def qr_picture(url: str) -> Picture:
    """The QR code of ``url``, one pixel a module."""
    side, rows = qr_modules(url)
    return Picture(side, side, "DeviceGray", 1, "FlateDecode", zlib.compress(rows))


@functools.lru_cache(maxsize=4096)
def qr_modules(url: str) -> tuple[int, bytes]:
    """Its side and rows. The mask is fixed: choosing among eight costs more than the page. Kept for a batch of records: drawn at the
    lock, it is compared on every page before the seal and again before the archive."""
    code = segno.make(url, error="m", mask=2, boost_error=False, micro=False)
    side, beside = len(code.matrix) + 2 * _QR_QUIET, bytes(_QR_QUIET)
    above = [_bits(bytes(side))] * _QR_QUIET
    return side, b"".join([*above, *(_bits(beside + row + beside) for row in code.matrix), *above])


_LIGHT = bytes(b"1"[0] if module == 0 else b"0"[0] for module in range(256))


def _bits(row: bytes) -> bytes:
    """Eight modules a byte, dark ones 0 as DeviceGray has it; the rest of the last byte is white."""
    light = row.translate(_LIGHT)
    light += b"1" * (-len(light) % 8)
    return int(light, 2).to_bytes(len(light) // 8)
