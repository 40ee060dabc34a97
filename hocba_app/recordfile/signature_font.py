"""The font of names in signatures: one subset with every Vietnamese letter, embedded once in each base (writer version 1).

The subset and its code table are frozen assets: updates name glyphs by number, and verification replays them.
"""

from __future__ import annotations

import json
import unicodedata
import zlib
from functools import cache, lru_cache
from pathlib import Path

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.pdf_syntax import obj, ref, stream

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "signature"
NAME = b"HBSIGN+BeVietnamPro-Regular"


@cache
def _glyphs() -> dict[str, tuple[int, int]]:
    """Character → (glyph number, advance in 1/1000 em)."""
    table = json.loads((ASSETS / "glyphs-1.json").read_text(encoding="utf-8"))
    return {character: (number, advance) for character, number, advance in table}


def glyph_hex(text: str) -> bytes:
    """The text as a hex string of glyph numbers.

    Raises:
        HocbaError: SIGNATURE_TEXT_UNSUPPORTED names the first character the font lacks.
    """
    glyphs = _glyphs()
    try:
        return b"<" + "".join(f"{glyphs[character][0]:04X}" for character in text).encode() + b">"
    except KeyError as error:
        raise HocbaError(ErrorCode.SIGNATURE_TEXT_UNSUPPORTED, character=error.args[0]) from None


_ALIKE = {"ʼ": "’", "ʻ": "‘", "ƀ": "b", "Ƀ": "B"}


def drawable(text: str) -> str:
    """A name as this font can draw it: a letter of the Central Highlands' alphabets that it lacks (ŭ, ơ̆, ƀ) by its plain one.

    The subset is frozen with the writer's versions; what a signature means is said by its certificate, which has the name whole.
    """
    glyphs = _glyphs()
    found = []
    for letter in unicodedata.normalize("NFC", text):
        alike = letter if letter in glyphs else _ALIKE.get(letter, "")
        if not alike and (plain := unicodedata.normalize("NFD", letter)[0]) in glyphs:
            alike = plain
        found.append(alike or ("" if unicodedata.combining(letter) else letter))
    return "".join(found)


def missing_letters(text: str) -> list[str]:
    """The letters of a name that :func:`glyph_hex` refuses even as :func:`drawable` writes it."""
    return [letter for letter in dict.fromkeys(drawable(text)) if letter not in _glyphs()]


def text_width(text: str, size: float) -> float:
    """Width of a text in points; unknown characters count as an em."""
    glyphs = _glyphs()
    return sum(glyphs[character][1] if character in glyphs else 1000 for character in text) * size / 1000


@lru_cache(maxsize=256)
def font_objects(first: int) -> tuple[tuple[int, bytes], ...]:
    """The font's five objects, numbered from ``first``; the first of them is the font itself."""
    return tuple(
        (first + index, build(first)) for index, build in enumerate((_type0, _cid, _descriptor, _file, _to_unicode))
    )


def _type0(first: int) -> bytes:
    return obj(
        first,
        b"<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%s] /ToUnicode %s>>"
        % (NAME, ref(first + 1), ref(first + 4)),
    )


def _cid(first: int) -> bytes:
    # Characters may share a glyph; the table is by glyph number, without gaps from 1 (0 is "no such character").
    widths = b" ".join(b"%d" % advance for _, advance in sorted(set(_glyphs().values())))
    return obj(
        first + 1,
        b"<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) "
        b"/Supplement 0>> /FontDescriptor %s /CIDToGIDMap /Identity /DW 500 /W [1 [%s]]>>"
        % (NAME, ref(first + 2), widths),
    )


def _descriptor(first: int) -> bytes:
    return obj(
        first + 2,
        b"<</Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [-600 -400 2000 1200] /ItalicAngle 0 /Ascent 1000 "
        b"/Descent -265 /CapHeight 700 /StemV 80 /FontFile2 %s>>" % (NAME, ref(first + 3)),
    )


@cache
def _font_file() -> tuple[int, bytes]:
    data = (ASSETS / "subset-1.ttf").read_bytes()
    return len(data), zlib.compress(data, 9)


def _file(first: int) -> bytes:
    length, packed = _font_file()
    return stream(first + 3, b"/Filter /FlateDecode /Length1 %d" % length, packed)


@cache
def _cmap() -> bytes:
    pairs = [
        f"<{number:04X}> <{ord(character):04X}>"
        for character, (number, _) in sorted(_glyphs().items(), key=lambda e: (e[1], e[0]))
    ]
    blocks = []
    for start in range(0, len(pairs), 100):
        block = pairs[start : start + 100]
        blocks.append(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar")
    text = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) "
        "/Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\n"
        "endcodespacerange\n" + "\n".join(blocks) + "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )
    return zlib.compress(text.encode(), 9)


def _to_unicode(first: int) -> bytes:
    return stream(first + 4, b"/Filter /FlateDecode", _cmap())
