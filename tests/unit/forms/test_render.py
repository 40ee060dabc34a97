"""What a reader, a machine and the signing core find in a rendered document."""

from __future__ import annotations

import copy
import io
import unicodedata

import pikepdf
import pytest
from PIL import Image
from pypdf import PdfReader

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.render import draw_pages, render
from hocba_app.forms.wording import printable
from hocba_app.recordfile.signature_fields import RenderedDocument
from tests import samples


def text_of(document: RenderedDocument) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(document.pdf)).pages)


def words_of(document: RenderedDocument) -> str:
    return " ".join(text_of(document).split())


def in_order(words: str, *parts: str) -> None:
    at = 0
    for part in parts:
        found = words.find(part, at)
        assert found >= 0, f"{part!r} not found after {words[max(at - 60, 0) : at]!r}"
        at = found + len(part)


def refusal(snapshot: Snapshot, photo: bytes | None = None) -> HocbaError:
    with pytest.raises(HocbaError) as refused:
        render(snapshot, photo=photo)
    return refused.value


ALL_KINDS = [
    samples.cover_snapshot,
    samples.history_snapshot,
    samples.results_snapshot,
    samples.demanding_snapshot,
    samples.upper_snapshot,
    samples.tt26_snapshot,
    samples.primary_snapshot,
    samples.demanding_primary_snapshot,
    samples.primary_cover,
    samples.primary_history,
    samples.homeroom_signs_snapshot,
]


@pytest.mark.parametrize("make", ALL_KINDS)
def test_fields_are_exactly_the_slots_in_their_order(make) -> None:
    snapshot = make()
    document = render(snapshot)
    assert [(f.name, f.stage) for f in document.fields] == [(s["field"], s["stage"]) for s in snapshot["slots"]]
    pages = len(PdfReader(io.BytesIO(document.pdf)).pages)
    for field in document.fields:
        left, bottom, right, top = field.rect
        assert 0 < left < right < 595.3 and 0 < bottom < top < 841.9 and 0 <= field.page < pages


@pytest.mark.parametrize("make", ALL_KINDS)
def test_equal_snapshots_give_equal_bytes(make) -> None:
    snapshot = make()
    first = render(snapshot)
    again = copy.deepcopy(snapshot)
    assert render(again).pdf == first.pdf
    again["verification"] = samples.verification("AAAA-BBBB-CCCC")
    assert render(again).pdf != first.pdf
    assert snapshot == make(), "rendering must not change its snapshot"


def test_decomposed_input_gives_the_same_bytes() -> None:
    composed = samples.results_snapshot(samples.NAMES[1])
    decomposed = copy.deepcopy(composed)
    decomposed["student"]["full_name"] = unicodedata.normalize("NFD", samples.NAMES[1])
    assert decomposed != composed
    assert render(decomposed).pdf == render(composed).pdf


@pytest.mark.parametrize("make", ALL_KINDS)
def test_each_page_is_read_word_by_word_in_the_order_of_the_form(make) -> None:
    """No word is glued to the next, split, lost or moved: what is extracted is what was drawn."""
    snapshot = make()
    pages = PdfReader(io.BytesIO(render(snapshot).pdf)).pages
    for drawn, read in zip(draw_pages(printable(snapshot), has_photo=False), pages, strict=True):
        assert read.extract_text().split() == " ".join(line.text for line in drawn.lines).split()


@pytest.mark.parametrize("name", samples.NAMES)
def test_names_are_read_back_letter_by_letter(name: str) -> None:
    assert f"Họ và tên: {name.upper()} Lớp: 6A1 Năm học: 2025 – 2026" in words_of(
        render(samples.results_snapshot(name))
    )
    assert name.upper() in words_of(render(samples.cover_snapshot(name)))
    assert name.upper() in words_of(render(samples.history_snapshot(name)))


def test_every_vietnamese_letter_is_read_back() -> None:
    snapshot = samples.results_snapshot()
    half = len(samples.ALL_VIETNAMESE_LETTERS) // 2
    for row, letters in zip(
        snapshot["results"]["subjects"],
        (samples.ALL_VIETNAMESE_LETTERS[:half], samples.ALL_VIETNAMESE_LETTERS[half:]),
        strict=False,
    ):
        row["comment"] = letters
    read = "".join(text_of(render(snapshot)).split())
    assert samples.ALL_VIETNAMESE_LETTERS[:half] in read and samples.ALL_VIETNAMESE_LETTERS[half:] in read


