"""A running MySign simulator with its certificate authority, and what tests do at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hocba_app.simulators.mysign.app import create_app
from hocba_app.simulators.mysign.service import Limits, Service
from hocba_app.simulators.trust.authority import Authority
from tests.integration.simulators.running import running

PIN = "246813"
TEACHER = {
    "user_id": "CCCD_079204001234",
    "full_name": "Nguyễn Thị Ánh",
    "id_number": "079204001234",
    "phone": "0901000001",
}
SCHOOL = {
    "user_id": "MST_0312345678-001",
    "full_name": "Trường THCS Kim Đồng",
    "id_number": "0312345678",
    "phone": "0901000002",
    "kind": "organisation",
}


class Rig:
    """The service over HTTP, and its insides."""

    def __init__(self, url: str, service: Service, authority: Authority) -> None:
        self.url, self.service, self.authority = url, service, authority
        self.client = service.client("hocba") or {}

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, headers=headers)

    def add(self, user: dict[str, Any], **more: Any) -> dict[str, str]:
        answer = self.post("/_admin/users", {**user, "pin": PIN, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind: str, **values: Any) -> None:
        answer = self.post("/_faults", {"kind": kind, **values})
        assert answer.status_code == 200, answer.text

    def well(self) -> None:
        httpx.delete(f"{self.url}/_faults")
        self.post("/_limits", vars(Limits()))

    def phone(self, action: str, **values: str) -> httpx.Response:
        return self.post(f"/phone/api/{action}", values)

    def pending(self, user_id: str) -> list[dict[str, Any]]:
        return self.phone("pending", user_id=user_id).json()["requests"]

    def confirm(self, transaction: str, pin: str = PIN) -> None:
        answer = self.phone("confirm", transactionId=transaction, pin=pin)
        assert answer.status_code == 200, answer.text

    def await_status(self, transaction: str, *statuses: str) -> str:
        deadline = time.monotonic() + 180
        while True:
            row = self.service.status(transaction)
            assert row is not None
            if row["status"] in statuses:
                return row["status"]
            assert time.monotonic() < deadline, row["status"]
            time.sleep(0.01)


@contextmanager
def mysign_rig(folder: Path) -> Iterator[Rig]:
    """A service on ``folder`` while inside."""
    authority = Authority(folder / "trust", "http://127.0.0.1:9")
    service = Service(folder / "mysign", authority)
    with running(lambda _url: create_app(service)) as url:
        yield Rig(url, service, authority)
    authority.close()
