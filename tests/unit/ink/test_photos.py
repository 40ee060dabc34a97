"""Kinds of photos that came out as tiny ink in a large box, or not at all: what is drawn on records holds strokes only."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.signature_image import Adjust, seal_image, signature_image
from tests.refusals import refused
from tests.unit.ink import photos

pytestmark = pytest.mark.slow  # a third of the time of all unit tests

TRUTH = photos.strokes()
LEFT_HALF = [(0, 0), (600, 0), (650, 800), (0, 800)]


def assert_strokes_only(data: bytes, adjust: Adjust | None = None, truth: Image.Image = TRUTH) -> None:
    """What was found lies on the drawn strokes, and they are all there."""
    image, preview = signature_image(data, adjust or Adjust())
    found = 255 - np.asarray(Image.open(io.BytesIO(preview)).convert("L"), np.int32)
    box = truth.getbbox()
    assert box is not None
    expected = truth.crop(box)
    ratio = image.width / image.height
    assert ratio == pytest.approx(expected.width / expected.height, rel=0.12), (
        "the crop holds more than the strokes, or less"
    )
    grown = np.asarray(expected.filter(ImageFilter.MaxFilter(23)).resize((image.width, image.height)), np.int32) > 40
    core = np.asarray(expected.resize((image.width, image.height)), np.int32) > 150
    inked = found > 0.4 * found.max()
    near = np.asarray(Image.fromarray((inked * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(9))) > 0
    assert (inked & grown).sum() >= 0.96 * inked.sum(), "ink where nobody wrote"
    assert (core & near).sum() >= 0.93 * core.sum(), "strokes are missing"


@pytest.mark.parametrize("strength", ["light", "normal", "strong"])
@pytest.mark.parametrize(
    "photo",
    [
        pytest.param(lambda: photos.on_paper(TRUTH), id="plain"),
        pytest.param(lambda: photos.on_paper(TRUTH, ink=(30, 30, 34)), id="black ink"),
        pytest.param(lambda: photos.on_table(photos.on_paper(TRUTH)), id="table"),
        pytest.param(lambda: photos.on_table(photos.on_paper(TRUTH), table=(30, 30, 32)), id="black table"),
    ],
)
def test_what_needs_no_help(photo: object, strength: str) -> None:
    assert_strokes_only(photos.jpeg(photo()), Adjust(strength=strength))  # type: ignore[operator]


@pytest.mark.parametrize("turn", [-6, 3])
def test_a_sheet_that_lies_askew(turn: int) -> None:
    assert_strokes_only(
        photos.jpeg(photos.on_table(photos.on_paper(TRUTH), turn=turn)),
        truth=TRUTH.rotate(turn, Image.Resampling.BICUBIC),
    )


@pytest.mark.parametrize("blur", [1, 6, 25])
def test_a_shadow_with_a_sharp_edge(blur: int) -> None:
    sheet = photos.on_paper(TRUTH)
    assert_strokes_only(photos.jpeg(photos.shaded(sheet, LEFT_HALF, blur=blur)))
    assert_strokes_only(photos.jpeg(photos.shaded(sheet, [(0, 240), (720, 150), (880, 800), (0, 800)], blur=blur)))


@pytest.mark.parametrize("slope", [0.0, 0.02, -0.04])
def test_ruled_and_squared_paper(slope: float) -> None:
    lined = photos.ruled(photos.on_paper(TRUTH), slope=slope)
    assert_strokes_only(photos.jpeg(lined))
    assert_strokes_only(photos.jpeg(lined), Adjust(strength="strong"))
    squared = photos.ruled(photos.ruled(photos.on_paper(TRUTH), 40, slope=slope), 40, upright=True, slope=-slope)
    assert_strokes_only(photos.jpeg(squared), Adjust(strength="strong"))


def test_ruled_paper_on_a_table_in_half_shadow() -> None:
    sheet = photos.shaded(photos.ruled(photos.on_paper(TRUTH)), LEFT_HALF, dark=0.6)
    assert_strokes_only(
        photos.jpeg(photos.on_table(sheet, turn=2)),
        Adjust(strength="strong"),
        TRUTH.rotate(2, Image.Resampling.BICUBIC),
    )


def test_faint_pencil_is_held_by_light() -> None:
    assert_strokes_only(
        photos.jpeg(photos.on_paper(TRUTH, ink=(140, 140, 142), paper=(172, 172, 172), noise=1.0)),
        Adjust(strength="light"),
    )


def test_a_picture_made_in_dark_mode() -> None:
    assert_strokes_only(
        photos.png(
            Image.composite(Image.new("RGB", TRUTH.size, "white"), Image.new("RGB", TRUTH.size, (20, 20, 22)), TRUTH)
        )
    )


def test_deep_and_indexed_pictures() -> None:
    grey = np.asarray(TRUTH, np.float32)
    deep = (60000 - grey / 255 * 50000).astype(np.uint16)
    assert_strokes_only(photos.png(Image.fromarray(deep)))
    plain = Image.composite(Image.new("RGB", TRUTH.size, (20, 30, 140)), Image.new("RGB", TRUTH.size, "white"), TRUTH)
    assert_strokes_only(photos.png(plain.quantize(16)))
    clear = Image.new("RGBA", TRUTH.size, (20, 30, 140, 0))
    clear.putalpha(TRUTH)
    assert_strokes_only(photos.png(clear))
    out = io.BytesIO()
    clear.quantize(16, method=Image.Quantize.FASTOCTREE).save(out, "PNG")
    assert_strokes_only(out.getvalue())
    assert_strokes_only(photos.png(plain.convert("1")))


def test_a_photo_of_an_iphone() -> None:
    from pillow_heif import from_pillow

    out = io.BytesIO()
    from_pillow(Image.fromarray(np.clip(photos.on_paper(TRUTH), 0, 255).astype(np.uint8))).save(out, quality=80)
    assert_strokes_only(out.getvalue())


def saved(picture: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


PHOTO = Image.fromarray(np.clip(photos.on_paper(TRUTH), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("orientation", "turn"), [(6, 90), (8, -90), (3, 180)])
def test_a_phone_that_was_held_otherwise(kind: str, orientation: int, turn: int) -> None:
    told = Image.Exif()
    told[0x112] = orientation
    assert_strokes_only(saved(PHOTO.rotate(turn, expand=True), kind, exif=told))


def test_a_large_photo_keeps_its_turn() -> None:
    told = Image.Exif()
    told[0x112] = 6
    assert_strokes_only(saved(PHOTO.resize((4800, 3200)).rotate(90, expand=True), "JPEG", exif=told))


def test_kinds_that_browsers_and_scanners_save() -> None:
    assert_strokes_only(saved(PHOTO.convert("CMYK"), "JPEG"))
    assert_strokes_only(saved(PHOTO.convert("L"), "JPEG"))
    assert_strokes_only(saved(PHOTO, "BMP"))
    assert_strokes_only(saved(PHOTO, "WEBP"))
    blank = Image.new("RGB", photos.SIZE, "white")
    for kind in ("GIF", "WEBP"):
        assert_strokes_only(saved(PHOTO.quantize(64).convert("RGB"), kind, save_all=True, append_images=[blank]))


@pytest.mark.parametrize("ink", [(28, 44, 150), (30, 30, 34)], ids=["blue", "black"])
@pytest.mark.parametrize("at", [(700, 300), (420, 500), (250, 250)], ids=["across", "below", "beside"])
def test_a_stamp_set_across_the_signature_is_no_part_of_it(ink: tuple[int, int, int], at: tuple[int, int]) -> None:
    photo = photos.jpeg(photos.stamped(photos.on_paper(TRUTH, ink=ink), at))
    assert_strokes_only(photo)
    red, _, blue = signature_image(photo)[0].colour
    assert red < blue + 40


def test_red_ink_alone_stays_red() -> None:
    photo = photos.jpeg(photos.on_paper(TRUTH, ink=(190, 40, 40)))
    assert_strokes_only(photo)
    red, green, _ = signature_image(photo)[0].colour
    assert red > green + 60


@pytest.mark.parametrize("turn", [0, 4])
def test_the_four_lined_paper_of_schools(turn: int) -> None:
    sheet = photos.on_paper(TRUTH)
    for step, colour, thick in ((12, (215, 215, 240), 1), (48, (150, 150, 215), 2)):
        for upright in (False, True):
            sheet = photos.ruled(sheet, step, upright=upright, colour=colour, thick=thick)
    photo = photos.on_table(sheet, turn=turn) if turn else sheet
    assert_strokes_only(photos.jpeg(photo), Adjust(strength="strong"), TRUTH.rotate(turn, Image.Resampling.BICUBIC))


def test_light_that_falls_off_and_a_yellow_lamp() -> None:
    falling = (0.35 + 0.65 * np.arange(1200, dtype=np.float32) / 1200)[None, :, None]
    sheet = photos.on_paper(TRUTH)
    assert_strokes_only(photos.jpeg(sheet * falling))
    assert_strokes_only(photos.jpeg(sheet * np.asarray((1.0, 0.86, 0.55), np.float32)))


@pytest.mark.parametrize(("width", "size"), [(2, photos.SIZE), (3, (3000, 2000))])
def test_a_thin_ballpoint(width: int, size: tuple[int, int]) -> None:
    image, _ = signature_image(
        photos.jpeg(photos.on_paper(photos.strokes(width=width, size=size), ink=(60, 70, 150)), 60)
    )
    assert 1.7 < image.width / image.height < 2.3


def test_a_screenshot_of_a_dark_note_loses_its_bars() -> None:
    screen = Image.new("RGB", (1080, 2200), (18, 18, 18))
    small = TRUTH.resize((900, 600))
    screen.paste((245, 245, 245), (90, 800), small)
    draw = ImageDraw.Draw(screen)
    draw.text((40, 30), "10:24   Ghi chu   87%", fill=(230, 230, 230), font_size=36)
    draw.text((40, 2120), "Luu    Chia se   Xoa", fill=(230, 230, 230), font_size=36)
    assert_strokes_only(photos.png(screen), truth=small)


def test_dirt_far_from_the_strokes_does_not_widen_the_crop() -> None:
    sheet = photos.on_paper(TRUTH)
    sheet[40:48, 60:66] = (60, 60, 60)
    sheet[720:726, 1100:1112] = (40, 40, 90)
    sheet[:, 1192:] = (20, 20, 20)
    assert_strokes_only(photos.jpeg(sheet))


def test_a_frame_drawn_by_hand_holds_the_strokes() -> None:
    sheet = photos.on_paper(TRUTH)
    sheet[710:770, 80:1100] *= np.random.default_rng(1).uniform(0.2, 1.0, (60, 1020, 1)).astype(np.float32)
    assert_strokes_only(photos.jpeg(sheet), Adjust(left=10, right=10, top=20, bottom=15))


@pytest.mark.parametrize("cut", [{"left": -1}, {"left": 60, "right": 40}, {"top": 101}])
def test_a_frame_that_leaves_nothing_is_refused(cut: dict[str, int]) -> None:
    assert refused(Adjust, **cut) is ErrorCode.INVALID_INPUT


def test_what_is_refused_says_what_to_do() -> None:
    with pytest.raises(HocbaError) as empty:
        signature_image(photos.jpeg(photos.on_paper(Image.new("L", photos.SIZE, 0))))
    assert empty.value.code is ErrorCode.IMAGE_EMPTY and "giấy trắng" in empty.value.sentence
    page = Image.new("L", photos.SIZE, 0)
    for row in range(30, 760, 34):
        ImageDraw.Draw(page).text(
            (60, row), "Cộng hòa xã hội chủ nghĩa Việt Nam – Độc lập " * 2, fill=255, font_size=22
        )
    with pytest.raises(HocbaError) as busy:
        signature_image(photos.jpeg(photos.on_paper(page)))
    assert busy.value.code is ErrorCode.IMAGE_TOO_BUSY and "giấy trắng" in busy.value.sentence


def test_a_seal_keeps_its_star_on_a_table() -> None:
    seal = Image.new("L", photos.SIZE, 0)
    draw = ImageDraw.Draw(seal)
    draw.ellipse((400, 200, 800, 600), outline=255, width=12)
    draw.regular_polygon((600, 400, 72), 5, fill=255)
    image, preview = seal_image(photos.jpeg(photos.on_table(photos.on_paper(seal, ink=(205, 40, 50)))))
    assert 0.95 <= image.width / image.height <= 1.05
    middle = np.asarray(Image.open(io.BytesIO(preview)).convert("RGB"))[image.height // 2, image.width // 2]
    assert middle[0] > middle[1] + 60, "the star is full and red"


def drawn_lines(*ends: tuple[int, int, int, int], thick: int = 3) -> np.ndarray:
    sheet = photos.on_paper(TRUTH)
    for left, top, right, bottom in ends:
        cv2.line(sheet, (left, top), (right, bottom), (80, 80, 80), thick, cv2.LINE_AA)
    return sheet


def in_pieces() -> Image.Image:
    """A ball pen that slips."""
    grain = cv2.GaussianBlur(np.random.default_rng(5).random((800, 1200)).astype(np.float32), (0, 0), 4)
    kept = np.asarray(photos.strokes(6, width=5)) * (grain > np.percentile(grain, 12))
    return Image.fromarray(kept.astype(np.uint8))


def deep(bits: int) -> bytes:
    grey = photos.on_paper(TRUTH, noise=0).clip(0, 255).mean(axis=2)
    return photos.png(Image.fromarray((grey * (2**bits - 1) / 255).astype(np.uint16)))


def white_ink() -> bytes:
    picture = Image.new("RGBA", TRUTH.size, (255, 255, 255, 0))
    picture.putalpha(TRUTH)
    return photos.png(picture)


def scanned(size: tuple[int, int], mode: str = "RGB") -> bytes:
    photo = Image.fromarray(photos.on_paper(TRUTH).clip(0, 255).astype(np.uint8))
    return photos.png(photo.resize(size, Image.Resampling.LANCZOS).convert(mode))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            lambda: photos.jpeg(photos.shaded(photos.on_paper(TRUTH), [(0, 240), (720, 150), (880, 800), (0, 800)], dark=0.25, blur=2)),
            id="a shadow over more than half is no dark mode",
        ),
        pytest.param(lambda: photos.jpeg(drawn_lines((40, 600, 1160, 600))), id="line of a form"),
        pytest.param(lambda: photos.jpeg(drawn_lines((30, 590, 1180, 630), (30, 690, 1180, 730))), id="lines askew"),
        pytest.param(lambda: photos.jpeg(drawn_lines((40, 520, 1160, 500), thick=2)), id="a line through the strokes"),
        pytest.param(lambda: deep(10), id="10 bits"),
        pytest.param(lambda: deep(14), id="14 bits"),
        pytest.param(white_ink, id="white ink on nothing"),
        pytest.param(lambda: scanned(TRUTH.size, "1"), id="black and white dots"),
        pytest.param(lambda: scanned((300, 200)), id="a small picture"),
    ],
)  # fmt: skip
def test_photos_that_came_out_as_noise_or_not_at_all(data: object) -> None:
    assert_strokes_only(data())  # type: ignore[operator]


def test_a_signature_in_pieces_is_kept_whole() -> None:
    pieces = in_pieces()
    assert_strokes_only(photos.jpeg(photos.on_paper(pieces)), truth=pieces)


def test_a_long_stroke_under_a_signature_is_no_line_of_a_form() -> None:
    part = (350, 330, 860, 580)
    photo = Image.fromarray(photos.on_paper(TRUTH).clip(0, 255).astype(np.uint8)).crop(part)
    assert_strokes_only(photos.png(photo), truth=TRUTH.crop(part))


@pytest.mark.parametrize("kind", ["shadow", "lines"])
def test_a_seal_is_red_and_nothing_else(kind: str) -> None:
    stamp = photos.stamped(np.full((900, 900, 3), 255, np.float32), (450, 450), 330, (255, 0, 0))
    truth = Image.fromarray((255 - stamp[..., 1]).clip(0, 255).astype(np.uint8))
    sheet = photos.stamped(photos.on_paper(Image.new("L", (900, 900), 0)), (450, 450), 330)
    sheet = photos.ruled(sheet) if kind == "lines" else photos.shaded(sheet, [(0, 0), (450, 0), (500, 900), (0, 900)])
    image, preview = seal_image(photos.jpeg(sheet))
    found = 255 - np.asarray(Image.open(io.BytesIO(preview)).convert("L"), np.int32) > 60
    box = truth.getbbox()
    assert box is not None and image.width / image.height == pytest.approx(1, rel=0.05)
    expected = np.asarray(truth.crop(box).resize((image.width, image.height)), np.int32) > 100
    near = [cv2.dilate(each.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0 for each in (found, expected)]
    assert (expected & near[0]).sum() > 0.93 * expected.sum(), "parts of the seal are missing"
    assert (found & ~near[1]).sum() < 0.02 * found.sum(), "something else than the seal"
