"""Append letters to the typefaces of the forms; the numbers of the glyphs that are there already stay.

Run with fontTools, from the root of the repository, once for each extension; what it needs is named in
``assets/fonts/pdf/README.md``:

    python scripts/extend_pdf_fonts.py FOLDER_OF_TINOS DEJAVU_SANS_TTF
"""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from pathlib import Path
from typing import Any

from fontTools.misc.transform import Transform
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

FONTS = Path("assets/fonts/pdf")
FACES = {
    "Tinos-Regular.ttf": "400Regular/Tinos_400Regular.ttf",
    "Tinos-Bold.ttf": "700Bold/Tinos_700Bold.ttf",
    "Tinos-Italic.ttf": "400Regular_Italic/Tinos_400Regular_Italic.ttf",
}
LETTERS = "ʼʻˀɓɗɣƔƊƁ‑▪■□●○◦▫√≈≠⅓⅔⅛→←↑↓►◄◊"
"""From Tinos itself: the apostrophe letters of H'Mông and Ê Đê, hooked letters, bullets and signs that Word pastes."""
SYMBOLS = "✓✔✗✘☐☑☒⇒★☆➢➤❖"
"""From DejaVu Sans: ticks, boxes and bullets."""
BASES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZăâđêôơưƀĕĭŏŭĂÂĐÊÔƠƯɃĔĬŎŬ"
MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0308\u0309\u030c\u0323\u0331"
"""What the Latin alphabets of the Central Highlands and the Chăm put on letters that may carry a mark already (ê̆, ô̆, ơ̆, ư̆)."""
BELOW = "\u0323\u0331"
GAP, GAP_ABOVE_MARK = 150, 60
"""Between a small letter and its mark, as Tinos has it, and above a capital or another mark; units of 1/2048 em."""
COMBINATIONS = FONTS / "combinations.json"


def outline(font: TTFont, name: str, change: Transform) -> Any:
    """A glyph of a font as a simple outline, moved or scaled."""
    glyphs = font.getGlyphSet()
    recorded = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(recorded)
    pen = TTGlyphPen(None)
    recorded.replay(TransformPen(pen, change))
    return pen.glyph()


def add(font: TTFont, name: str, glyph: Any, advance: int) -> None:
    """One more glyph at the end."""
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"].glyphs[name] = glyph
    font["glyf"].glyphOrder = font.getGlyphOrder()
    glyph.recalcBounds(font["glyf"])
    font["hmtx"].metrics[name] = (advance, getattr(glyph, "xMin", 0))


def combinations() -> list[str]:
    """Letter and mark where Unicode has no single letter for them."""
    pairs = [base + mark for base in BASES for mark in MARKS]
    return [pair for pair in pairs if len(unicodedata.normalize("NFC", pair)) == 2]


def compose(font: TTFont, pair: str, slant: float) -> tuple[Any, int]:
    """A letter with its mark centred above it: over the bowl, not over the horn of ơ and ư."""
    names = font.getBestCmap()
    glyf = font["glyf"]
    base, mark = names[ord(pair[0])], names[ord(pair[1])]
    bowl = {"ơ": "o", "Ơ": "O", "ư": "u", "Ư": "U"}.get(pair[0], pair[0])
    under, over = glyf[names[ord(bowl)]], glyf[mark]
    if pair[1] in BELOW:
        up = min(under.yMin, 0) + (0 if under.yMin > -100 else -GAP_ABOVE_MARK - over.yMax)
    else:
        carries = len(unicodedata.normalize("NFD", bowl)) > 1
        up = under.yMax + (GAP_ABOVE_MARK if carries or bowl.isupper() else GAP) - over.yMin
    middle = (under.xMin + under.xMax) / 2 - (over.xMin + over.xMax) / 2
    across = round(middle + slant * ((over.yMin + over.yMax) / 2 + up - (under.yMin + under.yMax) / 2))
    pen = TTGlyphPen(font.getGlyphSet())
    pen.addComponent(base, (1, 0, 0, 1, 0, 0))
    pen.addComponent(mark, (1, 0, 0, 1, across, up))
    return pen.glyph(), font["hmtx"].metrics[base][0]


def extend(path: Path, whole: TTFont, symbols: TTFont) -> dict[str, int]:
    """One face; gives back the glyph of each combination."""
    font = TTFont(path, recalcTimestamp=False)
    for letters, source in ((LETTERS, whole), (SYMBOLS, symbols)):
        scale = font["head"].unitsPerEm / source["head"].unitsPerEm
        for letter in letters:
            if ord(letter) in font.getBestCmap():
                continue
            name = source.getBestCmap()[ord(letter)]
            added = f"uni{ord(letter):04X}"
            glyph = outline(source, name, Transform(scale, 0, 0, scale, 0, 0))
            add(font, added, glyph, round(source["hmtx"].metrics[name][0] * scale))
            for each in font["cmap"].tables:
                if each.isUnicode():
                    each.cmap[ord(letter)] = added
    found = {}
    slant = math.tan(math.radians(-font["post"].italicAngle))
    for pair in combinations():
        glyph, advance = compose(font, pair, slant)
        found[pair] = len(font.getGlyphOrder())
        add(font, "uni" + "".join(f"{ord(letter):04X}" for letter in pair), glyph, advance)
    font["maxp"].recalc(font)
    font["hhea"].recalc(font)
    font.save(path)
    return found


if __name__ == "__main__":
    folder, dejavu = Path(sys.argv[1]), TTFont(sys.argv[2])
    made = {name: extend(FONTS / name, TTFont(folder / of), dejavu) for name, of in FACES.items()}
    COMBINATIONS.write_text(json.dumps(made, indent=0) + "\n", encoding="ascii")
