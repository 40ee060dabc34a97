"""The verification code that a copy of a record still shows: in its words, its properties or a picture of its QR code.

A copy proves nothing; the code leads to the original. Runs inside the sandbox.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator

import pikepdf
from pypdf import PdfReader

_LETTERS = "[0-9A-HJKMNP-TV-Z]{4}"
_NAMED = re.compile(rf"(?:/v/|tra\s*c[ứu]+u\s*:?\s*)({_LETTERS}-{_LETTERS}-{_LETTERS})", re.IGNORECASE)
MAX_BYTES, MAX_PAGES, MAX_PICTURES = 24 << 20, 3, 6
MAX_CONTENT, MAX_PIXELS, SMALLEST_SIDE = 2 << 20, 24_000_000, 21
_SCALED_SIDE = 400


def printed_code(data: bytes) -> str | None:
    """The first code found; None where there is none, or the file is too large to look for it."""
    if len(data) > MAX_BYTES:
        return None
    for text in _texts(data):
        if found := _NAMED.search(unicodedata.normalize("NFC", text)):
            return found.group(1).upper()
    return None


def _texts(data: bytes) -> Iterator[str]:
    """What may show the code, the cheapest first."""
    yield data.decode("latin-1")
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            yield " ".join(str(value) for value in (pdf.docinfo or {}).values())
            if "/Metadata" in pdf.Root:
                yield pdf.Root.Metadata.read_bytes()[:MAX_CONTENT].decode("utf-8", "replace")
            yield from _words(data, pdf)
            yield from _pictures(pdf)
    except Exception:
        # Whatever a hostile or broken file does to the readers: then there is no code to be read.
        return


def _words(data: bytes, pdf: pikepdf.Pdf) -> Iterator[str]:
    reader = PdfReader(io.BytesIO(data))
    for number, page in enumerate(pdf.pages[:MAX_PAGES]):
        contents = page.obj.get("/Contents")
        streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        if sum(len(part.read_raw_bytes()) for part in streams if isinstance(part, pikepdf.Stream)) > MAX_CONTENT:
            continue
        yield reader.pages[number].extract_text()


def _pictures(pdf: pikepdf.Pdf) -> Iterator[str]:
    import cv2
    import numpy

    left = MAX_PICTURES
    for page in pdf.pages[:MAX_PAGES]:
        for found in page.get_images().values():
            if not left or not isinstance(found, pikepdf.Stream):
                continue
            picture = pikepdf.PdfImage(found)
            if min(picture.width, picture.height) < SMALLEST_SIDE:
                continue
            if picture.width * picture.height > MAX_PIXELS:
                continue
            left -= 1
            grey = numpy.asarray(picture.as_pil_image().convert("L"))
            scale = -(-_SCALED_SIDE // min(grey.shape))
            if scale > 1:  # one pixel a module is too fine for the detector
                grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
            yield cv2.QRCodeDetector().detectAndDecode(grey)[0]
