"""A drawn 3×4 portrait that differs from pupil to pupil: no real face is shown."""

from __future__ import annotations

import io
from random import Random

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 354, 472
"""30 × 40 mm at 300 dots an inch."""
_BACKGROUNDS = ((214, 230, 245), (235, 240, 245), (180, 208, 235), (240, 236, 228))
_SKINS = ((244, 214, 188), (236, 198, 166), (226, 184, 148), (210, 164, 126), (188, 142, 106))
_HAIR = ((24, 20, 20), (40, 30, 26), (58, 42, 34), (30, 30, 38))
_CLOTHES = ((250, 250, 252), (236, 242, 250), (246, 246, 238))
_SCARF = (206, 32, 40)


def portrait(seed: str, *, girl: bool) -> bytes:
    """A JPEG of 7–12 KB, the same for the same seed."""
    draw_of = Random(seed)  # noqa: S311 - drawn faces, not secrets
    picture = Image.new("RGB", (WIDTH, HEIGHT), draw_of.choice(_BACKGROUNDS))
    pen = ImageDraw.Draw(picture)
    skin, hair = draw_of.choice(_SKINS), draw_of.choice(_HAIR)
    middle, top = 177 + draw_of.randrange(-8, 9), 112 + draw_of.randrange(-10, 11)
    half_width, height = draw_of.randrange(72, 90), draw_of.randrange(196, 226)
    if girl:
        length = draw_of.randrange(120, 300)
        pen.ellipse(
            (middle - half_width - 22, top - 34, middle + half_width + 22, top + height + length - 90), fill=hair
        )
    shade = tuple(int(part * 0.9) for part in skin)
    pen.rectangle((middle - 30, top + height - 40, middle + 30, top + height + 50), fill=shade)
    shoulders = top + height + 30
    pen.ellipse((middle - 165, shoulders, middle + 165, shoulders + 260), fill=draw_of.choice(_CLOTHES))
    pen.polygon(((middle - 46, shoulders + 4), (middle, shoulders + 74), (middle + 46, shoulders + 4)), fill=skin)
    if draw_of.random() < 0.7:
        pen.polygon(
            (
                (middle - 54, shoulders),
                (middle, shoulders + 70),
                (middle - 8, shoulders + 96),
                (middle - 70, shoulders + 16),
            ),
            fill=_SCARF,
        )
        pen.polygon(
            (
                (middle + 54, shoulders),
                (middle, shoulders + 70),
                (middle + 8, shoulders + 96),
                (middle + 70, shoulders + 16),
            ),
            fill=_SCARF,
        )
    for side in (-1, 1):
        ear = middle + side * half_width
        pen.ellipse((ear - 14, top + 92, ear + 14, top + 136), fill=shade)
    pen.ellipse((middle - half_width, top, middle + half_width, top + height), fill=skin)
    fringe = draw_of.randrange(34, 66)
    pen.pieslice(
        (middle - half_width - 8, top - 30, middle + half_width + 8, top + 2 * fringe + 60), 180, 360, fill=hair
    )
    if draw_of.random() < 0.5:
        pen.polygon(
            (
                (middle - half_width, top + 60),
                (middle + draw_of.randrange(-30, 40), top + 16),
                (middle + half_width, top + 60),
            ),
            fill=hair,
        )
    _features(pen, draw_of, middle, top, height, hair)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=72, dpi=(300, 300))
    return out.getvalue()


def _features(
    pen: ImageDraw.ImageDraw, draw_of: Random, middle: int, top: int, height: int, hair: tuple[int, ...]
) -> None:
    eyes, apart, wide = top + int(height * 0.46), draw_of.randrange(30, 40), draw_of.randrange(12, 17)
    tall, tilt = draw_of.randrange(7, 11), draw_of.randrange(-3, 4)
    glasses = draw_of.random() < 0.25
    for side in (-1, 1):
        x = middle + side * apart
        pen.ellipse((x - wide, eyes - tall, x + wide, eyes + tall), fill=(252, 252, 252))
        pen.ellipse((x - 7, eyes - 7, x + 7, eyes + 7), fill=(36, 26, 22))
        pen.line((x - 18, eyes - 22 + side * tilt, x + 18, eyes - 22 - side * tilt), fill=hair, width=5)
        if glasses:
            pen.ellipse((x - 26, eyes - 20, x + 26, eyes + 20), outline=(60, 60, 70), width=3)
    pen.arc((middle - 12, eyes + 18, middle + 12, eyes + 46), 20, 160, fill=(150, 106, 84), width=4)
    smile, mouth = draw_of.randrange(20, 34), top + int(height * 0.76)
    pen.arc((middle - smile, mouth - 18, middle + smile, mouth + 12), 25, 155, fill=(176, 70, 70), width=5)
