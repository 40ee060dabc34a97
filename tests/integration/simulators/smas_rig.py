"""A running SMAS simulator, and a client of one of its schools."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hocba_app.simulators.smas.app import Service, create_app
from tests.integration.simulators.running import running

YEAR = "2025-2026"


class School:
    """One school as a client of its own sees it."""

    def __init__(self, url: str, school: dict[str, Any]) -> None:
        self.url, self.code, self.info = url, school["code"], school
        self.http = httpx.Client(base_url=url, timeout=20)
        self.log_in()

    def log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.info["client_id"],
            "client_secret": self.info["client_secret"],
        }
        self.http.headers["authorization"] = (
            f"Bearer {self.http.post('/oauth2/token', data=form).raise_for_status().json()['access_token']}"
        )

    def page(self, resource: str, **query: Any) -> dict[str, Any]:
        return self.http.get(f"/sector/v1/{resource}", params={"school_year": YEAR, **query}).raise_for_status().json()

    def read(self, resource: str, since: str = "", limit: int = 200) -> tuple[list[dict[str, Any]], str]:
        """A whole list of the sector and its cursor."""
        items, query = [], {"since": since} if since else {}
        while True:
            page = self.page(resource, limit=limit, **query)
            items.extend(page["items"])
            if page["next_page"] is None:
                return items, page["cursor"]
            query = {"page": page["next_page"]}

    def submit(self, kind: str = "results", term: str | None = "II") -> dict[str, Any]:
        """Submit and wait for the end."""
        answer = self.http.post("/smas/v1/submissions", json={"kind": kind, "school_year": YEAR, "term": term})
        assert answer.status_code == 202, answer.text
        deadline = time.monotonic() + 180
        while True:
            job = self.http.get(f"/smas/v1/submissions/{answer.json()['id']}").json()
            if job["state"] != "running":
                return job
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def live(self, resource: str, **query: Any) -> list[dict[str, Any]]:
        return self.http.get(f"/smas/v1/{resource}", params={"limit": 500, **query}).raise_for_status().json()["items"]

    def time(self, moment: str) -> httpx.Response:
        return self.http.post("/_time", json={"school": self.code, "moment": moment})


def some_result(school: School) -> dict[str, Any]:
    """A pupil's result of whom nothing is special."""
    special = {item["student_id"] for item in httpx.get(f"{school.url}/_known_errors").json()}
    return next(
        item for item in school.live("results")
        if item["data"]["promotion"] == "promoted" and not item["data"]["promotion_note"] and item["data"]["learning"]["term1"]
        and item["data"]["student_id"] not in special
    )  # fmt: skip


@contextmanager
def smas(folder: Path, *specs: str) -> Iterator[list[School]]:
    """Serve these schools while inside."""
    service = Service(folder, specs)
    with running(lambda _url: create_app(service)) as url:
        schools = [School(url, school) for school in service.schools()]
        try:
            yield schools
        finally:
            for school in schools:
                school.http.close()
