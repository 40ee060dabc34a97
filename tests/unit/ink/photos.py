"""Photos of signatures as teachers take them, drawn here: a known stroke on a known sheet, and then what goes wrong."""

from __future__ import annotations

import io
import math

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (1200, 800)


def strokes(seed: int = 1, *, width: int = 8, size: tuple[int, int] = SIZE) -> Image.Image:
    """The truth: white strokes on black, a signature of loops with a flourish."""
    rng = np.random.default_rng(seed)
    picture = Image.new("L", size, 0)
    draw = ImageDraw.Draw(picture)
    phase, loops = rng.uniform(0, 3), rng.uniform(4, 7)
    line = [
        (
            size[0] * (0.3 + 0.36 * t) + 34 * math.sin(loops * 6.28 * t + phase),
            size[1] * (0.55 - 0.1 * t) + 72 * math.cos(loops * 6.28 * t),
        )
        for t in np.linspace(0, 1, 400)
    ]
    draw.line(line, fill=255, width=width, joint="curve")
    draw.line(
        [(size[0] * 0.33, size[1] * 0.69), (size[0] * 0.55, size[1] * 0.66), (size[0] * 0.7, size[1] * 0.58)],
        fill=255,
        width=width,
        joint="curve",
    )
    return picture


def on_paper(
    truth: Image.Image,
    *,
    ink: tuple[int, int, int] = (28, 44, 150),
    paper: tuple[int, int, int] = (236, 232, 222),
    noise: float = 3.0,
) -> np.ndarray:
    """The strokes in ink on a sheet, as floats."""
    sheet = np.empty((truth.height, truth.width, 3), np.float32)
    sheet[:] = paper
    covered = (np.asarray(truth.filter(ImageFilter.GaussianBlur(0.8)), np.float32) / 255)[..., None]
    sheet = sheet * (1 - covered) + np.asarray(ink, np.float32) * covered
    return sheet + np.random.default_rng(7).normal(0, noise, sheet.shape).astype(np.float32)


def shaded(sheet: np.ndarray, corners: list[tuple[int, int]], *, dark: float = 0.42, blur: int = 9) -> np.ndarray:
    """A shadow of that outline: it takes light and keeps the colour."""
    shadow = Image.new("L", (sheet.shape[1], sheet.shape[0]), 0)
    ImageDraw.Draw(shadow).polygon(corners, fill=255)
    covered = np.asarray(shadow.filter(ImageFilter.GaussianBlur(blur)), np.float32)[..., None] / 255
    return sheet * (1 - covered * (1 - dark))


def ruled(
    sheet: np.ndarray,
    step: int = 58,
    *,
    upright: bool = False,
    slope: float = 0.0,
    colour: tuple[int, int, int] = (150, 178, 205),
    thick: int = 2,
) -> np.ndarray:
    """Lines printed on the sheet under the strokes."""
    height, width = sheet.shape[:2]
    lines = np.full(sheet.shape, 255, np.uint8)
    span = width if upright else height
    for at in range(step // 2 - 200, span + 200, step):
        ends = (
            ((at, 0), (at + round(slope * height), height))
            if upright
            else ((0, at), (width, at + round(slope * width)))
        )
        cv2.line(lines, *ends, colour, thick, cv2.LINE_AA)
    return np.minimum(sheet, sheet * (lines.astype(np.float32) / 255))


def on_table(
    sheet: np.ndarray, table: tuple[int, int, int] = (70, 44, 34), border: int = 140, turn: float = 0.0
) -> np.ndarray:
    """The sheet lying on a table with some grain, perhaps askew."""
    height, width = sheet.shape[0] + 2 * border, sheet.shape[1] + 2 * border
    wood = np.random.default_rng(3).normal(0, 9, (height, 1, 1)) + np.asarray(table, np.float32)
    photo = np.broadcast_to(wood, (height, width, 3)).astype(np.float32).copy()
    whole = np.zeros((height, width), np.uint8)
    whole[border:-border, border:-border] = 255
    photo[border:-border, border:-border] = sheet
    if turn:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
        turned, where = cv2.warpAffine(photo, matrix, (width, height)), cv2.warpAffine(whole, matrix, (width, height))
        photo = np.where(where[..., None] > 127, turned, np.broadcast_to(wood, photo.shape))
    return photo


def stamped(
    sheet: np.ndarray, at: tuple[int, int] = (700, 300), radius: int = 170, colour: tuple[int, int, int] = (215, 60, 70)
) -> np.ndarray:
    """A round red stamp set across what is written: its ink lets the strokes below show."""
    stamp = Image.new("L", (sheet.shape[1], sheet.shape[0]), 0)
    draw = ImageDraw.Draw(stamp)
    x, y = at
    for share, width in ((1.0, 8), (0.7, 4)):
        reach = radius * share
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=255, width=width)
    draw.regular_polygon((x, y, radius * 0.35), 5, fill=255)
    covered = np.asarray(stamp.filter(ImageFilter.GaussianBlur(0.8)), np.float32)[..., None] / 255
    return sheet * (1 - covered + covered * np.asarray(colour, np.float32) / 255)


def jpeg(pixels: np.ndarray, quality: int = 88) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
