"""A record of ours as other programs leave it: written anew, printed, scanned, changed on its way."""

from __future__ import annotations

import io
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import pikepdf
import segno
from PIL import Image
from reportlab.pdfgen import canvas

from tests.missing_tools import need

Copy = Callable[[bytes], bytes]


def _saved(**options: object) -> Copy:
    def copy(file: bytes) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(file)) as pdf:
            pdf.save(out, **options)  # type: ignore[arg-type]
        return out.getvalue()

    return copy


def _by_tool(*command: str) -> Copy:
    def copy(file: bytes) -> bytes:
        need(command[0])
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder, "given.pdf"), Path(folder, "made.pdf")
            given.write_bytes(file)
            words = [word.replace("IN", str(given)).replace("OUT", str(made)) for word in command]
            subprocess.run(words, check=True, capture_output=True, timeout=120)
            return made.read_bytes()

    return copy


def merged(file: bytes) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), pikepdf.new() as pdf, pikepdf.open(io.BytesIO(file)) as other:
        warnings.simplefilter("ignore")  # that the form is lost is the point
        pdf.pages.extend(other.pages)
        pdf.pages.extend(other.pages)
        pdf.save(out)
    return out.getvalue()


WITH_SIGNATURES: dict[str, Copy] = {
    "saved by qpdf": _saved(),
    "linearised": _saved(linearize=True),
    "linearised, objects packed": _saved(linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "mutool clean": _by_tool("mutool", "clean", "IN", "OUT"),
    "mutool clean -ggg": _by_tool("mutool", "clean", "-ggg", "IN", "OUT"),
    "pdfunite": _by_tool("pdfunite", "IN", "IN", "OUT"),
    "line ends changed": lambda file: file.replace(b"\n", b"\r\n"),
}
"""These still contain the signature dictionaries, whose signatures do not hold any more."""
WITHOUT_A_FORM: dict[str, Copy] = {"merged by pikepdf": merged}
"""Nothing of ours but what the pages show."""
ALMOST_THE_SAME: dict[str, Copy] = {
    "a byte order mark before": lambda file: b"\xef\xbb\xbf" + file,
    "a mail header before": lambda file: b"Content-Type: application/pdf\r\n\r\n" + file,
    "a line end after": lambda file: file + b"\r\n",
    "blanks after": lambda file: file + b" " * 700,
}
"""These contain the whole record."""


def printed(code: str) -> bytes:
    """As a browser prints the record: words, no form, no manifest."""
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(60, 700, f"Ma tra cuu: {code}   https://hocba.example.vn/v/{code}")
    page.save()
    return out.getvalue()


def scanned(code: str) -> bytes:
    """As a phone scans it: one picture, with the QR code somewhere on it, a little askew."""
    paper = Image.new("L", (1240, 1754), 244)
    drawn = io.BytesIO()
    segno.make(f"https://hocba.example.vn/v/{code}", error="m").save(drawn, kind="png", scale=5, border=4)
    paper.paste(Image.open(drawn).convert("L").rotate(3, fillcolor=250, expand=True), (900, 1400))
    out = io.BytesIO()
    paper.convert("RGB").save(out, "PDF", resolution=150, quality=70)
    return out.getvalue()


def in_properties(code: str) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.setTitle(f"Học bạ – mã tra cứu: {code}")
    page.drawString(60, 700, "Hoc ba")
    page.save()
    return out.getvalue()


WITHOUT_SIGNATURES: dict[str, Copy] = {"printed": printed, "scanned": scanned, "properties": in_properties}  # type: ignore[dict-item]
