"""Devices that have logged in before: a cookie only this server can make, so that strangers' failures lock nobody out of his own.

It opens nothing by itself. It names the accounts that logged in on the device; their owners keep a counter of their own there.
"""

from __future__ import annotations

import json
import secrets

from hocba_app.domain.clock import utc_now
from hocba_app.domain.errors import HocbaError
from hocba_app.services.credential_cipher import decrypt, encrypt

COOKIE = "hocba_device"
KEPT_SECONDS = 400 * 86_400
MAX_ACCOUNTS = 20
"""Of a device in the staff room; the longest absent goes first."""
_PURPOSE = "device"


def device_of(cookie: str | None, account_id: str) -> str:
    """The device's id, where this account has logged in on it before; "" otherwise."""
    device, accounts = _read(cookie)
    return device if account_id in accounts else ""


def remembered(cookie: str | None, account_id: str) -> str:
    """The cookie's value after a login of this account; "" where the server has no key to make one."""
    device, accounts = _read(cookie)
    known = [account_id, *(other for other in accounts if other != account_id)][:MAX_ACCOUNTS]
    try:
        return encrypt(json.dumps([_PURPOSE, device or secrets.token_urlsafe(12), known, int(utc_now().timestamp())]))
    except HocbaError:
        return ""


def _read(cookie: str | None) -> tuple[str, list[str]]:
    try:
        purpose, device, accounts, made = json.loads(decrypt((cookie or "")[:4000]) or "[]")
        if purpose != _PURPOSE or utc_now().timestamp() - made > KEPT_SECONDS:
            return "", []
        return str(device), [str(account) for account in accounts]
    except (HocbaError, ValueError, TypeError, RecursionError):
        return "", []
