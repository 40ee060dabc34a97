"""The pupil's photo: checked against the snapshot, brought to 3×4 and a printable size."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageOps, UnidentifiedImageError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.pdf_file import Picture

WIDTH, HEIGHT = 354, 472
"""30 x 40 mm at 300 dots an inch."""
MOST_PIXELS = 25_000_000


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
            if image.width * image.height > MOST_PIXELS:
                raise HocbaError(ErrorCode.IMAGE_TOO_LARGE, megapixels=MOST_PIXELS // 1_000_000)
            if _is_fit(image):
                image.load()
                return Picture(image.width, image.height, "DeviceRGB", 8, "DCTDecode", photo)
            return _brought_to_size(image)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise HocbaError(ErrorCode.FORM_PHOTO_UNREADABLE) from None


def _is_fit(image: Image.Image) -> bool:
    upright = image.getexif().get(0x0112, 1) == 1
    small = image.width <= WIDTH and image.height <= HEIGHT
    return image.format == "JPEG" and image.mode == "RGB" and upright and small and image.width * 4 == image.height * 3


def _brought_to_size(image: Image.Image) -> Picture:
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    paper = Image.new("RGBA", upright.size, "white")
    paper.alpha_composite(upright)
    fitted = ImageOps.fit(paper.convert("RGB"), (WIDTH, HEIGHT), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    out = io.BytesIO()
    fitted.save(out, "JPEG", quality=85, optimize=True)
    return Picture(WIDTH, HEIGHT, "DeviceRGB", 8, "DCTDecode", out.getvalue())
