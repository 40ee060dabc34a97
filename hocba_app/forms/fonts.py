"""The three faces of the forms: widths for the layout, glyph numbers for the page, a subset for the file.

Glyph numbers are kept in the subset (unused outlines are left out, their numbers stay), so the code of a letter never
depends on what else is on the page: encoded text can be cached, and equal text gives equal bytes in every document.

A letter is what one glyph shows: mostly one character; a base with a mark where Unicode has no single character for it
(ê̆ of Ê Đê, ơ̆ of Gia Rai) is one letter too.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import operator
import re
import struct
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.pdfbase.ttfonts import TTFontFile, TTFontMaker

from hocba_app.domain.errors import ErrorCode, HocbaError

FONT_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "pdf"
_MARKS = re.compile("[\u0300-\u036f]")
_LETTERS = re.compile("[^\u0300-\u036f][\u0300-\u036f]+|.", re.DOTALL)
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"

# Flags of a composite glyph's component record (OpenType `glyf`).
_WORDS, _SCALE, _MORE, _XY_SCALE, _TWO_BY_TWO = 0x01, 0x08, 0x20, 0x40, 0x80


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a PDF font descriptor says, in thousandths of an em."""

    ascent: int
    descent: int
    cap_height: int
    bbox: tuple[int, int, int, int]
    italic_angle: float
    stem_v: int
    flags: int

    def __str__(self) -> str:
        """As a font descriptor writes it."""
        return (
            f"/Flags {self.flags} /FontBBox [{' '.join(map(str, self.bbox))}] /ItalicAngle {self.italic_angle:g} "
            f"/Ascent {self.ascent} /Descent {self.descent} /CapHeight {self.cap_height} /StemV {self.stem_v}"
        )


