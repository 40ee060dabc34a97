"""A sentence that a form's route sends along with its redirect, signed so that no link can put words in our mouth."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from hocba_app.domain.clock import utc_now
from hocba_app.process_scope import per_process
from hocba_app.settings import settings

MAX_AGE_SECONDS = 120
"""A notice older than this (a reload, a bookmark) is not shown again."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened: a success or a problem."""

    text: str
    problem: bool


def sign_notice(text: str, *, problem: bool) -> str:
    """The notice as a value for a URL."""
    body = (
        base64.urlsafe_b64encode(json.dumps([int(utc_now().timestamp()), problem, text], ensure_ascii=False).encode())
        .decode()
        .rstrip("=")
    )
    return f"{body}.{_mac(body)}"


def read_notice(value: str) -> Notice | None:
    """The notice, or None when it is not ours or too old. An address may contain anything."""
    body, _, mac = value.partition(".")
    if not body or not value.isascii() or not hmac.compare_digest(mac, _mac(body)):
        return None
    made, problem, text = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return Notice(text, problem) if utc_now().timestamp() - made < MAX_AGE_SECONDS else None


def _mac(body: str) -> str:
    return hmac.new(_key(), body.encode(), hashlib.sha256).hexdigest()[:32]


@per_process
def _key() -> bytes:
    """Derived from the installation's key; without one, of this process only (one web process needs no more)."""
    secret = settings().secret_key
    return hashlib.sha256(b"hocba notice\0" + secret.encode()).digest() if secret else secrets.token_bytes(32)
