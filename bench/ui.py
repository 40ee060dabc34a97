"""Two hundred signed-in teachers on real screens while a batch of 45 is being signed: how long an event takes.

Real processes, real websocket clients in Reflex's own protocol. Each client opens its queue or the records, turns pages,
filters, opens a record, and thinks three seconds in between. Not a timed test: it prints what it measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import socketio
from reflex.utils.format import format_event_handler
from sqlmodel import select

from hocba_app.models import Account, Database, LoginSession, SigningKey, Slot, database
from hocba_app.models.base import utc_now
from hocba_app.models.migrate import upgrade
from hocba_app.processes import Family, await_http, say
from hocba_app.rehearsal.command import own_settings
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.rehearsal.simulator_processes import start_simulators
from hocba_app.services.accounts.sessions import token_hash
from hocba_app.services.records.lock import start_lock
from hocba_app.services.signing import signer_inbox
from hocba_app.settings import settings

CLIENTS, THINK_SECONDS, MEASURED_SECONDS, STUDENTS = 200, 3.0, 45.0, 450
HYDRATE = "reflex___state____state.hydrate"


class Tab:
    """One browser tab, as far as the server can tell."""

    def __init__(self, base: str, cookie: str, names: dict[str, str]) -> None:
        self.base, self.names, self.token = base, names, str(uuid.uuid4())
        self.cookie, self.updates = cookie, asyncio.Queue[Any]()
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("event", self._update, namespace="/_event")
        self.path = "/"
        self.documents: list[str] = []

    async def _update(self, data: Any) -> None:
        await self.updates.put(data if isinstance(data, dict) else json.loads(data))

    async def connect(self) -> None:
        await self.sio.connect(
            f"{self.base}/?token={self.token}",
            headers={"Cookie": self.cookie, "Origin": self.base},
            socketio_path="/_event",
            transports=["websocket"],
            namespaces=["/_event"],
            wait_timeout=30,
        )

    async def send(self, name: str, mark: str = "", **payload: Any) -> float:
        """Seconds from sending an event to its own answer.

        Args:
            mark: a variable that only this event sets: a page that follows the school is sent changes unasked, and they
                must not count as the answer. "" takes the first update.

        Raises:
            RuntimeError: the event was refused.
        """
        while not self.updates.empty():
            self.updates.get_nowait()
        started = time.perf_counter()
        data = {"pathname": self.path, "asPath": self.path, "query": {}, "origin": self.base}
        await self.sio.emit("event", {"name": name, "payload": payload, "router_data": data}, namespace="/_event")
        while True:
            update = await asyncio.wait_for(self.updates.get(), 30)
            self._note_documents(update)
            if not mark and (update.get("delta") or update.get("events")):
                return time.perf_counter() - started
            if any(
                f"{mark}_rx_state_" in state
                for full_name, state in update.get("delta", {}).items()
                if name.startswith(f"{full_name}.")
            ):
                return time.perf_counter() - started
            if mark and update.get("events"):
                raise RuntimeError(f"{name}: {update['events']}")

    def _note_documents(self, update: dict[str, Any]) -> None:
        for state in update.get("delta", {}).values():
            for name, value in state.items():
                if name.startswith("rows") and isinstance(value, list):
                    self.documents = [
                        row["document_id"] for row in value if isinstance(row, dict) and row.get("document_id")
                    ]

    async def act(self, chance: random.Random) -> float:
        """Something a person would do next."""
        step = chance.random()
        if step < 0.35:
            self.path = "/sign"
            return await self.send(self.names["queue"], "done")
        if step < 0.6:
            self.path = f"/records?page={chance.randint(1, 3)}"
            return await self.send(self.names["records"], "asking")
        if step < 0.8 or not self.documents:
            self.path = f"/records?kind={chance.choice(['cover', 'history', 'results'])}"
            return await self.send(self.names["records"], "asking")
        self.path = f"/records/{chance.choice(self.documents)}"
        return await self.send(self.names["record"], "asking")


async def _client(tab: Tab, stop: float, times: list[float], warm: float, seed: int) -> None:
    chance = random.Random(seed)
    await asyncio.sleep(chance.random() * THINK_SECONDS * 2)
    await tab.connect()
    await tab.send(HYDRATE)
    while time.monotonic() < stop:
        await asyncio.sleep(chance.expovariate(1 / THINK_SECONDS))
        seconds = await tab.act(chance)
        if time.monotonic() > warm:
            times.append(seconds)
    await tab.sio.disconnect()


def run(as_json: bool) -> dict[str, Any]:
    """Measure; the shape is issue 6's."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as name, Family(Path(name) / "logs") as family:
        try:
            numbers = _measure(Path(name), family)
        finally:
            os.environ.clear()
            os.environ.update(before)
            settings.cache_clear()
            database.cache_clear()
    if not as_json:
        print(
            f"{numbers['events']} events: p50 {numbers['p50_ms']} ms, p95 {numbers['p95_ms']} ms, p99 {numbers['p99_ms']} ms; web {numbers['rss_mb']} MB, {numbers['web_cpu_ms_per_event']} ms CPU an event"
        )
    return numbers