def test_results_read_in_the_order_of_the_form() -> None:
    words = words_of(render(samples.results_snapshot()))
    in_order(
        words,
        "Ngữ văn 7,0 8,0 8,0 Đọc hiểu tốt",
        "Toán 8,1 9,3",
        "Giáo dục thể chất Đạt Đạt Đạt Tích cực luyện tập",
        "Trong bảng này có sửa chữa ở: 0 chỗ",
        "Học kỳ I Tốt Khá 2",
        "Học kỳ II Tốt Tốt 1",
        "Cả năm Tốt Tốt 3",
        "Đánh giá cuối năm học: Được lên lớp",
        "Học sinh Giỏi; Giải Nhì",
        "NHẬN XÉT CỦA GIÁO VIÊN CHỦ NHIỆM",
        "Ngoan, lễ phép",
        "PHÊ DUYỆT CỦA HIỆU TRƯỞNG",
        "Phường Bến Nghé",
        "Trang 2/2",
    )
    assert "8.1" not in words, "marks are printed with the decimal comma"
    assert words.count("Mã tra cứu: K7QM-2RTX-9BHD Tra cứu tại hocba.example.vn") == 2


def test_reassessment_has_its_own_columns_and_keeps_the_original() -> None:
    words = words_of(render(samples.reassessed_snapshot()))
    in_order(
        words,
        "Toán 3,1 3,4 3,3 5,5",
        "Ghi chú: Đánh giá lại tháng 8/2026",
        "Nghệ thuật Đạt Chưa đạt Chưa đạt Đạt",
        "Cả năm Khá Chưa đạt 3 Đạt",
        "Được lên lớp (sau đánh giá lại môn Toán)",
        "Nhận xét sau khi đánh giá lại, rèn luyện trong kỳ nghỉ hè",
        "Đã cố gắng ôn tập trong hè",
    )


def test_the_last_year_confirms_the_programme() -> None:
    words = words_of(render(samples.results_snapshot(grade=9)))
    in_order(
        words,
        "PHÊ DUYỆT CỦA HIỆU TRƯỞNG",
        "Hoàn thành chương trình giáo dục trung học cơ sở.",
        "thay cho bằng tốt nghiệp trung học cơ sở",
    )
    assert "Hoàn thành chương trình" not in words_of(render(samples.results_snapshot(grade=8)))
    failed = words_of(render(samples.results_snapshot(grade=9, promotion="retained", programme_completed=False)))
    assert "Chưa hoàn thành chương trình giáo dục trung học cơ sở." in failed


def test_upper_secondary_has_its_own_subjects_and_words() -> None:
    words = words_of(render(samples.upper_snapshot(grade=12)))
    in_order(
        words,
        "TRƯỜNG THPT NGUYỄN THỊ MINH KHAI HỌC BẠ TRUNG HỌC PHỔ THÔNG",
        "Lớp: 12A5",
        "Giáo dục quốc phòng và an ninh 7,5 7,5 7,5",
        "Âm nhạc Đạt Đạt Đạt",
        "Ngoại ngữ 2 (Tiếng Nhật)",
        "Hoàn thành chương trình giáo dục phổ thông.",
    )
    assert "bằng tốt nghiệp trung học cơ sở" not in words


def test_historic_years_have_hoc_luc_hanh_kiem_and_the_mean() -> None:
    words = words_of(render(samples.tt26_snapshot()))
    in_order(
        words,
        "Năm học: 2019 – 2020",
        "Ngữ văn 7,0 8,0 8,0",
        "Điểm trung bình các môn 7,9 8,3 8,2",
        "Hạnh kiểm Học lực",
        "Cả năm Tốt Giỏi 3",
        "Danh hiệu thi đua: Học sinh giỏi",
        "Hoàn thành chương trình giáo dục trung học cơ sở.",
    )
    assert "bằng tốt nghiệp" not in words, "in 2020 the diploma was still issued"


