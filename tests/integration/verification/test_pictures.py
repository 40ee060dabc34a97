"""No page is drawn by the verifier: it compares outlines and places instead. Here poppler and MuPDF draw, and show that they do.

Of an honest page, whatever is read from it, drawn again by FreeType, is the picture that both show – nothing more, nothing less. Every kind
of lie that changes the picture (or the words under it) is refused by the reader.
"""

from __future__ import annotations

import functools
import io
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hocba_app.forms.fonts import FACES, FONT_FOLDER
from hocba_app.forms.page import PAGE_HEIGHT
from hocba_app.forms.render import render
from hocba_app.pki.not_shown import NotShown
from hocba_app.verification.layout_grammar import HEADER, Layout, read_layout
from hocba_app.verification.page_geometry import boxes_of
from hocba_app.verification.strict_pdf_objects import read_objects, unpack
from tests import samples
from tests.integration.verification.judging import small_snapshot
from tests.integration.verification.layout_lies import LIES, relaid
from tests.missing_tools import need

DPI = 100
SCALE = DPI / 72
COMMANDS = {
    "poppler": ["pdftoppm", "-r", str(DPI), "-gray", "IN", "OUT"],
    "MuPDF": ["mutool", "draw", "-q", "-r", str(DPI), "-c", "rgb", "-o", "OUT-%d.ppm", "IN"],
}
WORDS = {"poppler": ["pdftotext", "-q", "IN", "-"], "MuPDF": ["mutool", "draw", "-q", "-F", "txt", "IN"]}
NOTHING_TO_SEE = {
    "a typeface of tall lines": "neither reader goes by it; another may",
    "a typeface that says it is wider": "the same",
    "a typeface of few points": "the same",
    "two pictures of one name": "the same picture twice",
    "a layer that is off": "a layer nobody knows is shown",
    "a typeface of its own": "a name says nothing to them",
    "text beyond the page": "nor does what lies there",
    "colours that mean white": "both take the colours as they are; Acrobat and MuPDF's viewer may go by the profile",
}
"""Lies that neither reader shows: refused because another reader may."""
PALE = 160
"""Of rules and pictures: readers draw them more or less dark, so they must be there, and need not be found."""
STRAY = 8
"""Points: less than the smallest letter has."""
Picture = NDArray[np.uint8]


