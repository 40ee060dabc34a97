"""What the service does: provisioning, transactions, the phone's actions, quotas – and the faults one may ask for."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hocba_app.simulators.mysign.store import Store
from hocba_app.simulators.trust.authority import Authority

WAITING, SIGNING, DONE, LAPSED, REJECTED, FAILED, QUOTA = "4000", "6000", "1", "4001", "4002", "4004", "4005"
CERTIFICATE, INTERNAL = "13004", "50000"
WRONG_PINS = 5
RECOVERY_SECONDS = 300
_PREHASHED = Prehashed(hashes.SHA256())


class PhoneError(Exception):
    """A refusal the phone shows, in Vietnamese."""


@dataclass
class Limits:
    """What the package allows; changeable while running, to practise."""

    window_seconds: float = 120.0
    per_day: int = 100_000
    max_hashes: int = 500


@dataclass
class Service:
    """The remote signing service on one folder.

    Args:
        folder: of its own data.
        authority: the CA it gets certificates from.
    """

    folder: Path
    authority: Authority
    limits: Limits = field(default_factory=Limits)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store(self.folder)
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(4)
        self.client = self._client()
        # A transaction confirmed while the service was stopped is signed now.
        for row in self.store.all("select id from request where status=?", SIGNING):
            self._pool.submit(self._sign, row["id"])

    # --- relying parties and users -------------------------------------------------------------------------------

    def _client(self) -> dict[str, str]:
        path = self.folder / "credentials.json"
        if not path.exists():
            path.write_text(json.dumps({"client_id": "hocba", "client_secret": secrets.token_urlsafe(24)}))
        return json.loads(path.read_text())

    def add_user(
        self, user_id: str, full_name: str, id_number: str, phone: str, *, kind: str = "person", not_before: str | None = None,
        not_after: str | None = None,
    ) -> dict[str, str]:
        """Provision a user: key, certificate, activation code. A user that exists keeps his key.

        Args:
            user_id: ``CMT_…``, ``MST_…-998`` or an id number.
            id_number: personal id number, or the organisation's MST.
            kind: ``person`` or ``organisation``.
        """
        row = self.store.one("select * from user where user_id=?", user_id)
        if row is None:
            prefix = "MST" if kind == "organisation" else "CCCD" if len(id_number) == 12 else "CMND"
            key = rsa.generate_private_key(65537, 2048)
            begins, ends = (datetime.fromisoformat(text) if text else None for text in (not_before, not_after))
            if kind == "organisation":
                certificate = self.authority.issue_organisation(full_name, id_number, key.public_key(), not_before=begins, not_after=ends)
            else:
                certificate = self.authority.issue_person(
                    full_name, f"{prefix}:{id_number}", key.public_key(), not_before=begins, not_after=ends
                )
            chain = [base64.b64encode(item).decode() for item in self.authority.chain(certificate)]
            row = {
                "user_id": user_id, "full_name": full_name, "id_number": id_number, "phone": phone, "uid": f"{prefix}:{id_number}",
                "credential_id": secrets.token_hex(8), "key_pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
                "chain": chain, "not_before": certificate.not_valid_before_utc.isoformat(),
                "not_after": certificate.not_valid_after_utc.isoformat(), "activation_code": f"{secrets.randbelow(10**8):08d}",
            }
            self.store.insert("user", row)
        return {"user_id": user_id, "activation_code": row["activation_code"] or "", "credential_id": row["credential_id"]}

    def renew_certificate(self, user_id: str) -> dict[str, Any]:
        """A new key and certificate under the same credential, as when a user renews between two calls."""
        old = self.user(user_id)
        assert old is not None
        with self.store.transaction():
            self.store.run("delete from user where user_id=?", user_id)
        kind = "organisation" if old["uid"].startswith("MST") else "person"
        self.add_user(user_id, old["full_name"], old["id_number"], old["phone"], kind=kind)
        self.store.run(
            "update user set credential_id=?, pin_hash=?, pin_salt=?, activation_code=? where user_id=?",
            old["credential_id"], old["pin_hash"], old["pin_salt"], old["activation_code"], user_id,
        )
        with self._lock:
            self._keys.pop(user_id, None)
        renewed = self.user(user_id)
        assert renewed is not None
        return renewed

    def user(self, user_id: str) -> dict[str, Any] | None:
        """A user's row."""
        return self.store.one("select * from user where user_id=?", user_id)

    # --- transactions --------------------------------------------------------------------------------------------

    def start(self, user: dict[str, Any], description: str, documents: list[dict[str, str]], digests: list[str], webhook: bool) -> str:
        """A new transaction, waiting for the phone."""
        now = time.time()
        transaction = secrets.token_hex(16)
        fault = self.take_fault("lapse_seconds")
        window = float(fault["seconds"]) if fault else self.limits.window_seconds
        self.store.insert(
            "request",
            {
                "id": transaction, "user_id": user["user_id"], "status": WAITING, "description": description, "documents": documents,
                "hashes": digests, "created": now, "ends": now + window, "webhook": int(webhook),
            },
        )
        return transaction

    def status(self, transaction: str) -> dict[str, Any] | None:
        """How a transaction stands; one that was not confirmed in time has lapsed."""
        self.store.run("update request set status=? where id=? and status=? and ends<?", LAPSED, transaction, WAITING, time.time())
        return self.store.one("select * from request where id=?", transaction)

    def expired(self, user: dict[str, Any]) -> bool:
        """Whether the user's certificate may not be used: outside its validity, or revoked."""
        now = datetime.now(UTC)
        outside = not datetime.fromisoformat(user["not_before"]) <= now <= datetime.fromisoformat(user["not_after"])
        certificate = x509.load_der_x509_certificate(base64.b64decode(json.loads(user["chain"])[0]))
        standing = self.authority.standing(certificate.serial_number)
        return outside or (standing is not None and standing.revoked_at is not None)

    def signed_today(self, user_id: str) -> int:
        """Signatures of a user in the present 24 hours."""
        row = self.store.one("select signed from counter where user_id=? and day=?", user_id, _day())
        return row["signed"] if row else 0

    # --- the phone -----------------------------------------------------------------------------------------------

    def activate(self, user_id: str, code: str, pin: str) -> None:
        """First use of the app: activation code and a PIN of the user's choice."""
        user = self._phone_user(user_id)
        if user["pin_hash"]:
            raise PhoneError("Ứng dụng đã kích hoạt. Nếu quên mã PIN, hãy dùng Quên mã PIN.")
        if not user["activation_code"] or not secrets.compare_digest(user["activation_code"], code.strip()):
            raise PhoneError("Mã kích hoạt không đúng.")
        self._set_pin(user_id, pin)

    def pending(self, user_id: str) -> list[dict[str, Any]]:
        """Requests that wait for this user, newest first."""
        rows = self.store.all(
            "select * from request where user_id=? and status=? and ends>? order by created desc", user_id, WAITING, time.time()
        )
        return [
            {
                "transactionId": row["id"], "description": _text(row["description"]), "count": len(json.loads(row["hashes"])),
                "documents": [_text(item["document_name"]) for item in json.loads(row["documents"])],
                "seconds_left": int(row["ends"] - time.time()),
            }
            for row in rows
        ]

    def confirm(self, user_id: str, transaction: str, pin: str) -> None:
        """PIN entered: every hash of the transaction is signed."""
        self._check_pin(user_id, pin)
        taken = self.store.run(
            "update request set status=? where id=? and user_id=? and status=? and ends>?", SIGNING, transaction, user_id, WAITING, time.time()
        )
        if not taken:
            raise PhoneError("Yêu cầu này đã hết hạn hoặc đã xử lý.")
        self._pool.submit(self._sign, transaction)

    def reject(self, user_id: str, transaction: str) -> None:
        """The user does not want this."""
        if not self.store.run("update request set status=? where id=? and user_id=? and status=?", REJECTED, transaction, user_id, WAITING):
            raise PhoneError("Yêu cầu này đã hết hạn hoặc đã xử lý.")

    def recover_start(self, user_id: str, id_number: str, full_name: str) -> None:
        """Lost PIN, step one: the identity check sends a one-time code to the user's number."""
        user = self._phone_user(user_id)
        if user["id_number"] != id_number.strip() or user["full_name"].casefold() != full_name.strip().casefold():
            raise PhoneError("Thông tin định danh không khớp.")
        code = f"{secrets.randbelow(10**6):06d}"
        self.store.run("update user set recovery_code=?, recovery_until=? where user_id=?", code, time.time() + RECOVERY_SECONDS, user_id)
        self.store.insert("message", {"phone": user["phone"], "text": f"Ma OTP dat lai PIN MySign cua ban la {code}", "at": time.time()})

    def recover_finish(self, user_id: str, code: str, pin: str) -> None:
        """Lost PIN, step two: the code and a new PIN."""
        user = self._phone_user(user_id)
        right = user["recovery_code"] and secrets.compare_digest(user["recovery_code"], code.strip())
        if not right or user["recovery_until"] < time.time():
            raise PhoneError("Mã OTP không đúng hoặc đã hết hạn.")
        self._set_pin(user_id, pin)

    def _phone_user(self, user_id: str) -> dict[str, Any]:
        user = self.user(user_id.strip())
        if user is None:
            raise PhoneError("Không tìm thấy tài khoản MySign này.")
        return user

    def _set_pin(self, user_id: str, pin: str) -> None:
        if not (pin.isdigit() and len(pin) == 6) or len(set(pin)) == 1:
            raise PhoneError("Mã PIN gồm 6 chữ số và không trùng một số.")
        salt = secrets.token_hex(8)
        self.store.run(
            "update user set pin_hash=?, pin_salt=?, wrong_pins=0, activation_code=null, recovery_code=null where user_id=?",
            _pin_hash(pin, salt), salt, user_id,
        )

    def _check_pin(self, user_id: str, pin: str) -> None:
        user = self._phone_user(user_id)
        if not user["pin_hash"]:
            raise PhoneError("Ứng dụng chưa kích hoạt.")
        if user["wrong_pins"] >= WRONG_PINS:
            raise PhoneError("Mã PIN đã bị khóa do nhập sai nhiều lần. Hãy dùng Quên mã PIN.")
        if not secrets.compare_digest(user["pin_hash"], _pin_hash(pin, user["pin_salt"])):
            self.store.run("update user set wrong_pins=wrong_pins+1 where user_id=?", user_id)
            raise PhoneError(f"Mã PIN không đúng. Còn {WRONG_PINS - 1 - user['wrong_pins']} lần thử.")
        if user["wrong_pins"]:
            self.store.run("update user set wrong_pins=0 where user_id=?", user_id)

    # --- signing -------------------------------------------------------------------------------------------------

    def key(self, user_id: str) -> rsa.RSAPrivateKey:
        """A user's key, parsed once."""
        with self._lock:
            if user_id not in self._keys:
                row = self.user(user_id)
                assert row is not None
                key = load_pem_private_key(row["key_pem"], None)
                assert isinstance(key, rsa.RSAPrivateKey)
                self._keys[user_id] = key
            return self._keys[user_id]

    def _sign(self, transaction: str) -> None:
        row = self.store.one("select * from request where id=?", transaction)
        if row is None or row["status"] != SIGNING:
            return
        digests = [base64.b64decode(text) for text in json.loads(row["hashes"])]
        key = self.key(row["user_id"])
        if self.take_fault("other_key"):
            key = rsa.generate_private_key(65537, 2048)
        signatures = [base64.b64encode(key.sign(digest, padding.PKCS1v15(), _PREHASHED)).decode() for digest in digests]
        if self.take_fault("swap") and len(signatures) > 1:
            signatures[0], signatures[1] = signatures[1], signatures[0]
        if self.take_fault("duplicate") and len(signatures) > 1:
            signatures[1] = signatures[0]
        if self.take_fault("crlf"):
            signatures = ["\r\n".join(text[at : at + 64] for at in range(0, len(text), 64)) for text in signatures]
        with self.store.transaction():
            self.store.run("update request set status=?, signatures=? where id=?", DONE, json.dumps(signatures), transaction)
            self.store.run(
                "insert into counter values (?,?,?) on conflict do update set signed=signed+excluded.signed",
                row["user_id"], _day(), len(signatures),
            )

    # --- faults --------------------------------------------------------------------------------------------------

    def take_fault(self, kind: str, path: str = "") -> dict[str, Any] | None:
        """The next fault of a kind that was asked for, used up by one."""
        with self._lock:
            for fault in self.faults:
                if fault["kind"] == kind and path.startswith(fault.get("path", "")):
                    fault["times"] = fault.get("times", 1) - 1
                    if fault["times"] <= 0:
                        self.faults.remove(fault)
                    return fault
        return None


def _pin_hash(pin: str, salt: str) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt.encode(), n=1024, r=8, p=1).hex()


def _day() -> str:
    return datetime.now(UTC).date().isoformat()


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("ascii", "replace")
