"""A printed copy is the signed page, pixel for pixel, and a mark in the margin; pages lie where a folder expects them."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader

from hocba_app.domain.errors import ErrorCode
from hocba_app.forms.page import MM, PAGE_HEIGHT
from hocba_app.services.printing.copy_mark import MARK_BOX, ROWS_A_PAGE, draw_mark, draw_seal_pages
from hocba_app.services.printing.imposition import PacketFile, assemble, booklet_order
from hocba_app.services.printing.options import PacketOptions
from tests.refusals import refused
from tests.unit.forms.layout_checks import _page_faults
from tests.unit.printing.signed_files import record_of

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")
DPI = 144


def rasterise(pdf: bytes, folder: Path, name: str) -> list[Image.Image]:
    (folder / f"{name}.pdf").write_bytes(pdf)
    run = subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-png", str(folder / f"{name}.pdf"), str(folder / name)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob(f"{name}-*.png"))]


def without_mark(image: Image.Image, left: float = 0.0) -> Image.Image:
    scale = DPI / 72
    image = image.copy()
    box = (left + MARK_BOX.left, PAGE_HEIGHT - MARK_BOX.top, left + MARK_BOX.right, PAGE_HEIGHT - MARK_BOX.bottom)
    image.paste("white", tuple(round(edge * scale) + (-2, -2, 2, 2)[at] for at, edge in enumerate(box)))  # type: ignore[arg-type]
    return image


def texts(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


@needs_poppler
def test_copies_match_the_signed_originals_pixel_for_pixel_outside_the_mark(tmp_path: Path) -> None:
    files = record_of(0)
    originals = [
        page for number, file in enumerate(files) for page in rasterise(file.pdf, tmp_path, f"original{number}")
    ]
    copies = rasterise(assemble(files, PacketOptions(double_sided=False)), tmp_path, "copy")
    assert len(copies) == len(originals) == 5
    for original, copy in zip(originals, copies, strict=True):
        assert without_mark(original).tobytes() == original.tobytes(), "the place of the mark is empty on the original"
        assert ImageChops.difference(without_mark(copy), original).getbbox() is None
        assert ImageChops.difference(copy, original).getbbox() is not None, "the mark is there"


@needs_poppler
def test_booklet_halves_match_the_signed_originals(tmp_path: Path) -> None:
    """Left halves exactly; the right half begins between two dots, so there the ink is compared, not the dot."""
    files = record_of(0)
    originals = [
        page for number, file in enumerate(files) for page in rasterise(file.pdf, tmp_path, f"original{number}")
    ]
    sheets = rasterise(assemble(files, PacketOptions(paper="A3")), tmp_path, "sheet")
    assert [(sheet.width, sheet.height) for sheet in sheets] == [(2382, 1684)] * 4
    places = [(0, "right", 0), (1, "left", 1), (2, "right", 2), (3, "left", 3), (3, "right", 4)]
    for sheet, side, page in places:
        original = originals[page]
        begin = 0 if side == "left" else 1191
        half = without_mark(sheets[sheet].crop((begin, 0, begin + original.width, original.height)))
        if side == "left":
            assert (
                ImageChops.difference(half.crop((0, 0, 1188, 1684)), original.crop((0, 0, 1188, 1684))).getbbox()
                is None
            )
        else:
            ink = [sum(255 - value for value in image.convert("L").tobytes()) for image in (half, original)]
            assert ink[0] == pytest.approx(ink[1], rel=0.02)


def test_every_page_carries_its_own_code_and_no_signature_field_is_left() -> None:
    files = [*record_of(0), *record_of(1)]
    packet = assemble(files, PacketOptions())
    pages = texts(packet)
    expected = [code for file in files for code in [file.code] * len(PdfReader(io.BytesIO(file.pdf)).pages)]
    printed = [page for page in pages if page]
    assert len(printed) == len(expected) == 10
    for page, code in zip(printed, expected, strict=True):
        assert page.endswith(f"BẢN SAO – mã {code}")
    with pikepdf.open(io.BytesIO(packet)) as opened:
        assert opened.check_pdf_syntax() == []
        assert "/AcroForm" not in opened.Root and all("/Annots" not in page for page in opened.pages)
    assert b"/ByteRange" not in packet, "a copy cannot be taken for a signed file"


def test_double_sided_every_document_begins_on_a_front() -> None:
    pages = texts(assemble(record_of(0), PacketOptions()))
    assert [bool(page) for page in pages] == [True, True, True, False, True, True]
    assert len(texts(assemble(record_of(0), PacketOptions(double_sided=False)))) == 5


@pytest.mark.parametrize("count", [4, 8, 12, 20])
def test_a_folded_booklet_reads_in_order(count: int) -> None:
    """Fold the stack: the right half of each front, then of each back …, is the page under one's eyes."""
    sides = list(booklet_order(count))
    fronts, backs = sides[::2], sides[1::2]
    assert len(sides) == count // 2
    first_half = [page for front, back in zip(fronts, backs, strict=True) for page in (front[1], back[0])]
    second_half = [page for front, back in zip(fronts[::-1], backs[::-1], strict=True) for page in (back[1], front[0])]
    assert first_half + second_half == list(range(count))


