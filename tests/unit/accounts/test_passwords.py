"""What is accepted as a password, how codes and names are read."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.accounts.login_names import MAX_LENGTH, login_name, plain, staff_login_name
from hocba_app.services.accounts.one_time_codes import ALPHABET, code_hash, new_code
from hocba_app.services.accounts.passwords import MAXIMUM, check_policy, hash_password, verify_password
from hocba_app.services.accounts.throttle import MAX_WAIT, wait_after

USERNAME = "nguyenthilan@79760001"


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "ngan",
        "ngắn thôi",
        "9 ký tự!!",
        USERNAME,
        USERNAME.upper(),
        "nguyenthilan",
        "nguyễn thị lan",
        "password12",
        "Matkhau123",
        "Mật khẩu 123",
        "1234567890",
        "hocbadientu",
        "aaaaaaaaaaaa",
        "abab abab abab",
        "qwertyuiop1",
        "123456123456",
        "x" * (MAXIMUM + 1),
    ],
)
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(HocbaError) as caught:
        check_policy(weak, USERNAME)
    assert caught.value.code is ErrorCode.PASSWORD_WEAK
    assert "10" in caught.value.sentence


@pytest.mark.parametrize(
    "good", ["Hoa phượng nở 1975", "con mèo trèo cây cau", "vietnam-quê hương tôi", "k3v!8sQz-1x", "mười chữ cái"]
)
def test_good_passwords_pass(good: str) -> None:
    check_policy(good, USERNAME)


def test_hashes_are_argon2id_and_salted_and_letters_may_be_composed_either_way() -> None:
    password = "Hoa phượng nở 1975"
    first, second = hash_password(password), hash_password(password)
    assert first.startswith("$argon2id$") and first != second
    assert verify_password(unicodedata.normalize("NFD", password), first) == (True, None)
    assert verify_password(password + " ", first) == (False, None)
    assert verify_password(password, None) == (False, None)


def test_a_password_cut_at_the_limit_is_not_the_longer_one() -> None:
    longest = "ab1 " * (MAXIMUM // 4)
    stored = hash_password(longest)
    assert verify_password(longest, stored)[0]
    assert not verify_password(longest + "x", stored)[0]


def test_codes_are_read_whatever_the_case_and_dashes() -> None:
    code = new_code()
    assert len(code) == 14 and set(code) <= {*ALPHABET, "-"}
    assert code_hash(code) == code_hash(f" {code.lower().replace('-', ' ')} ")
    assert code_hash(code) != code_hash(new_code())
    assert len({new_code() for _ in range(200)}) == 200


@given(st.text(max_size=60))
def test_a_login_name_has_one_spelling(typed: str) -> None:
    name = login_name(typed)
    assert login_name(name) == name
    assert login_name(unicodedata.normalize("NFD", name)) == name


@given(st.text(min_size=1, max_size=120), st.integers(1, 12))
def test_staff_login_names_fit_the_column_and_keep_their_school(code: str, number: int) -> None:
    name = staff_login_name(code, "79760001", number)
    assert len(name) <= MAX_LENGTH
    assert name.endswith("@79760001")
    assert (f".{number}@" in name) == (number > 1) or number == 1


def test_search_text_has_no_marks() -> None:
    assert plain("Đặng Ỷ Lan") == "dang y lan"


@given(st.integers(0, 100))
def test_waits_never_shrink_and_never_exceed_the_longest(failures: int) -> None:
    now, after = wait_after(failures, 5), wait_after(failures + 1, 5)
    assert (now is None) == (failures < 5)
    if now is not None:
        assert after is not None and now <= after <= MAX_WAIT