def _measure(folder: Path, family: Family) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://localhost:{port}"
    spec = f"lower_secondary:students={STUDENTS},seed=1,year=2025-2026,special=0,moment=year_end"
    outside = start_simulators(family, folder / "simulators", [spec])
    own_settings(folder, outside.settings(), HOCBA_PORT=str(port), HOCBA_PUBLIC_URL=base)
    database.cache_clear()
    upgrade(settings().database_url)
    web = family.start("web", "hocba_app.cli", "run")
    family.start("worker", "hocba_app.cli", "worker", keep=True)
    db = Database(settings().database_url)
    school = PlayedSchool(db, outside, outside.schools[0], "mot-mat-khau-dai")
    try:
        say("Chuẩn bị trường… / preparing a school…")
        _prepare(school)
        await_http(f"http://127.0.0.1:{port}/healthz", web, 300)
        tokens = _sessions(school)
        return asyncio.run(_load(base, tokens, school, web.process.pid))
    finally:
        school.close()
        db.dispose()


def _prepare(school: PlayedSchool) -> None:
    school.found()
    for kind, term in (("beginning_of_year", None), ("results", "II")):
        school.smas.submit(kind, term)
    school.sync()
    school.read_staff()
    school.activate_everybody()
    school.upload_images()
    school.connect_signers()
    for kind in ("cover", "history", "results"):
        for each in school.classes():
            school.done(start_lock(school.db, school.admin, kind=kind, class_id=each.id))


def _sessions(school: PlayedSchool) -> list[str]:
    """Two hundred sessions of the school's teachers, several a teacher."""
    tokens = []
    with school.db.write(school.school_id) as session:
        accounts = session.exec(select(Account).where(Account.staff_id.is_not(None))).all()  # type: ignore[union-attr] # a column, which SQLModel types by its value
        for number in range(CLIENTS):
            token = uuid.uuid4().hex
            session.add(
                LoginSession(
                    token_sha256=token_hash(token),
                    school_id=school.school_id,
                    account_id=accounts[number % len(accounts)].id,
                    expires_at=utc_now() + timedelta(hours=1),
                )
            )
            tokens.append(token)
    return tokens


async def _load(base: str, tokens: list[str], school: PlayedSchool, pid: int) -> dict[str, Any]:
    from hocba_app.state.record import RecordState
    from hocba_app.state.records import RecordsState
    from hocba_app.state.shared.guard import COOKIE
    from hocba_app.state.signing import SigningState

    for state, mark in ((SigningState, "done"), (RecordsState, "asking"), (RecordState, "asking")):
        if mark not in state.vars:  # renamed: no answer would ever be known
            raise LookupError(f"{state.__name__}.{mark}")
    names = {
        key: format_event_handler(handler)
        for key, handler in (("queue", SigningState.load), ("records", RecordsState.load), ("record", RecordState.load))
    }
    times: list[float] = []
    warm = time.monotonic() + 12
    stop = warm + MEASURED_SECONDS
    say(f"{CLIENTS} người trên màn hình… / {CLIENTS} clients…")
    empty_mb, cpu = _rss_mb(pid), [0.0, 0.0]
    clients = [
        _client(Tab(base, f"{COOKIE}={token}", names), stop, times, warm, number) for number, token in enumerate(tokens)
    ]
    signing = asyncio.create_task(asyncio.to_thread(_sign_one_class, school, warm))
    await asyncio.gather(_cpu_between(pid, warm, stop, cpu), *clients)
    await signing
    times.sort()
    cuts = statistics.quantiles(times, n=100)
    return {
        "clients": CLIENTS,
        "think_s": int(THINK_SECONDS),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p95_ms": round(cuts[94] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "rss_mb": (full_mb := _rss_mb(pid)),
        "events": len(times),
        "tab_mb": round((full_mb - empty_mb) / CLIENTS, 2),
        "web_cpu_ms_per_event": round((cpu[1] - cpu[0]) / len(times) * 1000, 2),
        "load": round(os.getloadavg()[0], 1),
    }


async def _cpu_between(pid: int, begin: float, end: float, cpu: list[float]) -> None:
    for number, at in enumerate((begin, end)):
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        cpu[number] = _cpu_seconds(pid)


def _sign_one_class(school: PlayedSchool, not_before: float) -> None:
    """One teacher taps and confirms a batch of 45 in the middle of it all."""
    time.sleep(max(0.0, not_before + 5 - time.monotonic()))
    with school.db.read(school.school_id) as session:
        owner = session.exec(select(Slot.staff_id).where(Slot.stage == "subject").limit(1)).one()
        user = session.exec(select(SigningKey.provider_user).where(SigningKey.owner == owner)).one()
        waiting = signer_inbox.waiting_for(session, school.people[owner or ""])
    slots = [item.slot_id for item in waiting if item.ready and item.class_id == waiting[0].class_id]
    signer_inbox.start(school.db, school.people[owner or ""], slots)
    deadline = time.monotonic() + 60
    while not school.phones.confirm(user) and time.monotonic() < deadline:
        time.sleep(0.3)


def _family(pid: int) -> Iterator[Path]:
    """The web process and its children, in ``/proc``."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            if str(pid) in (entry.name, parent):
                yield entry


def _rss_mb(pid: int) -> int:
    """Resident memory of the web process and its children."""
    lines = [
        line
        for entry in _family(pid)
        for line in (entry / "status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return round(sum(int(line.split()[1]) for line in lines) / 1024)


def _cpu_seconds(pid: int) -> float:
    """Processor time they have used so far."""
    fields = [(entry / "stat").read_text().rsplit(")", 1)[1].split() for entry in _family(pid)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")
