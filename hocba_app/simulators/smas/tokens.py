"""OAuth2 client credentials: one client a school. Tokens live in memory: a restart expires them all."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from urllib.parse import parse_qs, unquote

from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store

LIFETIME = 3600
"""Seconds."""


class Tokens:
    """Gives tokens and knows whose they are.

    Args:
        store: where the schools' clients are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[str, float]] = {}

    def grant(self, body: bytes, authorization: str) -> dict[str, object]:
        """The answer to a token request; credentials in the form, or by HTTP Basic.

        Raises:
            Refused: the request is no client-credentials request (400), or the credentials are wrong (401).
        """
        form = {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            raise Refused(400, {"error": "unsupported_grant_type"})
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization[:6].lower() == "basic ":
            client, secret = _basic(authorization[6:])
        row = self._store.one("select code, client_secret from school where client_id = ?", client)
        if row is None or not hmac.compare_digest(row["client_secret"].encode(), secret.encode()):
            raise Refused(401, {"error": "invalid_client"})
        now = time.monotonic()
        self._known = {token: known for token, known in self._known.items() if known[1] > now}
        token = secrets.token_urlsafe(32)
        self._known[token] = (row["code"], now + LIFETIME)
        return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}

    def school(self, authorization: str) -> str:
        """The school a request is for.

        Raises:
            Refused: no token, or one that has expired.
        """
        kind, _, token = authorization.partition(" ")
        code, until = self._known.get(token.strip(), ("", 0.0)) if kind.lower() == "bearer" else ("", 0.0)
        if until <= time.monotonic():
            raise Refused(401, {"error": "invalid_token"}, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return code

    def expire(self) -> None:
        """Forget every token."""
        self._known.clear()


def _basic(text: str) -> tuple[str, str]:
    try:
        client, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote(client), unquote(secret)
