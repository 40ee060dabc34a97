"""What the pages of a record of ours show: read from the glyphs, never from what the file says the glyphs mean.

A page is drawn by few operators, each on a line of its own (`forms.page`): rules, boxes and pictures first, text above them. The
typefaces are ours, outline by outline, so the number of a glyph says what is seen; the widths and the map to Unicode must be
the ones that follow from it, so that what is read out, searched and copied is what is seen. Nothing may hide text: no colour but
the layout's, no size or place outside the page, no picture larger than the layout's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from hocba_app.forms.fonts import FACES, Face
from hocba_app.forms.page import INK, MM, PAGE_HEIGHT, PAGE_WIDTH, SOFT_INK, STATE_RED, TINT, colour_operands
from hocba_app.forms.pdf_file import to_unicode, widths
from hocba_app.pki.not_shown import NotShown

_N = rb"-?[0-9]{1,4}(?:\.[0-9]{1,2})?"
_SIZE = rb"[0-9]{1,4}(?:\.[0-9]{1,2})?"
_COLOUR = rb"[01](?:\.[0-9]{1,3})? [01](?:\.[0-9]{1,3})? [01](?:\.[0-9]{1,3})?"
_TEXT_COLOURS = b"|".join(re.escape(colour_operands(each).encode()) for each in (INK, SOFT_INK, STATE_RED))
_RULE = rb"q (?:\[0\.6 1\.8\] 0 d 1 J )?%b w %b RG (%b) (%b) m (%b) (%b) l S Q" % (_SIZE, _COLOUR, _N, _N, _N, _N)
_FILL = rb"q (%b) rg %b %b (%b) (%b) re f Q" % (_COLOUR, _N, _N, _N, _N)
_FRAME = rb"q %b w %b RG %b %b %b %b re S Q" % (_SIZE, _COLOUR, _N, _N, _N, _N)
_PICTURE = rb"q (%b) 0 0 (%b) %b %b cm /([A-Za-z]{1,8}) Do Q" % (_SIZE, _SIZE, _N, _N)
_SHOWING = rb"/([A-Z]) (%b) Tf|(%b) rg|(%b) (%b) Td <((?:[0-9A-F]{4})++)> Tj" % (_SIZE, _TEXT_COLOURS, _N, _N)
_DRAWN = re.compile(rb"%b|%b|%b|%b" % (_RULE, _FILL, _FRAME, _PICTURE))
_SHOWN = re.compile(rb"(?:%b)\n" % _SHOWING)


def _whole(pattern: bytes) -> re.Pattern[bytes]:
    """Lines of a pattern and nothing else, without its groups."""
    return re.compile(rb"(?:(?:%b)\n)*+" % re.sub(rb"(?<!\\)\((?!\?)", rb"(?:", pattern))


_HEAD, _TAIL = _whole(rb"%b|%b|%b|%b" % (_RULE, _FILL, _FRAME, _PICTURE)), _whole(_SHOWING)
_TINT = colour_operands(TINT).encode()
_STATE_RED = colour_operands(STATE_RED).encode()
_SMALLEST, _LARGEST = 5.5, 60.0
_WIDEST_PICTURE, _HIGHEST_PICTURE = 32 * MM, 42 * MM
"""A photo of 3 × 4 cm; the QR code is smaller."""
_MAX_ORNAMENT = 4 * MM
_PICTURES = (b"Qr", b"Photo")
_BFCHAR = re.compile(rb"<([0-9A-F]{4})> <((?:[0-9A-F]{4}){1,4})>\n")
_FIRST = b"beginbfchar"
_FACES = {face.name: face for face in FACES}
Table = Mapping[bytes, str]
"""Glyph number, four hexadecimal digits, to the letter it shows."""


class ShownText(NamedTuple):
    """One line of text on a page."""

    codes: bytes
    """Glyph numbers, four hexadecimal digits each."""
    table: Table
    left: float
    baseline: float
    size: float

    @property
    def text(self) -> str:
        """As it is seen.

        Raises:
            NotShown: a glyph that the typeface in the file does not have.
        """
        codes, table = self.codes, self.table
        try:
            return "".join([table[codes[at : at + 4]] for at in range(0, len(codes), 4)])
        except KeyError as error:
            raise NotShown("glyph") from error


def font_table(name: str, program: bytes, widths_said: bytes, map_said: bytes) -> tuple[str, Table]:
    """What the glyphs of an embedded typeface show.

    Args:
        name: of the typeface, without its tag.
        program: TrueType.
        widths_said: the font's ``/W``.
        map_said: the font's ``/ToUnicode``.

    Returns:
        The typeface's key on our pages, and the letters.

    Raises:
        NotShown: it is not one of ours, shows something else than its map says, or is wider than it says.
    """
    face = _FACES.get(name)
    if face is None:
        raise NotShown("typeface")
    letters = _letters(face, map_said)
    if to_unicode(letters) != map_said or widths(face, letters).encode("ascii") != widths_said:
        raise NotShown("map or widths of a typeface")
    if not face.is_subset(program, set(letters)):
        raise NotShown("outlines of a typeface")
    return face.key, {b"%04X" % glyph: letter for glyph, letter in letters.items()}


def _letters(face: Face, map_said: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for code, units in _BFCHAR.findall(map_said, map_said.find(_FIRST)):
        letter, glyph = _letter(units), int(code, 16)
        if not face.shows(letter, glyph) or glyph in found:
            raise NotShown("letter")
        found[glyph] = letter
    return found


@functools.lru_cache(maxsize=4096)
def _letter(units: bytes) -> str:
    try:
        return bytes.fromhex(units.decode()).decode("utf-16-be")
    except UnicodeDecodeError as error:
        raise NotShown("letter") from error


def page_texts(content: bytes, fonts: Mapping[str, Table]) -> list[ShownText]:
    """The texts of a page in the order they are drawn.

    Args:
        content: the page's content stream.
        fonts: tables by key, of :func:`font_table`.

    Raises:
        NotShown: it is not what our layout draws, or some of it cannot be seen.
    """
    drawing, _, showing = content.partition(b"BT\n")
    if not showing.endswith(b"ET") or not _HEAD.fullmatch(drawing) or not _TAIL.fullmatch(showing, 0, len(showing) - 2):
        raise NotShown("page content")
    _require_plain(drawing)
    texts: list[ShownText] = []
    table, size, coloured = None, 0.0, False
    x = y = 0.0
    for key, points, colour, right, up, codes in _SHOWN.findall(showing):
        if key:
            table, size = fonts.get(key.decode()), float(points)
            if table is None or not _SMALLEST <= size <= _LARGEST:
                raise NotShown("typeface or size")
        elif colour:
            coloured = True
        else:
            x, y = x + float(right), y + float(up)
            if table is None or not coloured or not (0 <= x <= PAGE_WIDTH and 0 <= y <= PAGE_HEIGHT):
                raise NotShown("place of a text")
            texts.append(ShownText(codes, table, x, y, size))
    return texts


def _require_plain(drawing: bytes) -> None:
    """Rules lie along the page's edges, fills are pale or small, pictures no larger than a photo: none shows or hides a word."""
    for x1, y1, x2, y2, fill, width, height, across, down, picture in _DRAWN.findall(drawing):
        if x1 and x1 != x2 and y1 != y2:
            raise NotShown("rule")
        small = fill and abs(float(width)) <= _MAX_ORNAMENT and abs(float(height)) <= _MAX_ORNAMENT
        if fill and fill != _TINT and not (fill == _STATE_RED and small):
            raise NotShown("fill")
        if picture and (picture not in _PICTURES or float(across) > _WIDEST_PICTURE or float(down) > _HIGHEST_PICTURE):
            raise NotShown("picture")
