"""SMAS, the sector and the Ministry over real HTTP."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hocba_app.services.sync.recompute import mismatches
from tests.integration.simulators.smas_rig import YEAR, School, smas


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with smas(tmp_path, "lower_secondary:students=40,seed=4") as schools:
        yield schools[0]


@pytest.fixture
def september(tmp_path: Path) -> Iterator[School]:
    with smas(tmp_path, "lower_secondary:students=20,seed=4,special=0,moment=september") as schools:
        yield schools[0]


def some_result(school: School) -> dict[str, Any]:
    """A pupil's result of whom nothing is special."""
    special = {item["student_id"] for item in httpx.get(f"{school.url}/_known_errors").json()}
    return next(
        item for item in school.live("results")
        if item["data"]["promotion"] == "promoted" and not item["data"]["promotion_note"] and item["data"]["learning"]["term1"]
        and item["data"]["student_id"] not in special
    )  # fmt: skip


# --- tokens ------------------------------------------------------------------------------------------------------


def test_wrong_credentials_and_no_token(school: School) -> None:
    form = {"grant_type": "client_credentials", "client_id": school.info["client_id"], "client_secret": "x"}
    answer = httpx.post(f"{school.url}/oauth2/token", data=form)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert httpx.post(f"{school.url}/oauth2/token", data={"grant_type": "password"}).status_code == 400
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}):
        answer = httpx.get(f"{school.url}/sector/v1/staff", params={"school_year": YEAR}, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})


