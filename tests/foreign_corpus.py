"""A corpus of foreign PDF files, sound and not, made on the spot by whatever writers and signers this machine has.

``python -m tests.foreign_corpus`` judges all of it and prints the figures of `docs/verification.md`; ``--files DIR`` adds files
from elsewhere, whose soundness poppler's ``pdfsig`` tells.
"""

from __future__ import annotations

import argparse
import io
import logging
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from pyhanko.sign import fields, signers
from reportlab.pdfgen import canvas

from bench.sealed_record import World
from hocba_app.forms.render import render
from hocba_app.verification.pyhanko_verifier import examine_file
from tests import samples
from tests.integration.verification.foreign_forms import FORMS, METADATA, NOT_SIGNED_BY_ANY_LIBRARY, behind, signed

_HTML = "<h1>Bảng điểm</h1><p>Điểm trung bình: 7,0</p><table border=1><tr><td>Toán</td><td>7,0</td></tr></table>"
Base = tuple[str, bytes]


def bases(folder: Path) -> Iterator[Base]:
    """Unsigned files by many writers."""
    for name, form in FORMS.items():
        if name not in NOT_SIGNED_BY_ANY_LIBRARY:
            yield name, form()
    yield "a record of ours, unsigned", render(samples.results_snapshot()).pdf
    yield "reportlab", _drawn(pages=3)
    picture = io.BytesIO()
    Image.new("RGB", (800, 600), "white").save(picture, "PDF")
    yield "Pillow", picture.getvalue()
    (folder / "page.html").write_text(_HTML, encoding="utf-8")
    made: list[Base] = []
    chromium = shutil.which("chromium")
    if chromium:
        made += _by(
            folder,
            "Chromium",
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--print-to-pdf=OUT", "page.html"],
        )
    soffice = shutil.which("soffice")
    if soffice:
        made += _by(
            folder,
            "LibreOffice",
            [soffice, "--headless", "--convert-to", "pdf:writer_web_pdf_Export", "page.html"],
            "page.pdf",
        )
    made.append(("reportlab packed", _drawn(pages=1, compress=True)))
    yield from made
    for name, file in made:
        (folder / "in.pdf").write_bytes(file)
        for tool, command in _WRITERS.items():
            if shutil.which(command[0]):
                yield from _by(folder, f"{name} by {tool}", command)


_WRITERS = {
    "Ghostscript": ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-sOutputFile=OUT", "in.pdf"],
    "Ghostscript, old": ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-dCompatibilityLevel=1.3", "-sOutputFile=OUT", "in.pdf"],
    "Ghostscript, for the web": ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-dFastWebView", "-sOutputFile=OUT", "in.pdf"],
    "MuPDF": ["mutool", "clean", "in.pdf", "OUT"],
    "MuPDF, packed": ["mutool", "clean", "-gggg", "-z", "in.pdf", "OUT"],
    "cairo": ["pdftocairo", "-pdf", "in.pdf", "OUT"],
    "poppler": ["pdfunite", "in.pdf", "in.pdf", "OUT"],
    "qpdf linearised": ["qpdf", "--linearize", "in.pdf", "OUT"],
    "qpdf packed": ["qpdf", "--object-streams=generate", "in.pdf", "OUT"],
}  # fmt: skip


def _by(folder: Path, name: str, command: list[str], out: str = "out.pdf") -> list[Base]:
    made = folder / out
    made.unlink(missing_ok=True)
    words = [word.replace("OUT", str(made)) for word in command]
    subprocess.run(words, cwd=folder, capture_output=True, timeout=180, check=False)
    return [(name, made.read_bytes())] if made.is_file() else []


def _drawn(pages: int, *, compress: bool = False) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, pageCompression=int(compress))
    for number in range(pages):
        page.drawString(60, 700, f"Diem trung binh: 7.{number}")
        page.showPage()
    page.save()
    return out.getvalue()


