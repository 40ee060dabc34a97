"""The service tells its result: also of a request whose answer was lost; whatever else comes is refused, or kept as late."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch, BatchItem, LateAnswer
from hocba_app.models.base import utc_now
from hocba_app.services.signing import webhook
from hocba_app.services.signing.providers.mysign_webhook import WEBHOOK
from hocba_app.settings import settings
from tests.integration.signing.test_chain import batch, confirm_on_phone, held_leases, lock, start, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.integration.simulators.running import running
from tests.refusals import refused
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]


@pytest.fixture
def hooks(small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Our side of the webhook on a real port, and what came in."""
    monkeypatch.setenv("HOCBA_MYSIGN_WEBHOOK", "true")
    settings.cache_clear()
    came: list[str] = []

    async def token(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(webhook.authenticate, small.db, WEBHOOK, await request.json()))

    async def result(request: Request) -> Response:
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        answer = await run_in_threadpool(webhook.deliver, small.db, WEBHOOK, bearer, await request.json())
        came.append("result")
        return JSONResponse(answer)

    rig = outside[0]
    with running(
        lambda _url: Starlette(
            routes=[Route("/token", token, methods=["POST"]), Route("/result", result, methods=["POST"])]
        )
    ) as url:
        own = rig.client
        rig.service.add_client(
            {
                "client_id": own["client_id"],
                "webhook": {
                    "token_url": f"{url}/token",
                    "result_url": f"{url}/result",
                    "client_id": own["client_id"],
                    "client_secret": own["client_secret"],
                },
            }
        )
        yield came
        rig.service.add_client({"client_id": own["client_id"], "webhook": None})


def token_of(small: SmallSchool, outside: Outside) -> str:
    client = outside[0].client
    answer = webhook.authenticate(
        small.db,
        WEBHOOK,
        {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
        },
    )
    return answer["data"]["access_token"]


def delivery(transaction: str, results: dict[str, bytes], status: str = "1") -> dict[str, object]:
    return {
        "meta_data": {"request_id": "r", "transaction_id": transaction, "description": "Success", "status": status},
        "data": {
            "results": [
                {"document_id": key, "signature": base64.b64encode(value).decode()} for key, value in results.items()
            ]
        },
    }


def test_a_lost_request_is_found_again_and_nobody_asked_twice(
    small: SmallSchool, outside: Outside, hooks: list[str]
) -> None:
    """The connection is cut after the request was taken: the answer names the prepared updates, and that is enough."""
    lock(small, "results")
    outside[0].fault("cut_after_taken")
    batch_id = start(small, "TOAN")
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    assert work_on(small, batch_id) == "ended"
    phone.join()
    done = batch(small, batch_id)
    assert (done.state, done.committed, done.resends, held_leases(small)) == ("committed", 2, 0, 0)
    assert "result" in hooks and outside[0].pending(small.users["TOAN"]) == []


def test_the_same_result_twice_changes_nothing(small: SmallSchool, outside: Outside, hooks: list[str]) -> None:
    lock(small, "results")
    outside[0].fault("webhook_twice")
    batch_id = start(small, "TOAN")
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    assert work_on(small, batch_id) == "ended"
    phone.join()
    deadline = time.monotonic() + 180
    while len(hooks) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (batch(small, batch_id).state, batch(small, batch_id).committed, len(hooks)) == ("committed", 2, 2)
    with small.db.read(small.school_id) as session:
        assert session.exec(select(LateAnswer)).all() == []


def waits(small: SmallSchool) -> tuple[str, list[BatchItem]]:
    """A batch that waits for its answer under transaction ``t1``, prepared by the product itself."""
    from hocba_app.services.jobs.claim import take
    from hocba_app.services.jobs.registry import Work
    from hocba_app.services.signing import batch as batches

    lock(small, "results")
    batch_id = start(small, "TOAN")
    claim = take(small.db, small.school_id, batch_id, "w")
    assert claim is not None
    work = Work(small.db, claim, {}, "")
    while batch(small, batch_id).state != "prepared":
        batches.advance_batch(work)
    with small.db.write(small.school_id) as session:
        row = session.get_one(Batch, (small.school_id, batch_id))
        row.state, row.transaction_id, row.sent_at = "waiting", "t1", utc_now()
        session.add(row)
        items = session.exec(select(BatchItem).where(BatchItem.batch_id == batch_id)).all()
    return batch_id, list(items)


def test_forged_signatures_settle_nothing(small: SmallSchool, outside: Outside) -> None:
    batch_id, items = waits(small)
    token = token_of(small, outside)
    forged = {item.request_id or "": bytes([number]) * 256 for number, item in enumerate(items)}
    assert webhook.deliver(small.db, WEBHOOK, token, delivery("t1", forged))["status_code"] == "00"
    assert webhook.deliver(small.db, WEBHOOK, token, delivery("t1", {}, status="4002"))["status_code"] == "00"
    assert (batch(small, batch_id).state, held_leases(small)) == ("waiting", 2)


def test_an_answer_after_the_end_is_kept_once(small: SmallSchool, outside: Outside) -> None:
    batch_id, items = waits(small)
    with small.db.write(small.school_id) as session:
        row = session.get_one(Batch, (small.school_id, batch_id))
        row.state = "ended"
        session.add(row)
    late = delivery("t1", {items[0].request_id or "": b"s" * 256, "stranger": b"x"})
    for _ in range(2):
        webhook.deliver(small.db, WEBHOOK, token_of(small, outside), late)
    with small.db.read(small.school_id) as session:
        kept = session.exec(select(LateAnswer)).all()
    assert [(row.slot_id, row.signature) for row in kept] == [(items[0].slot_id, b"s" * 256)]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"grant_type": "client_credentials"},
        {"grant_type": "password", "client_id": "hocba", "client_secret": "x"},
        {"grant_type": "client_credentials", "client_id": "hocba", "client_secret": ""},
        {"grant_type": "client_credentials", "client_id": "hocba", "client_secret": "wrong"},
        {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "wrong"},
    ],
)
def test_strangers_get_no_token(small: SmallSchool, body: object) -> None:
    assert refused(webhook.authenticate, small.db, WEBHOOK, body) is ErrorCode.LOGIN_FAILED


def test_strange_deliveries_are_refused(small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    good = token_of(small, outside)
    for token in ("", "x", good[:40], good[:40] + ("A" if good[40] != "A" else "B") + good[41:]):
        assert refused(webhook.deliver, small.db, WEBHOOK, token, delivery("t", {})) is ErrorCode.NOT_SIGNED_IN
    too_many = {
        "meta_data": {"transaction_id": "t", "status": "1"},
        "data": {"results": [{"document_id": "d", "signature": "AA=="}] * 2001},
    }
    for body in (
        None,
        [],
        {},
        {"meta_data": {}},
        {"meta_data": {"transaction_id": "t", "status": "1"}, "data": {"results": [{}]}},
        too_many,
        delivery("", {}),
        delivery("t", {"d": b"x" * 3000}),
        delivery("t", {"d": b""}),
    ):
        assert refused(webhook.deliver, small.db, WEBHOOK, good, body) is ErrorCode.INVALID_INPUT, body
    assert webhook.deliver(small.db, WEBHOOK, good, delivery("nobody's", {"d": b"x"}))["status_code"] == "00"
    monkeypatch.setattr(webhook, "utc_now", lambda: datetime.fromtimestamp(4_000_000_000, UTC))
    with pytest.raises(HocbaError):
        webhook.deliver(small.db, WEBHOOK, good, delivery("t", {}))
