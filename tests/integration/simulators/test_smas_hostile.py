"""Whatever JSON or form is sent, the answer is a refusal or is carried out: never a crash, and the school still submits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hocba_app.simulators.smas.fields import WRITABLE
from tests.integration.simulators.smas_rig import YEAR, School, smas

NAMES = [
    *sorted({name for fields in WRITABLE.values() for name in fields}),
    "student_id", "subject_id", "term", "kind", "index", "value", "marks", "comments", "comment", "training", "absences", "subjects", "awards", "promotion",
    "qualities", "by_hand", "reassessed", "term1", "term2", "start", "snapshot", "school_year",
]  # fmt: skip
WORDS = [
    "I",
    "II",
    "final",
    "regular",
    "midterm",
    "8.5",
    "11",
    "Đ",
    "Tốt",
    "results",
    YEAR,
    "",
    "x" * 2000,
    "\x00",
    "2025-13-45",
]
LEAVES = (
    st.sampled_from(WORDS)
    | st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
PATHS = ("marks", "comments", "submissions", "years", "register_numbers", "comment_templates/apply", *WRITABLE)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with smas(tmp_path_factory.mktemp("smas"), "lower_secondary:students=4,special=0") as (served,):
        yield served


def ids(school: School) -> dict[str, str]:
    return {resource: school.live(resource)[0]["id"] for resource in (*WRITABLE, "results") if school.live(resource)}


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_no_request_breaks_the_service(school: School, data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(PATHS))
    body: Any = data.draw(JSON)
    if isinstance(body, dict) and data.draw(st.booleans()):
        body |= {"student_id": f"{school.code}-HS00001", "subject_id": f"{school.code}-TOAN"}
    method, path = data.draw(
        st.sampled_from([("POST", resource), ("PUT", resource), ("PATCH", f"{resource}/{school.code}-HS00001")])
    )
    answer = school.http.request(method, f"/smas/v1/{path}", json=body)
    assert answer.status_code < 500, (method, path, body)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(body=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_no_change_of_a_result_breaks_it(school: School, body: dict[str, Any]) -> None:
    path = f"/smas/v1/results/{school.code}-HS00002-{YEAR}"
    assert school.http.patch(path, json=body).status_code in (200, 422)
    assert school.http.get(path).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "school_year=%00",
        "school_year=2025-2026&page=%F0%28",
        "school_year=" + "9" * 5000,
        "school_year=2025-2026&limit=²",
    ],
)
def test_hostile_queries(school: School, query: str) -> None:
    for path in ("/sector/v1/students", "/sector/v1/snapshots", "/smas/v1/results"):
        assert school.http.get(f"{path}?{query}").status_code in (200, 400, 422)


def test_hostile_paths(school: School) -> None:
    for path in (
        "/sector/v1/photos/..%2f..%2fsmas.db",
        "/smas/v1/photos/%00",
        "/console/photos/x",
        "/smas/v1/students/%2e%2e",
        "/sector/v1/sqlite_master",
    ):
        assert school.http.get(path).status_code in (303, 401, 404)
    assert httpx.get(f"{school.url}/console/..%2f..%2fetc/passwd").status_code in (303, 404)


def test_forms_with_any_names(school: School) -> None:
    with httpx.Client(base_url=school.url, follow_redirects=True) as http:
        http.post(
            "/console/login",
            data={"school": school.code, "username": "admin", "password": school.info["console_password"]},
        )
        class_id = ids(school)["classes"]
        for page in (
            "marks",
            "comments",
            "outcomes",
            "awards",
            "summer",
            "arrivals",
            "assignments",
            "students/new",
            "submissions",
            "year/register",
            "time",
        ):
            form = {
                "class_id": class_id,
                ":": "x",
                "new:": "x",
                "new:x": "y",
                "term:": "z",
                f"{school.code}-HS00001:r9": "8",
                f"{school.code}-HS00001:final": "'",
            }
            assert http.post(f"/console/{page}", data=form).status_code < 500, page
            assert (
                http.get(f"/console/{page}", params={"class_id": "' or 1=1 --", "subject_id": "<script>"}).status_code
                < 500
            ), page


def test_the_school_still_submits(school: School) -> None:
    """Runs last: after all that the data are whole."""
    assert school.submit("beginning_of_year", None)["state"] in ("accepted", "rejected")
    assert all(item["data"]["subjects"] for item in school.live("results"))