class Face:
    """One TrueType face, read once per process and never changed afterwards.

    Args:
        key: resource name on a page (``R``, ``B``, ``I``).
        path: the TrueType file.
    """

    def __init__(self, key: str, path: Path) -> None:
        font = TTFontFile(str(path))
        self.key = key
        self.name: str = font.name.decode() if isinstance(font.name, bytes) else str(font.name)
        self.descriptor = Descriptor(
            round(font.ascent),
            round(font.descent),
            round(font.capHeight),
            tuple(round(edge) for edge in font.bbox),
            float(font.italicAngle),
            round(font.stemV),
            0x46 if font.italicAngle else 0x06,
        )
        glyph_of: dict[int, int] = font.charToGlyph
        self._units = font.unitsPerEm
        self._advances = [int(advance) for advance, _ in font.hmetrics]
        self._metrics = [struct.pack(">Hh", int(advance), _signed(int(bearing))) for advance, bearing in font.hmetrics]
        self._metric_words = array("I", b"".join(self._metrics))
        outlines = font.get_table("glyf")
        self._outlines = [_padded(outlines[a:b]) for a, b in zip(font.glyphPos, font.glyphPos[1:], strict=False)]
        self._parts = [self._closure(glyph) for glyph in range(len(self._outlines))]
        self._kept_tables = {tag: font.get_table(tag) for tag in ("head", "hhea", "maxp")}
        self.looks, self._cuts = _known_cuts(self.name)
        self._glyph_of = {chr(code): glyph for code, glyph in glyph_of.items() if glyph and not _MARKS.match(chr(code))}
        self._glyph_of[NO_BREAK_SPACE] = self._glyph_of[" "]
        combined = json.loads((FONT_FOLDER / "combinations.json").read_text(encoding="ascii")).get(path.name, {})
        self._glyph_of |= {unicodedata.normalize("NFC", letter): glyph for letter, glyph in combined.items()}
        self._width_of = {letter: self._advances[glyph] / self._units for letter, glyph in self._glyph_of.items()}
        self._hex_of = {letter: f"{glyph:04X}" for letter, glyph in self._glyph_of.items()}

    def width(self, text: str, size: float) -> float:
        """Advance width of ``text`` in points.

        Raises:
            HocbaError: FORM_TEXT_UNSUPPORTED when the face lacks a letter.
        """
        return _ems(self, text) * size

    def ems(self, text: str) -> float:
        """Advance width in ems, uncached; see :meth:`width`."""
        try:
            return sum(map(self._width_of.__getitem__, self.letters(text)))
        except KeyError as missing:
            raise _unsupported(missing.args[0]) from None

    def encode(self, text: str) -> str:
        """``text`` as the hexadecimal glyph string a page shows (Identity-H)."""
        return _hex(self, text)

    def hex_codes(self, text: str) -> str:
        """The glyph numbers, uncached; see :meth:`encode`."""
        try:
            return "".join(map(self._hex_of.__getitem__, self.letters(text)))
        except KeyError as missing:
            raise _unsupported(missing.args[0]) from None

    def letters(self, text: str) -> Sequence[str]:
        """A text in letters. Marks belong to the letter before them: by themselves they would be drawn beside it."""
        return text if text.isascii() or not _MARKS.search(text) else _LETTERS.findall(text)

    @property
    def single_letters(self) -> list[str]:
        """The letters of one character."""
        return [letter for letter in self._glyph_of if len(letter) == 1]

    def missing(self, text: str) -> list[str]:
        """The letters of a text that the face lacks, each once: what :meth:`width` refuses."""
        return list(dict.fromkeys(letter for letter in self.letters(text) if letter not in self._glyph_of))

    def glyph(self, letter: str) -> int:
        """Glyph number of one letter the face is known to have."""
        return self._glyph_of[letter]

    def shows(self, letter: str, glyph: int) -> bool:
        """Whether a letter is drawn by this glyph."""
        return self._glyph_of.get(letter) == glyph

    def thousandths(self, glyph: int) -> float:
        """A glyph's advance as PDF wants it, thousandths of an em."""
        return round(self._advances[glyph] * 1000 / self._units, 2)

    @property
    def advances(self) -> list[float]:
        """Advance of every glyph, ems."""
        return [advance / self._units for advance in self._advances]

    @property
    def cut(self) -> dict[str, str]:
        """This cut's line in ``cuts.json``."""
        tables = self._kept_tables
        return {"descriptor": str(self.descriptor), "tables": _cut(tables["head"], tables["hhea"], tables["maxp"])}

    def subset(self, glyphs: set[int]) -> bytes:
        """A TrueType program with the outlines of ``glyphs`` (and their parts) at their original numbers."""
        wanted = sorted({0}.union(*(self._parts[glyph] for glyph in glyphs)))
        metrics = bytearray(4 * len(self._metrics))
        # Outlines are padded to four bytes, so the short format of offsets (halves) holds up to 128 KiB.
        offsets, outlines, end = array("H"), [], 0
        for glyph in wanted:  # a hundred of three thousand: the others are left out by what lies between
            metrics[4 * glyph : 4 * glyph + 4] = self._metrics[glyph]
            offsets.extend([end // 2] * (glyph + 1 - len(offsets)))
            outlines.append(self._outlines[glyph])
            end += len(outlines[-1])
        offsets.extend([end // 2] * (len(self._outlines) + 1 - len(offsets)))
        offsets.byteswap()
        font = TTFontMaker()
        head = self._kept_tables["head"]
        font.add("head", head[:50] + b"\0\0" + head[52:])
        hhea = self._kept_tables["hhea"]
        font.add("hhea", hhea[:34] + struct.pack(">H", len(self._metrics)))
        font.add("maxp", self._kept_tables["maxp"])
        font.add("hmtx", bytes(metrics))
        font.add("loca", offsets.tobytes())
        font.add("glyf", b"".join(outlines))
        return font.makeStream()

    def is_subset(self, program: bytes, glyphs: set[int]) -> bool:
        """Whether a TrueType program has the outlines of ``glyphs`` as this face draws them, and no others.

        It may be of an earlier cut of the face: glyphs were only ever added behind the others.
        """
        tables = _tables(program)
        if tables is None:
            return False
        head, outlines, metrics = tables[b"head"], tables[b"glyf"], tables[b"hmtx"]
        count = int.from_bytes(tables[b"maxp"][4:6], "big")
        if _cut(head, tables[b"hhea"], tables[b"maxp"]) not in self._cuts or len(tables[b"loca"]) % 2:
            return False
        offsets = array("H", tables[b"loca"])
        offsets.byteswap()
        wanted = {0}.union(*(self._parts[glyph] for glyph in glyphs))
        if (head[50:52], len(offsets), max(wanted) < count) != (b"\0\0", count + 1, True):
            return False
        if (
            tables[b"hhea"][34:36] != struct.pack(">H", count)
            or len(metrics) < 4 * count
            or count > len(self._outlines)
        ):
            return False
        glyphs_there = sorted(wanted)
        pick = operator.itemgetter(0, *glyphs_there)  # .notdef twice, so that there are always several
        after = operator.itemgetter(*[glyph + 1 for glyph in (0, *glyphs_there)])
        shapes = pick(self._outlines)[1:]
        ends = list(itertools.accumulate([len(shape) // 2 for shape in shapes], initial=0))
        return (
            pick(offsets)[1:] == tuple(ends[:-1])
            and after(offsets)[1:] == tuple(ends[1:])
            and offsets[count] == ends[-1]  # nothing lies between, before or behind them
            and outlines.startswith(b"".join(shapes))
            and pick(array("I", metrics[: 4 * count]))[1:] == pick(self._metric_words)[1:]
        )

    def _closure(self, glyph: int) -> frozenset[int]:
        """The glyph and, for a composite one (most accented letters), every part it is put together from."""
        outline = self._outlines[glyph]
        found = {glyph}
        if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
            return frozenset(found)
        at, flags = 10, _MORE
        while flags & _MORE:
            flags, part = struct.unpack_from(">HH", outline, at)
            found |= self._closure(part)
            at += 8 if flags & _WORDS else 6
            at += 2 if flags & _SCALE else 4 if flags & _XY_SCALE else 8 if flags & _TWO_BY_TWO else 0
        return frozenset(found)


_DIRECTORY = struct.Struct(">4sIII")
_TAGS = [b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp"]


def _tables(program: bytes) -> dict[bytes, bytes] | None:
    """The tables of a subset, each once, one behind the other and nothing else: of two of a name readers take different ones."""
    at = 12 + 16 * len(_TAGS)
    if program[:6] != b"\0\1\0\0" + len(_TAGS).to_bytes(2, "big") or len(program) < at:
        return None
    found: dict[bytes, bytes] = {}
    for wanted, (tag, _, offset, length) in zip(_TAGS, _DIRECTORY.iter_unpack(program[12:at]), strict=True):
        if (tag, offset) != (wanted, at):
            return None
        found[tag] = program[at : at + length]
        at += length + -length % 4
    return found if at == len(program) else None


def _cut(head: bytes, hhea: bytes, maxp: bytes) -> str:
    """What tells one cut of a face from another, less what depends on the glyphs that a subset keeps."""
    return hashlib.sha256(head[:8] + head[12:50] + head[52:] + hhea[:34] + maxp).hexdigest()


def _known_cuts(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Of every cut that records were made with: its font descriptor's numbers, and the tables that a reader goes by."""
    known = json.loads((FONT_FOLDER / "cuts.json").read_text(encoding="ascii")).get(name, [])
    return frozenset(cut["descriptor"] for cut in known), frozenset(cut["tables"] for cut in known)


@functools.lru_cache(maxsize=20_000)
def _ems(face: Face, text: str) -> float:
    return face.ems(text)


@functools.lru_cache(maxsize=20_000)
def _hex(face: Face, text: str) -> str:
    return face.hex_codes(text)


def _signed(value: int) -> int:
    return value - 0x10000 if value > 0x7FFF else value


def _padded(outline: bytes) -> bytes:
    return outline + b"\0" * (-len(outline) % 4)


def letter_words(letter: str) -> str:
    """A letter as the office may look for it: its number, and as it is shown where it can be."""
    numbers = " ".join(f"U+{ord(part):04X}" for part in letter)
    return f"«{letter}» {numbers}" if letter.isprintable() else numbers


def _unsupported(letter: str) -> HocbaError:
    return HocbaError(ErrorCode.FORM_TEXT_UNSUPPORTED, place="nội dung học bạ", character=letter_words(letter))


REGULAR = Face("R", FONT_FOLDER / "Tinos-Regular.ttf")
BOLD = Face("B", FONT_FOLDER / "Tinos-Bold.ttf")
ITALIC = Face("I", FONT_FOLDER / "Tinos-Italic.ttf")
FACES = (REGULAR, BOLD, ITALIC)
