"""A school in the database whose submissions lie in a running SMAS simulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hocba_app.models import Database, Job, School
from hocba_app.services.accounts.schools import operator, set_credentials
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.jobs.claim import take
from hocba_app.services.jobs.registry import Work, function_of
from hocba_app.services.jobs.results import Done
from hocba_app.services.sync import steps
from hocba_app.services.sync.commands import start_sync
from hocba_app.settings import settings
from hocba_app.simulators.smas.app import Service, create_app
from tests.integration.simulators.running import running

YEAR = "2025-2026"
SPEC = "lower_secondary:students=36,seed=7"


@dataclass
class Sector:
    """The simulator as a school's people use it."""

    url: str
    service: Service
    http: httpx.Client
    account: dict[str, Any]

    def login(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.account["client_id"],
            "client_secret": self.account["client_secret"],
        }
        self.http.headers["Authorization"] = (
            f"Bearer {self.http.post('/oauth2/token', data=form).json()['access_token']}"
        )

    def submit(self, kind: str, term: str | None = None) -> dict[str, Any]:
        answer = self.http.post("/smas/v1/submissions", json={"kind": kind, "term": term, "school_year": YEAR})
        assert answer.status_code == 202, answer.text
        deadline = time.monotonic() + 180
        while (found := self.http.get(f"/smas/v1/submissions/{answer.json()['id']}").json())["state"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert found["state"] == "accepted", found
        return found

    def fault(self, **fault: Any) -> None:
        assert self.http.post("/_faults", json=fault).status_code == 200

    def live(self, resource: str) -> list[dict[str, Any]]:
        return self.http.get(f"/smas/v1/{resource}", params={"school_year": YEAR, "limit": 500}).json()["items"]


@pytest.fixture
def spec(request: pytest.FixtureRequest) -> str:
    """The school to generate; a test may choose another."""
    return getattr(request, "param", SPEC)


@pytest.fixture
def fresh_smas(tmp_path: Path, spec: str) -> Iterator[tuple[str, Service]]:
    """A simulator of this test alone, for tests that change what is submitted."""
    service = Service(tmp_path / "smas", [spec])
    with running(lambda _url: create_app(service)) as url:
        yield url, service
    service.close()


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Settings of this test's own: store, key, no queue; a run does not pause between its steps."""
    monkeypatch.setattr(steps, "BREATH_SECONDS", 0.0)
    monkeypatch.setenv("HOCBA_DOCUMENTS_URL", str(tmp_path / "documents"))
    monkeypatch.setenv("HOCBA_SECRET_KEY", "a key of the tests, 8Jq2Lr5Tz0")
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def _sector(url: str, service: Service) -> Sector:
    found = Sector(url, service, httpx.Client(base_url=url, timeout=30), service.schools()[0])
    found.login()
    return found


@pytest.fixture
def sector(fresh_smas: tuple[str, Service], configured: pytest.MonkeyPatch) -> Iterator[Sector]:
    """A simulator with the year's results submitted."""
    found = _sector(*fresh_smas)
    configured.setenv("HOCBA_SMAS_URL", found.url)
    settings.cache_clear()
    found.submit("beginning_of_year")
    found.submit("results", "II")
    yield found
    found.http.close()


@dataclass
class Here:
    """Our side: the school, its admin, and the worker."""

    db: Database
    school_id: str
    admin: Identity

    def sync(self, **given: Any) -> Job:
        """Start a run and work on it as a worker would."""
        return self.work(start_sync(self.db, self.admin, **given))

    def work(self, job_id: str) -> Job:
        claim = take(self.db, self.school_id, job_id, "test-worker")
        assert claim is not None
        with self.db.read(self.school_id) as session:
            row = session.get_one(Job, (self.school_id, job_id))
        work = Work(self.db, claim, row.arguments, row.created_by)
        from hocba_app.services.jobs.claim import finish

        assert function_of("sync")(work) == Done(), "the run waits for the sector database"
        finish(self.db, claim, "cancelled" if work.cancelled() else "done")
        with self.db.read(self.school_id) as session:
            return session.get_one(Job, (self.school_id, job_id))


@pytest.fixture
def here(db: Database, sector: Sector) -> Here:
    """The school of the simulator, empty, with its credentials."""
    return school_here(db, sector.account)


def school_here(db: Database, account: dict[str, Any]) -> Here:
    with db.installation(write=True) as session:
        school = School(code=account["code"], name="Trường chưa đồng bộ", current_year=YEAR)
        session.add(school)
    admin = operator(school.id)
    set_credentials(db, admin, smas_client_id=account["client_id"], smas_secret=account["client_secret"])
    return Here(db, school.id, admin)
