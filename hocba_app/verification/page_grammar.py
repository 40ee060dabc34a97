"""What the pages of a record of ours show: read from the glyphs, never from what the file says the glyphs mean.

A page is drawn by few operators, each on a line of its own (`forms.page`): rules, boxes and pictures first, text above them. The
typefaces are ours, outline by outline, so the number of a glyph says what is seen; the widths and the map to Unicode must be
the ones that follow from it, so that what is read out, searched and copied is what is seen. Nothing may hide text: no colour but
the layout's, no size or place outside the page; what else lies on the page is asked by `page_geometry`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from hocba_app.forms.fonts import FACES, Face
from hocba_app.forms.page import (
    INK,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    PALE_RULE,
    RULE,
    SOFT_INK,
    STATE_RED,
    TINT,
    colour_operands,
)
from hocba_app.forms.pdf_file import to_unicode, widths
from hocba_app.pki.not_shown import NotShown

_SIZE = rb"[0-9]{1,4}+(?:\.[0-9]{1,2}+)?+"
_N = rb"-?" + _SIZE
_TEXT_COLOURS, _RULE_COLOURS = (
    b"(?:%b)" % b"|".join(re.escape(colour_operands(each).encode()) for each in colours)
    for colours in ((INK, SOFT_INK, STATE_RED), (RULE, PALE_RULE, STATE_RED, INK))
)
_RULE = rb"q (?:\[0\.6 1\.8\] 0 d 1 J )?%b w %b RG (%b) (%b) m (?:\1 %b|%b \2) l S Q" % (
    _SIZE,
    _RULE_COLOURS,
    _N,
    _N,
    _N,
    _N,
)
_TINTED = rb"q %b rg %b %b %b %b re f Q" % (re.escape(colour_operands(TINT).encode()), _N, _N, _N, _N)
_FRAME = rb"q %b w %b RG %b %b %b %b re S Q" % (_SIZE, _RULE_COLOURS, _N, _N, _N, _N)
_ORNAMENT = rb"q %b rg %b %b %b %b re f Q" % (re.escape(colour_operands(STATE_RED).encode()), _N, _N, _N, _N)
_PICTURE = rb"q %b 0 0 %b %b %b cm /(?:Qr|Photo) Do Q" % (_SIZE, _SIZE, _N, _N)
_SHOWN = re.compile(
    rb"(?:/([A-Z]) (%b) Tf|(%b) rg|(%b) (%b) Td <((?:[0-9A-F]{4})++)> Tj)\n" % (_SIZE, _TEXT_COLOURS, _N, _N)
)
TEXT_BEGINS = b"BT\n"
"""What parts a page's drawing from its texts."""
_AROUND_FONT, _AROUND_COLOUR, _AROUND_TEXT = len(b"/  Tf\n"), len(b" rg\n"), len(b"  Td <> Tj\n")
"""Bytes of such lines besides what differs."""


_DRAWING = re.compile(rb"(?:(?:%b)\n)*+" % b"|".join([_RULE, _FRAME, _TINTED, _ORNAMENT, _PICTURE]))
_SMALLEST, _LARGEST = 5.0, 60.0
"""Points: a long ground to sign by, and the word on the cover."""
_PAIR = re.compile(rb"<([0-9A-F]{4})> <((?:[0-9A-F]{4}){1,4})>")
_CODE_SPACE = b"<0000> <FFFF>"
_FACES = {face.name: face for face in FACES}


class Table(dict[int, str]):
    """Glyph number to the letter it shows.

    Args:
        letters: by number.
        face: the typeface's name.
    """

    def __init__(self, letters: Mapping[int, str], face: str) -> None:
        super().__init__(letters)
        self.face = face

    def __missing__(self, glyph: int) -> str:
        raise NotShown("glyph")


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
        try:
            glyphs = bytes.fromhex(self.codes.decode("ascii")).decode("utf-16-be")  # one unit a glyph
        except UnicodeDecodeError as error:
            raise NotShown("glyph") from error
        return glyphs.translate(self.table)


def font_table(name: str, program: bytes, look: str, widths_said: bytes, map_said: bytes) -> tuple[str, Table]:
    """What the glyphs of an embedded typeface show.

    Args:
        name: of the typeface, without its tag.
        program: TrueType.
        look: the numbers of its descriptor.
        widths_said: the font's ``/W``.
        map_said: the font's ``/ToUnicode``.

    Returns:
        The typeface's key on our pages, and the letters.

    Raises:
        NotShown: it is not one of ours, shows something else than its map says, or is wider than it says.
    """
    face = _FACES.get(name)
    if face is None or look not in face.looks:
        raise NotShown("typeface")
    pairs = _PAIRS[name]
    known = [pairs[line] for line in map_said.split(b"\n") if line.startswith(b"<") and line != _CODE_SPACE]
    letters = Table({each.glyph: each.letter for each in known}, name)
    if len(letters) != len(known) or to_unicode(letters) != map_said:
        raise NotShown("map of a typeface")
    if b" ".join([each.width for each in known]) != widths_said:  # in the map's order, which is that of the glyphs
        raise NotShown("widths of a typeface")
    if not face.is_subset(program, set(letters)):
        raise NotShown("outlines of a typeface")
    return face.key, letters


class _Pair(NamedTuple):
    """A line of a map that is true."""

    glyph: int
    letter: str
    width: bytes


class _Pairs(dict[bytes, _Pair]):
    """The true lines of a typeface's map met so far, no more than it has letters."""

    def __init__(self, face: Face) -> None:
        super().__init__()
        self._face = face

    def __missing__(self, line: bytes) -> _Pair:
        found = _PAIR.fullmatch(line)
        if found is None:
            raise NotShown("map of a typeface")
        glyph = int(found.group(1), 16)
        try:
            letter = bytes.fromhex(found.group(2).decode()).decode("utf-16-be")
        except UnicodeDecodeError as error:
            raise NotShown("letter") from error
        if not self._face.shows(letter, glyph):
            raise NotShown("letter")
        pair = _Pair(glyph, letter, widths(self._face, [glyph]).encode("ascii"))
        self[line] = pair
        return pair


_PAIRS = {face.name: _Pairs(face) for face in FACES}


def page_texts(content: bytes, fonts: Mapping[str, Table]) -> list[ShownText]:
    """The texts of a page in the order they are drawn.

    Args:
        content: the page's content stream.
        fonts: tables by key, of :func:`font_table`.

    Raises:
        NotShown: it is not what our layout draws, or some of it cannot be seen.
    """
    drawing, _, showing = content.partition(TEXT_BEGINS)
    if not showing.endswith(b"ET") or not _DRAWING.fullmatch(drawing):
        raise NotShown("page content")
    texts: list[ShownText] = []
    table, size, coloured = None, 0.0, False
    x = y = 0.0
    found = _SHOWN.findall(showing)
    length = len(b"ET") + len(b"".join(map(b"".join, found)))
    for key, points, _, right, up, codes in found:
        if codes:
            x += float(right)
            y += float(up)
            if table is None or not coloured or not (0 <= x <= PAGE_WIDTH and 0 <= y <= PAGE_HEIGHT):
                raise NotShown("place of a text")
            texts.append(ShownText(codes, table, x, y, size))
        elif key:
            length += _AROUND_FONT
            table, size = fonts.get(key.decode()), float(points)
            if table is None or not _SMALLEST <= size <= _LARGEST:
                raise NotShown("typeface or size")
        else:
            length += _AROUND_COLOUR
            coloured = True
    if length + len(texts) * _AROUND_TEXT != len(showing):  # something is between the lines of the layout
        raise NotShown("page content")
    return texts
