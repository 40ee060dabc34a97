"""Every event handler and every route, with every role and with another school's people (docs/workflow.md, "Who may do what")."""

from __future__ import annotations

import hashlib
import inspect
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest
from reflex.event import Event
from reflex.istate.manager.memory import StateManagerMemory
from reflex.utils.format import format_event_handler, json_dumps
from reflex_base.event.processor import base_state_processor
from reflex_base.registry import RegistrationContext
from sqlmodel import SQLModel, select

from hocba_app import logs
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.hocba_app import app
from hocba_app.models import Account, Database, Document, DocumentVersion, Job, Slot, Staff, Student
from hocba_app.routes import caller
from hocba_app.routes.app import ROUTERS, create_api
from hocba_app.services.accounts.authority import Right
from hocba_app.state.dashboard import DashboardState
from hocba_app.state.shared import gate, guard, live_screen
from hocba_app.state.signing import SigningState
from tests.integration.web.conftest import ROLES, WebSchool

OFFICE = {"admin", "management", "principal", "deputy"}
STAFF = {"principal", "deputy", "homeroom", "subject", "clerk", "seal_operator", "cover_signer"}
ALL = set(ROLES)
SIGNERS = {"principal", "deputy", "homeroom", "subject", "seal_operator", "cover_signer"}
ALLOWED: dict[Right, set[str]] = {
    **dict.fromkeys(
        (
            Right.SYNC,
            Right.SIGNATURE_IMAGES,
            Right.SEAL_IMAGE,
            Right.ASSIGNMENTS,
            Right.LOCK,
            Right.SIGNING_ACCOUNTS,
            Right.COVER_SIGNER,
            Right.DELEGATE,
            Right.SEAL_OPERATOR,
            Right.PRINT,
            Right.ATTACH,
            Right.UNLOCK_ASK,
            Right.ACCOUNTS_READ,
            Right.AUDIT_READ,
            Right.SETTINGS_READ,
            Right.LEADERSHIP_READ,
        ),
        OFFICE,
    ),
    **dict.fromkeys((Right.OWN_SIGNATURE, Right.OWN_SIGNING_ACCOUNT, Right.OWN_QUEUE), STAFF),
    Right.SIGN_PRINCIPAL: {"principal", "deputy", "cover_signer"},
    Right.SEAL: {"seal_operator"},
    Right.UNLOCK_APPROVE: {"principal", "deputy"},
    Right.ACCEPT_NAME: {"principal"},
    Right.ACCOUNTS: {"admin"},
    Right.SETTINGS_WRITE: {"admin"},
    Right.LEADERSHIP_CONFIRM: {"principal"},
    Right.CREDENTIALS_CONFIRM: {"management", "principal", "deputy"},
    Right.DASHBOARD: ALL,
    Right.RECORDS_READ: ALL - {"clerk"},
}
"""The table of docs/workflow.md, written out again: the product's own (`authority`) is what is tested."""

PAGES: dict[str, set[Right]] = {
    "SyncState": {Right.SYNC},
    "SyncScopeState": {Right.SYNC},
    "WorkbooksState": {Right.SYNC},
    "LockState": {Right.LOCK},
    "SchoolYearsState": {Right.LOCK, Right.UNLOCK_APPROVE},
    "UnlockState": {Right.UNLOCK_ASK, Right.UNLOCK_APPROVE},
    "ObjectionsState": {Right.RECORDS_READ, Right.OWN_QUEUE, Right.LOCK},
    "ReadingState": {Right.RECORDS_READ, Right.OWN_QUEUE},
    "AuditState": {Right.AUDIT_READ},
    "AccountsState": {Right.ACCOUNTS, Right.ACCOUNTS_READ},
    "LeadershipState": {Right.LEADERSHIP_READ, Right.LEADERSHIP_CONFIRM, Right.CREDENTIALS_CONFIRM},
    "RecordsState": {Right.RECORDS_READ, Right.UNLOCK_ASK},
    "PupilState": {Right.RECORDS_READ, Right.ATTACH},
    "RecordState": {Right.RECORDS_READ, Right.UNLOCK_ASK},
    "AssignmentsState": {Right.ASSIGNMENTS},
    "SignatureImagesState": {Right.SIGNATURE_IMAGES, Right.SEAL_IMAGE},
    "SigningAccountsState": {Right.SIGNING_ACCOUNTS, Right.ACCEPT_NAME},
    "SigningSettingsState": {Right.COVER_SIGNER, Right.DELEGATE, Right.SEAL_OPERATOR},
    "MySignatureState": {Right.OWN_SIGNATURE, Right.OWN_SIGNING_ACCOUNT},
    "PrintState": {Right.PRINT},
}
"""Rights a page's handlers may declare; a page that is not named here may only be one for everybody signed in."""


