"""Generated schools: the same for the same seed, believable, and every special case in its place."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from typing import Any

import pytest
from PIL import Image

from hocba_app.simulators.smas.fields import CIRCUMSTANCES
from hocba_app.simulators.smas.generation.names import TEST_NAMES
from hocba_app.simulators.smas.generation.year import Script, generate
from hocba_app.simulators.smas.spec import SchoolSpec, parse


def records(script: Script, resource: str, moment: str = "september") -> dict[str, dict[str, Any]]:
    return {entry.id: entry.values for entry in script.entries[moment] if entry.resource == resource}


@pytest.fixture(scope="module")
def plain() -> Script:
    return generate(parse("lower_secondary:students=135,special=0"))


@pytest.fixture(scope="module")
def special() -> Script:
    return generate(parse("lower_secondary:students=135"))


def test_the_same_seed_gives_the_same_school(special: Script) -> None:
    again = generate(parse("lower_secondary:students=135,seed=1"))
    assert again.entries == special.entries
    assert again.photos == special.photos
    other = generate(parse("lower_secondary:students=135,seed=2"))
    assert records(other, "students") != records(special, "students")


_DIGEST = """
import hashlib
from hocba_app.simulators.smas.generation.year import generate
from hocba_app.simulators.smas.spec import parse
print(hashlib.sha256(repr([generate(parse(f"{level}:students=50")).entries for level in ("primary", "lower_secondary", "upper_secondary")]).encode()).hexdigest())
"""


def test_another_process_makes_the_same_school() -> None:
    digests = {
        subprocess.run([sys.executable, "-c", _DIGEST], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


def test_size_and_people_of_the_default_school(plain: Script) -> None:
    classes, staff, students = (records(plain, name) for name in ("classes", "staff", "students"))
    assert [data["name"] for data in classes.values()] == ["6A1", "7A1", "9A1"]
    assert len(students) == 135
    assert Counter(data["class_id"] for data in records(plain, "enrolments").values()) == dict.fromkeys(classes, 45)
    assert len(staff) == 25
    assert Counter(data["position"] for data in staff.values()) == {
        "principal": 1,
        "vice_principal": 2,
        "clerk": 1,
        "teacher": 21,
    }
    assert len(records(plain, "subjects")) == 12
    assert {name for name, _, _ in TEST_NAMES} <= {data["full_name"] for data in students.values()}
    assert len({data["ethnic_group"] for data in students.values()}) >= 5


def test_every_teacher_takes_one_row_of_a_class(plain: Script) -> None:
    rows = records(plain, "teaching_assignments").values()
    for class_id, data in records(plain, "classes").items():
        teachers = [row["staff_id"] for row in rows if row["class_id"] == class_id]
        assert len(teachers) == len(set(teachers)) == 12
        assert data["homeroom_staff_id"] in teachers


def test_numbers_are_whole_and_come_once(special: Script) -> None:
    everybody = [*records(special, "staff").values(), *records(special, "students").values()]
    numbers = [data["id_number"] for data in everybody if data["id_number"]]
    assert len(numbers) == len(set(numbers))
    assert all(len(number) == 12 and number.isdigit() for number in numbers)
    codes = [data["code"] for data in everybody]
    assert len(codes) == len(set(codes))


def test_photos_are_jpegs_of_3_by_4_and_differ(special: Script) -> None:
    digests = [data["photo_sha256"] for data in records(special, "students").values() if data["photo_sha256"]]
    assert len(digests) == len(set(digests))
    for digest in digests[:5]:
        jpeg = special.photos[digest]
        assert 4_000 < len(jpeg) < 16_000
        with Image.open(io.BytesIO(jpeg)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (354, 472))


def test_classes_hold_45_and_cover_the_grades() -> None:
    script = generate(parse("lower_secondary:students=401,special=0,seed=5"))
    sizes = Counter(data["class_id"] for data in records(script, "enrolments").values())
    assert sum(sizes.values()) == 401
    assert max(sizes.values()) <= 45
    assert {data["grade"] for data in records(script, "classes").values()} == {6, 7, 8, 9}
    homerooms = [data["homeroom_staff_id"] for data in records(script, "classes").values()]
    assert len(set(homerooms)) == len(homerooms)


def test_special_cases(special: Script) -> None:
    students = records(special, "students")
    year_end, summer = records(special, "results", "year_end"), records(special, "results", "summer")
    assert sum(data["id_number"] is None for data in students.values()) == 1
    assert sum(data["photo_sha256"] is None for data in students.values()) == 1
    assert sum(unicodedata.normalize("NFC", data["full_name"]) != data["full_name"] for data in students.values()) == 1
    statuses = Counter(data.get("status") for data in records(special, "enrolments", "year_end").values())
    assert statuses == {"moved_in": 1}
    left = [data for data in records(special, "enrolments", "term1").values() if data.get("status") == "moved_out"]
    assert len(left) == 2, "one with marks of term I, one before anything was entered"
    assert len(summer) == 3
    flagged = [data["circumstances"] for data in records(special, "enrolments").values() if "circumstances" in data]
    assert {flag["kind"] for flags in flagged for flag in flags} == set(CIRCUMSTANCES)
    assert all(flag["from_date"] == "2025-09-05" for flags in flagged for flag in flags)
    assert any(row["outcome"] == "retained" for row in records(special, "history").values())
    assert sum(bool(data["wrong"]) for data in year_end.values()) == 6
    several = [row for row in records(special, "teaching_assignments").values() if row["position"] > 1]
    assert {row["subject_id"].rpartition("-")[2] for row in several} == {"KHTN", "LSDL", "NT"}
    assert {row["term"] for row in records(special, "teaching_assignments", "year_end").values()} == {"I", "II"}
    assert len(records(special, "classes", "term1")) == 1


def test_a_class_is_split_in_a_larger_school() -> None:
    script = generate(parse("lower_secondary:students=180,seed=2"))
    classes = records(script, "classes", "term1")
    new = next(key for key, data in classes.items() if "grade" in data)
    moved = {key: data for key, data in records(script, "enrolments", "term1").items() if data.get("class_id") == new}
    assert 15 <= len(moved) <= 23
    taught = [row for row in records(script, "teaching_assignments", "term1").values() if row["class_id"] == new]
    assert len(taught) == 12
    results = records(script, "results", "term1")
    assert {data["student_id"] for data in results.values() if data["class_id"] == new} == {
        key.rpartition("-2025")[0] for key in moved
    }


def test_a_pupil_has_a_row_of_history_for_each_earlier_year(plain: Script) -> None:
    grades = {key: data["grade"] for key, data in records(plain, "classes").items()}
    rows = Counter(row["student_id"] for row in records(plain, "history").values())
    for data in records(plain, "enrolments").values():
        assert rows.get(data["student_id"], 0) == grades[data["class_id"]] - 6


def test_a_small_school_has_fewer_cases() -> None:
    script = generate(parse("lower_secondary:students=5"))
    students = {**records(script, "students"), **records(script, "students", "year_end")}
    assert len(students) == 6, "five at the year's end and one who has moved out"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "university",
        "primary:students=0",
        "primary:students=x",
        "primary:year=2025-2027",
        "primary:pupils=3",
        "primary:moment=now",
        "primary:special=2",
        "primary:seed=-1",
    ],
)
def test_a_wrong_spec_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse(text)


def test_a_spec() -> None:
    spec = parse("lower_secondary:students=90,seed=3,year=2024-2025,special=0,moment=term1")
    assert spec == SchoolSpec("lower_secondary", 90, 3, "2024-2025", False, "term1")
    assert (spec.code, spec.first_year) == ("79200003", 2024)
