"""The file itself: classic structure for the incremental writer, PDF/A-2b, real letters on paper."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pikepdf
import pytest
import segno
from PIL import Image, ImageDraw, ImageFont

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import BOLD, FACES, FONT_FOLDER, ITALIC, REGULAR, Face
from hocba_app.forms.header_footer import qr_picture
from hocba_app.forms.page import Page
from hocba_app.forms.pdf_file import write_pdf
from hocba_app.forms.render import render
from tests import samples

SNAPSHOTS = [
    samples.cover_snapshot(),
    samples.history_snapshot(),
    samples.results_snapshot(),
    samples.demanding_snapshot(),
    samples.upper_snapshot(),
    samples.tt26_snapshot(),
    samples.primary_snapshot(),
    samples.demanding_primary_snapshot(),
    samples.primary_cover(),
    samples.primary_history(),
]
needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda s: s["kind"])
def test_cross_references_are_classic_and_right(snapshot: Snapshot) -> None:
    pdf = render(snapshot).pdf
    assert pdf.endswith(b"%%EOF\n") and pdf.count(b"startxref") == 1
    assert b"/ObjStm" not in pdf and b"/Type /XRef" not in pdf and b"/Encrypt" not in pdf
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf).group(1))  # type: ignore[union-attr]
    head = re.match(rb"xref\n0 (\d+)\n", pdf[start:])
    assert head
    at = start + head.end()
    for number in range(int(head.group(1))):
        entry = pdf[at + 20 * number : at + 20 * number + 20]
        if number:
            assert pdf[int(entry[:10]) :].startswith(b"%d 0 obj\n" % number)
        else:
            assert entry == b"0000000000 65535 f \n"
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.check_pdf_syntax() == []


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda s: s["kind"])
def test_what_pdfa_2b_asks_for_is_there(snapshot: Snapshot) -> None:
    pdf = render(snapshot).pdf
    assert len(pdf) < 80_000
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
            assert metadata["dc:title"] == str(opened.docinfo["/Title"])
            assert snapshot["student"]["full_name"] in metadata["dc:title"]
            assert metadata["pdf:Producer"] == str(opened.docinfo["/Producer"])
        assert "/CreationDate" not in opened.docinfo
        root = opened.Root
        assert root.Lang == "vi-VN" and root.OutputIntents[0].S == "/GTS_PDFA1"
        assert root.OutputIntents[0].DestOutputProfile.read_bytes()[36:40] == b"acsp"
        assert "/Filter" not in root.Metadata
        fonts = {str(font.BaseFont): font for page in opened.pages for font in page.Resources.Font.values()}
        assert fonts
        for name, font in fonts.items():
            descendant = font.DescendantFonts[0]
            assert re.fullmatch(r"/[A-Z]{6}\+Tinos-\w+", name) and "/ToUnicode" in font
            assert descendant.CIDToGIDMap == "/Identity" and "/FontFile2" in descendant.FontDescriptor
        assert len({str(page.Resources.XObject.Qr.objgen) for page in opened.pages}) == 1, "the QR code is stored once"
        assert opened.trailer.ID[0] == opened.trailer.ID[1]


def test_different_documents_have_different_identities() -> None:
    ids = {re.search(rb"/ID \[<(\w{32})> <\1>\]", render(snapshot).pdf).group(1) for snapshot in SNAPSHOTS}  # type: ignore[union-attr]
    assert len(ids) == len(SNAPSHOTS)


def test_the_qr_picture_holds_every_module() -> None:
    url = samples.verification()["url"]
    picture = qr_picture(url)
    data = zlib.decompress(picture.data)
    stride = -(-picture.width // 8)
    dark = [
        [not data[y * stride + x // 8] >> (7 - x % 8) & 1 for x in range(picture.width)] for y in range(picture.height)
    ]
    code = segno.make(url, error="m", mask=2, boost_error=False, micro=False)
    assert dark == [[bool(module) for module in row] for row in code.matrix_iter(border=2)]


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_a_face_has_every_letter_and_its_width_in_the_file_is_its_width_on_the_page(face: Face) -> None:
    for letter in samples.ALL_VIETNAMESE_LETTERS + " 0123456789.,;:!?()/%–—…“”·×ČčĔĕĬĭŎŏŬŭƀñ≤≥":
        assert face.thousandths(face.glyph(letter)) / 1000 == pytest.approx(face.width(letter, 1), abs=1e-5), letter


@needs_poppler
@pytest.mark.parametrize("face, file", [(REGULAR, "Regular"), (BOLD, "Bold"), (ITALIC, "Italic")])
def test_every_letter_is_drawn_as_the_font_draws_it(face: Face, file: str, tmp_path: Path) -> None:
    """Ink of each letter on the rasterised page against the same letter drawn by FreeType from the original font."""
    page = Page()
    letters = samples.ALL_VIETNAMESE_LETTERS
    places = {letter: (40 + 28 * (n % 18), 780 - 42 * (n // 18)) for n, letter in enumerate(letters)}
    for letter, (x, y) in places.items():
        page.text(letter, x, y, face, 20, colour=(0, 0, 0))
    (tmp_path / "letters.pdf").write_bytes(write_pdf([page], {}, title="Chữ", identity=face.key.encode()))
    run = subprocess.run(
        ["pdftoppm", "-r", "144", "-gray", "-png", str(tmp_path / "letters.pdf"), str(tmp_path / "letters")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    sheet = Image.open(next(tmp_path.glob("letters*.png"))).convert("L")
    font = ImageFont.truetype(str(FONT_FOLDER / f"Tinos-{file}.ttf"), 40, layout_engine=ImageFont.Layout.BASIC)
    for letter, (x, y) in places.items():
        top = round((841.89 - y) * 2) - 46
        drawn = sheet.crop((2 * x - 8, top, 2 * x + 46, top + 62))
        expected = Image.new("L", drawn.size, 255)
        ImageDraw.Draw(expected).text((8, 46), letter, font=font, fill=0, anchor="ls")
        # A lost mark changes the extent of the ink; a wrong outline changes its amount.
        extents = [image.point(lambda value: 255 if value < 140 else 0).getbbox() for image in (drawn, expected)]
        assert extents[0] == pytest.approx(extents[1], abs=2), letter
        ink, wanted = (sum(255 - value for value in image.tobytes()) for image in (drawn, expected))
        assert ink == pytest.approx(wanted, rel=0.2), letter


@needs_poppler
def test_every_page_is_rasterised_without_a_complaint(tmp_path: Path) -> None:
    for number, snapshot in enumerate(SNAPSHOTS):
        (tmp_path / f"{number}.pdf").write_bytes(render(snapshot).pdf)
        run = subprocess.run(
            ["pdftoppm", "-r", "30", "-gray", str(tmp_path / f"{number}.pdf"), str(tmp_path / str(number))],
            check=True,
            capture_output=True,
            text=True,
        )
        assert run.stderr == ""