def run(command: list[str], file: bytes) -> tuple[bytes, list[Picture]]:
    """What a reader says and draws."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "in.pdf", Path(folder) / "out"
        given.write_bytes(file)
        words = [word.replace("IN", str(given)).replace("OUT", str(out)) for word in command]
        said = subprocess.run(words, capture_output=True, timeout=60, check=False).stdout
        return said, [
            np.asarray(Image.open(io.BytesIO(each.read_bytes())).convert("L"))
            for each in sorted(Path(folder).glob("out*"))
        ]


def drawn(tool: str, file: bytes) -> list[Picture]:
    return run(COMMANDS[tool], file)[1]


def shown(tool: str, file: bytes) -> tuple[list[Picture], bytes]:
    return drawn(tool, file), b"".join(run(WORDS[tool], file)[0].split())


# --- what is read is what is drawn --------------------------------------------------------------------------------


def drawings(file: bytes) -> Iterator[bytes]:
    """What is drawn on each page besides its texts."""
    for each in read_objects(file, len(HEADER))[0]:
        if each.data is not None and each.line.startswith(b"<< /Filter /FlateDecode"):
            content = unpack(each.data, 4 << 20)
            if b"BT\n" in content:
                yield content.partition(b"BT\n")[0]


@functools.cache
def typeface(name: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT_FOLDER / f"{name}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


def drawn_again(layout: Layout, page: int, drawing: bytes, size: tuple[int, int]) -> Picture:
    """A page from what the reader made of it: letters at their places, rules, frames; pictures as grey boxes."""
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)

    def place(x: float, y: float) -> tuple[float, float]:
        return x * SCALE, (PAGE_HEIGHT - y) * SCALE

    for line in drawing.decode("ascii").splitlines():
        parts = line.split()
        if parts[-2] == "Do":
            (x, y), (w, h) = map(float, parts[-6:-4]), (float(parts[-10]), float(parts[-7]))
            pen.rectangle((*place(x, y + h), *place(x + w, y)), fill=PALE)
        elif parts[-3] == "l":
            pen.line((*place(*map(float, parts[-8:-6])), *place(*map(float, parts[-5:-3]))), fill=PALE, width=1)
        elif parts[-2] == "S":
            x, y, w, h = map(float, parts[-7:-3])
            pen.rectangle((*place(x, y + h), *place(x + w, y)), outline=PALE)
        elif parts[1] != "0.955":
            x, y, w, h = map(float, parts[-7:-3])
            pen.rectangle((*place(x, y + h), *place(x + w, y)), fill=60)
    faces = {face.name: face for face in FACES}
    for text in layout.texts[page]:
        face, x = faces[text.table.face], text.left
        font = typeface(text.table.face, text.size * SCALE)
        for at in range(0, len(text.codes), 4):
            glyph = int(text.codes[at : at + 4], 16)
            pen.text(place(x, text.baseline), text.table[glyph], fill=0, font=font, anchor="ls")
            x += face.advances[glyph] * text.size
    return np.asarray(picture)


def uncovered(one: Picture, other: Picture) -> int:
    """Dark points of one picture that have nothing dark near them in the other."""
    near = np.asarray(Image.fromarray(other).filter(ImageFilter.MinFilter(7)))
    dark = one < 140
    return int((dark & (near > 200)).sum())


HONEST = {
    "cover": samples.cover_snapshot,
    "history": samples.history_snapshot,
    "results": samples.results_snapshot,
    "primary": samples.primary_snapshot,
    "upper secondary": samples.upper_snapshot,
    "until 2025": samples.tt26_snapshot,
    "history, newest": lambda: samples.in_newest_form(samples.history_snapshot()),
    "results, newest": lambda: samples.in_newest_form(samples.results_snapshot()),
    "primary, newest": lambda: samples.in_newest_form(samples.primary_snapshot()),
}


@pytest.mark.parametrize("tool", COMMANDS)
@pytest.mark.parametrize("kind", HONEST)
def test_what_is_read_drawn_again_is_the_picture(tool: str, kind: str) -> None:
    need("pdftotext")
    need("mutool")
    file = render(HONEST[kind]()).pdf
    layout = read_layout(file)
    pictures = drawn(tool, file)
    assert len(pictures) == len(layout.texts)
    for page, (picture, drawing) in enumerate(zip(pictures, drawings(file), strict=True)):
        again = drawn_again(layout, page, drawing, (picture.shape[1], picture.shape[0]))
        assert uncovered(picture, again) <= STRAY, "something is drawn that was not read"
        assert uncovered(again, picture) <= STRAY, "something was read that is not drawn"


def test_the_comparison_would_tell() -> None:
    """One mark more, or one less."""
    need("pdftotext")
    file = render(samples.results_snapshot()).pdf
    layout = read_layout(file)
    picture, drawing = drawn("poppler", file)[0], next(drawings(file))
    size = (picture.shape[1], picture.shape[0])
    number = next(
        at for at, text in enumerate(layout.texts[0]) if text.text.replace(",", "").isdigit() and text.baseline < 600
    )
    missing = layout.texts[0].pop(number)
    assert uncovered(picture, drawn_again(layout, 0, drawing, size)) > STRAY
    layout.texts[0].insert(number, missing._replace(baseline=missing.baseline - 40, left=missing.left + 5))
    assert uncovered(drawn_again(layout, 0, drawing, size), picture) > STRAY


# --- lies ---------------------------------------------------------------------------------------------------------


@functools.cache
def honest_results() -> tuple[bytes, dict[str, tuple[list[Picture], bytes]]]:
    file = render(small_snapshot()).pdf
    return file, {tool: shown(tool, file) for tool in COMMANDS}


def differs(one: tuple[list[Picture], bytes], other: tuple[list[Picture], bytes]) -> bool:
    (pictures, words), (others, other_words) = one, other
    if words != other_words or [each.shape for each in pictures] != [each.shape for each in others]:
        return True
    return any((np.abs(a.astype(int) - b) > 100).sum() > 3 for a, b in zip(pictures, others, strict=True))


@pytest.mark.parametrize("kind", LIES)
def test_every_lie_that_a_picture_would_tell_is_refused(kind: str) -> None:
    need("pdftotext")
    need("mutool")
    _, truth = honest_results()
    file = relaid(render(small_snapshot()), LIES[kind]).pdf
    seen = [tool for tool in COMMANDS if differs(shown(tool, file), truth[tool])]
    assert bool(seen) == (kind not in NOTHING_TO_SEE), seen
    if kind != "no code in the foot":  # our own page all the same: what it lacks is told by the manifest
        with pytest.raises(NotShown):
            read_layout(file)


def test_honest_texts_stand_apart() -> None:
    for make in (
        *HONEST.values(),
        samples.demanding_snapshot,
        samples.demanding_primary_snapshot,
        samples.reassessed_snapshot,
    ):
        layout = read_layout(render(make()).pdf)
        for texts, boxes in zip(layout.texts, layout.boxes, strict=True):
            assert (boxes == boxes_of(texts)).all() and len(boxes) == len(texts)