def test_each_pupil_has_a_booklet_of_his_own() -> None:
    sheets = texts(assemble([*record_of(0), *record_of(1)], PacketOptions(paper="A3")))
    assert len(sheets) == 8
    for number, pupil in ((0, 0), (4, 1)):
        assert all(
            f"-{pupil}RTX-" in sheet and f"-{1 - pupil}RTX-" not in sheet for sheet in sheets[number : number + 4]
        )


def test_margins_move_and_shrink_the_page_but_keep_it_whole() -> None:
    packet = assemble(record_of(0)[2:], PacketOptions(margin_mm=5, binding_mm=10))
    with pikepdf.open(io.BytesIO(packet)) as opened:
        placed = []
        for page in opened.pages:
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "cm":
                    placed.append([float(value) for value in operands])  # type: ignore[union-attr]
    front, _mark, back, _back_mark = placed
    width, height = 210 * MM, 297 * MM
    for matrix in placed:
        assert matrix[0] == matrix[3] < 1 and matrix[4] >= 5 * MM - 0.01 and matrix[5] >= 5 * MM - 0.01
        assert (
            matrix[4] + matrix[0] * width <= width - 5 * MM + 0.01
            and matrix[5] + matrix[3] * height <= height - 5 * MM + 0.01
        )
    assert front[4] >= 15 * MM - 0.01, "bound on the left of a front"
    assert back[4] + back[0] * width <= width - 15 * MM + 0.01, "and on the right of a back"


def test_the_seal_page_lists_every_document_and_asks_for_hand_and_seal() -> None:
    pages = [page for page in texts(assemble(record_of(2), PacketOptions(seal_page=True))) if page]
    last = pages[-1]
    for words in (
        "TRƯỜNG THCS KIM ĐỒNG",
        "SAO Y",
        "gồm 5 trang",
        "HOÀNG NGỌC BẢO NGỮ",
        "1 Bìa K7QM-2RTX-9BH0 2",
        "3 Kết quả học tập K7QM-2RTX-9BH2 2",
        "HIỆU TRƯỞNG",
    ):
        assert words in last, words
    assert "SAO Y" not in " ".join(pages[:-1])
    assert "SAO Y" not in " ".join(texts(assemble(record_of(2), PacketOptions())))


def test_seal_pages_hold_whatever_is_listed() -> None:
    long = [
        ("Kết quả học tập và rèn luyện của năm học dài nhất có thể có trong hồ sơ", f"K7QM-2RTX-{number:04d}", number)
        for number in range(30)
    ]
    pages = draw_seal_pages(
        "Trường Phổ thông Dân tộc Nội trú Trung học cơ sở và Trung học phổ thông " * 2,
        "Xã Ea Súp",
        ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"),
        "Y Moan Ênuôl " * 6,
        long,
    )
    assert len(pages) == -(-30 // ROWS_A_PAGE)
    for page in [*pages, draw_mark("K7QM-2RTX-9BHD")]:
        assert [fault for fault in _page_faults(page) if "off the page: 'BẢN SAO" not in fault] == []


def test_the_packet_is_the_same_bytes_each_time() -> None:
    assert assemble(record_of(0), PacketOptions(seal_page=True)) == assemble(
        record_of(0), PacketOptions(seal_page=True)
    )


def test_foreign_pages_turned_or_larger_are_brought_to_size() -> None:
    with pikepdf.new() as foreign:
        page = foreign.add_blank_page(page_size=(900, 1300))
        page.obj.Rotate = 90
        page.obj.MediaBox = [100, 50, 1000, 1350]
        out = io.BytesIO()
        foreign.save(out)
    packet = assemble([PacketFile(out.getvalue(), "AAAA-BBBB-CCCC", "Học bạ trường cũ", "x")], PacketOptions())
    with pikepdf.open(io.BytesIO(packet)) as opened:
        operands = next(op for op, operator in pikepdf.parse_content_stream(opened.pages[0]) if str(operator) == "cm")
        a, _b, _c, d, e, f = (float(value) for value in operands)  # type: ignore[union-attr]
        drawing = opened.pages[0].Resources.XObject["/P0"]
        matrix = [float(value) for value in drawing.Matrix]
        corners = [
            (matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5])
            for x in (100, 1000)
            for y in (50, 1350)
        ]
        for x, y in corners:
            assert -0.1 <= a * x + e <= 210 * MM + 0.1 and -0.1 <= d * y + f <= 297 * MM + 0.1


def test_nothing_or_rubbish_is_refused() -> None:
    for files, code in (
        ([], ErrorCode.NOTHING_TO_DO),
        ([replace(record_of(0)[0], pdf=b"%PDF-1.7 cut")], ErrorCode.FILE_STRUCTURE),
    ):
        assert refused(assemble, files, PacketOptions()) is code


@pytest.mark.parametrize(
    "values",
    [
        {"paper": "A5"},
        {"kinds": []},
        {"kinds": ["cover", "x"]},
        {"margin_mm": 21},
        {"margin_mm": -1},
        {"margin_mm": "5"},
        {"colour": True},
        {"seal_page": "yes"},
    ],
)
def test_options_nobody_offers_are_refused(values: dict[str, object]) -> None:
    assert refused(PacketOptions.checked, values) is ErrorCode.INVALID_INPUT


def test_options_are_read_back_as_stored() -> None:
    options = PacketOptions(kinds=("results",), paper="A3", margin_mm=4, seal_page=True, whole_record=False)
    assert PacketOptions.checked(options.as_json()) == options
    assert PacketOptions.checked({}) == PacketOptions()