def test_another_schools_token_sees_nothing(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=10,seed=1,special=0", "lower_secondary:students=10,seed=2,special=0") as (one, other):
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


# --- submission and the sector -----------------------------------------------------------------------------------


def test_nothing_reaches_the_sector_before_it_is_submitted(school: School) -> None:
    for resource in ("school", "staff", "students", "results"):
        assert school.page(resource) == {"items": [], "next_page": None, "cursor": "s0", "snapshot": 0}
    digest = next(item["data"]["photo_sha256"] for item in school.live("students") if item["data"]["photo_sha256"])
    assert school.http.get(f"/sector/v1/photos/{digest}").status_code == 404
    job = school.submit("beginning_of_year", None)
    assert (job["state"], job["snapshot"], job["errors"], job["progress"]) == ("accepted", 1, [], job["total"])
    assert school.read("results")[0] == []
    students, cursor = school.read("students", limit=7)
    assert len(students) == len({item["id"] for item in students}) == 41
    assert {item["version"] for item in students} == {1}
    assert {item["event"] for item in students} == {"NEW"}
    assert cursor == "s1"
    photo = school.http.get(f"/sector/v1/photos/{digest}")
    assert photo.headers["content-type"] == "image/jpeg"
    assert hashlib.sha256(photo.content).hexdigest() == digest
    assert school.submit()["snapshot"] == 2
    assert len(school.read("results")[0]) == 41
    kinds = school.http.get("/sector/v1/snapshots", params={"school_year": YEAR}).json()["items"]
    assert [(item["number"], item["kind"], item["term"]) for item in kinds] == [(1, "beginning_of_year", None), (2, "results", "II")]


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
    for resource in ("students", "staff", "enrolments", "teaching_assignments", "classes", "history", "school", "subjects"):
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
    assert [(item["id"], item["event"], item["version"], item["data"]) for item in delta] == [(row["id"], "CANCEL", 2, None)]
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
    ("body", "field"), [({"kind": "all"}, "kind"), ({"kind": "results"}, "term"), ({"kind": "beginning_of_year", "term": "I"}, "term"), ({"kind": "results", "term": "I", "school_year": "1999-2000"}, "school_year")]
)
def test_a_submission_of_no_kind(september: School, body: dict[str, str], field: str) -> None:
    answer = september.http.post("/smas/v1/submissions", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("query", [{"since": "x"}, {"since": "s99"}, {"page": "eA"}, {"page": "!!"}, {"page": "W10"}, {"since": "s²"}])
def test_a_cursor_of_somebody_elses(september: School, query: dict[str, str]) -> None:
    answer = september.http.get("/sector/v1/students", params={"school_year": YEAR, **query})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_cursor")


def test_a_list_without_a_year_of_an_unknown_kind_or_too_long(september: School) -> None:
    assert september.http.get("/sector/v1/students").status_code == 422
    assert september.http.get("/sector/v1/secrets", params={"school_year": YEAR}).status_code == 404
    assert september.http.get("/sector/v1/students", params={"school_year": YEAR, "limit": "501"}).status_code == 422


# --- the course of the year --------------------------------------------------------------------------------------


def test_the_year_goes_by(september: School) -> None:
    assert september.submit("beginning_of_year", None)["state"] == "accepted"
    assert september.live("results") == []
    september.time("term1")
    assert september.submit(term="I")["state"] == "accepted"
    first, cursor = september.read("results")
    assert all(item["data"]["learning"]["term1"] and item["data"]["learning"]["year"] is None for item in first)
    assert september.time("year_end").json() == {"school": september.code, "moment": "year_end"}
    assert september.submit()["state"] == "accepted"
    delta, _ = september.read("results", since=cursor)
    assert {item["version"] for item in delta} == {2}
    assert all(item["data"]["promotion"] == "promoted" and item["data"]["homeroom_comment"] for item in delta)
    assert september.time("term1").status_code == 409
    assert september.time("tomorrow").status_code == 422
    assert september.http.post("/_time", json={"school": "x", "moment": "summer"}).status_code == 404


def test_a_correction_survives_the_year_going_on(september: School) -> None:
    september.time("term1")
    old = september.live("results")[0]
    subject = old["data"]["subjects"][0]["subject_id"]
    september.http.put("/smas/v1/marks", json={"student_id": old["data"]["student_id"], "subject_id": subject, "term": "I", "kind": "midterm", "value": "0.5"})
    september.time("year_end")
    new = september.http.get(f"/smas/v1/results/{old['id']}").json()["data"]["subjects"][0]
    assert new["marks"]["term1"]["midterm"] == "0.5"
    assert new["year"] is not None


def test_summer_gives_the_reassessed_columns(school: School) -> None:
    due = {item["id"] for item in school.live("results") if item["data"]["promotion"] == "reassess"}
    assert len(due) == 3
    school.time("summer")
    after = {item["id"]: item["data"] for item in school.live("results") if item["id"] in due}
    assert sorted(data["promotion"] for data in after.values()) == ["promoted", "promoted", "retained"]
    assert all(data["homeroom_comment_after_summer"] for data in after.values())
    assert sum(data["learning"]["reassessed"] is not None for data in after.values()) == 2
    assert school.submit(term="summer")["state"] == "accepted"


@pytest.mark.parametrize("spec", ["lower_secondary:students=60,seed=4", "upper_secondary:students=60", "primary:students=90", "lower_secondary:students=60,year=2019-2020"])
def test_the_products_check_finds_the_known_errors_no_more_and_no_fewer(tmp_path: Path, spec: str) -> None:
    with smas(tmp_path, spec) as (school,):
        year = school.info["school_year"]
        subjects = {item["id"]: item["data"] for item in school.live("subjects")}
        kinds = {data["code"]: data["kind"] for data in subjects.values()}
        for moment in ("year_end", "summer"):
            school.time(moment)
            found = set()
            for item in school.live("results"):
                data = item["data"]
                rows = [{**row, "subject_code": subjects[row["subject_id"]]["code"]} for row in data["subjects"]]
                found |= {(data["student_id"], wrong["field"], wrong["submitted"]) for wrong in mismatches({**data, "subjects": rows}, kinds)}
            known = httpx.get(f"{school.url}/_known_errors").json()
            assert len(known) >= 3
            assert found == {(wrong["student_id"], wrong["field"], wrong["submitted"]) for wrong in known}
            assert all(wrong["correct"] != wrong["submitted"] for wrong in known)
        student = known[0]["student_id"]  # a written mark computes everything again: the error is mended
        old = school.http.get(f"/smas/v1/results/{student}-{year}").json()["data"]["subjects"][0]
        mark = {"student_id": student, "subject_id": old["subject_id"], "term": "I", "kind": "midterm", "value": old["marks"]["term1"]["midterm"]}
        assert school.http.put("/smas/v1/marks", json=mark).status_code == 200
        assert len(httpx.get(f"{school.url}/_known_errors").json()) == len(known) - 1


def test_a_school_without_special_cases_has_no_errors_and_all_are_promoted(september: School) -> None:
    september.time("year_end")
    assert httpx.get(f"{september.url}/_known_errors").json() == []
    assert {item["data"]["promotion"] for item in september.live("results")} == {"promoted"}


@pytest.mark.parametrize("spec", ["primary:students=20,special=0", "upper_secondary:students=20", "lower_secondary:students=20,year=2019-2020", "primary:students=30"])
def test_schools_of_every_level_and_regime_submit_their_year(tmp_path: Path, spec: str) -> None:
    with smas(tmp_path, f"{spec},moment=september") as (school,):
        year = school.info["school_year"]
        for moment, term in (("term1", "I"), ("year_end", "II"), ("summer", "summer")):
            school.time(moment)
            answer = school.http.post("/smas/v1/submissions", json={"kind": "results", "term": term}).json()
            while (job := school.http.get(f"/smas/v1/submissions/{answer['id']}").json())["state"] == "running":
                time.sleep(0.01)
            assert (job["state"], job["errors"]) == ("accepted", [])
        results = school.http.get("/sector/v1/results", params={"school_year": year, "limit": 500}).json()["items"]
        left = {item["data"]["student_id"] for item in school.live("enrolments") if item["data"]["status"] == "moved_out"}
        assert {item["data"]["promotion"] for item in results if item["data"]["student_id"] not in left} <= {"promoted", "retained"}


def test_a_primary_schools_marks(tmp_path: Path) -> None:
    with smas(tmp_path, "primary:students=90,special=0") as (school,):
        result = next(item for item in school.live("results", class_id=school.live("classes")[1]["id"]) if item["data"]["learning"]["year"] == "Hoàn thành xuất sắc")
        subject = result["data"]["subjects"][0]
        assert subject["test"] in ("9", "10")
        mark = {"student_id": result["data"]["student_id"], "subject_id": subject["subject_id"], "term": "II"}
        for wrong in ({"kind": "final", "value": "9"}, {"kind": "test", "value": "8.5"}, {"kind": "test", "value": "0"}, {"kind": "regular", "index": 0, "value": "T"}):
            assert school.http.put("/smas/v1/marks", json={**mark, **wrong}).status_code == 422
        answer = school.http.put("/smas/v1/marks", json={**mark, "kind": "test", "value": "8"}).json()["items"][0]["data"]
        assert (answer["learning"]["year"], answer["subjects"][0]["test"]) == ("Hoàn thành tốt", "8")
        path = f"/smas/v1/results/{result['id']}"
        changed = school.http.patch(path, json={"qualities": {"Nhân ái": "Đ"}, "height_cm": "131.5", "absences": {"unexcused": 1}}).json()["data"]
        assert (changed["learning"]["year"], changed["height_cm"]) == ("Hoàn thành", "131.5")
        for wrong in ({"qualities": {"Nhân ái": "X"}}, {"qualities": {"Vui": "T"}}, {"height_cm": "1m3"}, {"training": {"term1": "Tốt"}}, {"outstanding": 1}):
            assert school.http.patch(path, json=wrong).status_code == 422, wrong


def test_a_pupil_takes_another_subject_set(tmp_path: Path) -> None:
    with smas(tmp_path, "upper_secondary:students=10,special=0") as (school,):
        result = school.live("results")[0]
        taken = {row["subject_id"] for row in result["data"]["subjects"]}
        other = next(item["id"] for item in school.live("subjects") if item["id"] not in taken and item["data"]["kind"] == "marked")
        dropped = next(key for key in taken if key.endswith("-TIN"))
        changed = school.http.patch(f"/smas/v1/results/{result['id']}", json={"subjects": {dropped: None, other: {}}}).json()["data"]
        assert {row["subject_id"] for row in changed["subjects"]} == taken - {dropped} | {other}
        assert changed["learning"]["year"] is None, "a subject without marks leaves the year open"


# --- live writes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "11"}, "value"), ({"value": "8.25"}, "value"), ({"value": 8}, "value"), ({"value": "Đ"}, "value"), ({"term": "III"}, "term"),
        ({"kind": "oral"}, "kind"), ({"kind": "regular", "index": 9}, "index"), ({"kind": "regular"}, "index"), ({"student_id": "x"}, "student_id"),
        ({"subject_id": "x"}, "subject_id"), ({"student_id": None}, "student_id"),
    ],
)  # fmt: skip
def test_a_wrong_mark_is_refused_with_its_field(september: School, changes: dict[str, Any], field: str) -> None:
    student, subject = september.live("students")[0]["id"], next(item["id"] for item in september.live("subjects") if item["data"]["code"] == "TOAN")
    body = {"student_id": student, "subject_id": subject, "term": "I", "kind": "final", "value": "8"} | changes
    answer = september.http.put("/smas/v1/marks", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    many = september.http.put("/smas/v1/marks", json={"marks": [{**body, **{"student_id": student, "subject_id": subject, "term": "I", "kind": "final", "value": "8"}}, body]})
    assert (many.status_code, many.json()["errors"][0]["field"]) == (422, f"marks.1.{field}")
    assert september.live("results") == [], "all or nothing"


def test_marks_of_a_comment_subject(september: School) -> None:
    student, subject = september.live("students")[0]["id"], next(item["id"] for item in september.live("subjects") if item["data"]["code"] == "GDTC")
    mark = {"student_id": student, "subject_id": subject, "term": "I"}
    assert september.http.put("/smas/v1/marks", json={**mark, "kind": "final", "value": "8"}).status_code == 422
    entries = [{**mark, "kind": "regular", "index": 0, "value": "Đ"}, {**mark, "kind": "midterm", "value": "Đ"}, {**mark, "kind": "final", "value": "CĐ"}]
    answer = september.http.put("/smas/v1/marks", json={"marks": entries})
    row = next(row for row in answer.json()["items"][0]["data"]["subjects"] if row["subject_id"] == subject)
    assert row["term1"] == "CĐ"


def test_a_pupil_is_added_with_class_and_photo(september: School) -> None:
    school_class, other = september.live("classes")[0]["id"], september.live("students")[0]["data"]["photo_sha256"]
    body = {"code": "HS-MOI", "full_name": "Y Moan Ênuôl", "birth_date": "2014-02-03", "sex": "Nam", "id_number": "066214000123", "class_id": school_class}
    made = september.http.post("/smas/v1/students", json=body)
    assert made.status_code == 201, made.text
    identity = made.json()["id"]
    jpeg = september.http.get(f"/smas/v1/photos/{other}").content
    assert september.http.put(f"/smas/v1/students/{identity}/photo", content=b"GIF89a").status_code == 422
    assert september.http.put(f"/smas/v1/students/{identity}/photo", content=jpeg).json() == {"photo_sha256": hashlib.sha256(jpeg).hexdigest()}
    september.submit("beginning_of_year", None)
    assert identity in {item["id"] for item in september.read("students")[0]}
    assert identity in {item["data"]["student_id"] for item in september.read("enrolments")[0]}
    again = september.http.post("/smas/v1/students", json={**body, "code": "HS-KHAC"})
    assert (again.status_code, again.json()["errors"][0]) == (422, {"field": "id_number", "code": "duplicate", "message": "Đã có người hoặc mục khác dùng giá trị này."})


def test_every_wrong_field_is_named(september: School) -> None:
    body = {"full_name": "A\x00B", "birth_date": "2014-02-30", "sex": "x", "id_number": "12", "class_id": "nowhere", "colour": "red"}
    answer = september.http.post("/smas/v1/students", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"code", "full_name", "birth_date", "sex", "id_number", "class_id", "colour"}
    student = september.live("students")[0]["id"]
    assert september.http.patch(f"/smas/v1/students/{student}", json={"full_name": ""}).status_code == 422
    assert september.http.patch(f"/smas/v1/students/{student}", json=["x"]).status_code == 422
    assert september.http.patch(f"/smas/v1/students/{student}", content=b"{").status_code == 400


def test_staff_assignments_and_results_are_changed(school: School) -> None:
    row, person = school.live("teaching_assignments")[0], school.live("staff")[4]
    assert school.http.patch(f"/smas/v1/staff/{person['id']}", json={"email": "gv@truong.example"}).json()["data"]["email"] == "gv@truong.example"
    assert school.http.patch(f"/smas/v1/teaching_assignments/{row['id']}", json={"staff_id": person["id"]}).json()["data"]["staff_id"] == person["id"]
    assert school.http.patch(f"/smas/v1/teaching_assignments/{row['id']}", json={"staff_id": "x"}).status_code == 422
    result = some_result(school)
    path, subject = f"/smas/v1/results/{result['id']}", result["data"]["subjects"][0]["subject_id"]
    changed = school.http.patch(path, json={"absences": {"term2": 60}, "awards": ["Giải Nhất"]}).json()["data"]
    assert (changed["promotion"], changed["awards"]) == ("retained", ["Giải Nhất"])
    assert school.http.patch(path, json={"absences": {"term2": -1}}).json()["errors"][0]["field"] == "absences.term2"
    assert school.http.patch(path, json={"training": {"term1": "Giỏi"}}).status_code == 422
    by_hand = school.http.patch(path, json={"subjects": {subject: {"by_hand": {"term1": "4"}}}}).json()["data"]["subjects"][0]
    assert (by_hand["term1"], by_hand["note"]) == ("4.0", "Điểm trung bình học kì do nhà trường nhập từ hồ sơ chuyển đến")
    comment = school.http.put("/smas/v1/comments", json={"student_id": result["data"]["student_id"], "subject_id": subject, "comment": "Tốt"})
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
        assert [(item["id"], item["version"]) for item in september.read("students", since=f"s{number - 1}")[0]] == [(student, number)]
    both, _ = september.read("students", since="s1")
    assert [(item["version"], item["data"]["address"]) for item in both] == [(3, "Ấp 3")], "only the newest of several versions"


# --- the Ministry, the process -----------------------------------------------------------------------------------


def test_a_transfer_gives_a_receipt_and_the_same_again(school: School) -> None:
    school.submit()
    first = school.http.post("/ministry/v1/transfers", json={"snapshot": 1})
    assert first.status_code == 201
    receipt = first.json()
    assert receipt["records"] > 100
    assert (receipt["snapshot"], receipt["kind"], receipt["term"]) == (1, "results", "II")
    assert school.http.post("/ministry/v1/transfers", json={"snapshot": 1}).json() == receipt
    for number in (2, "1", None, True, -1, 10**30):
        assert school.http.post("/ministry/v1/transfers", json={"snapshot": number}).status_code == 422
    assert [item["receipt"] for item in school.http.get("/ministry/v1/transfers").json()["items"]] == [receipt["receipt"]]


def test_a_submission_that_a_stop_interrupted_is_done_again(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=5,special=0"):
        pass
    with sqlite3.connect(tmp_path / "smas.db") as database:
        database.execute("insert into submission values ('79200001','job','results','2025-2026','II','running',0,0,null,'[]')")
    database.close()
    with smas(tmp_path) as (school,):
        deadline = time.monotonic() + 10
        while (job := school.http.get("/smas/v1/submissions/job").json())["state"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert (job["state"], job["snapshot"]) == ("accepted", 1)
        assert len(school.read("results")[0]) == 5


def test_one_submission_at_a_time(school: School) -> None:
    answers = [school.http.post("/smas/v1/submissions", json={"kind": "results", "term": "II"}).status_code for _ in range(3)]
    assert answers[0] == 202
    assert set(answers) <= {202, 409}
    while any(job["state"] == "running" for job in school.live("submissions")):
        time.sleep(0.01)
    numbers = [job["snapshot"] for job in school.live("submissions")]
    assert numbers == sorted(numbers, reverse=True), "numbers in the order of submission"


def test_too_much_and_too_deep(september: School) -> None:
    assert september.http.put("/smas/v1/marks", content=b"[" * 100_000).status_code == 400
    assert september.http.put("/smas/v1/marks", content=b"x" * 5_000_000).status_code == 413
    assert september.http.put("/smas/v1/marks", json={"marks": [1]}).status_code == 422


def test_half_a_letter_is_no_text(september: School) -> None:
    body = b'{"student_id": "\\ud800", "subject_id": "x", "term": "I", "kind": "final", "value": "8"}'
    assert september.http.put("/smas/v1/marks", content=body).status_code == 400
    whole = b'{"comment": "Gi\\u1ecfi \\ud83d\\ude00", "student_id": "x"}'
    assert september.http.put("/smas/v1/comments", content=whole).status_code == 422, "a whole pair is text; the pupil is unknown"


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


def test_a_photo_is_taken_away(september: School) -> None:
    student = september.live("students")[0]
    assert september.http.delete(f"/smas/v1/students/{student['id']}/photo").status_code == 204
    assert september.http.get(f"/smas/v1/students/{student['id']}").json()["data"]["photo_sha256"] is None
    assert september.http.delete("/smas/v1/students/nobody/photo").status_code == 404
    assert september.http.get("/smas/v1/years").json() == {"items": [YEAR], "current": YEAR}


def test_the_description_names_every_endpoint(september: School) -> None:
    document = httpx.get(f"{september.url}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path in ("/sector/v1/{resource}", "/smas/v1/marks", "/smas/v1/students/{id}", "/ministry/v1/transfers"):
        assert path in document["paths"]
    assert "Ghi một điểm" in httpx.get(f"{september.url}/docs").text
    assert httpx.get(f"{september.url}/healthz").json() == {"status": "ok", "service": "smas"}


def test_a_restart_keeps_the_data(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=5,special=0") as (school,):
        school.submit()
        before, secret = school.read("results"), school.info["client_secret"]
    with smas(tmp_path, "lower_secondary:students=30,special=0") as (school,):
        assert school.info["client_secret"] == secret
        assert school.read("results") == before


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hocba_app.simulators.smas", "--data", str(tmp_path), "--schools", "lower_secondary:students=5,special=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["service"] == "smas"
            assert {"code", "name", "level", "tax_code", "client_id", "client_secret", "school_year"} <= set(ready["schools"][0])
            assert httpx.get(f"{ready['url']}/healthz").status_code == 200
        finally:
            process.terminate()
    assert subprocess.run([*command[:-1], "college"], capture_output=True, timeout=30).returncode == 2
