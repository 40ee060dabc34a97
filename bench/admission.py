"""Foreign files under attack, and imports beside other writers: three attacks on a served product, and what honest people notice.

``verdict``: ten clients post a file that takes long to judge, hang up after 1.5 s and come again, while an honest visitor has a
foreign PDF judged. ``pictures``: eight uploads at once of a small PNG of forty megapixels. ``writers``: a workbook of 3,000
pupils with results is imported in the served process while a thread there and another process write small rows.
Served are the product's routes behind its own middleware by granian, as `web_process` does; the compiled pages are left out.
"""

from __future__ import annotations

import asyncio
import io
import json
import multiprocessing
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.process_memory import MemoryWatch, children_of, command, resident

ATTACKERS, HANG_UP_SECONDS, ATTACK_SECONDS = 10, 1.5, 30.0
PICTURES, SIDE = 8, 6320
PUPILS, SUBJECTS = 3000, 12
_ROOT = Path(__file__).resolve().parents[1]


def run(as_json: bool = False) -> dict[str, Any]:
    """Run the three attacks.

    Args:
        as_json: print one line of JSON.

    Returns:
        ``verdict_alone_s``, ``verdict_attacked_s`` (the longest of the honest visitor's), ``picture_growth_mib`` of the web
        process, ``picture_children_mib`` at their largest, ``import_s``, ``wait_thread_s`` and ``wait_process_s`` (the longest wait of
        another writer), ``locked`` (how many writers were told that the database is locked).
    """
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as served:
        numbers = asyncio.run(_verdicts(served)) | _pictures(served) | _writers(served)
    sys.stdout.write(json.dumps(numbers) + "\n" if as_json else _in_words(numbers))
    return numbers


def _in_words(numbers: dict[str, Any]) -> str:
    return "\n".join(f"{name:22} {value}" for name, value in numbers.items()) + "\n"


class Served:
    """The running process, and who may upload."""

    def __init__(self, url: str, pid: int, token: str, folder: Path) -> None:
        self.url, self.pid, self.token, self.folder = url, pid, token, folder


@contextmanager
def _served(folder: Path) -> Iterator[Served]:
    environment = {
        **os.environ,
        "HOCBA_DATABASE_URL": f"sqlite:///{folder}/a.db",
        "HOCBA_DOCUMENTS_URL": str(folder / "documents"),
        "HOCBA_LOCKS_DIR": str(folder / "locks"),
        "HOCBA_SECRET_KEY": "k" * 40,
        "PYTHONPATH": str(_ROOT),
        "HOCBA_TRUST_ROOTS": "",
    }
    made = subprocess.run(
        [sys.executable, "-m", "bench.admission", "make"],
        env=environment,
        cwd=_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    token = made.stdout.strip().splitlines()[-1]
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment |= {"HOCBA_PUBLIC_URL": url, "HOCBA_PORT": str(port)}
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "asgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "1",
            "--factory",
            "--log-level",
            "warning",
            "bench.admission:application",
        ],
        env=environment,
        cwd=_ROOT,
    )
    try:
        for _ in range(300):
            with suppress(httpx.HTTPError, TimeoutError):
                if httpx.get(f"{url}/healthz").status_code == 200:
                    break
            time.sleep(0.1)
        workers = [pid for pid in children_of(server.pid) if "fork_server" not in command(pid)]
        yield Served(url, workers[0], token, folder)
    finally:
        server.terminate()
        server.wait()


def application() -> Any:
    """The product's routes behind its middleware."""
    from hocba_app.foreign.decoding import warm_up
    from hocba_app.routes.app import create_api
    from hocba_app.routes.protection import BehindProxy, BodyLimit, SecurityHeaders

    warm_up("hocba_app.verification.sandbox_worker", "hocba_app.ink.signature_image")
    api: Any = create_api()
    api.post("/bench/import")(_import)
    return BehindProxy(SecurityHeaders(BodyLimit(api)))


def make() -> None:
    """A school, its admin's session, a workbook of 3,000 pupils; prints the session's token."""
    from sqlmodel import select

    from hocba_app.models import Account, LoginSession, School, Staff, database
    from hocba_app.models.base import utc_now
    from hocba_app.models.migrate import upgrade
    from hocba_app.services.accounts.sessions import token_hash
    from hocba_app.settings import settings

    upgrade(settings().database_url)
    db, token = database(), secrets.token_urlsafe(32)
    with db.installation(write=True) as session:
        school = School(
            code="79760001",
            name="Trường THCS",
            commune="Phường 1",
            province="TP. Hồ Chí Minh",
            department="Sở",
            tax_code="0312345678",
            current_year="2025-2026",
        )
        session.add(school)
    with db.write(school.id) as session:
        staff = Staff(code="GV001", full_name="Lê Thị Hồng", position="Giáo viên", source_id="s1", source_version=1)
        session.add(staff)
        session.flush()
        session.add(
            Account(
                username="admin",
                full_name="Lê Thị Hồng",
                staff_id=staff.id,
                granted_roles=["admin", "management"],
                password_hash="x",
            )
        )
    with db.read(school.id) as session:
        account = session.exec(select(Account)).one()
    with db.installation(write=True) as session:
        session.add(
            LoginSession(
                token_sha256=token_hash(token),
                school_id=school.id,
                account_id=account.id,
                expires_at=utc_now() + timedelta(hours=2),
            )
        )
    (Path(settings().documents_url).parent / "school.xlsx").write_bytes(_workbook())
    sys.stdout.write(token + "\n")


