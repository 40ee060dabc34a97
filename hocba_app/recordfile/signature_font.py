"""The font of names in signatures: one subset with every Vietnamese letter, embedded once in each base.

The subset and its code table are frozen assets: updates name glyphs by number, and verification replays them.
"""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.pdf_syntax import obj, ref, stream

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "signature"
_ALIKE = {"ʼ": "’", "ʻ": "‘", "ƀ": "b", "Ƀ": "B"}
_MARKS = re.compile("[\u0300-\u036f]")
_LETTERS = re.compile("[^\u0300-\u036f][\u0300-\u036f]+|.", re.DOTALL)


class SignatureFace:
    """One frozen subset. A letter is what one glyph shows: a character, or a base with a mark that Unicode does not compose.

    Args:
        cut: number of its two files.
        name: of the font in the file.
        entries: of its descriptor.
    """

    def __init__(self, cut: int, name: bytes, entries: bytes) -> None:
        self._cut, self._name, self._entries = cut, name, entries

    @cached_property
    def _glyphs(self) -> dict[str, tuple[int, int]]:
        """Letter → (glyph number, advance in 1/1000 em)."""
        return {letter: (number, advance) for letter, number, advance in self._table if letter}

    @cached_property
    def _table(self) -> list[tuple[str, int, int]]:
        return [tuple(row) for row in json.loads((ASSETS / f"glyphs-{self._cut}.json").read_text(encoding="utf-8"))]

    @cached_property
    def letters(self) -> dict[bytes, str]:
        """Glyph number, four hex digits → a letter drawn with it. Which of several does not matter: they look the same."""
        return {f"{number:04X}".encode(): letter for letter, (number, _) in self._glyphs.items()}

    def glyph_hex(self, text: str) -> bytes:
        """The text as a hex string of glyph numbers.

        Raises:
            HocbaError: SIGNATURE_TEXT_UNSUPPORTED names the first letter the font lacks.
        """
        try:
            return b"<" + "".join(f"{self._glyphs[letter][0]:04X}" for letter in _letters(text)).encode() + b">"
        except KeyError as error:
            raise HocbaError(ErrorCode.SIGNATURE_TEXT_UNSUPPORTED, character=error.args[0]) from None

    def drawable(self, text: str) -> str:
        """A name as this font can draw it: a letter of the Central Highlands' alphabets that it lacks (ŭ, ơ̆, ƀ) by its plain one.

        The subset is frozen with the writer's versions; what a signature means is said by its certificate, which has the name whole.
        """
        found = []
        for letter in _letters(unicodedata.normalize("NFC", text)):
            alike = letter if letter in self._glyphs else "".join(map(self._nearest, letter))
            found.append(alike)
        return "".join(found)

    def _nearest(self, letter: str) -> str:
        alike = letter if letter in self._glyphs else _ALIKE.get(letter, "")
        if not alike and (plain := unicodedata.normalize("NFD", letter)[0]) in self._glyphs:
            alike = plain
        return alike or ("" if unicodedata.combining(letter) else letter)

    def missing_letters(self, text: str) -> list[str]:
        """The letters of a name that :meth:`glyph_hex` refuses even as :meth:`drawable` writes it."""
        return [letter for letter in dict.fromkeys(_letters(self.drawable(text))) if letter not in self._glyphs]

    def text_width(self, text: str, size: float) -> float:
        """Width of a text in points; unknown letters count as an em."""
        glyphs = self._glyphs
        return sum(glyphs[letter][1] if letter in glyphs else 1000 for letter in _letters(text)) * size / 1000

    def objects(self, first: int) -> tuple[tuple[int, bytes], ...]:
        """The font's five objects, numbered from ``first``; the first of them is the font itself."""
        return _objects(self, first)

    def parts(self, first: int) -> Iterator[bytes]:
        """The same, in their order."""
        yield obj(
            first,
            b"<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%s] /ToUnicode %s>>"
            % (self._name, ref(first + 1), ref(first + 4)),
        )
        # Letters may share a glyph; the table is by glyph number, without gaps from 1 (0 is "no such character").
        widths = b" ".join(
            b"%d" % advance for _, advance in sorted({(number, wide) for _, number, wide in self._table})
        )
        yield obj(
            first + 1,
            b"<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) "
            b"/Supplement 0>> /FontDescriptor %s /CIDToGIDMap /Identity /DW 500 /W [1 [%s]]>>"
            % (self._name, ref(first + 2), widths),
        )
        yield obj(
            first + 2,
            b"<</Type /FontDescriptor /FontName /%s /Flags 4 %s /FontFile2 %s>>"
            % (self._name, self._entries, ref(first + 3)),
        )
        data = (ASSETS / f"subset-{self._cut}.ttf").read_bytes()
        yield stream(first + 3, b"/Filter /FlateDecode /Length1 %d" % len(data), zlib.compress(data, 9))
        yield stream(first + 4, b"/Filter /FlateDecode", zlib.compress(self._cmap().encode(), 9))

    def _cmap(self) -> str:
        pairs = [
            f"<{number:04X}> <{letter.encode('utf-16-be').hex().upper()}>"
            for letter, (number, _) in sorted(self._glyphs.items(), key=lambda e: (e[1], e[0]))
        ]
        blocks = []
        for start in range(0, len(pairs), 100):
            block = pairs[start : start + 100]
            blocks.append(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar")
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) "
            "/Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\n"
            "endcodespacerange\n"
            + "\n".join(blocks)
            + "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
        )


def _letters(text: str) -> Sequence[str]:
    return text if text.isascii() or not _MARKS.search(text) else _LETTERS.findall(text)


@lru_cache(maxsize=256)
def _objects(face: SignatureFace, first: int) -> tuple[tuple[int, bytes], ...]:
    return tuple(enumerate(face.parts(first), first))


_FIRST = SignatureFace(
    1,
    b"HBSIGN+BeVietnamPro-Regular",
    b"/FontBBox [-600 -400 2000 1200] /ItalicAngle 0 /Ascent 1000 /Descent -265 /CapHeight 700 /StemV 80",
)
_SECOND = SignatureFace(
    2,
    b"HBSIGN+Tinos-Regular",
    b"/FontBBox [-200 -400 2000 1200] /ItalicAngle 0 /Ascent 891 /Descent -216 /CapHeight 662 /StemV 80",
)


def signature_face(writer: int) -> SignatureFace:
    """The font of a writer's version: since version 3 names are set in the face of the forms."""
    return _FIRST if writer < 3 else _SECOND