def test_primary_results_read_in_the_order_of_the_form() -> None:
    words = words_of(render(samples.primary_snapshot()))
    in_order(
        words,
        "HỌC BẠ TIỂU HỌC",
        "Chiều cao: 128,5 cm Cân nặng: 27 kg Số ngày nghỉ: có phép 3, không phép 0",
        "1. Các môn học và hoạt động giáo dục",
        "Tiếng Việt T 8 Đọc hiểu tốt",
        "Toán T 9",
        "(ký tại dòng Tiếng Việt)",
        "Đạo đức T Chấp hành",
        "Giáo dục thể chất H",
        "2. Những phẩm chất chủ yếu",
        "Yêu nước T",
        "Trách nhiệm T",
        "3.1. Năng lực chung",
        "Tự chủ và tự học Đ",
        "3.2. Năng lực đặc thù",
        "Thể chất T",
        "4. Đánh giá kết quả giáo dục: Hoàn thành tốt",
        "5. Khen thưởng: Học sinh Tiêu biểu",
        "6. Hoàn thành chương trình: Hoàn thành chương trình lớp 4",
        "HIỆU TRƯỞNG",
        "Giáo viên chủ nhiệm",
    )
    assert "Hoàn thành chương trình tiểu học" in words_of(render(samples.primary_snapshot(grade=5)))


def test_rows_without_a_signature_say_who_signs_them() -> None:
    sentence = "Môn học không có chữ ký riêng do giáo viên chủ nhiệm dạy, ký ở cuối bản này."
    assert sentence in words_of(render(samples.homeroom_signs_snapshot()))
    assert sentence not in words_of(render(samples.primary_snapshot()))


def test_what_a_primary_pupil_made_up_in_summer_stands_beside_the_original() -> None:
    snapshot = samples.primary_snapshot()
    snapshot["results"]["subjects"][1].update(year="C", test="4", reassessed="H", reassessed_test="6")
    in_order(words_of(render(snapshot)), "Toán C 4 Tư duy nhanh", "Ghi chú: Sau rèn luyện trong hè: mức H, điểm 6")


def test_primary_history_has_register_number_and_admission() -> None:
    in_order(
        words_of(render(samples.primary_history())),
        "Số đăng bộ: 0123/2021 · Ngày nhập học: 20/08/2021",
        "2022 – 2023 2/3",
        "Chuyển đến từ Trường Tiểu học Kim Đồng",
        "Hoàn thành chương trình tiểu học",
    )


def test_a_departure_is_printed() -> None:
    departed = samples.results_snapshot(departure="chuyển đi ngày 12/03/2026", promotion=None)
    in_order(
        words_of(render(departed)), "Đánh giá cuối năm học: —", "Thay đổi trong năm học: chuyển đi ngày 12/03/2026"
    )


def test_history_reads_row_by_row_and_says_who_finished() -> None:
    words = words_of(render(samples.history_snapshot(years=4)))
    in_order(
        words,
        "QUÁ TRÌNH HỌC TẬP",
        "2022 – 2023 6A1 Trường THCS Kim Đồng",
        "Được lên lớp",
        "Theo hồ sơ năm học 2022 – 2023",
        "2025 – 2026 9A1",
    )
    assert "Hoàn thành chương trình giáo dục trung học cơ sở" in words


def test_cover_reads_from_motto_to_particulars() -> None:
    in_order(
        words_of(render(samples.cover_snapshot())),
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập – Tự do – Hạnh phúc",
        "SỞ GIÁO DỤC VÀ ĐÀO TẠO",
        "TRƯỜNG THCS KIM ĐỒNG",
        "HỌC BẠ",
        "TRUNG HỌC CƠ SỞ",
        "NGUYỄN THỊ HUYỀN TRANG",
        "Số: 2025/0123",
        "Ngày, tháng, năm sinh: 12/05/2014",
        "Họ và tên cha: Nguyễn Văn Thưởng",
        "HIỆU TRƯỞNG",
    )


def test_pasted_invisible_characters_do_no_harm() -> None:
    snapshot = samples.results_snapshot()
    snapshot["results"]["homeroom_comment"] = "Chăm\u200b ngoan,\u00a0lễ\ufeff phép,\thòa\u00ad đồng"
    assert "Chăm ngoan, lễ phép, hòa đồng" in words_of(render(snapshot))


