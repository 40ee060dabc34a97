"""The sector over real HTTP: tokens, what a submission makes of the live data, cursors and versions."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from tests.integration.simulators.smas_rig import YEAR, School, smas, some_result


def test_wrong_credentials_and_no_token(school: School) -> None:
    form = {"grant_type": "client_credentials", "client_id": school.info["client_id"], "client_secret": "x"}
    answer = httpx.post(f"{school.url}/oauth2/token", data=form)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert httpx.post(f"{school.url}/oauth2/token", data={"grant_type": "password"}).status_code == 400
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}):
        answer = httpx.get(f"{school.url}/sector/v1/staff", params={"school_year": YEAR}, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})


def test_another_schools_token_sees_nothing(tmp_path: Path) -> None:
    with smas(
        tmp_path, "lower_secondary:students=10,seed=1,special=0", "lower_secondary:students=10,seed=2,special=0"
    ) as (one, other):
        one.submit()
        digest = one.read("students")[0][0]["data"]["photo_sha256"]
        assert one.http.get(f"/sector/v1/photos/{digest}").status_code == 200
        assert other.read("students")[0] == []
        assert other.http.get("/sector/v1/snapshots", params={"school_year": YEAR}).json() == {"items": []}
        assert other.http.get(f"/sector/v1/photos/{digest}").status_code == 404
        student = one.live("students")[0]["id"]
        assert other.http.get(f"/smas/v1/students/{student}").status_code == 404
        assert other.http.patch(f"/smas/v1/students/{student}", json={"full_name": "X"}).status_code == 404
        assert other.http.delete(f"/smas/v1/students/{student}").status_code == 404
        subject = one.live("subjects")[0]["id"]
        mark = {"student_id": student, "subject_id": subject, "term": "I", "kind": "final", "value": "1"}
        assert other.http.put("/smas/v1/marks", json=mark).json()["errors"][0]["field"] == "student_id"
        job = one.live("submissions")[0]["id"]
        assert other.http.get(f"/smas/v1/submissions/{job}").status_code == 404
        assert other.http.post("/ministry/v1/transfers", json={"snapshot": 1}).status_code == 422
        assert other.http.post("/smas/v1/teaching_assignments", json={
            "class_id": one.live("classes")[0]["id"], "subject_id": subject, "staff_id": one.live("staff")[0]["id"],
        }).status_code == 422  # fmt: skip


def test_nothing_reaches_the_sector_before_it_is_submitted(school: School) -> None:
    for resource in ("school", "staff", "students", "results"):
        assert school.page(resource) == {"items": [], "next_page": None, "cursor": "s0", "snapshot": 0}
    digest = next(item["data"]["photo_sha256"] for item in school.live("students") if item["data"]["photo_sha256"])
    assert school.http.get(f"/sector/v1/photos/{digest}").status_code == 404
    job = school.submit("beginning_of_year", None)
    assert (job["state"], job["snapshot"], job["errors"], job["progress"]) == ("accepted", 1, [], job["total"])
    assert school.read("results")[0] == []
    students, cursor = school.read("students", limit=7)
    assert len(students) == len({item["id"] for item in students}) == 42, "two have left"
    assert {item["version"] for item in students} == {1}
    assert {item["event"] for item in students} == {"NEW"}
    assert cursor == "s1"
    photo = school.http.get(f"/sector/v1/photos/{digest}")
    assert photo.headers["content-type"] == "image/jpeg"
    assert hashlib.sha256(photo.content).hexdigest() == digest
    assert school.submit()["snapshot"] == 2
    assert len(school.read("results")[0]) == 41
    kinds = school.http.get("/sector/v1/snapshots", params={"school_year": YEAR}).json()["items"]
    assert [(item["number"], item["kind"], item["term"]) for item in kinds] == [
        (1, "beginning_of_year", None),
        (2, "results", "II"),
    ]


def test_records_have_the_fields_of_the_contract(school: School) -> None:
    school.submit()
    expected = {
        "school": "code name level commune province department tax_code principal_staff_id",
        "staff": "code full_name id_number old_id_number birth_date sex position email phone status",
        "classes": "code name grade regime school_year homeroom_staff_id",
        "students": "code full_name birth_date sex ethnic_group id_number birth_place nationality home_town address register_number admission_date"
        " priority_category father_name father_job mother_name mother_job guardian_name guardian_job photo_sha256",
        "enrolments": "student_id class_id school_year status from_date to_date note",
        "subjects": "code name kind order periods_per_year grades",
        "teaching_assignments": "class_id subject_id staff_id term position",
        "history": "student_id school_year class_name grade school_name commune province outcome note",
        "results": "student_id class_id school_year regime subjects learning training absences promotion promotion_note title awards certificates"
        " homeroom_comment homeroom_comment_after_summer programme_completed",
    }
    for resource, names in expected.items():
        items, _ = school.read(resource)
        if resource == "history":  # grade 6 has no earlier year
            continue
        assert items, resource
        for item in items:
            assert set(item) == {"id", "version", "event", "updated_at", "data"}
            assert set(names.split()) <= set(item["data"]), resource
    row = some_result(school)["data"]["subjects"][0]
    assert set(row) == {"subject_id", "term1", "term2", "year", "reassessed", "comment", "note", "marks"}
    assert set(row["marks"]["term1"]) == {"regular", "midterm", "final"}


def test_a_corrected_mark_is_seen_only_when_submitted_and_changes_one_record(school: School) -> None:
    school.submit()
    before, cursor = school.read("results")
    old = some_result(school)
    subject = old["data"]["subjects"][0]
    final = subject["marks"]["term2"]["final"]
    value = "10" if final != "10" else "9"
    answer = school.http.put("/smas/v1/marks", json={
        "student_id": old["data"]["student_id"], "subject_id": subject["subject_id"], "term": "II", "kind": "final", "value": value,
    })  # fmt: skip
    assert answer.status_code == 200
    live = answer.json()["items"][0]["data"]["subjects"][0]
    assert live["marks"]["term2"]["final"] == value
    assert live["term2"] != subject["term2"]
    assert school.read("results") == (before, cursor)
    assert school.read("results", since=cursor) == ([], cursor)
    assert school.submit()["snapshot"] == 2
    changed, cursor2 = school.read("results", since=cursor)
    assert [(item["id"], item["version"], item["event"]) for item in changed] == [(old["id"], 2, "UPDATE")]
    assert changed[0]["data"]["subjects"][0]["year"] == live["year"]
    for resource in (
        "students",
        "staff",
        "enrolments",
        "teaching_assignments",
        "classes",
        "history",
        "school",
        "subjects",
    ):
        assert school.read(resource, since=cursor)[0] == []
    assert school.read("results", since=cursor2)[0] == []


def test_a_list_stays_on_the_snapshot_of_its_first_page(school: School) -> None:
    school.submit()
    first = school.page("students", limit=10)
    gone = school.live("students")[-1]
    assert school.http.patch(f"/smas/v1/students/{gone['id']}", json={"address": "12 Lê Lợi"}).status_code == 200
    school.submit()
    rest, page = [], first["next_page"]
    while page:
        answer = school.page("students", page=page, limit=10)
        rest.extend(answer["items"])
        page = answer["next_page"]
    assert answer["cursor"] == "s1"
    assert next(item for item in rest if item["id"] == gone["id"])["data"]["address"] == gone["data"]["address"]
    delta, _ = school.read("students", since="s1")
    assert [(item["id"], item["data"]["address"]) for item in delta] == [(gone["id"], "12 Lê Lợi")]


def test_what_is_deleted_is_cancelled_and_may_come_back(school: School) -> None:
    school.submit("beginning_of_year", None)
    row = next(item for item in school.live("teaching_assignments") if item["data"]["position"] > 1)
    assert school.http.delete(f"/smas/v1/teaching_assignments/{row['id']}").status_code == 204
    school.submit("beginning_of_year", None)
    delta, cursor = school.read("teaching_assignments", since="s1")
    assert [(item["id"], item["event"], item["version"], item["data"]) for item in delta] == [
        (row["id"], "CANCEL", 2, None)
    ]
    assert row["id"] not in {item["id"] for item in school.read("teaching_assignments")[0]}
    made = school.http.post("/smas/v1/teaching_assignments", json=row["data"])
    assert made.status_code == 201
    school.submit("beginning_of_year", None)
    delta, _ = school.read("teaching_assignments", since=cursor)
    assert [(item["id"], item["event"]) for item in delta] == [(made.json()["id"], "NEW")]


def test_results_that_are_not_there_yet_are_refused_row_by_row(september: School) -> None:
    job = september.submit(term="I")
    assert (job["state"], job["snapshot"]) == ("rejected", None)
    assert len(job["errors"]) == 20
    assert {error["resource"] for error in job["errors"]} == {"results"}
    assert september.http.get("/sector/v1/snapshots", params={"school_year": YEAR}).json() == {"items": []}
    september.time("term1")
    assert september.submit(term="I")["state"] == "accepted"
    assert september.submit(term="II")["state"] == "rejected"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "all"}, "kind"),
        ({"kind": "results"}, "term"),
        ({"kind": "beginning_of_year", "term": "I"}, "term"),
        ({"kind": "results", "term": "I", "school_year": "1999-2000"}, "school_year"),
    ],
)
def test_a_submission_of_no_kind(september: School, body: dict[str, str], field: str) -> None:
    answer = september.http.post("/smas/v1/submissions", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    "query", [{"since": "x"}, {"since": "s99"}, {"page": "eA"}, {"page": "!!"}, {"page": "W10"}, {"since": "s²"}]
)
def test_a_cursor_of_somebody_elses(september: School, query: dict[str, str]) -> None:
    answer = september.http.get("/sector/v1/students", params={"school_year": YEAR, **query})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_cursor")


def test_a_list_without_a_year_of_an_unknown_kind_or_too_long(september: School) -> None:
    assert september.http.get("/sector/v1/students").status_code == 422
    assert september.http.get("/sector/v1/secrets", params={"school_year": YEAR}).status_code == 404
    assert september.http.get("/sector/v1/students", params={"school_year": YEAR, "limit": "501"}).status_code == 422
