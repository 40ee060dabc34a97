"""Text of old fonts is recognised by what no Vietnamese word has, and nothing else is touched."""

from __future__ import annotations

import pytest

from hocba_app.domain.old_letters import NAMES, coding_of, is_vietnamese, lost_letters, to_unicode

OLD = [
    ("tcvn3", "NguyÔn V¨n An", "Nguyễn Văn An"), ("tcvn3", "§Æng ThÞ HuyÒn Trang", "Đặng Thị Huyền Trang"),
    ("tcvn3", "Ng« Thïy D\u00ad¬ng", "Ngô Thùy Dương"), ("tcvn3", "Hä vµ tªn", "Họ và tên"),
    ("vni", "Nguyeãn Vaên An", "Nguyễn Văn An"), ("vni", "Ñaëng Thò Huyeàn Trang", "Đặng Thị Huyền Trang"),
    ("vni", "NGUYEÃN THÒ HÖÔØNG", "NGUYỄN THỊ HƯỜNG"), ("vni", "Ngoâ Thuøy Döông", "Ngô Thùy Dương"),
    ("utf8", "Nguyá»…n VÄƒn An", "Nguyễn Văn An"), ("utf8", "Đặng Văn".encode().decode("latin-1"), "Đặng Văn"),
]  # fmt: skip


@pytest.mark.parametrize(("coding", "old", "text"), OLD)
def test_old_text_is_recognised_and_turned(coding: str, old: str, text: str) -> None:
    assert coding_of([old]) == coding and to_unicode(old, coding) == text


@pytest.mark.parametrize(
    "text",
    ["Nguyễn Thị Ánh", "Y Moan Ênuôl", "H'Hen Niê", "K'Brêñ", "Lò Văn Pó", "Hoàng Phú", "Toán", "Ngày sinh", "Ð", "Café", "Thạch Sô Phi", "Nguyễn"],
)  # fmt: skip
def test_what_is_unicode_tells_no_old_coding(text: str) -> None:
    assert coding_of([text]) == ""
    assert all(is_vietnamese(to_unicode(text, coding)) or to_unicode(text, coding) == text for coding in NAMES)


def test_letters_that_were_lost_are_seen() -> None:
    assert lost_letters("Nguy?n V?n An") and lost_letters("L\ufffd Thị") and not lost_letters("Em có thích không?")
