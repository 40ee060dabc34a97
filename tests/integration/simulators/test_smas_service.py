"""The service itself: submissions one by one and across a stop, the Ministry, hostile bodies, its description, the command."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.integration.simulators.smas_rig import School, smas


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
    assert [item["receipt"] for item in school.http.get("/ministry/v1/transfers").json()["items"]] == [
        receipt["receipt"]
    ]


def test_a_submission_that_a_stop_interrupted_is_done_again(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=5,special=0"):
        pass
    with sqlite3.connect(tmp_path / "smas.db") as database:
        database.execute(
            "insert into submission values ('79200001','job','results','2025-2026','II','running',0,0,null,'[]')"
        )
    database.close()
    with smas(tmp_path) as (school,):
        deadline = time.monotonic() + 180
        while (job := school.http.get("/smas/v1/submissions/job").json())["state"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert (job["state"], job["snapshot"]) == ("accepted", 1)
        assert len(school.read("results")[0]) == 5


def test_one_submission_at_a_time(school: School) -> None:
    answers = [
        school.http.post("/smas/v1/submissions", json={"kind": "results", "term": "II"}).status_code for _ in range(3)
    ]
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
    assert september.http.put("/smas/v1/comments", content=whole).status_code == 422, (
        "a whole pair is text; the pupil is unknown"
    )


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
    command = [
        sys.executable,
        "-m",
        "hocba_app.simulators.smas",
        "--data",
        str(tmp_path),
        "--schools",
        "lower_secondary:students=5,special=0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["service"] == "smas"
            assert {"code", "name", "level", "tax_code", "client_id", "client_secret", "school_year"} <= set(
                ready["schools"][0]
            )
            assert httpx.get(f"{ready['url']}/healthz").status_code == 200
        finally:
            process.terminate()
    assert subprocess.run([*command[:-1], "college"], capture_output=True, timeout=180).returncode == 2
