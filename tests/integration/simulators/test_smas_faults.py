"""Trouble on demand: each kind strikes as often as it was asked for, and no more."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.simulators.smas_rig import YEAR, School, smas


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with smas(tmp_path_factory.mktemp("smas"), "lower_secondary:students=30,special=0") as (school,):
        school.submit()
        yield school


@pytest.fixture
def school(served: School) -> Iterator[School]:
    yield served
    httpx.delete(f"{served.url}/_faults")
    served.log_in()


def fault(school: School, kind: str, **values: Any) -> None:
    assert httpx.post(f"{school.url}/_faults", json={"kind": kind, "path": "/sector/", **values}).status_code == 200


def get(school: School, **query: Any) -> httpx.Response:
    return school.http.get("/sector/v1/results", params={"school_year": YEAR, "limit": 10, **query})


def test_status_with_retry_after(school: School) -> None:
    fault(school, "status", status=429, retry_after=2, times=2)
    for _ in range(2):
        answer = get(school)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert get(school).status_code == 200
    fault(school, "status", status=503)
    assert school.http.get("/healthz").status_code == 200, "another path is not struck"
    assert get(school).status_code == 503


def test_slow(school: School) -> None:
    fault(school, "slow", seconds=0.3)
    begin = time.monotonic()
    assert get(school).status_code == 200
    assert time.monotonic() - begin >= 0.3


def test_cut_in_the_middle_of_a_page(school: School) -> None:
    fault(school, "cut")
    with pytest.raises(httpx.RemoteProtocolError):
        get(school)
    assert len(get(school).json()["items"]) == 10


def test_a_page_twice(school: School) -> None:
    plain, _ = school.read("results", limit=10)
    for at in (1, 2, 3):
        if at > 1:
            fault(school, "slow", seconds=0, times=at - 1)  # harmless: only counts the pages
        pages, page, count = [], None, 0
        while True:
            count += 1
            if count == at:
                fault(school, "duplicate_page")
            answer = get(school, **({"page": page} if page else {})).json()
            pages.append(answer["items"])
            page = answer["next_page"]
            if page is None:
                break
        assert len(pages) == 4
        assert pages[at - 1] == pages[at]
        unique = {item["id"]: item for items in pages for item in items}
        assert list(unique.values()) == plain
        assert answer["cursor"] == "s1"
        httpx.delete(f"{school.url}/_faults")


def test_expired_tokens(school: School) -> None:
    fault(school, "expire_tokens")
    answer = get(school)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    school.log_in()
    assert get(school).status_code == 200


def test_until_cleared(school: School) -> None:
    fault(school, "status", status=500, times=None)
    assert {get(school).status_code for _ in range(3)} == {500}
    assert [item["kind"] for item in httpx.get(f"{school.url}/_faults").json()["waiting"]] == ["status"]
    assert httpx.delete(f"{school.url}/_faults").json() == []
    assert get(school).status_code == 200


KINDS = (
    "nfd",
    "missing_id",
    "class_renamed",
    "class_split",
    "moved_in",
    "moved_out",
    "missing_mark",
    "teacher_replaced",
)


@pytest.mark.parametrize("kind", KINDS)
def test_trouble_in_the_data(tmp_path: Path, kind: str) -> None:
    with smas(tmp_path, "lower_secondary:students=12,special=0") as (school,):
        school.submit("beginning_of_year", None)
        answer = httpx.post(f"{school.url}/_faults", json={"kind": kind})
        assert answer.status_code == 200, answer.text
        changed = {(item["resource"], item["id"]) for item in answer.json()["changed"]}
        assert school.read("students", since="s1")[0] == [], "unseen until it is submitted"
        assert school.submit("beginning_of_year", None)["state"] == "accepted"
        seen = {
            (name, item["id"])
            for name in {name for name, _ in changed} - {"results"}
            for item in school.read(name, since="s1")[0]
        }
        assert seen == {item for item in changed if item[0] != "results"}
        if kind == "missing_mark":
            result = school.http.get(f"/smas/v1/results/{next(iter(changed))[1]}").json()["data"]
            assert result["subjects"][0]["term1"] is None
        if kind == "nfd":
            name = school.read("students", since="s1")[0][0]["data"]["full_name"]
            assert unicodedata.normalize("NFC", name) != name
        if kind == "class_split":
            assert len(school.live("classes")) == 2
            assert len({item["data"]["class_id"] for item in school.live("results")}) == 2


def test_trouble_needs_a_school(tmp_path: Path) -> None:
    with smas(
        tmp_path, "lower_secondary:students=1,special=0,moment=september", "lower_secondary:students=1,seed=2,special=0"
    ) as (one, _):
        assert httpx.post(f"{one.url}/_faults", json={"kind": "nfd"}).status_code == 404, "two schools: which?"
        body = {"kind": "missing_mark", "school": one.code}
        assert httpx.post(f"{one.url}/_faults", json=body).status_code == 409, "no marks yet"
        assert httpx.post(f"{one.url}/_faults", json={"kind": "class_split", "school": one.code}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "fire"},
        {"kind": "status"},
        {"kind": "status", "status": 200},
        {"kind": "slow", "seconds": "x"},
        {"kind": "cut", "times": 0},
        [],
    ],
)
def test_a_fault_of_no_kind(school: School, body: Any) -> None:
    assert httpx.post(f"{school.url}/_faults", json=body).status_code == 400
