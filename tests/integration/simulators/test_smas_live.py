"""Writing to SMAS over real HTTP: marks, pupils, staff, photos; what is wrong is named, what is referred to stays."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.integration.simulators.smas_rig import YEAR, School, some_result


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "11"}, "value"), ({"value": "8.25"}, "value"), ({"value": 8}, "value"), ({"value": "Đ"}, "value"), ({"term": "III"}, "term"),
        ({"kind": "oral"}, "kind"), ({"kind": "regular", "index": 9}, "index"), ({"kind": "regular"}, "index"), ({"student_id": "x"}, "student_id"),
        ({"subject_id": "x"}, "subject_id"), ({"student_id": None}, "student_id"),
    ],
)  # fmt: skip
def test_a_wrong_mark_is_refused_with_its_field(september: School, changes: dict[str, Any], field: str) -> None:
    student, subject = (
        september.live("students")[0]["id"],
        next(item["id"] for item in september.live("subjects") if item["data"]["code"] == "TOAN"),
    )
    body = {"student_id": student, "subject_id": subject, "term": "I", "kind": "final", "value": "8"} | changes
    answer = september.http.put("/smas/v1/marks", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    many = september.http.put(
        "/smas/v1/marks",
        json={
            "marks": [
                {**body, **{"student_id": student, "subject_id": subject, "term": "I", "kind": "final", "value": "8"}},
                body,
            ]
        },
    )
    assert (many.status_code, many.json()["errors"][0]["field"]) == (422, f"marks.1.{field}")
    assert september.live("results") == [], "all or nothing"


def test_marks_of_a_comment_subject(september: School) -> None:
    student, subject = (
        september.live("students")[0]["id"],
        next(item["id"] for item in september.live("subjects") if item["data"]["code"] == "GDTC"),
    )
    mark = {"student_id": student, "subject_id": subject, "term": "I"}
    assert september.http.put("/smas/v1/marks", json={**mark, "kind": "final", "value": "8"}).status_code == 422
    entries = [
        {**mark, "kind": "regular", "index": 0, "value": "Đ"},
        {**mark, "kind": "midterm", "value": "Đ"},
        {**mark, "kind": "final", "value": "CĐ"},
    ]
    answer = september.http.put("/smas/v1/marks", json={"marks": entries})
    row = next(row for row in answer.json()["items"][0]["data"]["subjects"] if row["subject_id"] == subject)
    assert row["term1"] == "CĐ"


def test_a_pupil_is_added_with_class_and_photo(september: School) -> None:
    school_class, other = september.live("classes")[0]["id"], september.live("students")[0]["data"]["photo_sha256"]
    body = {
        "code": "HS-MOI",
        "full_name": "Y Moan Ênuôl",
        "birth_date": "2014-02-03",
        "sex": "Nam",
        "id_number": "066214000123",
        "class_id": school_class,
    }
    made = september.http.post("/smas/v1/students", json=body)
    assert made.status_code == 201, made.text
    identity = made.json()["id"]
    jpeg = september.http.get(f"/smas/v1/photos/{other}").content
    assert september.http.put(f"/smas/v1/students/{identity}/photo", content=b"GIF89a").status_code == 422
    assert september.http.put(f"/smas/v1/students/{identity}/photo", content=jpeg).json() == {
        "photo_sha256": hashlib.sha256(jpeg).hexdigest()
    }
    september.submit("beginning_of_year", None)
    assert identity in {item["id"] for item in september.read("students")[0]}
    assert identity in {item["data"]["student_id"] for item in september.read("enrolments")[0]}
    again = september.http.post("/smas/v1/students", json={**body, "code": "HS-KHAC"})
    assert (again.status_code, again.json()["errors"][0]) == (
        422,
        {"field": "id_number", "code": "duplicate", "message": "Đã có người hoặc mục khác dùng giá trị này."},
    )


def test_every_wrong_field_is_named(september: School) -> None:
    body = {
        "full_name": "A\x00B",
        "birth_date": "2014-02-30",
        "sex": "x",
        "id_number": "12",
        "class_id": "nowhere",
        "colour": "red",
    }
    answer = september.http.post("/smas/v1/students", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {
        "code",
        "full_name",
        "birth_date",
        "sex",
        "id_number",
        "class_id",
        "colour",
    }
    student = september.live("students")[0]["id"]
    assert september.http.patch(f"/smas/v1/students/{student}", json={"full_name": ""}).status_code == 422
    assert september.http.patch(f"/smas/v1/students/{student}", json=["x"]).status_code == 422
    assert september.http.patch(f"/smas/v1/students/{student}", content=b"{").status_code == 400


def test_staff_assignments_and_results_are_changed(school: School) -> None:
    row, person = school.live("teaching_assignments")[0], school.live("staff")[4]
    assert (
        school.http.patch(f"/smas/v1/staff/{person['id']}", json={"email": "gv@truong.example"}).json()["data"]["email"]
        == "gv@truong.example"
    )
    assert (
        school.http.patch(f"/smas/v1/teaching_assignments/{row['id']}", json={"staff_id": person["id"]}).json()["data"][
            "staff_id"
        ]
        == person["id"]
    )
    assert school.http.patch(f"/smas/v1/teaching_assignments/{row['id']}", json={"staff_id": "x"}).status_code == 422
    result = some_result(school)
    path, subject = f"/smas/v1/results/{result['id']}", result["data"]["subjects"][0]["subject_id"]
    changed = school.http.patch(path, json={"absences": {"term2": 60}, "awards": ["Giải Nhất"]}).json()["data"]
    assert (changed["promotion"], changed["awards"]) == ("retained", ["Giải Nhất"])
    assert school.http.patch(path, json={"absences": {"term2": -1}}).json()["errors"][0]["field"] == "absences.term2"
    assert school.http.patch(path, json={"training": {"term1": "Giỏi"}}).status_code == 422
    by_hand = school.http.patch(path, json={"subjects": {subject: {"by_hand": {"term1": "4"}}}}).json()["data"][
        "subjects"
    ][0]
    assert (by_hand["term1"], by_hand["note"]) == (
        "4.0",
        "Điểm trung bình học kì do nhà trường nhập từ hồ sơ chuyển đến",
    )
    comment = school.http.put(
        "/smas/v1/comments", json={"student_id": result["data"]["student_id"], "subject_id": subject, "comment": "Tốt"}
    )
    assert comment.json()["items"][0]["data"]["subjects"][0]["comment"] == "Tốt"


def test_what_others_refer_to_cannot_be_deleted(september: School) -> None:
    for resource in ("staff", "students", "classes", "subjects"):
        identity = september.live(resource)[-1 if resource == "staff" else 0]["id"]
        answer = september.http.delete(f"/smas/v1/{resource}/{identity}")
        assert (answer.status_code, answer.json()["error"]) == (409, "in_use"), resource
    assert september.http.delete(f"/smas/v1/school/{september.code}").status_code == 405


def test_a_changed_pupil_keeps_one_version_per_change(september: School) -> None:
    student = september.live("students")[0]["id"]
    september.submit("beginning_of_year", None)
    for number in (2, 3):
        september.http.patch(f"/smas/v1/students/{student}", json={"address": f"Ấp {number}"})
        september.submit("beginning_of_year", None)
        assert [(item["id"], item["version"]) for item in september.read("students", since=f"s{number - 1}")[0]] == [
            (student, number)
        ]
    both, _ = september.read("students", since="s1")
    assert [(item["version"], item["data"]["address"]) for item in both] == [(3, "Ấp 3")], (
        "only the newest of several versions"
    )


def test_what_a_record_is_about_stays(school: School) -> None:
    enrolment, school_class = school.live("enrolments")[0], school.live("classes")[0]
    other = school.live("students")[-1]["id"]
    for path, change in (
        (f"enrolments/{enrolment['id']}", {"student_id": other}), (f"classes/{school_class['id']}", {"school_year": "2030-2031"}),
        (f"classes/{school_class['id']}", {"grade": 12}), (f"subjects/{school.code}-TOAN", {"kind": "comment"}),
    ):  # fmt: skip
        answer = school.http.patch(f"/smas/v1/{path}", json=change)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(change))), path
    for row in school.live("teaching_assignments"):
        if row["data"]["subject_id"].endswith("-TOAN"):
            school.http.delete(f"/smas/v1/teaching_assignments/{row['id']}")
    assert school.http.delete(f"/smas/v1/subjects/{school.code}-TOAN").status_code == 409, "results have it"


def test_a_photo_is_taken_away(september: School) -> None:
    student = september.live("students")[0]
    assert september.http.delete(f"/smas/v1/students/{student['id']}/photo").status_code == 204
    assert september.http.get(f"/smas/v1/students/{student['id']}").json()["data"]["photo_sha256"] is None
    assert september.http.delete("/smas/v1/students/nobody/photo").status_code == 404
    assert september.http.get("/smas/v1/years").json() == {"items": [YEAR], "current": YEAR}


def test_the_year_goes_on_without_what_was_taken_away(september: School) -> None:
    """A pupil gone, a subject gone: what would have been entered for them is not."""
    student, subject = september.live("students")[0]["id"], f"{september.code}-GDDP"
    assert september.http.delete(f"/smas/v1/enrolments/{student}-{YEAR}").status_code == 204
    assert september.http.delete(f"/smas/v1/students/{student}").status_code == 204
    for row in september.live("teaching_assignments"):
        if row["data"]["subject_id"] == subject:
            september.http.delete(f"/smas/v1/teaching_assignments/{row['id']}")
    assert september.http.delete(f"/smas/v1/subjects/{subject}").status_code == 204
    for moment, term in (("term1", "I"), ("year_end", "II")):
        assert september.time(moment).status_code == 200
        assert september.submit(term=term)["state"] == "accepted"
    results = september.live("results")
    assert len(results) == 19
    assert all(len(item["data"]["subjects"]) == 11 and item["data"]["promotion"] == "promoted" for item in results)
