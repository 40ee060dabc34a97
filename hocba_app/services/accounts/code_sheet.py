"""One-time codes on paper: an A4 sheet of slips to cut apart and hand out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from hocba_app.domain.school_calendar import local_text
from hocba_app.settings import settings

_FONT_FILE = Path(__file__).resolve().parents[3] / "assets" / "fonts" / "pdf" / "BeVietnamPro-Regular.ttf"
_FONT = "BeVietnamPro-Regular"
COLUMNS, ROWS = 2, 6
_MARGIN = 12 * mm
_WIDTH = (A4[0] - 2 * _MARGIN) / COLUMNS
_HEIGHT = (A4[1] - 2 * _MARGIN) / ROWS
_INSET = 6 * mm


def codes_sheet_pdf(
    rows: Sequence[tuple[str, str, str]], *, school_name: str = "", valid_until: datetime | None = None
) -> bytes:
    """The sheet, one slip a person.

    Args:
        rows: login name, full name, code, as `activation.issue_codes` returns them.
        school_name: printed at the head of each slip.
        valid_until: when the codes end.
    """
    _load_font()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1, lang="vi-VN")
    canvas.setTitle("Mã kích hoạt tài khoản Học bạ điện tử")
    per_page = COLUMNS * ROWS
    for start in range(0, len(rows), per_page):
        for place, row in enumerate(rows[start : start + per_page]):
            left = _MARGIN + (place % COLUMNS) * _WIDTH
            top = A4[1] - _MARGIN - (place // COLUMNS) * _HEIGHT
            _slip(canvas, left, top, row, school_name, valid_until)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@cache
def _load_font() -> None:
    pdfmetrics.registerFont(TTFont(_FONT, str(_FONT_FILE)))


def _slip(
    canvas: Canvas, left: float, top: float, row: tuple[str, str, str], school_name: str, valid_until: datetime | None
) -> None:
    username, full_name, code = row
    canvas.setDash(2, 2)
    canvas.setStrokeGray(0.6)
    canvas.rect(left, top - _HEIGHT, _WIDTH, _HEIGHT)
    canvas.setDash()
    site = f"{settings().public_url.rstrip('/')}/activate"
    until = f"Dùng một lần, đến {local_text(valid_until)}" if valid_until else "Dùng một lần"
    _line(canvas, left, top - 8 * mm, 7.5, school_name, grey=0.35)
    _line(canvas, left, top - 14.5 * mm, 11, full_name)
    _line(canvas, left, top - 21 * mm, 8.5, f"Tên đăng nhập: {username}")
    _line(canvas, left, top - 29.5 * mm, 15, code)
    _line(canvas, left, top - 36 * mm, 7.5, f"Mở {site}, nhập mã và tự đặt mật khẩu.", grey=0.35)
    _line(canvas, left, top - 40.5 * mm, 7.5, until, grey=0.35)


def _line(canvas: Canvas, left: float, baseline: float, size: float, text: str, *, grey: float = 0.0) -> None:
    """One line, made smaller when it is wider than the slip."""
    room = _WIDTH - 2 * _INSET
    width = pdfmetrics.stringWidth(text, _FONT, size)
    canvas.setFillGray(grey)
    canvas.setFont(_FONT, size if width <= room else size * room / width)
    canvas.drawString(left + _INSET, baseline, text)
