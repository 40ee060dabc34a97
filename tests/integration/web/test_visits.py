"""Uploads at the door: admitted before a byte is read, worked on in turn, dropped when the client has left. Counted, not timed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

from hocba_app.foreign import admission
from hocba_app.foreign.admission import ADMISSION, SHARE_OF_ADDRESS, STRANGERS_TURNS
from hocba_app.foreign.decoding import Limits, decode
from hocba_app.routes import protection, verification
from hocba_app.routes.app import create_api
from hocba_app.routes.protection import BodyLimit
from hocba_app.verification.report_model import FileReport
from tests.integration.foreign import decoders
from tests.integration.foreign.test_children import gone
from tests.integration.web.conftest import WebSchool

FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n%PDF-1.7 x\r\n--b--\r\n'


class Client:
    """One request as the server hands it on: what was read of it, and when it leaves."""

    def __init__(self, path: str = "/verify", *, cookie: str = "", whole: bool = True) -> None:
        self.reads, self.status, self.text = 0, 0, b""
        self.leave = asyncio.Event()
        self._whole = whole
        headers = [
            (b"host", b"testserver"),
            (b"origin", b"http://testserver"),
            (b"content-type", b"multipart/form-data; boundary=b"),
            (b"content-length", b"%d" % len(FORM)),
            (b"cookie", cookie.encode()),
        ]
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("192.0.2.1", 1),
            "server": ("testserver", 80),
        }

    async def receive(self) -> MutableMapping[str, Any]:
        self.reads += 1
        if self.reads == 1:
            return {"type": "http.request", "body": FORM, "more_body": not self._whole}
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"")

    def begin(self, app: Any) -> asyncio.Task[None]:
        return asyncio.create_task(app(self.scope, self.receive, self.send))


@pytest.fixture
def app(two_schools: tuple[WebSchool, WebSchool]) -> Iterator[Any]:
    assert ADMISSION.counts() == (0, 0, 0)
    yield BodyLimit(create_api())  # type: ignore[arg-type]
    assert ADMISSION.counts() == (0, 0, 0)


async def until(condition: Any) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


async def test_clients_that_hang_up_leave_nothing_behind_and_an_honest_one_is_next(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def endless(_data: bytes, _db: object) -> FileReport:
        for pid, _ in decode(decoders.endless, [], limits=Limits(seconds=300)):
            begun.append(pid)
        raise AssertionError("it never ends by itself")

    real = verification.verify_upload
    monkeypatch.setattr(verification, "verify_upload", endless)
    attackers = [Client() for _ in range(10)]
    tasks = [attacker.begin(app) for attacker in attackers]
    await until(
        lambda: ADMISSION.counts() == (10, 10 - STRANGERS_TURNS, STRANGERS_TURNS) and len(begun) == STRANGERS_TURNS
    )
    honest = Client()
    monkeypatch.setattr(verification, "verify_upload", real)
    asked = honest.begin(app)
    await until(lambda: ADMISSION.counts()[0] == 11)
    for attacker in attackers:
        attacker.leave.set()
    await asyncio.wait_for(asyncio.gather(*tasks, asked), 60)
    assert honest.status == 200 and "Chưa đủ căn cứ".encode() in honest.text
    assert len(begun) <= 2 * STRANGERS_TURNS, "who left in the line never had a child"
    assert all(gone(pid) for pid in begun)


async def test_without_a_place_not_a_byte_is_read(app: Any) -> None:
    held = [ADMISSION.enter("address:192.0.2.1") for _ in range(SHARE_OF_ADDRESS)]
    client = Client()
    await client.begin(app)
    assert (client.status, client.reads) == (503, 0) and "nhiều việc cùng lúc".encode() in client.text
    for ticket in held:
        ADMISSION.leave(ticket)


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/workbook",
        "/uploads/signature-images",
        "/uploads/signature-images/person",
        "/uploads/seal",
        "/uploads/my-signature",
        "/uploads/attached/x",
    ],
)
async def test_of_who_may_not_upload_not_a_byte_is_read(
    app: Any, two_schools: tuple[WebSchool, WebSchool], path: str
) -> None:
    stranger = Client(path)
    await stranger.begin(app)
    assert (stranger.status, stranger.reads) == (401, 0)
    if path != "/uploads/my-signature":
        teacher = Client(path, cookie=f"hocba_session={two_schools[0].tokens['subject']}")
        await teacher.begin(app)
        assert (teacher.status, teacher.reads) == (403, 0)


async def test_who_sends_slowly_makes_room_for_others(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await until(lambda: ADMISSION.counts()[0] == 0)  # what an earlier test dropped leaves by itself
    monkeypatch.setattr(admission, "STRANGERS_PLACES", 2)
    monkeypatch.setattr(protection, "SILENT_SECONDS", 300.0)  # on a slow machine they would be sent away for that first
    monkeypatch.setattr(protection, "GRACE_SECONDS", 300.0)
    slow = [Client(whole=False) for _ in range(2)]
    tasks = [client.begin(app) for client in slow]
    await until(lambda: all(client.reads == 2 for client in slow))
    quick = Client()
    quick.scope["client"] = ("198.51.100.9", 1)
    await asyncio.wait_for(quick.begin(app), 60)
    assert quick.status == 200
    await asyncio.wait_for(tasks[0], 60)
    assert slow[0].status == 503 and not tasks[1].done()
    slow[1].leave.set()
    await tasks[1]


def test_the_fork_server_is_not_the_web_process() -> None:
    from hocba_app.foreign import decoding

    process = decoding._children._process
    assert process is None or process.pid != os.getpid()