def handlers() -> dict[str, Any]:
    found = {
        name: entry
        for name, entry in RegistrationContext.get().event_handlers.items()
        if entry.handler.fn.__module__.startswith("hocba_app.")
    }
    assert len(found) > 10, "a wrong prefix must not make these tests empty"
    return found


def framework_handlers() -> dict[str, Any]:
    """Every handler Reflex registered by itself, for its own states and for ours."""
    own = handlers()
    found = {name: entry for name, entry in RegistrationContext.get().event_handlers.items() if name not in own}
    assert sum(name.endswith(".setvar") for name in found) > 10, "Reflex gives each state one"
    return found


def test_every_handler_says_who_may_call_it() -> None:
    assert [name for name, entry in handlers().items() if not guard.declared(entry.handler.fn)] == []


def test_every_right_of_the_table_is_known() -> None:
    assert set(ALLOWED) == set(Right)


def test_handlers_of_a_page_ask_for_its_rights() -> None:
    wrong = {}
    for name, entry in handlers().items():
        state = entry.states[0].__name__
        rights = getattr(entry.handler.fn, "__hocba_access__", ())
        if rights != "public" and rights and not set(rights) <= PAGES.get(state, set()):
            wrong[name] = rights
        if state in PAGES and rights in ((), "public"):
            wrong[name] = rights
    assert wrong == {}


def _router(token: str) -> dict[str, Any]:
    return {
        "headers": {"cookie": f"{guard.COOKIE}={token}" if token else ""},
        "pathname": "/",
        "asPath": "/",
        "query": {},
        "token": "tab",
    }


