"""What can be made to go wrong at the signing service, so that the product's behaviour then can be tested.

A fault is a JSON object at ``/_faults``: ``kind``, ``times`` (1 by default, null: until cleared), ``path`` (a prefix of the
calls it strikes, for the kinds marked *), and the kind's own values.
"""

from __future__ import annotations

from typing import Any

from hocba_app.simulators.waiting_faults import WaitingFaults

KINDS = {
    "slow": "* `seconds` before the call is looked at; longer than the client waits: no answer",
    "http": "* `status` as HTTP status, `retry_after` optional; the call is not looked at",
    "cut": "* the connection is cut before the call is looked at",
    "cut_after_taken": "signHash: the request is taken and on the phone, then the connection is cut",
    "garbage_after_taken": "signHash: taken, then an answer that is not JSON",
    "error": "* `error` (a code, as 58007) and `status` (HTTP, 400 by default) as the service would say it",
    "expire_tokens": "every access token is forgotten",
    "status_code": "requests/status says `status`, whatever is true",
    "zero_pending": "a pending transaction has status 0 instead of 4000",
    "number_status": "the status is a JSON number instead of a string",
    "lapse_seconds": "the next transaction lapses after `seconds`",
    "quota": "no quota left for the next transaction",
    "sign_fails": "after the PIN the service fails to sign (4004)",
    "swap": "the first two signatures change places",
    "duplicate": "the second signature is the first one again",
    "repeat": "the last signature comes twice, one more than was asked for",
    "other_key": "signed with a key that is not the user's",
    "crlf": "base64 in lines of 64 characters",
    "certificate_changed": "certificates/info: key and certificate are renewed under the same credential first",
    "certificate_changed_after": "certificates/info: they are renewed just after the answer",
    "webhook_twice": "the webhook delivers the result twice",
}


class Faults(WaitingFaults):
    """The faults of this service."""

    def add(self, fault: dict[str, Any]) -> None:
        """Let a fault strike.

        Raises:
            ValueError: of no kind there is.
        """
        if fault.get("kind") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self._add({"times": 1, **fault})

    def take(self, kind: str, path: str = "") -> dict[str, Any] | None:
        """The next fault of a kind for a call, used up by one."""
        with self._lock:
            for fault in self._waiting:
                if fault["kind"] == kind and path.startswith(fault.get("path", "")):
                    return self._use(fault)
        return None
