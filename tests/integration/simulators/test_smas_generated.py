"""Generated schools over real HTTP: the course of a year, known errors, every level and regime."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from hocba_app.domain.assessment.stored_result import judge
from hocba_app.domain.circumstances import circumstances
from hocba_app.services.sync.recompute import mismatches
from tests.integration.simulators.smas_rig import School, smas


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
    september.http.put(
        "/smas/v1/marks",
        json={
            "student_id": old["data"]["student_id"],
            "subject_id": subject,
            "term": "I",
            "kind": "midterm",
            "value": "0.5",
        },
    )
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


@pytest.mark.parametrize(
    "spec",
    [
        "lower_secondary:students=60,seed=4",
        "upper_secondary:students=60",
        "primary:students=90",
        "lower_secondary:students=60,year=2019-2020",
    ],
)
def test_the_products_check_finds_the_known_errors_no_more_and_no_fewer(tmp_path: Path, spec: str) -> None:
    with smas(tmp_path, spec) as (school,):
        year = school.info["school_year"]
        subjects = {item["id"]: item["data"] for item in school.live("subjects")}
        kinds = {data["code"]: data["kind"] for data in subjects.values()}
        for moment in ("year_end", "summer"):
            school.time(moment)
            enrolments = {item["data"]["student_id"]: item["data"] for item in school.live("enrolments")}
            classes = {item["id"]: item["data"] for item in school.live("classes")}
            found = set()
            for item in school.live("results"):
                data = item["data"]
                place = enrolments[data["student_id"]]
                moved, flags = place["status"], circumstances(place.get("circumstances"))
                rows = [{**row, "subject_code": subjects[row["subject_id"]]["code"]} for row in data["subjects"]]
                found |= {
                    (data["student_id"], wrong["field"], wrong["submitted"])
                    for wrong in mismatches({**data, "subjects": rows}, kinds, year, flags)
                }
                if moved not in ("moved_out", "left"):
                    grade = classes[data["class_id"]]["grade"]
                    whole = {**data, "subjects": rows}
                    judged = judge(whole, kinds, year, grade=grade, moved_in=moved == "moved_in", flags=flags)
                    assert judged.gaps == (), "the simulator's data are complete: nothing is not checkable"
            known = httpx.get(f"{school.url}/_known_errors").json()
            assert len(known) >= 3
            assert found == {(wrong["student_id"], wrong["field"], wrong["submitted"]) for wrong in known}
            assert all(wrong["correct"] != wrong["submitted"] for wrong in known)
        student = known[0]["student_id"]  # a written mark computes everything again: the error is mended
        old = school.http.get(f"/smas/v1/results/{student}-{year}").json()["data"]["subjects"][0]
        mark = {
            "student_id": student,
            "subject_id": old["subject_id"],
            "term": "I",
            "kind": "midterm",
            "value": old["marks"]["term1"]["midterm"],
        }
        assert school.http.put("/smas/v1/marks", json=mark).status_code == 200
        assert len(httpx.get(f"{school.url}/_known_errors").json()) == len(known) - 1


def test_a_school_without_special_cases_has_no_errors_and_all_are_promoted(september: School) -> None:
    september.time("year_end")
    assert httpx.get(f"{september.url}/_known_errors").json() == []
    assert {item["data"]["promotion"] for item in september.live("results")} == {"promoted"}


@pytest.mark.parametrize(
    "spec",
    [
        "primary:students=20,special=0",
        "upper_secondary:students=20",
        "lower_secondary:students=20,year=2019-2020",
        "primary:students=30",
    ],
)
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
        left = {
            item["data"]["student_id"] for item in school.live("enrolments") if item["data"]["status"] == "moved_out"
        }
        assert {item["data"]["promotion"] for item in results if item["data"]["student_id"] not in left} <= {
            "promoted",
            "retained",
        }


def test_a_primary_schools_marks(tmp_path: Path) -> None:
    with smas(tmp_path, "primary:students=90,special=0") as (school,):
        result = next(
            item
            for item in school.live("results", class_id=school.live("classes")[1]["id"])
            if item["data"]["learning"]["year"] == "Hoàn thành xuất sắc"
        )
        subject = result["data"]["subjects"][0]
        assert subject["test"] in ("9", "10")
        mark = {"student_id": result["data"]["student_id"], "subject_id": subject["subject_id"], "term": "II"}
        for wrong in (
            {"kind": "final", "value": "9"},
            {"kind": "test", "value": "8.5"},
            {"kind": "test", "value": "11"},
            {"kind": "regular", "index": 0, "value": "T"},
        ):
            assert school.http.put("/smas/v1/marks", json={**mark, **wrong}).status_code == 422
        answer = school.http.put("/smas/v1/marks", json={**mark, "kind": "test", "value": "8"}).json()["items"][0][
            "data"
        ]
        assert (answer["learning"]["year"], answer["subjects"][0]["test"]) == ("Hoàn thành tốt", "8")
        path = f"/smas/v1/results/{result['id']}"
        changed = school.http.patch(
            path, json={"qualities": {"Nhân ái": "Đ"}, "height_cm": "131.5", "absences": {"unexcused": 1}}
        ).json()["data"]
        assert (changed["learning"]["year"], changed["height_cm"]) == ("Hoàn thành", "131.5")
        for wrong in (
            {"qualities": {"Nhân ái": "X"}},
            {"qualities": {"Vui": "T"}},
            {"height_cm": "1m3"},
            {"training": {"term1": "Tốt"}},
            {"outstanding": 1},
        ):
            assert school.http.patch(path, json=wrong).status_code == 422, wrong


def test_a_pupil_takes_another_subject_set(tmp_path: Path) -> None:
    with smas(tmp_path, "upper_secondary:students=10,special=0") as (school,):
        result = school.live("results")[0]
        taken = {row["subject_id"] for row in result["data"]["subjects"]}
        other = next(
            item["id"]
            for item in school.live("subjects")
            if item["id"] not in taken and item["data"]["kind"] == "marked"
        )
        dropped = next(key for key in taken if key.endswith("-TIN"))
        changed = school.http.patch(
            f"/smas/v1/results/{result['id']}", json={"subjects": {dropped: None, other: {}}}
        ).json()["data"]
        assert {row["subject_id"] for row in changed["subjects"]} == taken - {dropped} | {other}
        assert changed["learning"]["year"] is None, "a subject without marks leaves the year open"