def _workbook() -> bytes:
    from hocba_app.services.workbooks.excel_writing import write_workbook

    classes = [f"{6 + number % 4}A{number // 4 + 1}" for number in range(PUPILS // 40)]
    subjects = [f"M{number:02d}" for number in range(SUBJECTS)]
    pupils = [f"HS{number:05d}" for number in range(PUPILS)]
    return write_workbook(
        [
            (
                "Lớp",
                ["Mã lớp", "Tên lớp", "Khối", "Thông tư đánh giá", "Mã GVCN"],
                [[name, name, name[0], "TT22", "GV001"] for name in classes],
            ),
            (
                "Môn học",
                ["Mã môn", "Tên môn", "Loại", "Thứ tự"],
                [[code, f"Môn {code}", "Tính điểm", str(place)] for place, code in enumerate(subjects, 1)],
            ),
            (
                "Học sinh",
                ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Mã lớp", "Dân tộc"],
                [
                    [code, f"Nguyễn Thị {code}", "06/05/2014", "Nữ", classes[number % len(classes)], "Kinh"]
                    for number, code in enumerate(pupils)
                ],
            ),
            (
                "Kết quả môn học",
                ["Mã HS", "Mã môn", "Học kì I", "HK II", "Cả năm", "Nhận xét"],
                [
                    [pupil, subject, "8,2", "8,5", "8,4", "Chăm chỉ, tích cực"]
                    for pupil in pupils
                    for subject in subjects
                ],
            ),
            (
                "Tổng kết",
                ["Mã học sinh", "Học tập cả năm", "Rèn luyện cả năm", "Lên lớp"],
                [[pupil, "Tốt", "Tốt", "Lên lớp"] for pupil in pupils],
            ),
        ]
    )


# --- verdicts under attack ---------------------------------------------------------------------------------------------


def costly_pdf() -> bytes:
    """A small file that keeps a PDF reader busy: cross-reference streams that name each other, each to be unpacked."""
    packed = zlib.compress(bytes(4 * 80_000_000 // 4), 1)
    stream = b"<</Type /XRef /Size 20000000 /W [1 2 1] /Root 2 0 R /Filter /FlateDecode /Length %d>>\nstream\n" % len(
        packed
    )
    return b"%PDF-1.7\n1 0 obj\n" + stream + packed + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"


def plain_pdf() -> bytes:
    """A sound file of somebody else's."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    return out.getvalue()


async def _verdicts(served: Served) -> dict[str, Any]:
    honest, costly = plain_pdf(), costly_pdf()
    async with httpx.AsyncClient(base_url=served.url, timeout=120, headers={"origin": served.url}) as client:
        await _verdict(client, honest)
        alone = [await _verdict(client, honest) for _ in range(5)]
        stop = asyncio.Event()
        attack = [asyncio.create_task(_attacker(served, costly, stop)) for _ in range(ATTACKERS)]
        await asyncio.sleep(2 * HANG_UP_SECONDS)
        attacked, until = [], time.monotonic() + ATTACK_SECONDS
        while time.monotonic() < until:
            attacked.append(await _verdict(client, honest))
            await asyncio.sleep(0.5)
        stop.set()
        posted = sum(await asyncio.gather(*attack))
    return {
        "verdict_alone_s": round(statistics.median(alone), 2),
        "verdict_attacked_s": round(max(attacked), 2),
        "verdict_attacked_median_s": round(statistics.median(attacked), 2),
        "attacks": posted,
    }


async def _verdict(client: httpx.AsyncClient, data: bytes) -> float:
    begun = time.monotonic()
    answer = await client.post("/verify", files={"file": ("a.pdf", data, "application/pdf")})
    assert answer.status_code == 200 and "kết luận" in answer.text, (answer.status_code, answer.text[:300])
    return time.monotonic() - begun


async def _attacker(served: Served, data: bytes, stop: asyncio.Event) -> int:
    posted = 0
    while not stop.is_set():
        async with httpx.AsyncClient(
            base_url=served.url, timeout=HANG_UP_SECONDS, headers={"origin": served.url}
        ) as client:
            with suppress(httpx.HTTPError, TimeoutError):
                await asyncio.wait_for(
                    client.post("/verify", files={"file": ("a.pdf", data, "application/pdf")}), HANG_UP_SECONDS
                )
        posted += 1
    return posted


# --- pictures ----------------------------------------------------------------------------------------------------------


def large_picture() -> bytes:
    """Forty megapixels in some hundred kilobytes."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255))
    ImageDraw.Draw(picture).line([(1000, 3000), (3000, 2500), (5000, 3600)], fill=(30, 50, 160, 255), width=60)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=9)
    return out.getvalue()


def _pictures(served: Served) -> dict[str, Any]:
    data, before = large_picture(), resident(served.pid)
    watch = MemoryWatch(served.pid)
    cookies = {"hocba_session": served.token}
    answers: list[str] = []

    def upload() -> None:
        with httpx.Client(base_url=served.url, timeout=300, cookies=cookies, headers={"origin": served.url}) as client:
            answers.append(
                client.post("/uploads/my-signature", files={"file": ("a.png", data, "image/png")}).headers.get(
                    "location", "?"
                )
            )

    begun = time.monotonic()
    threads = [threading.Thread(target=upload) for _ in range(PICTURES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    grown, children = watch.stop()
    return {
        "picture_kib": len(data) // 1024,
        "picture_taken": sum("draft=" in answer for answer in answers),
        "picture_s": round(took, 1),
        "web_mib": before,
        "picture_growth_mib": grown - before,
        "picture_children_mib": children,
    }


# --- writers beside an import ------------------------------------------------------------------------------------------


async def _import() -> dict[str, Any]:
    """In the served process: the import on one thread, another writer on a second; how long that one waited."""
    return await asyncio.to_thread(_import_beside_a_writer)


def _import_beside_a_writer() -> dict[str, Any]:
    from sqlmodel import select

    from hocba_app.models import Account, School, database
    from hocba_app.services.accounts.identity import identity_of
    from hocba_app.services.jobs.runner import RunningJobs, advance
    from hocba_app.services.workbooks import imports
    from hocba_app.settings import settings

    db = database()
    with db.installation() as session:
        school_id = session.exec(select(School.id)).one()
    with db.read(school_id) as session:
        who = identity_of(session, session.exec(select(Account.id)).one())
    assert who is not None
    workbook = (Path(settings().documents_url).parent / "school.xlsx").read_bytes()
    over, waits = threading.Event(), _Waits()
    writer = threading.Thread(target=waits.write, args=(db, over))
    writer.start()
    begun = time.monotonic()
    import_id = imports.give(db, who, "school.xlsx", workbook)
    for found in _newest_jobs(db, school_id):
        advance(db, RunningJobs(), school_id, found, "bench", threading.Event())
    preview = imports.view(db, who, import_id)
    assert preview.ready, preview
    advance(db, RunningJobs(), school_id, imports.start(db, who, import_id, preview.digest), "bench", threading.Event())
    took = time.monotonic() - begun
    over.set()
    writer.join()
    assert imports.view(db, who, import_id).state == "done"
    return {
        "import_s": round(took, 1),
        "counts": preview.counts,
        "wait": waits.longest,
        "writes": waits.count,
        "locked": waits.locked,
    }


def _newest_jobs(db: Any, school_id: str) -> list[str]:
    from sqlmodel import select

    from hocba_app.models import Job

    with db.read(school_id) as session:
        return list(session.exec(select(Job.id).where(Job.kind == "workbook_check")).all())


class _Waits:
    def __init__(self) -> None:
        self.longest, self.count, self.locked = 0.0, 0, 0

    def write(self, db: Any, over: Any) -> None:
        """Write a small row again and again; how long each took from asking to commit."""
        from sqlalchemy.exc import OperationalError

        from hocba_app.models import LoginThrottle

        while not over.is_set():
            begun = time.monotonic()
            try:
                with db.installation(write=True) as session:
                    session.add(LoginThrottle(key_sha256=secrets.token_hex(32)))
            except OperationalError:
                self.locked += 1
            self.longest, self.count = max(self.longest, time.monotonic() - begun), self.count + 1
            time.sleep(0.02)


def _elsewhere(url: str, over: Any, answer: Any) -> None:
    from hocba_app.models import Database

    waits = _Waits()
    waits.write(Database(url), over)
    answer.put((waits.longest, waits.count, waits.locked))


def _writers(served: Served) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    over, answer = context.Event(), context.Queue()
    other = context.Process(target=_elsewhere, args=(f"sqlite:///{served.folder}/a.db", over, answer))
    other.start()
    time.sleep(2)
    found = httpx.post(f"{served.url}/bench/import", timeout=1200).json()
    over.set()
    longest, count, locked = answer.get()
    other.join()
    return {
        "pupils": PUPILS,
        "import_s": found["import_s"],
        "import_new": found["counts"].get("new", 0),
        "wait_thread_s": round(found["wait"], 2),
        "wait_process_s": round(longest, 2),
        "writes": found["writes"] + count,
        "locked": found["locked"] + locked,
    }


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    make() if sys.argv[1:] == ["make"] else run("--json" in sys.argv)
