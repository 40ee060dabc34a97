"""Transactions of the signing service: N hashes wait for one confirmation, then all are signed; quotas besides."""

from __future__ import annotations

import base64
import json
import os
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from hocba_app.simulators.mysign.faults import Faults
from hocba_app.simulators.mysign.store import Store
from hocba_app.simulators.mysign.users import PhoneError, Users
from hocba_app.simulators.trust.authority import Authority

WAITING, SIGNING, DONE, LAPSED, REJECTED, FAILED, QUOTA = "4000", "6000", "1", "4001", "4002", "4004", "4005"
CERTIFICATE, INTERNAL = "13004", "50000"
OPEN = (WAITING, SIGNING)
DAY = 24 * 3600.0
_PREHASHED = Prehashed(hashes.SHA256())
_GONE = PhoneError("gone", "Yêu cầu này đã hết hạn hoặc đã xử lý. Hãy gửi lại từ phần mềm nếu cần.")


@dataclass
class Limits:
    """What the package allows; changeable while running, to practise."""

    window_seconds: float = 120.0
    """How long a transaction waits for the phone."""
    per_day: int = 100_000
    """Signatures of one user in 24 hours."""
    per_second: float = 0.0
    """Signatures of one user a second, 0: no limit. A batch may run ahead; the next waits until that is worked off."""
    max_hashes: int = 500
    """Hashes of one call."""