@pytest.fixture
async def run(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Awaitable[list[Any]]]]:
    """Send one event through the whole pipeline; the deltas that came back."""
    monkeypatch.setattr(live_screen, "IDLE_TIMEOUT_SECONDS", 0.01)  # a page's loop looks at once that its tab is gone
    monkeypatch.setattr(live_screen, "open_tabs", frozenset)
    app._state_manager = StateManagerMemory()
    async with app._setup_event_processor():  # type: ignore[attr-defined]

        async def call(name: str, token: str = "", tab: str = "tab", path: str = "/", **payload: Any) -> list[Any]:
            query = dict(parse_qsl(urlsplit(path).query))
            data = _router(token) | {"token": tab, "pathname": urlsplit(path).path, "asPath": path, "query": query}
            event = Event(name=name, payload=payload, router_data=data)
            return [dict(delta) async for delta in app.event_processor.enqueue_stream_delta(tab, event)]

        yield call


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Handlers that the gate let pass; they are noted, not run."""
    noted: list[Any] = []

    async def note(*, handler: Any, **_others: Any) -> None:
        noted.append(handler)

    monkeypatch.setattr(base_state_processor, "process_event", note)
    return noted


@pytest.mark.parametrize("role", ["", *ROLES])
async def test_the_gate_lets_each_role_do_what_the_table_says(
    role: str, two_schools: tuple[WebSchool, WebSchool], run: Any, reached: list[Any]
) -> None:
    wrong = []
    for name, entry in handlers().items():
        reached.clear()
        await run(name, two_schools[0].tokens.get(role, ""))
        rights = getattr(entry.handler.fn, "__hocba_access__", None)
        may = rights == "public" or (role != "" and (rights == () or any(role in ALLOWED[right] for right in rights)))
        if may != (entry.handler in reached):
            wrong.append((name, rights))
    assert wrong == []


@pytest.mark.parametrize("role", ["", "admin", "principal"])
async def test_of_the_frameworks_handlers_only_the_listed_run(
    role: str, two_schools: tuple[WebSchool, WebSchool], run: Any, reached: list[Any]
) -> None:
    passed = set()
    for name, entry in framework_handlers().items():
        reached.clear()
        await run(
            name, two_schools[0].tokens.get(role, ""), f"framework-{role}", info="TypeError: x", component_stack=""
        )
        passed |= {name} if entry.handler in reached else set()
    assert passed == gate.FRAMEWORK | ({gate.FRONTEND_REPORT} if role else set())


async def test_setvar_changes_nothing(two_schools: tuple[WebSchool, WebSchool], run: Any) -> None:
    token = two_schools[0].tokens["subject"]
    names = [name for name in framework_handlers() if name.endswith("audit_state.setvar")]
    sent = [await run(name, token, "setvar", var_name="search", value="fresh-words") for name in names]
    assert names and "fresh-words" not in json_dumps(sent)


async def test_a_page_that_reports_a_defect_writes_one_short_line(
    two_schools: tuple[WebSchool, WebSchool], run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    info = "TypeError: broken\n2026-05-20 level=info event=forged " + "x" * 900_000
    await run(gate.FRONTEND_REPORT, "", "stranger", info=info, component_stack="y" * 900_000)
    assert "broken" not in capsys.readouterr().err
    for number in range(3):
        await run(
            gate.FRONTEND_REPORT,
            two_schools[0].tokens["subject"],
            "reporter",
            info=f"{number} {info}",
            component_stack="y" * 900_000,
        )
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("said=")[1][1:20] for line in lines if "page.defect" in line] == [
        f"{number} TypeError: broken" for number in range(3)
    ]
    assert all(len(line) < 800 for line in lines) and not any(line.startswith("2026-05-20 level") for line in lines)


async def test_what_the_framework_logs_of_a_stranger_is_short_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure()
    monkeypatch.setattr(logs, "_libraries", logs._Budget(5))
    for _ in range(20):
        logging.getLogger("reflex.app").warning("Event data: %s", "a\nevent=forged " * 70_000)
    lines = [line for line in capsys.readouterr().err.splitlines() if "reflex.app" in line]
    assert len(lines) == 5 and all(len(line) < logs.MAX_RECORD * 1.2 for line in lines)


async def test_an_undeclared_handler_is_refused(
    two_schools: tuple[WebSchool, WebSchool], run: Any, reached: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, entry = next(
        (name, entry) for name, entry in handlers().items() if "dashboard" in name and name.endswith(".load")
    )
    monkeypatch.delattr(entry.handler.fn, "__hocba_access__")
    await run(name, two_schools[0].tokens["admin"])
    assert entry.handler not in reached


async def test_a_handler_whose_session_ended_behind_the_gate_says_to_sign_in_again() -> None:
    state: Any = SimpleNamespace(router_data={})
    assert await guard.identity(state) is None
    with pytest.raises(HocbaError) as refused:
        await guard.require_identity(state)
    assert refused.value.code is ErrorCode.NOT_SIGNED_IN


async def test_the_next_person_at_the_browser_gets_nothing_of_the_last(
    two_schools: tuple[WebSchool, WebSchool], run: Any
) -> None:
    ours, theirs = two_schools
    name = format_event_handler(DashboardState.load)
    shown = json_dumps(await run(name, ours.tokens["admin"]))
    assert ours.mark in shown
    hydrated = json_dumps(await run("reflex___state____state.hydrate", theirs.tokens["admin"]))
    assert ours.mark not in hydrated
    assert ours.mark not in json_dumps(await run("reflex___state____state.hydrate", ""))


async def test_the_session_cookie_never_travels_to_the_page(two_schools: tuple[WebSchool, WebSchool], run: Any) -> None:
    token = two_schools[0].tokens["admin"]
    sent = json_dumps(await run(format_event_handler(SigningState.load), token))
    assert sent != "[]" and token not in sent


def _ids_of(db: Database, school: WebSchool) -> list[str]:
    """Ids of the school's rows that a stranger may have got hold of."""
    found = [school.small.class_id]
    with db.read(school.school_id) as session:
        for model in (Document, DocumentVersion, Slot, Student, Staff, Job, Account):
            found += [row.id for row in session.exec(select(model).limit(1)).all()]
    return found


