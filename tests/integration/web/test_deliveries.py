"""Every file that leaves by a route is in the log, with who and what; logging in and out too."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import col, select

from hocba_app.domain.audit_wording import FILES as WORDS
from hocba_app.models import AuditEvent, Database, Document
from hocba_app.routes.app import ROUTERS, create_api
from hocba_app.routes.deliveries import FILES, LOGGED_BY_SERVICES, DeliveryRoute
from hocba_app.state.shared import guard
from tests.integration.web.conftest import WebSchool

PAGES = {"/verify", "/v/{code}", "/h/{token}", "/healthz", "/readyz", "/metrics"}


def test_every_route_that_reads_is_told_of() -> None:
    reading = {route.path: route for router in ROUTERS for route in router.routes if "GET" in route.methods}  # type: ignore[attr-defined]
    assert set(reading) == set(FILES) | LOGGED_BY_SERVICES | PAGES
    assert all(isinstance(reading[path], DeliveryRoute) for path in FILES)
    assert {what for what, _, _ in FILES.values()} == set(WORDS)


def _events(db: Database, school: WebSchool, action: str) -> list[tuple[str, str]]:
    with db.read(school.school_id) as session:
        rows = session.exec(select(AuditEvent).where(AuditEvent.action == action).order_by(col(AuditEvent.seq))).all()
        return [(row.subject.partition(":")[0], str(row.data.get("file", ""))) for row in rows]


@pytest.mark.parametrize("role", ["admin", "subject"])
async def test_a_delivery_is_in_the_log_and_a_refusal_is_not(
    role: str, web_database: Database, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    school = two_schools[0]
    before = len(_events(web_database, school, "file.delivered"))
    with web_database.read(school.school_id) as session:
        document = session.exec(select(Document).where(Document.kind == "results")).first()
    assert document is not None
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        headers = {"cookie": f"{guard.COOKIE}={school.tokens[role]}"}
        paths = (
            "/files/audit.csv",
            "/files/workbook/template",
            f"/files/records/{document.id}",
            "/files/records/unknown",
        )
        statuses = [(await client.get(path, headers=headers)).status_code for path in paths]
    told = _events(web_database, school, "file.delivered")[before:]
    assert len(told) == statuses.count(200)
    if role == "admin":
        assert told[:2] == [("school", "audit"), ("school", "template")]
    else:
        assert statuses[:2] == [403, 403]
