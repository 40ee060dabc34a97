"""The turn of a year over the API: roll-over, register numbers, comment templates, passwords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.simulators.smas_rig import YEAR, School, smas

NEXT = "2026-2027"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with smas(tmp_path, "lower_secondary:students=60,seed=6,moment=summer") as schools:
        yield schools[0]


def test_roll_over(school: School) -> None:
    school.submit()
    results = {item["data"]["student_id"]: item["data"] for item in school.live("results")}
    grades = {item["id"]: item["data"]["grade"] for item in school.live("classes")}
    left = {item["data"]["student_id"] for item in school.live("enrolments") if item["data"]["status"] == "moved_out"}
    for wrong in ("2027-2028", YEAR, "", None):
        assert school.http.post("/smas/v1/years", json={"school_year": wrong}).status_code == 422
    answer = school.http.post("/smas/v1/years", json={"school_year": NEXT, "roll_over": True})
    assert answer.status_code == 201
    told = answer.json()
    enrolments = {item["data"]["student_id"]: item["data"] for item in school.live("enrolments", school_year=NEXT)}
    new_grades = {item["id"]: item["data"] for item in school.live("classes", school_year=NEXT)}
    assert sorted(data["grade"] for data in new_grades.values()) == [6, 7]
    for student, data in results.items():
        if student in left:
            assert student not in enrolments
        elif data["promotion"] == "promoted":
            before = grades[data["class_id"]]
            assert (student in enrolments) == (before < 9)
            if before < 9:
                assert new_grades[enrolments[student]["class_id"]]["grade"] == before + 1
        elif student in enrolments:
            assert new_grades[enrolments[student]["class_id"]]["grade"] == grades[data["class_id"]]
            assert enrolments[student]["note"] == "Học lại"
        else:
            assert student in told["undecided"]
    assert told["students"] == len(enrolments)
    history = Counter(
        item["data"]["student_id"] for item in school.live("history") if item["data"]["school_year"] == YEAR
    )
    assert set(history.values()) == {1}
    assert all(item["data"]["homeroom_staff_id"] for item in school.live("classes", school_year=NEXT))
    job = school.http.post("/smas/v1/submissions", json={"kind": "beginning_of_year"}).json()
    while (state := school.http.get(f"/smas/v1/submissions/{job['id']}").json())["state"] == "running":
        pass
    assert (state["state"], state["school_year"]) == ("accepted", NEXT)
    rows = school.http.get("/sector/v1/history", params={"school_year": NEXT, "limit": 500}).json()["items"]
    assert {item["data"]["school_year"] for item in rows} >= {YEAR}
    assert {item["data"]["school_year"] for item in school.read("history")[0]} <= {
        "2022-2023",
        "2023-2024",
        "2024-2025",
        "2021-2022",
    }
    assert len(school.read("results")[0]) == 61, "the year that has ended stays as it was submitted"


def test_a_year_declared_without_roll_over_is_empty(school: School) -> None:
    answer = school.http.post("/smas/v1/years", json={"school_year": NEXT}).json()
    assert (answer["classes"], answer["students"]) == (0, 0)
    assert school.live("classes", school_year=NEXT) == []
    assert school.http.post("/smas/v1/submissions", json={"kind": "beginning_of_year"}).status_code == 422, (
        "no class yet"
    )


def test_register_numbers_go_to_those_without(school: School) -> None:
    students = school.live("students")
    for item in students[:3]:
        school.http.patch(f"/smas/v1/students/{item['id']}", json={"register_number": None})
    taken = students[5]["data"]["register_number"]
    given = school.http.post("/smas/v1/register_numbers", json={"start": 1}).json()["given"]
    assert set(given) == {item["id"] for item in students[:3]}
    numbers = [item["data"]["register_number"] for item in school.live("students")]
    assert len(numbers) == len(set(numbers))
    assert taken in numbers
    assert school.http.post("/smas/v1/register_numbers", json={"start": 0}).status_code == 422


def test_comment_templates(school: School) -> None:
    class_id = school.live("classes")[0]["id"]
    assert school.http.post("/smas/v1/comment_templates/apply", json={"class_id": class_id}).status_code == 422
    for text, level in (("Học tốt, ngoan.", "Tốt"), ("Cần cố gắng.", None)):
        assert school.http.post("/smas/v1/comment_templates", json={"text": text, "learning": level}).status_code == 201
    assert school.http.post("/smas/v1/comment_templates", json={"text": "x", "learning": "Tuyệt"}).status_code == 422
    assert school.http.post("/smas/v1/comment_templates/apply", json={"class_id": class_id}).json() == {"written": 0}
    first = school.live("results", class_id=class_id)[0]
    school.http.put("/smas/v1/comments", json={"student_id": first["data"]["student_id"], "comment": None})
    assert school.http.post("/smas/v1/comment_templates/apply", json={"class_id": class_id}).json() == {"written": 1}
    now = school.http.get(f"/smas/v1/results/{first['id']}").json()["data"]
    assert now["homeroom_comment"] == ("Học tốt, ngoan." if now["learning"]["year"] == "Tốt" else "Cần cố gắng.")
    count = len(school.live("results", class_id=class_id))
    assert school.http.post(
        "/smas/v1/comment_templates/apply", json={"class_id": class_id, "overwrite": True}
    ).json() == {"written": count}


def test_a_staff_members_password(school: School) -> None:
    person = school.live("staff")[5]
    first, second = (school.http.post(f"/smas/v1/staff/{person['id']}/password").json() for _ in range(2))
    assert first["username"] == person["data"]["code"]
    assert first["password"] != second["password"]
    assert school.http.post("/smas/v1/staff/nobody/password").status_code == 404
    school.http.patch(f"/smas/v1/staff/{person['id']}", json={"status": "left"})
    assert school.http.post(f"/smas/v1/staff/{person['id']}/password").status_code == 409


@pytest.mark.parametrize(
    "spec",
    [
        "lower_secondary:students=50,seed=6,moment=summer,special=0",
        "primary:students=50,moment=summer,special=0",
        "upper_secondary:students=50,moment=summer,special=0",
    ],
)
def test_a_rolled_over_year_is_filled_on_demand(spec: str, tmp_path: Path) -> None:
    with smas(tmp_path, spec) as (school,):
        school.http.post("/smas/v1/years", json={"school_year": NEXT, "roll_over": True})
        assert school.http.post("/smas/v1/trial", json={"term": "summer"}).status_code == 422
        first = school.http.post("/smas/v1/trial", json={"term": "I"}).json()
        enrolled = {item["id"] for item in school.live("enrolments", school_year=NEXT)}
        assert first["results"] == len(enrolled) > 0 and first["assignments"] > 0
        mine = school.live("results", school_year=NEXT)[0]
        subject = next(row for row in mine["data"]["subjects"] if row["term1"] is not None)
        assert all(row["term2"] is None for row in mine["data"]["subjects"])
        comment = {"student_id": mine["data"]["student_id"], "subject_id": subject["subject_id"], "comment": "Của tôi."}
        assert school.http.put("/smas/v1/comments", json=comment).status_code == 200
        assert school.http.post("/smas/v1/trial", json={"term": "I"}).json() == {"assignments": 0, "results": 0}, (
            "what is there stays"
        )
        assert school.http.post("/smas/v1/trial", json={"term": "II"}).json() == {
            "assignments": 0,
            "results": len(enrolled),
        }
        answer = school.http.post(
            "/smas/v1/submissions", json={"kind": "results", "term": "II", "school_year": NEXT}
        ).json()
        while (state := school.http.get(f"/smas/v1/submissions/{answer['id']}").json())["state"] == "running":
            pass
        assert state["state"] == "accepted", state["errors"][:3]
        assert len(school.live("results", school_year=NEXT)) == len(enrolled)
