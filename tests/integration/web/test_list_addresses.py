"""Filters, order and page of the lists: in the address, which is read with care when opened by hand; hundreds come by the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hocba_app.state import signing
from hocba_app.state.accounts import AccountsState
from hocba_app.state.addresses import address_of, page_in
from hocba_app.state.audit import AuditState
from hocba_app.state.signature_images import SignatureImagesState
from hocba_app.state.signing import SigningState
from hocba_app.state.signing_accounts import SigningAccountsState
from tests.integration.web.test_access import run  # noqa: F401 - fixture
from tests.integration.web.test_record_pages import act  # noqa: F401 - fixture


def test_what_stands_in_an_address() -> None:
    assert address_of("/audit", {"action": "", "actor": "x&y=1", "page": 1}) == "/audit?actor=x%26y%3D1&page=1"
    for number, page in (("3", 3), ("0", 1), ("-1", 1), ("x", 1), ("9" * 9, 1), ("", 1)):
        assert page_in({"page": number}) == page


@pytest.mark.parametrize(
    ("load", "address", "shown"),
    [
        (AuditState.load, "/audit?action=record&since=2025-09-01&until=x&order=oldest&page=2", {"group": "record", "since": "2025-09-01", "oldest_first": True}),
        (AccountsState.load, "/accounts?state=active&sort=-username&page=9999", {"state": "active", "sort": "username", "descending": True}),
        (SigningAccountsState.load, "/signing-accounts?state=any&page=1", {"only": "any"}),
        (SignatureImagesState.load, "/signature-images?missing=1&page=1", {"missing_only": True}),
    ],
    ids=["audit", "accounts", "signing accounts", "signature images"],
)
async def test_an_address_opened_by_hand(load: Any, address: str, shown: dict[str, object], act: Any) -> None:  # noqa: F811
    told = await act("admin", load, address)
    for name, value in shown.items():
        assert f'"{name}_rx_state_": {json.dumps(value)}' in told, name
    assert '"page_rx_state_": 9999' not in told


async def test_the_log_the_other_way_round(act: Any) -> None:  # noqa: F811
    await act("admin", AuditState.load, "/audit")
    told = await act("admin", AuditState.turn_order)
    assert '"seq": 1,' in told
    await act("admin", AuditState.turn_order)


async def test_hundreds_of_records_are_looked_through_by_the_page(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(signing, "RECORD_ROWS", 1)
    told = json.loads(await act("subject", SigningState.load, "/sign"))
    groups = [state["groups_rx_state_"] for part in told for state in part.values() if "groups_rx_state_" in state][-1]
    key = next(group["key"] for group in groups if group["waiting"] == 2)
    first = await act("subject", SigningState.open_group, key=key)
    assert "Lan 1" in first and "Lan 2" not in first and '"record_pages_rx_state_": 2' in first
    for _ in range(2):
        await act("subject", SigningState.next_records)
    second = await act("subject", SigningState.previous_records)
    assert "Lan 1" in second and "Lan 2" not in second, "the last page is the last"
    await act("subject", SigningState.open_group, key=key)
