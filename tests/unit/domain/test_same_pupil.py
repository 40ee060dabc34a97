"""What speaks against a file's being of a pupil."""

from __future__ import annotations

import pytest

from hocba_app.domain.same_pupil import Pupil, doubts

LAN = Pupil("7976000100123", "Đặng Ỷ Lan", "2014-05-06", "079314001234")


def codes(words: str, *, code: str | None = None, kind: str | None = None, pupil: Pupil = LAN) -> list[str]:
    return [doubt.code for doubt in doubts(pupil, words, student_code=code, kind=kind)]


@pytest.mark.parametrize(
    "words",
    [
        "Họ và tên: ĐẶNG Ỷ LAN",
        "Họ tên ĐẶNG\nỶ  LAN, lớp 7",
        "Dang Y Lan",
        "Số định danh cá nhân: 0793 1400 1234. Đặng Ỷ Lan",
    ],
)
def test_nothing_speaks_against_him(words: str) -> None:
    assert codes(words) == []


def test_each_doubt() -> None:
    assert codes("") == ["no_words"]
    assert codes("Nguyễn Văn Bình") == ["name"]
    assert codes("Đặng Ỷ Lan", code="7976000100124") == ["code"]
    assert codes("Đặng Ỷ Lan. Số định danh cá nhân: 079314009999") == ["id_number"]
    assert codes("Đặng Ỷ Lan sinh ngày 07/05/2014", kind="cover") == ["birth_date"]
    assert codes("Đặng Ỷ Lan sinh ngày 6 tháng 5 năm 2014", kind="cover", code=LAN.code) == []


def test_what_is_not_known_is_not_held_against_him() -> None:
    assert codes("Lan. Số định danh: 079314009999", pupil=Pupil("1", "Lan", "", None), kind="cover") == []


def test_a_hostile_code_is_shown_without_what_does_not_print() -> None:
    (doubt,) = doubts(LAN, "Đặng Ỷ Lan", student_code="\x00\n\u202e" + "9" * 500, kind=None)
    assert doubt.text.isprintable() and len(doubt.text) < 150