def signings() -> dict[str, Callable[[World, bytes], bytes]]:
    """Ways to sign a file."""
    ways: dict[str, Callable[[World, bytes], bytes]] = {
        kind: lambda world, file, given=given: signed(world, file, **given) for kind, given in METADATA.items()
    }
    ways["twice"] = lambda world, file: signed(world, file, "Mot", "Hai")
    ways["three times, PAdES"] = lambda world, file: signed(world, file, "Mot", "Hai", "Ba", **METADATA["PAdES"])
    ways["visible"] = _visible
    ways["line end after"] = lambda world, file: signed(world, file) + b"\r\n"
    return ways


def _visible(world: World, file: bytes) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    from tests.integration.verification.foreign_forms import signer_of

    writer = IncrementalPdfFileWriter(io.BytesIO(file), strict=False)
    if writer.prev.encrypted:
        writer.encrypt(b"")
    place = fields.SigFieldSpec("Chu ky", box=(60, 60, 260, 120))
    metadata = signers.PdfSignatureMetadata(field_name="Chu ky", reason="Duyet")
    return signers.sign_pdf(writer, metadata, signer=signer_of(world), new_field_spec=place).getvalue()


def unsound(file: bytes) -> Iterator[Base]:
    """What may not be called intact: something behind the file, something in it changed."""
    yield from behind(file).items()
    holes = [found.span(1) for found in re.finditer(rb"/Contents ?<([0-9A-Fa-f]*)>", file)]
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        at = int(len(file) * share)
        # What fills up a signature's own hole is not signed.
        at = next((start - 200 for start, end in holes if start <= at < end), at)
        yield f"a byte at {share}", file[:at] + bytes((file[at] ^ 1,)) + file[at + 1 :]


class Figures:
    """What was seen."""

    def __init__(self) -> None:
        self.sound: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.crashes = 0
        self.seconds: list[float] = []
        self.told: list[str] = []

    def judge(self, name: str, file: bytes, world: World, *, is_sound: bool) -> None:
        """Judge one file alone."""
        begun = time.process_time()
        try:
            report = examine_file(name, file, [world.root], None, "base")
        except Exception as error:
            self.crashes += 1
            self.told.append(f"CRASH {name}: {error!r}")
            return
        self.seconds.append(time.process_time() - begun)
        (self.sound if is_sound else self.wrong)[report.integrity] += 1
        if is_sound == (report.integrity != "intact") or report.verdict == "valid":
            self.told.append(
                f"{'sound' if is_sound else 'NOT SOUND'} {name}: {report.integrity} {[each.code for each in report.reasons]}"
            )


def _from_elsewhere(folder: Path, figures: Figures, world: World) -> None:
    for path in sorted(folder.rglob("*.pdf")):
        data = path.read_bytes()
        told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, timeout=60, check=False).stdout
        count, good = told.count(b"Signature #"), told.count(b"Signature is Valid")
        if count and count == good:
            figures.judge(f"{path.name} (sound to pdfsig)", data, world, is_sound=True)


def main() -> int:
    """Make, judge, tell."""
    parser = argparse.ArgumentParser(description="Judge a corpus of foreign PDF files.")
    parser.add_argument("--files", type=Path)
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    figures, elsewhere = Figures(), Figures()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "authority")
        for name, base in bases(Path(folder)):
            for way, sign in signings().items():
                try:
                    file = sign(world, base)
                except Exception as error:
                    figures.told.append(f"not signed: {name}, {way}: {error!r}")
                    continue
                figures.judge(f"{name}, {way}", file, world, is_sound=True)
                if way in ("pkcs7", "twice"):
                    for kind, hostile in unsound(file):
                        figures.judge(f"{name}, {way}, {kind}", hostile, world, is_sound=False)
        if chosen.files is not None:
            _from_elsewhere(chosen.files, elsewhere, world)
        world.close()
    for title, seen in (("made here", figures), ("from elsewhere", elsewhere)):
        sys.stdout.write(
            f"{title}: sound {dict(seen.sound)}, not sound {dict(seen.wrong)}, {seen.crashes} crashes, "
            f"{sum(seen.seconds) / max(len(seen.seconds), 1):.3f} s a file, longest {max(seen.seconds, default=0):.2f} s\n"
        )
        sys.stdout.writelines(f"  {line}\n" for line in seen.told)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
