"""Filters, order and page of the lists: in the address, which is read with care when opened by hand; hundreds come by the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hocba_app.models import SEAL, Database, Job
from hocba_app.state import signature_images, signing_group
from hocba_app.state.accounts import AccountsState
from hocba_app.state.audit import AuditState
from hocba_app.state.shared.addresses import address_of, page_in
from hocba_app.state.signature_images import SignatureImagesState
from hocba_app.state.signing import SigningState
from hocba_app.state.signing_accounts import SigningAccountsState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - fixture
from tests.integration.web.test_record_pages import act  # noqa: F401 - fixture


def test_what_stands_in_an_address() -> None:
    assert address_of("/audit", {"action": "", "actor": "x&y=1", "page": 1}) == "/audit?actor=x%26y%3D1&page=1"
    for number, page in (("3", 3), ("0", 1), ("-1", 1), ("x", 1), ("9" * 9, 1), ("", 1)):
        assert page_in({"page": number}) == page


@pytest.mark.parametrize(
    ("load", "address", "shown"),
    [
        (
            AuditState.load,
            "/audit?action=record&since=2025-09-01&until=x&order=oldest&page=2",
            {"group": "record", "since": "2025-09-01", "oldest_first": True},
        ),
        (
            AccountsState.load,
            "/accounts?state=active&sort=-username&page=9999",
            {"state": "active", "sort": "username", "descending": True},
        ),
        (
            SigningAccountsState.load,
            "/signing-accounts?state=any&sort=-validity&page=9999",
            {"only": "any", "sort": "validity", "descending": True},
        ),
        (SigningAccountsState.load, "/signing-accounts?sort=-sentence", {"sort": "code", "descending": False}),
        (AccountsState.load, "/accounts?sort=-email;drop", {"sort": "name", "descending": False}),
        (SignatureImagesState.load, "/signature-images?missing=1&page=1", {"missing_only": True}),
    ],
    ids=[
        "audit",
        "accounts",
        "signing accounts",
        "signing accounts by no column",
        "accounts by no column",
        "signature images",
    ],
)
async def test_an_address_opened_by_hand(load: Any, address: str, shown: dict[str, object], act: Any) -> None:
    told = await act("admin", load, address)
    for name, value in shown.items():
        assert f'"{name}_rx_state_": {json.dumps(value)}' in told, name
    assert '"page_rx_state_": 9999' not in told


async def test_the_signing_accounts_by_a_column(act: Any, two_schools: tuple[WebSchool, WebSchool]) -> None:
    first = two_schools[0].small.people["principal"].staff_id

    async def owners(handler: Any, path: str = "/signing-accounts", **payload: Any) -> list[str]:
        told = json.loads(await act("admin", handler, path, **payload))
        return [
            [row["owner"] for row in state["rows_rx_state_"]]
            for part in told
            for state in part.values()
            if "rows_rx_state_" in state
        ][-1]

    by_code = await owners(SigningAccountsState.load)
    by_name = await owners(SigningAccountsState.set_sort, sort="name")
    assert by_name[0] == by_code[0] == SEAL and sorted(by_name) == sorted(by_code) and first in by_name
    assert await owners(SigningAccountsState.set_sort, sort="name") == by_name[::-1], "again the other way round"
    told = await act("admin", SigningAccountsState.set_sort, "/signing-accounts", sort="problem")
    assert "rows_rx_state_" not in told, "no column of the page"


async def test_an_uploads_files_by_a_column(
    act: Any,
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signature_images, "FILE_ROWS", 2)
    school = two_schools[0]
    files = [
        {"file": "GV10.png", "outcome": "matched", "staff": school.small.people["TOAN"].staff_id},
        {"file": "GV2.png", "outcome": "failed"},
        {"file": "GV1.png", "outcome": "unmatched"},
    ]
    with web_database.write(school.school_id) as session:
        session.add(
            Job(
                kind="images", state="done", created_by=school.small.people["admin"].account_id, report={"files": files}
            )
        )

    async def first_page(handler: Any, **payload: Any) -> list[str]:
        told = json.loads(await act("admin", handler, "/signature-images", **payload))
        return [
            [row["file"] for row in state["files_rx_state_"]]
            for part in told
            for state in part.values()
            if "files_rx_state_" in state
        ][-1]

    assert await first_page(SignatureImagesState.load) == ["GV10.png", "GV2.png"]
    assert await first_page(SignatureImagesState.set_sort, sort="file") == ["GV1.png", "GV2.png"]
    await act("admin", SignatureImagesState.next_files, "/signature-images")
    assert await first_page(SignatureImagesState.set_sort, sort="file") == ["GV10.png", "GV2.png"], (
        "the first page of the new order"
    )
    assert await first_page(SignatureImagesState.set_sort, sort="outcome") == ["GV2.png", "GV1.png"], (
        "what has to be seen to"
    )
    assert await first_page(SignatureImagesState.set_sort, sort="whose") == ["GV10.png", "GV2.png"]


async def test_the_log_the_other_way_round(act: Any) -> None:
    await act("admin", AuditState.load, "/audit")
    told = await act("admin", AuditState.turn_order)
    assert '"seq": 1,' in told
    await act("admin", AuditState.turn_order)


async def test_a_class_is_read_before_it_is_signed_page_by_page(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_group, "CONTENT_ROWS", 1)
    told = json.loads(await act("subject", SigningState.load, "/sign"))
    sections = [
        state["sections_rx_state_"] for part in told for state in part.values() if "sections_rx_state_" in state
    ]
    group = next(group for section in sections[-1] for group in section["groups"] if group["waiting"] == 2)
    first = await act("subject", SigningState.open_group, key=group["key"])
    assert "Lan 1" in first and "Lan 2" not in first and '"line_pages_rx_state_": 2' in first and "8,5" in first
    for _ in range(2):
        await act("subject", SigningState.next_lines)
    second = await act("subject", SigningState.previous_lines)
    assert "Lan 1" in second and "Lan 2" not in second, "the last page is the last"
    turned = [await act("subject", SigningState.set_sort, sort="name") for _ in range(2)]
    assert ["Lan 2" in told and "Lan 1" not in told for told in turned] == [False, True], (
        "from the end the last stands on the first page"
    )
    assert "Lan" not in await act("subject", SigningState.set_sort, sort="problem; drop")
    line = json.loads(await act("subject", SigningState.set_sort, sort="c0"))
    slot = next(row["slot_id"] for part in line for state in part.values() for row in state.get("lines_rx_state_", ()))
    left = await act("subject", SigningState.toggle_line, slot_id=slot)
    assert "Ký 1 hồ sơ" in left and '"left": 1' in left, "one is left out, the button says what it signs"
    assert "Ký 2 hồ sơ" in await act("subject", SigningState.toggle_line, slot_id=slot)
    assert "Ký 1 hồ sơ" not in await act("subject", SigningState.toggle_line, slot_id="01aaaaaaaaaaaaaaaaaaaaaaaa")
    asked = await act("subject", SigningState.report_line, slot_id=slot, subject="")
    assert "objecting" not in asked, "there is no line of this pupil without a subject"
    await act("subject", SigningState.open_group, key=group["key"])
    assert "lines" not in await act("subject", SigningState.open_group, key="x|y|z|nowhere|")
