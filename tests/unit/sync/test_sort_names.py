"""A class list in Vietnamese order, by plain comparison of text."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.vietnamese_collation import sort_name, sort_title

IN_ORDER = [
    "Nguyễn Văn An",
    "Trần Thị An",
    "Lê Văn Ân",
    "Phạm Thị Bích",
    "Đỗ Văn Dũng",
    "Lò Văn Đại",
    "Hà Thị Đào",
    "Vũ Lan",
    "Nguyễn Văn Long",
    "Trần Minh",
    "Lê Thị Oanh",
    "Phan Văn Ổn",
    "Mai Thị Tơ",
    "Bùi Văn Tú",
    "Trần Thị Tư",
    "Nguyễn Y",
]


def test_given_name_first_then_letters_then_tones() -> None:
    assert sorted(reversed(IN_ORDER), key=sort_name) == IN_ORDER
    assert [sort_name(name) for name in ("Ma", "Mà", "Mả", "Mã", "Má", "Mạ")] == [
        "ma0",
        "ma1",
        "ma2",
        "ma3",
        "ma4",
        "ma5",
    ]


def test_unicode_form_and_case_do_not_matter() -> None:
    for name in IN_ORDER:
        assert sort_name(unicodedata.normalize("NFD", name)) == sort_name(name) == sort_name(name.upper())


def test_only_letters_both_databases_sort_alike() -> None:
    assert all(sort_name(name).replace(" ", "").isascii() for name in IN_ORDER)


def test_titles_stand_as_they_are_written_and_numbers_by_their_value() -> None:
    in_order = ["6A1", "6A2", "6A10", "7A1", "Địa lí", "Giáo dục công dân", "Âm nhạc"]
    assert sorted(reversed(in_order), key=sort_title) == [
        "6A1",
        "6A2",
        "6A10",
        "7A1",
        "Âm nhạc",
        "Địa lí",
        "Giáo dục công dân",
    ]


@given(st.text(max_size=300))
def test_any_text_has_a_place(name: str) -> None:
    assert len(sort_name(name)) <= 200
    assert len(sort_title(name)) <= 200