def test_no_signer_is_named_in_the_pages() -> None:
    assert "KT. HIỆU TRƯỞNG" not in text_of(render(samples.results_snapshot()))


def test_slots_the_layout_has_no_place_for_are_refused() -> None:
    missing = samples.results_snapshot()
    missing["slots"] = [slot for slot in missing["slots"] if slot["stage"] != "homeroom"]
    assert refusal(missing).code is ErrorCode.FORM_SLOT_MISMATCH
    surplus = samples.cover_snapshot()
    surplus["slots"].append({"field": "homeroom", "stage": "homeroom", "rows": []})
    assert refusal(surplus).code is ErrorCode.FORM_SLOT_MISMATCH
    unknown_row = samples.results_snapshot()
    unknown_row["slots"][0]["rows"] = ["VATLY"]
    assert refusal(unknown_row).code is ErrorCode.FORM_SLOT_MISMATCH
    no_row = samples.results_snapshot()
    no_row["slots"][0]["rows"] = []
    assert refusal(no_row).code is ErrorCode.FORM_SLOT_MISMATCH
    twice = samples.cover_snapshot()
    twice["slots"].append(dict(twice["slots"][0]))  # type: ignore[arg-type]
    assert refusal(twice).code is ErrorCode.FORM_SLOT_MISMATCH
    wrong_stage = samples.cover_snapshot()
    wrong_stage["slots"][1]["stage"] = "principal"
    assert refusal(wrong_stage).code is ErrorCode.FORM_SLOT_MISMATCH


def test_a_doubled_subject_slot_is_refused() -> None:
    snapshot = samples.results_snapshot()
    snapshot["slots"].insert(0, dict(snapshot["slots"][0]))  # type: ignore[arg-type]
    assert refusal(snapshot).code is ErrorCode.FORM_SLOT_MISMATCH


def test_an_unknown_regime_is_refused_by_name() -> None:
    error = refusal(samples.results_snapshot(regime="TT99"))
    assert error.code is ErrorCode.FORM_REGIME_UNKNOWN and "TT99" in error.sentence


def test_a_letter_no_font_has_is_refused_by_name() -> None:
    snapshot = samples.results_snapshot()
    snapshot["results"]["subjects"][0]["comment"] = "Rất tốt 🌟"
    error = refusal(snapshot)
    assert error.code is ErrorCode.FORM_TEXT_UNSUPPORTED and "U+1F31F" in error.sentence


def test_the_photo_is_the_one_that_was_locked() -> None:
    photo = samples.photo_jpeg()
    document = render(samples.cover_snapshot(photo=photo), photo=photo)
    with pikepdf.open(io.BytesIO(document.pdf)) as opened:
        stored = opened.pages[1].Resources.XObject.Photo.read_raw_bytes()
    assert stored == photo, "a photo of the right size is stored as it is"
    for snapshot, given in (
        (samples.cover_snapshot(photo=photo), None),
        (samples.cover_snapshot(photo=photo), samples.photo_jpeg(303, 404)),
        (samples.cover_snapshot(), photo),
    ):
        assert refusal(snapshot, given).code is ErrorCode.FORM_PHOTO_MISMATCH


def test_large_photos_are_brought_to_size_and_rubbish_is_refused() -> None:
    large = samples.photo_jpeg(1500, 1500)
    document = render(samples.cover_snapshot(photo=large), photo=large)
    assert len(document.pdf) < 80_000
    sizes = [image.image.size for image in PdfReader(io.BytesIO(document.pdf)).pages[1].images]  # type: ignore[union-attr]
    assert (354, 472) in sizes
    out = io.BytesIO()
    Image.new("LA", (30, 60)).save(out, "PNG")
    assert render(samples.cover_snapshot(photo=out.getvalue()), photo=out.getvalue()).pdf
    for rubbish in (b"", b"<svg/>", large[:300]):
        assert (
            refusal(samples.cover_snapshot(photo=rubbish or b"x"), rubbish or b"x").code
            is ErrorCode.FORM_PHOTO_UNREADABLE
        )
