"""The pupil's photo: checked against the snapshot, brought to 3×4 and a printable size."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence

from PIL import Image, ImageOps, UnidentifiedImageError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import LimitExceeded, Limits, decode_one
from hocba_app.forms.pdf_file import Picture

WIDTH, HEIGHT = 354, 472
"""30 x 40 mm at 300 dots an inch."""
MAX_PIXELS = 25_000_000
LIMITS = Limits(seconds=20, memory=640 * 1024 * 1024, output=4 * 1024 * 1024)


def photo_picture(photo: bytes | None, sha256: str | None) -> Picture | None:
    """The photo as the file stores it, or None where the snapshot names none.

    A JPEG that is already small and 3x4 is stored as it is: encoding again only loses.

    Raises:
        HocbaError: FORM_PHOTO_MISMATCH (not the photo the snapshot names), FORM_PHOTO_UNREADABLE, IMAGE_TOO_LARGE.
    """
    if sha256 is None and photo is None:
        return None
    if photo is None or sha256 is None or hashlib.sha256(photo).hexdigest() != sha256:
        raise HocbaError(ErrorCode.FORM_PHOTO_MISMATCH)
    try:
        with Image.open(io.BytesIO(photo), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise HocbaError(ErrorCode.IMAGE_TOO_LARGE, megapixels=MAX_PIXELS // 1_000_000)
            if _is_fit(image):
                image.load()
                return Picture(image.width, image.height, "DeviceRGB", 8, "DCTDecode", photo)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise HocbaError(ErrorCode.FORM_PHOTO_UNREADABLE) from None
    try:
        return Picture(
            WIDTH, HEIGHT, "DeviceRGB", 8, "DCTDecode", decode_one(brought_to_size, [photo], limits=LIMITS)[1]
        )
    except LimitExceeded:
        raise HocbaError(ErrorCode.FORM_PHOTO_UNREADABLE) from None


def _is_fit(image: Image.Image) -> bool:
    upright = image.getexif().get(0x0112, 1) == 1
    small = image.width <= WIDTH and image.height <= HEIGHT
    return image.format == "JPEG" and image.mode == "RGB" and upright and small and image.width * 4 == image.height * 3


def brought_to_size(files: Sequence[bytes]) -> Iterator[tuple[None, bytes]]:
    """In a child: the picture as a JPEG of the printed size, upright, on white."""
    with Image.open(io.BytesIO(files[0]), formats=("JPEG", "PNG")) as image:
        yield None, _fitted(image)


def _fitted(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    paper = Image.new("RGBA", upright.size, "white")
    paper.alpha_composite(upright)
    fitted = ImageOps.fit(paper.convert("RGB"), (WIDTH, HEIGHT), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    out = io.BytesIO()
    fitted.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()
