"""``hocba bench sync``: a first sync of 2,000 pupils with results, and a run where nothing changed.

Two processes on loopback: the SMAS simulator, and a process of ours that does the worker's part on a database of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

STUDENTS = 2000
YEAR = "2025-2026"
ROOT = Path(__file__).resolve().parents[1]


def run(as_json: bool = False) -> dict[str, Any]:
    """Measure and print; times in seconds, memory of the syncing process in MB at its highest."""
    with tempfile.TemporaryDirectory(prefix="hocba-bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "hocba_app.simulators.smas",
            "--data",
            f"{folder}/smas",
            "--schools",
            f"lower_secondary:students={STUDENTS},seed=1,year={YEAR}",
        ]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as simulator:
            try:
                assert simulator.stdout is not None
                started = json.loads(simulator.stdout.readline())
                _submit(started["url"], started["schools"][0])
                environment = {
                    **os.environ,
                    "HOCBA_DATABASE_URL": f"sqlite:///{folder}/hocba.db",
                    "HOCBA_DOCUMENTS_URL": f"{folder}/documents",
                    "HOCBA_SMAS_URL": started["url"],
                    "HOCBA_SECRET_KEY": "bench-8Jq2Lr5Tz0Xc7Vb1Mn",
                }
                done = subprocess.run(
                    [sys.executable, "-m", "bench.sync", json.dumps(started["schools"][0])],
                    cwd=ROOT,
                    env=environment,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # the log comes before
            finally:
                simulator.terminate()
    if as_json:
        print(json.dumps(found))
    else:
        print(
            f"{found['students']} pupils: first sync {found['first_sync_s']} s, nothing changed {found['noop_sync_s']} s, peak {found['peak_rss_mb']} MB"
        )
    return found


def _submit(url: str, account: dict[str, Any]) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": account["client_id"],
        "client_secret": account["client_secret"],
    }
    token = httpx.post(f"{url}/oauth2/token", data=form).json()["access_token"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120) as http:
        for kind, term in (("beginning_of_year", None), ("results", "II")):
            identity = http.post("/smas/v1/submissions", json={"kind": kind, "term": term, "school_year": YEAR}).json()[
                "id"
            ]
            while (state := http.get(f"/smas/v1/submissions/{identity}").json())["state"] == "running":
                time.sleep(0.1)
            if state["state"] != "accepted":
                raise RuntimeError(f"the simulator's own submission was rejected: {state['errors'][:3]}")


def _measure(account: dict[str, Any]) -> dict[str, Any]:
    """In the syncing process: its own database, the worker's steps, no queue."""
    from sqlmodel import SQLModel, func, select

    from hocba_app.models import Job, School, StudentResult, database
    from hocba_app.models.sqlite_statistics import tell_sizes
    from hocba_app.services.accounts.schools import operator, set_credentials
    from hocba_app.services.jobs.claim import finish, take
    from hocba_app.services.jobs.registry import Work, function_of
    from hocba_app.services.jobs.results import Done
    from hocba_app.services.sync.commands import start_sync

    db = database()
    SQLModel.metadata.create_all(db.engine)
    tell_sizes(db.engine)
    with db.installation(write=True) as session:
        school = School(code=account["code"], name=account["name"], current_year=YEAR)
        session.add(school)
    admin = operator(school.id)
    set_credentials(db, admin, smas_client_id=account["client_id"], smas_secret=account["client_secret"])
    function_of("sync")  # imports are the worker's start, not the run

    def once() -> float:
        begun = time.perf_counter()
        job_id = start_sync(db, admin)
        claim = take(db, school.id, job_id, "bench")
        assert claim is not None
        with db.read(school.id) as session:
            row = session.get_one(Job, (school.id, job_id))
        assert function_of("sync")(Work(db, claim, row.arguments, row.created_by)) == Done()
        finish(db, claim, "done")
        return time.perf_counter() - begun

    first, again = once(), once()
    with db.read(school.id) as session:
        results = session.execute(select(func.count()).select_from(StudentResult)).scalar_one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "students": results,
        "first_sync_s": round(first, 2),
        "noop_sync_s": round(again, 3),
        "peak_rss_mb": round(peak),
    }


if __name__ == "__main__":
    print(json.dumps(_measure(json.loads(sys.argv[1]))))
