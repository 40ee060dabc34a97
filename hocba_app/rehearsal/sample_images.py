"""Pictures that replace paper: a signature in blue ink for everybody, the school's round red seal."""

from __future__ import annotations

import io
import math
import random
import zipfile
from collections.abc import Iterable

from PIL import Image, ImageDraw

_BLUE, _RED, _PAPER = (28, 52, 150), (200, 24, 30), (250, 249, 246)


def drawn_signature(seed: str) -> bytes:
    """A scrawl as a PNG, another one for every seed and always the same for one."""
    rng = random.Random(seed)  # noqa: S311 - a drawing
    picture = Image.new("RGB", (640, 260), _PAPER)
    pen = ImageDraw.Draw(picture)
    loops, slant, height = rng.randint(4, 8), rng.uniform(-0.25, 0.25), rng.uniform(55, 85)
    phase, breadth = rng.uniform(0, math.tau), rng.uniform(30, 55)
    points = []
    for step in range(401):
        t = step / 400
        angle = phase + t * loops * math.tau
        envelope = height * (0.45 + 0.55 * math.sin(math.pi * t) ** 2) * (1 - 0.5 * t)
        points.append(
            (60 + 500 * t + breadth * math.cos(angle), 140 + envelope * math.sin(angle) + slant * 120 * (t - 0.5))
        )
    pen.line(points, fill=_BLUE, width=rng.randint(4, 6), joint="curve")
    start = rng.uniform(60, 140)
    pen.line([(start, 225), (330, 205), (start + 430, 218)], fill=_BLUE, width=4, joint="curve")
    return _png(picture)


def drawn_seal() -> bytes:
    """A round seal as a PNG: two rings and a star."""
    picture = Image.new("RGB", (720, 720), _PAPER)
    pen = ImageDraw.Draw(picture)
    for radius, width in ((330, 14), (235, 6)):
        pen.ellipse([360 - radius, 360 - radius, 360 + radius, 360 + radius], outline=_RED, width=width)
    star = [
        (360 + reach * math.sin(index * math.pi / 5), 360 - reach * math.cos(index * math.pi / 5))
        for index in range(10)
        for reach in ([130, 52][index % 2],)
    ]
    pen.polygon(star, fill=_RED)
    for index in range(36):
        angle = index * math.tau / 36
        x, y = 360 + 282 * math.cos(angle), 360 + 282 * math.sin(angle)
        pen.ellipse([x - 9, y - 9, x + 9, y + 9], fill=_RED)
    return _png(picture)


def zipped_signatures(codes: Iterable[str]) -> bytes:
    """One zip of signatures, each named by its staff code, as an office would upload it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for code in codes:
            archive.writestr(f"{code}.png", drawn_signature(code))
    return out.getvalue()


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
