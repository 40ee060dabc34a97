"""What the signer's phone says, within 72 plain letters."""

from __future__ import annotations

from hocba_app.domain.phone_words import MAX_LENGTH, phone_words
from hocba_app.services.signing.providers.ascii_names import MAX_LENGTH as CARRIED
from hocba_app.services.signing.providers.ascii_names import plain_name


def test_it_says_class_subject_and_a_few_names() -> None:
    said = phone_words([("results", "6A1", "Toán")], 43, ["Đặng Ỷ Lan", "Trần Bình Trọng"])
    assert plain_name(said) == "Toan 6A1 - 43 ho so - Dang Y Lan - Tran Binh Trong va 41 em"
    assert phone_words([("results", "6A1", "Toán")], 1, ["Đặng Ỷ Lan"]) == "Toán 6A1 - 1 hồ sơ - Đặng Ỷ Lan"
    classes = [("cover", f"6A{number}", "") for number in range(1, 13)]
    assert phone_words(classes, 500, ["A", "B"]) == "Bìa 6A1 6A2 6A3 và 9 lớp - 500 hồ sơ"
    mixed = [(kind, "6A1", "") for kind in ("cover", "history", "results")]
    assert phone_words(mixed, 3, []) == "Bìa QTHT KQHT 6A1 - 3 hồ sơ"


def test_a_name_is_left_out_whole_before_a_letter_is_cut() -> None:
    assert MAX_LENGTH == CARRIED
    long = ["Tôn Nữ Công Tằng Hoàng Thị Thanh Phương Bảo Trâm", "Nguyễn Phúc"]
    said = phone_words([("results", "6A1", "Hoạt động trải nghiệm, hướng nghiệp")], 43, long)
    assert len(said) <= MAX_LENGTH and said.endswith("43 hồ sơ")