@dataclass
class Service:
    """The remote signing service on one folder.

    Args:
        folder: of its own data; ``credentials.json`` in it has the relying parties.
        authority: the CA it gets certificates from.
    """

    folder: Path
    authority: Authority
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.store = Store(self.folder)
        self.users = Users(self.store, self.authority)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="sign")
        self._lock = threading.Lock()
        self._ahead: dict[str, float] = {}  # user → when what he signed beyond the rate is worked off
        self._clients = self._load_clients()
        # A transaction confirmed while the service was stopped is signed now.
        for row in self.store.all("select id from request where status=?", SIGNING):
            self._pool.submit(self._sign, row["id"])

    # --- relying parties -----------------------------------------------------------------------------------------

    def client(self, client_id: str) -> dict[str, Any] | None:
        """A relying party: ``client_id``, ``client_secret``, ``application``, ``webhook`` or null."""
        return self._clients.get(client_id)

    def add_client(self, client: dict[str, Any]) -> dict[str, Any]:
        """Enter or change a relying party; a missing secret is made up."""
        known = self._clients.get(client["client_id"], {})
        entry = {
            "application": "Học bạ điện tử",
            "webhook": None,
            "client_secret": secrets.token_urlsafe(24),
            **known,
            **client,
        }
        self._clients[entry["client_id"]] = entry
        self._save_clients()
        return entry

    def _load_clients(self) -> dict[str, dict[str, Any]]:
        path = self.folder / "credentials.json"
        if not path.exists():
            self._clients = {}
            self.add_client({"client_id": "hocba"})
        first = json.loads(path.read_text(encoding="utf-8"))
        return {each["client_id"]: each for each in (first, *first.pop("others", ()))}

    def _save_clients(self) -> None:
        first, *others = self._clients.values()
        content = json.dumps({**first, "others": others}, ensure_ascii=False, indent=1)
        partial = self.folder / ".credentials.json"
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        partial.replace(self.folder / "credentials.json")

    # --- transactions --------------------------------------------------------------------------------------------

    def start(
        self,
        client_id: str,
        user: dict[str, Any],
        description: str,
        documents: list[dict[str, str]],
        digests: list[str],
        transaction: str = "",
        *,
        chosen: dict[str, Any] | None = None,
    ) -> str:
        """A new transaction. It waits for the phone, unless certificate or quota end it at once.

        Args:
            description: base64, as it came.
            documents: ``document_id`` and ``document_name`` (base64) each.
            digests: base64 SHA-256 each, in the same order.
            transaction: the caller's id for it; empty: one is made.
            chosen: the account's certificate to sign with (:meth:`Users.certificates`); None: its first.

        Returns:
            Its id.

        Raises:
            sqlite3.IntegrityError: a transaction of that id exists.
        """
        status, now = WAITING, time.time()
        if not self.users.certificate_usable(chosen or user):
            status = CERTIFICATE
        elif self._over_quota(user["user_id"], len(digests)) or self.faults.take("quota"):
            status = QUOTA
        fault = self.faults.take("lapse_seconds")
        window = float(fault["seconds"]) if fault else self.limits.window_seconds
        transaction = transaction or secrets.token_hex(16)
        self.store.insert(
            "request",
            {
                "id": transaction,
                "user_id": user["user_id"],
                "client_id": client_id,
                "status": status,
                "description": description,
                "documents": documents,
                "hashes": digests,
                "size": len(digests),
                "created": now,
                "ends": now + window,
            },
        )
        if chosen is not None and chosen["user_id"] != user["user_id"]:
            self.store.insert("request_key", {"request_id": transaction, "key_of": chosen["user_id"]})
        return transaction

    def status(self, transaction: str) -> dict[str, Any] | None:
        """A transaction's state; one that was not confirmed in time has lapsed. None: unknown."""
        row = self.store.one("select * from request where id=?", transaction)
        if row is not None and row["status"] == WAITING and row["ends"] < time.time():
            self.store.run("update request set status=? where id=? and status=?", LAPSED, transaction, WAITING)
            row = self.store.one("select * from request where id=?", transaction)
        return row

    def _over_quota(self, user_id: str, size: int) -> bool:
        now = time.time()
        used = self.store.one(
            "select coalesce(sum(size), 0) as n from request where user_id=? and (status=? and signed>? or status in (?,?) and ends>?)",
            user_id,
            DONE,
            now - DAY,
            *OPEN,
            now,
        )
        assert used is not None
        if used["n"] + size > self.limits.per_day:
            return True
        return bool(self.limits.per_second) and self._ahead.get(user_id, 0.0) > now

    # --- the phone -----------------------------------------------------------------------------------------------

    def pending(self, user_id: str) -> list[dict[str, Any]]:
        """Requests that wait for this user, newest first.

        Raises:
            PhoneError: unknown user.
        """
        user = self.users.find(user_id)
        if user is None:
            raise PhoneError("unknown_user", "Không tìm thấy tài khoản MySign này. Hãy kiểm tra lại tài khoản.")
        rows = self.store.all(
            "select id, client_id, description, documents, size, ends from request where user_id=? and status=? and ends>? order by created desc",
            user["user_id"],
            WAITING,
            time.time(),
        )
        return [
            {
                "transactionId": row["id"],
                "application": (self.client(row["client_id"]) or {}).get("application", ""),
                "description": _text(row["description"]),
                "count": row["size"],
                "documents": [_text(item["document_name"]) for item in json.loads(row["documents"])],
                "seconds_left": max(0, int(row["ends"] - time.time())),
            }
            for row in rows
        ]

    def confirm(self, transaction: str, pin: str, user_id: str = "") -> None:
        """PIN entered: every hash of the transaction is signed.

        Raises:
            PhoneError: lapsed or dealt with, wrong PIN, locked.
        """
        row = self._own(transaction, user_id)
        self.users.check_pin(row["user_id"], pin)
        if not self.store.run(
            "update request set status=? where id=? and status=? and ends>?", SIGNING, transaction, WAITING, time.time()
        ):
            raise _GONE
        self._pool.submit(self._sign, transaction)

    def reject(self, transaction: str, user_id: str = "") -> None:
        """The user does not want this.

        Raises:
            PhoneError: lapsed or dealt with.
        """
        self._own(transaction, user_id)
        if not self.store.run("update request set status=? where id=? and status=?", REJECTED, transaction, WAITING):
            raise _GONE

    def _own(self, transaction: str, user_id: str) -> dict[str, Any]:
        row = self.status(transaction)
        user = self.users.find(user_id) if user_id else None
        if row is None or row["status"] != WAITING or (user_id and (user is None or user["user_id"] != row["user_id"])):
            raise _GONE
        return row

    # --- signing -------------------------------------------------------------------------------------------------

    def _sign(self, transaction: str) -> None:
        """Sign what was confirmed. Whatever goes wrong becomes the transaction's status: it never stays "signing"."""
        try:
            status, signatures = self._signed(transaction)
        except Exception:
            status, signatures = INTERNAL, None
        self.store.run(
            "update request set status=?, signatures=?, signed=? where id=? and status=?",
            status,
            json.dumps(signatures) if signatures else None,
            time.time(),
            transaction,
            SIGNING,
        )

    def _signed(self, transaction: str) -> tuple[str, list[str] | None]:
        row = self.store.one("select * from request where id=?", transaction)
        assert row is not None
        chosen = self.store.one("select key_of from request_key where request_id=?", transaction)
        user = self.users.find(chosen["key_of"] if chosen else row["user_id"])
        assert user is not None
        if self.faults.take("sign_fails"):
            return FAILED, None
        if not self.users.certificate_usable(user):
            return CERTIFICATE, None
        digests = [base64.b64decode(text) for text in json.loads(row["hashes"])]
        self._charge(row["user_id"], len(digests))
        key = (
            rsa.generate_private_key(65537, 2048) if self.faults.take("other_key") else self.users.key(user["user_id"])
        )
        scheme = padding.PKCS1v15()
        signatures = [base64.b64encode(key.sign(digest, scheme, _PREHASHED)).decode() for digest in digests]
        return DONE, self._spoilt(signatures)

    def _charge(self, user_id: str, size: int) -> None:
        if self.limits.per_second:
            with self._lock:
                self._ahead[user_id] = max(time.time(), self._ahead.get(user_id, 0.0)) + size / self.limits.per_second

    def _spoilt(self, signatures: list[str]) -> list[str]:
        if len(signatures) > 1 and self.faults.take("swap"):
            signatures[:2] = signatures[1::-1]
        if len(signatures) > 1 and self.faults.take("duplicate"):
            signatures[1] = signatures[0]
        if self.faults.take("repeat"):
            signatures.append(signatures[-1])
        if self.faults.take("crlf"):
            signatures = [
                "\r\n".join(text[at : at + 64] for at in range(0, len(text), 64)) + "\r\n" for text in signatures
            ]
        return signatures

    def close(self) -> None:
        """Finish what was confirmed and give the file back."""
        self._pool.shutdown()
        self.store.close()


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("ascii", "replace")
