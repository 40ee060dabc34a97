"""Makes the font of names under signatures, writer version 3: Tinos, as the forms are set in, cut to the letters names need.

Run once, with fontTools; its two files are frozen with the writer's version, because updates name glyphs by number and verification replays them. A row without a letter is a part of
other glyphs.
"""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "assets" / "fonts" / "pdf" / "Tinos-Regular.ttf"
COMBINED = ROOT / "assets" / "fonts" / "pdf" / "combinations.json"
FOLDER = ROOT / "assets" / "fonts" / "signature"


def main() -> None:
    """Write `subset-2.ttf` and `glyphs-2.json`."""
    if (FOLDER / "subset-2.ttf").exists():
        sys.exit("subset-2.ttf is frozen; another cut is writer version 4")
    font = TTFont(SOURCE)
    characters = font.getBestCmap()
    letters: dict[str, str] = {
        chr(code): name for code, name in characters.items() if not unicodedata.combining(chr(code))
    }
    letters = {each: name for each, name in letters.items() if _is_wanted(each)}
    for text, glyph in json.loads(COMBINED.read_text(encoding="ascii"))[SOURCE.name].items():
        composed = unicodedata.normalize("NFC", text)
        if composed.endswith("\u0306") and composed[0] in "âêôơưÂÊÔƠƯ":  # Ê Đê, Gia Rai, Ba Na
            letters[composed] = font.getGlyphName(glyph)
    options = subset.Options()
    options.hinting, options.layout_features, options.notdef_outline = False, [], True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "name", "OS/2", "post", "cmap", "DSIG", "gasp", "kern"]
    cutter = subset.Subsetter(options)
    cutter.populate(glyphs=list(letters.values()))
    order_before = font.getGlyphOrder()
    cutter.subset(font)
    order = font.getGlyphOrder()
    assert set(order) <= set(order_before)
    scale = 1000 / font["head"].unitsPerEm
    table: list[list[object]] = [
        [each, order.index(name), round(font["hmtx"][name][0] * scale)] for each, name in sorted(letters.items())
    ]
    parts = [name for name in order[1:] if name not in set(letters.values())]
    table += [["", order.index(name), round(font["hmtx"][name][0] * scale)] for name in parts]
    font.recalcTimestamp = False
    out = io.BytesIO()
    font.save(out)
    (FOLDER / "subset-2.ttf").write_bytes(out.getvalue())
    (FOLDER / "glyphs-2.json").write_text(
        json.dumps(table, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )


def _is_wanted(letter: str) -> bool:
    """Letters of Vietnam and Europe, digits, and what stands between them in names, titles and times."""
    code = ord(letter)
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0x180 or 0x1EA0 <= code < 0x1EFA or letter in "ƠơƯưƀɃʼʻ’‘“”–—…"


if __name__ == "__main__":
    main()
