"""One form of identifiers, for whoever typed them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.identifiers import clean_text, identifier, identifier_key, near_key
from hocba_app.domain.person_names import plain_name
from hocba_app.domain.search_text import fold, matches
from hocba_app.domain.vietnamese_collation import sort_name


@pytest.mark.parametrize(
    "text",
    [
        "HS-Đ01\u200b",
        "\ufeffHS-Đ01",
        " HS-Đ01\u00a0",
        "HS-\u00d001",
        "НS-Đ01",
        "ＨＳ－Đ01",
        "HS\u2011Đ01",
        "HS\u00ad-Đ01",
    ],
)
def test_spellings_of_one_code(text: str) -> None:
    assert identifier(text) == "HS-Đ01" and identifier_key(text) == identifier_key("hs-đ01")


def test_leading_zeros_are_near_but_not_the_same() -> None:
    assert (
        identifier_key("012") != identifier_key("12")
        and near_key("012") == near_key("12")
        and near_key("0") == near_key("00")
    )
    assert near_key("HS01") != near_key("HS1")


def test_a_name_with_another_d_is_stored_found_and_sorted_alike() -> None:
    typed = "\u00d0ặng Ỷ Lan"
    assert clean_text(typed) == "\u0110ặng Ỷ Lan"
    assert (
        matches("dang", typed)
        and matches("đặng", typed)
        and matches("\u00d0ặng", "Đặng Ỷ Lan")
        and fold(typed) == "dang y lan"
    )
    assert sort_name(typed) == sort_name("Đặng Ỷ Lan")


def test_what_stored_demands_were_hashed_from_stays() -> None:
    assert plain_name("\u00d0ặng Ỷ Lan") == "ðang y lan" and plain_name("Đặng Ỷ Lan") == "dang y lan"


@given(st.text(max_size=40))
def test_the_form_is_one(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert identifier(identifier(text)) == identifier(text)
    assert identifier_key(unicodedata.normalize("NFD", identifier(text))) == identifier_key(text)