def _rows_of(db: Database, school: WebSchool) -> str:
    """Hash of everything the school has."""
    found = []
    with db.installation() as session:
        for table in SQLModel.metadata.sorted_tables:
            if "school_id" in table.c and table.name not in ("login_session", "login_throttle"):
                rows = session.connection().execute(table.select().where(table.c.school_id == school.school_id)).all()
                found += sorted(repr(row) for row in rows)
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


def _argument(annotation: Any, given: str) -> Any:
    kind = str(annotation)
    if "list" in kind:
        return [given]
    if "bool" in kind:
        return True
    return 1 if kind in ("int", "<class 'int'>") else given


@pytest.mark.parametrize("role", ["admin", "principal", "subject", "seal_operator"])
async def test_nobody_of_another_school_sees_or_touches_anything(
    role: str,
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    run: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours, theirs = two_schools
    before = _rows_of(web_database, ours)
    tab = f"stranger-{role}"
    for given in _ids_of(web_database, ours):
        for name, entry in handlers().items():
            if entry.handler.is_background:
                continue
            wanted = list(inspect.signature(entry.handler.fn).parameters.values())[1:]
            payload = {parameter.name: _argument(parameter.annotation, given) for parameter in wanted}
            sent = json_dumps(
                await run(
                    name,
                    theirs.tokens[role],
                    tab,
                    path=f"/records/{given}?class={given}&document_id={given}",
                    **payload,
                )
            )
            assert ours.mark not in sent, (name, given)
    assert _rows_of(web_database, ours) == before


NASTY = (
    "a.é",
    "\x00",
    "\ud800",
    "..%2f",
    "9" * 400,
    "-1",
    "0001-01-01",
    "9999-12-31",
    "null",
    "[]",
    "eA.eA",
    "é" * 300,
)
"""What an address, a cookie or a form may hold when nobody meant well."""
_ASKED = (
    "notice",
    "page",
    "year",
    "draft",
    "action",
    "actor",
    "since",
    "until",
    "order",
    "class",
    "kind",
    "state",
    "sort",
    "search",
    "missing",
    "grade",
    "step",
    "tab",
    "version",
)


@pytest.mark.parametrize("nasty", NASTY)
async def test_nothing_in_an_address_or_a_cookie_is_a_defect_of_a_page(
    nasty: str, two_schools: tuple[WebSchool, WebSchool], run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    defects: list[Exception] = []
    monkeypatch.setattr(app.event_processor, "backend_exception_handler", defects.append)
    query = dict.fromkeys(_ASKED, nasty) | {"document_id": "x", "student_id": "x"}
    loads = [name for name in handlers() if name.endswith((".load", ".load_public"))]
    assert len(loads) > 15
    for cookie in (f"{guard.COOKIE}={nasty}", nasty, f"{guard.COOKIE}={two_schools[0].tokens['admin']}; other={nasty}"):
        for name in loads:
            data = _router("") | {
                "headers": {"cookie": cookie},
                "token": "nasty",
                "asPath": f"/?{urlencode(query, errors='replace')}",
                "query": query,
            }
            _ = [
                delta
                async for delta in app.event_processor.enqueue_stream_delta(
                    "nasty", Event(name=name, payload={}, router_data=data)
                )
            ]
    assert defects == []


@pytest.mark.parametrize("nasty", NASTY)
async def test_nothing_in_an_address_a_cookie_or_a_form_is_a_defect_of_a_route(
    nasty: str, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    wrong = []
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)  # type: ignore[arg-type]
    typed = quote(nasty, safe="", errors="surrogatepass")
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:

        async def ask(route: Any, cookie: str) -> None:
            path = f"{re.sub(r'{.*?}', typed, route.path)}?{'&'.join(f'{name}={typed}' for name in _ASKED)}"
            form = "&".join(
                f"{name}={typed}"
                for name in (
                    "username",
                    "password",
                    "again",
                    "code",
                    "old",
                    "pin",
                    "accounts",
                    "staff_id",
                    "school_year",
                )
            )
            given = f"{guard.COOKIE}={cookie}".encode("utf-8", "surrogatepass")
            headers = [
                (b"origin", b"http://testserver"),
                (b"cookie", given),
                (b"content-type", b"application/x-www-form-urlencoded"),
            ]
            method = "POST" if "POST" in route.methods else "GET"
            answer = await client.request(method, path, headers=headers, content=form if method == "POST" else None)
            if answer.status_code >= 500:
                wrong.append((method, route.path, answer.status_code))

        for route in _routes():
            if not route.path.startswith("/session"):
                await ask(route, two_schools[0].tokens["admin"])
            if route.path in ("/session", "/session/end", "/session/activate", "/session/password", "/files/audit.csv"):
                await ask(route, nasty)
    assert wrong == []


ROUTES = {
    "/session": "public",
    "/session/end": "public",
    "/session/activate": "public",
    "/session/password": (),
    "/session/confirm": (),
    "/healthz": "public",
    "/readyz": "public",
    "/metrics": "public",
    "/verify": "public",
    "/v/{code}": "public",
    "/h/{token}": "public",
    "/h/{token}/documents": "public",
    "/h/{token}/documents/{number}": "public",
    "/h/{token}/package": "public",
    "/hooks/mysign/token": "public",
    "/hooks/mysign": "public",
}
"""Who may call a route, where its dependencies name no right."""


def _routes() -> list[Any]:
    return [route for router in ROUTERS for route in router.routes]


def _rights_of(route: Any) -> Any:
    """The right asked for by a route's dependencies."""
    found: list[Any] = []
    todo = list(route.dependant.dependencies)
    while todo:
        dependency = todo.pop()
        todo += dependency.dependencies
        if dependency.call is caller.signed_in:
            found.append(())
        if (right := getattr(dependency.call, "right", None)) is not None:
            found.append(right)
    named = [entry for entry in found if entry != ()]
    return named or (() if found else ROUTES.get(route.path))


def test_every_route_says_who_may_call_it() -> None:
    assert [route.path for route in _routes() if _rights_of(route) is None] == []


def test_every_form_comes_from_our_own_pages() -> None:
    def guarded(route: Any) -> bool:
        return any(dependency.call is caller.same_origin for dependency in route.dependant.dependencies)

    open_to_machines = {"/hooks/mysign/token", "/hooks/mysign"}
    assert [
        r.path for r in _routes() if "POST" in r.methods and not guarded(r) and r.path not in open_to_machines
    ] == []


@pytest.mark.parametrize("role", ["", *ROLES])
async def test_every_route_refuses_whom_it_must(role: str, two_schools: tuple[WebSchool, WebSchool]) -> None:
    wrong = []
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        for route in _routes():
            rights = _rights_of(route)
            if rights == "public":
                continue
            may = role != "" and (rights == () or all(role in ALLOWED[right] for right in rights))
            path = re.sub(r"\{.*?\}", "01aaaaaaaaaaaaaaaaaaaaaaaa", route.path)
            method = "POST" if "POST" in route.methods else "GET"
            headers = {"origin": "http://testserver", "cookie": f"{guard.COOKIE}={two_schools[0].tokens.get(role, '')}"}
            answer = await client.request(method, path, headers=headers)
            refused = answer.status_code in (401, 403) or answer.headers.get("location", "").startswith("/login")
            if refused == may and not (may and answer.status_code == 403 and rights == ()):
                wrong.append((method, route.path, answer.status_code, rights))
    assert wrong == []
