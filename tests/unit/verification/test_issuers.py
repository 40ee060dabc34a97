"""The list of issuers: name, code, tax code and seal of one entry, former ones only for their days."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hocba_app.domain.school_names import is_school_name, school_key
from hocba_app.recordfile.manifest import ManifestSchool
from hocba_app.verification.issuers import issuer_list_fault, listed_school

OWN = {
    "tax_code": "0312345678",
    "name": "Trường THCS Kim Đồng",
    "code": "79760001",
    "from": "2025-07-01",
    "former": [{"name": "Trường THCS Cầu Ông Lãnh", "code": "76000123", "until": "2025-06-30"}],
}
OTHER = {"tax_code": "0377777777", "name": "Trường THPT Lê Hồng Phong", "code": "79799999"}
NOW, BEFORE = datetime(2026, 5, 30, tzinfo=UTC), datetime(2025, 6, 30, 16, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "name", "tax_code", "when", "listed"),
    [
        ("79760001", "Trường THCS Kim Đồng", "0312345678", NOW, True),
        ("79760001", "TRƯỜNG  THCS KIM ĐỒNG", "0312345678", NOW, True),
        ("79799999", "Trường THCS Kim Đồng", "0312345678", NOW, False),  # another listed school's code
        ("79760001", "Trường THPT Lê Hồng Phong", "0312345678", NOW, False),  # another listed school's name
        ("79799999", "Trường THPT Lê Hồng Phong", "0312345678", NOW, False),  # both, under its own tax code
        ("79760001", "Trường THCS Kim Đồng", "0377777777", NOW, False),
        ("76000123", "Trường THCS Cầu Ông Lãnh", "0312345678", BEFORE, True),  # as it was called then
        ("76000123", "Trường THCS Cầu Ông Lãnh", "0312345678", NOW, False),
        ("76000123", "Trường THCS Kim Đồng", "0312345678", BEFORE, False),  # half old, half new
        ("79760001", "Trường THCS Kim Đồng", "0312345678", BEFORE, False),  # a name it did not have yet
        ("76000123", "Trường THCS Cầu Ông Lãnh", "0312345678", None, False),
    ],
)
def test_all_of_one_entry(code: str, name: str, tax_code: str, when: datetime | None, listed: bool) -> None:
    found = listed_school([OTHER, OWN], ManifestSchool(code, name, tax_code), when)
    assert (found is not None) is listed
    if found is not None:
        assert found.name in ("Trường THCS Kim Đồng", "Trường THCS Cầu Ông Lãnh"), "what the list says is shown"


def test_a_seal_under_an_earlier_name_is_the_schools_and_anothers_is_not() -> None:
    found = listed_school([OWN], ManifestSchool("79760001", "Trường THCS Kim Đồng", "0312345678"), NOW)
    assert found is not None and found.agrees(["TRƯỜNG TRUNG HỌC CƠ SỞ KIM ĐỒNG"])
    assert found.agrees(["Trường THCS Cầu Ông Lãnh"]) and not found.agrees(["Trường THPT Lê Hồng Phong"])
    assert not found.agrees([])
    named = listed_school(
        [{**OTHER, "certificate_name": ["UBND QUẬN 1 - THPT LHP"]}],
        ManifestSchool("79799999", OTHER["name"], "0377777777"),
        NOW,
    )
    assert named is not None and named.agrees(["UBND Quận 1 – THPT LHP"]) and not named.agrees([OTHER["name"]])
    bare = listed_school([{"tax_code": "1"}], ManifestSchool("c", "n", "1"), NOW)
    assert bare is not None and bare.agrees(["whoever"])


@pytest.mark.parametrize(
    "listed",
    [
        {},
        [1],
        [{}],
        [{"tax_code": ""}],
        [{"tax_code": "1", "name": 5}],
        [{"tax_code": "1", "former": {}}],
        [{"tax_code": "1", "former": [{"until": "30/06/2025"}]}],
        [{"tax_code": "1", "certificate_name": [5]}],
        [{"tax_code": "1", "from": "2025"}],
    ],
)
def test_a_list_that_cannot_be_read_is_a_fault(listed: object) -> None:
    assert issuer_list_fault(listed) and not issuer_list_fault([OWN, OTHER])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Trường TH&THCS Hòa Bình", "TRƯỜNG TIỂU HỌC VÀ TRUNG HỌC CƠ SỞ HOÀ BÌNH"),
        ("Trường PTDTBT THCS Pà Cò", "Trường Phổ thông dân tộc bán trú THCS Pà Cò"),
        ("Trường THPT Lê Hồng Phong", "trường trung học phổ thông lê hồng phong"),
    ],
)
def test_spellings_of_one_school(one: str, other: str) -> None:
    assert school_key(one) == school_key(other) and is_school_name(one) and is_school_name(other)


def test_what_is_no_school() -> None:
    assert not any(map(is_school_name, ("Công ty TNHH Trường Sinh", "Công ty Kim Đồng", "Nguyễn Văn A", "")))
    assert school_key("Trường THCS Kim Đồng") != school_key("Trường THPT Kim Đồng")
