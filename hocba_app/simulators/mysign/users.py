"""The service's users: keys and certificates made at provisioning, the PIN on the phone, a lost PIN recovered."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from hocba_app.simulators.mysign.store import Store
from hocba_app.simulators.trust.authority import Authority

WRONG_PINS = 5
RECOVERY_SECONDS, RECOVERY_TRIES = 300, 5
_PREFIXES = ("CMT_", "CCCD_", "CMND_")
MAX_CONCURRENT_KEYS = 2


class PhoneError(Exception):
    """A refusal the phone shows, in Vietnamese.

    Args:
        code: machine-readable, for rehearsals.
        text: what the user reads.
    """

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class Users:
    """Everybody who holds a key here.

    Args:
        store: the service's data.
        authority: the CA that certificates come from.
    """

    def __init__(self, store: Store, authority: Authority) -> None:
        self._store = store
        self._authority = authority
        self._lock = threading.Lock()
        self._keys: dict[str, rsa.RSAPrivateKey] = {}

    # --- provisioning --------------------------------------------------------------------------------------------

    def add_all(self, entries: list[dict[str, Any]]) -> list[dict[str, str]]:
        """Provision many; keys are made two at a time. See :meth:`add`."""
        with ThreadPoolExecutor(MAX_CONCURRENT_KEYS) as pool:
            return list(pool.map(lambda entry: self.add(**entry), entries))

    def add(
        self,
        user_id: str,
        full_name: str,
        id_number: str,
        phone: str,
        *,
        kind: str = "person",
        not_before: str | None = None,
        not_after: str | None = None,
        pin: str | None = None,
    ) -> dict[str, str]:
        """Provision a user: key, certificate, activation code by text message. One who exists keeps his key.

        Args:
            user_id: ``CMT_…``, ``MST_…-998`` or an id number; with ``/2`` behind it the account's second certificate.
            full_name: the person's, or the organisation's.
            id_number: personal id number (12 or 9 digits), or the organisation's MST.
            phone: where text messages go.
            kind: ``person`` or ``organisation``.
            not_before: ISO 8601; the CA's default if not given.
            not_after: as ``not_before``.
            pin: activates the app at once, for rehearsals.

        Raises:
            ValueError: an unknown kind or an unreadable time.
        """
        if kind not in ("person", "organisation"):
            raise ValueError(kind)
        row = self._store.one("select * from user where user_id=?", user_id)
        if row is None:
            key = rsa.generate_private_key(65537, 2048)
            row = {
                "user_id": user_id,
                "full_name": full_name,
                "id_number": id_number,
                "phone": phone,
                "kind": kind,
                "credential_id": secrets.token_hex(8),
                "activation_code": f"{secrets.randbelow(10**8):08d}",
                **_key_columns(key),
                **self._certificate_columns(key, full_name, id_number, kind, not_before, not_after),
            }
            self._store.insert("user", row)
            self.send(phone, f"Ma kich hoat ung dung MySign cua tai khoan {user_id} la {row['activation_code']}.")
        if pin is not None:
            self._set_pin(user_id, pin)
        return {
            "user_id": user_id,
            "activation_code": row["activation_code"] or "",
            "credential_id": row["credential_id"],
        }

    def renew(self, user_id: str) -> dict[str, Any]:
        """A new key and certificate under the same credential, as when a user renews between two calls."""
        row = self.find(user_id)
        if row is None:
            raise KeyError(user_id)
        key = rsa.generate_private_key(65537, 2048)
        columns = {
            **_key_columns(key),
            **self._certificate_columns(key, row["full_name"], row["id_number"], row["kind"], None, None),
        }
        assignments = ", ".join(f"{column}=?" for column in columns)
        values = [json.dumps(value) if isinstance(value, list) else value for value in columns.values()]
        with self._lock:
            self._store.run(f"update user set {assignments} where user_id=?", *values, row["user_id"])  # noqa: S608 - our own names
            self._keys.pop(row["user_id"], None)
        return {**row, **columns, "chain": json.dumps(columns["chain"])}

    def find(self, user_id: str) -> dict[str, Any] | None:
        """A user by his id at the service, or by his plain personal id number."""
        user_id = user_id.strip()
        row = self._store.one("select * from user where user_id=?", user_id)
        if row is not None:
            return row
        number = next((user_id.removeprefix(prefix) for prefix in _PREFIXES if user_id.startswith(prefix)), user_id)
        return (
            self._store.one(
                "select * from user where id_number=? and kind='person' and instr(user_id, '/')=0 order by user_id",
                number,
            )
            if number.isdigit()
            else None
        )

    def certificates(self, user: dict[str, Any]) -> list[dict[str, Any]]:
        """The account and its further certificates, each as a user of its own; the PIN is the account's."""
        return [
            user,
            *self._store.all(
                "select * from user where substr(user_id, 1, length(?)+1)=?||'/' order by user_id",
                user["user_id"],
                user["user_id"],
            ),
        ]

    def all(self) -> list[dict[str, Any]]:
        """Everybody, the newest first."""
        return self._store.all("select * from user order by rowid desc")

    def certificate_usable(self, user: dict[str, Any]) -> bool:
        """Inside its validity and not revoked."""
        now = datetime.now(UTC)
        if not datetime.fromisoformat(user["not_before"]) <= now <= datetime.fromisoformat(user["not_after"]):
            return False
        certificate = certificate_of(user)
        standing = self._authority.standing(certificate.serial_number)
        return standing is not None and standing.revoked_at is None

    def key(self, user_id: str) -> rsa.RSAPrivateKey:
        """A user's key, parsed once."""
        with self._lock:
            if user_id not in self._keys:
                row = self._store.one("select key_der from user where user_id=?", user_id)
                assert row is not None
                key = load_der_private_key(row["key_der"], None, unsafe_skip_rsa_key_validation=True)
                assert isinstance(key, rsa.RSAPrivateKey)
                self._keys[user_id] = key
            return self._keys[user_id]

    def _certificate_columns(
        self,
        key: rsa.RSAPrivateKey,
        full_name: str,
        id_number: str,
        kind: str,
        not_before: str | None,
        not_after: str | None,
    ) -> dict[str, Any]:
        begins, ends = (datetime.fromisoformat(text) if text else None for text in (not_before, not_after))
        prefix = "MST" if kind == "organisation" else "CCCD" if len(id_number) == 12 else "CMND"
        certificate = self._authority.issue(
            uid=f"{prefix}:{id_number}",
            common_name=full_name,
            organisation=full_name if kind == "organisation" else None,
            public_key=key.public_key(),
            not_before=begins,
            not_after=ends,
        )
        return {
            "chain": [base64.b64encode(item).decode() for item in self._authority.chain(certificate)],
            "not_before": certificate.not_valid_before_utc.isoformat(),
            "not_after": certificate.not_valid_after_utc.isoformat(),
        }

    # --- the phone -----------------------------------------------------------------------------------------------

    def activate(self, user_id: str, code: str, pin: str) -> None:
        """First use of the app: activation code and a PIN of the user's choice.

        Raises:
            PhoneError: unknown user, active already, wrong code, weak PIN.
        """
        user = self._required(user_id)
        if user["pin_hash"]:
            raise PhoneError("active_already", "Ứng dụng đã kích hoạt. Nếu quên mã PIN, hãy chọn Quên mã PIN.")
        if not user["activation_code"] or not secrets.compare_digest(
            user["activation_code"].encode(), code.strip().encode()
        ):
            raise PhoneError("wrong_code", "Mã kích hoạt không đúng. Hãy xem lại tin nhắn kích hoạt.")
        self._set_pin(user["user_id"], pin)

    def check_pin(self, user_id: str, pin: str) -> None:
        """Count wrong PINs; after :data:`WRONG_PINS` only recovery helps.

        Raises:
            PhoneError: unknown user, not active, locked, wrong.
        """
        user = self._required(user_id)
        if not user["pin_hash"]:
            raise PhoneError("not_active", "Ứng dụng chưa kích hoạt. Hãy chọn Kích hoạt và nhập mã trong tin nhắn.")
        if user["wrong_pins"] >= WRONG_PINS:
            raise PhoneError("locked", "Mã PIN đã bị khóa do nhập sai nhiều lần. Hãy chọn Quên mã PIN để đặt lại.")
        if not secrets.compare_digest(user["pin_hash"], _pin_hash(pin, user["pin_salt"])):
            self._store.run("update user set wrong_pins=wrong_pins+1 where user_id=?", user["user_id"])
            left = WRONG_PINS - 1 - user["wrong_pins"]
            hint = f"Còn {left} lần thử." if left else "Mã PIN đã bị khóa; hãy chọn Quên mã PIN để đặt lại."
            raise PhoneError("wrong_pin", f"Mã PIN không đúng. {hint}")
        if user["wrong_pins"]:
            self._store.run("update user set wrong_pins=0 where user_id=?", user["user_id"])

    def recover_start(self, user_id: str, id_number: str, full_name: str = "", phone: str = "") -> None:
        """Lost PIN, step one: the identity check (id number, and name or telephone) sends a one-time code.

        Raises:
            PhoneError: unknown user, or he is somebody else.
        """
        user = self._required(user_id)
        same_name = user["full_name"].casefold() == full_name.strip().casefold()
        same_phone = user["phone"] == phone.strip() != ""
        if user["id_number"] != id_number.strip() or not (same_name or same_phone):
            raise PhoneError(
                "wrong_identity",
                "Thông tin định danh không khớp. Hãy nhập đúng số định danh và họ tên như khi đăng ký.",
            )
        code = f"{secrets.randbelow(10**6):06d}"
        self._store.run(
            "update user set recovery_code=?, recovery_until=?, recovery_tries=0 where user_id=?",
            code,
            time.time() + RECOVERY_SECONDS,
            user["user_id"],
        )
        self.send(user["phone"], f"Ma OTP dat lai ma PIN MySign la {code}, co hieu luc {RECOVERY_SECONDS // 60} phut.")

    def recover_finish(self, user_id: str, code: str, pin: str) -> None:
        """Lost PIN, step two: the code and a new PIN; the lock is lifted.

        Raises:
            PhoneError: wrong or old code, weak PIN.
        """
        user = self._required(user_id)
        live = (
            user["recovery_code"] and user["recovery_until"] >= time.time() and user["recovery_tries"] < RECOVERY_TRIES
        )
        if not live or not secrets.compare_digest(user["recovery_code"].encode(), code.strip().encode()):
            self._store.run("update user set recovery_tries=recovery_tries+1 where user_id=?", user["user_id"])
            raise PhoneError(
                "wrong_code", "Mã OTP không đúng hoặc đã hết hạn. Hãy kiểm tra tin nhắn hoặc bấm Gửi mã OTP lần nữa."
            )
        self._set_pin(user["user_id"], pin)

    def send(self, phone: str, text: str) -> None:
        """A text message; the simulator keeps it for the inbox page."""
        self._store.insert("message", {"phone": phone, "text": text, "at": time.time()})

    def messages(self, phone: str = "") -> list[dict[str, Any]]:
        """The last text messages, newest first; of one number, or of all."""
        return self._store.all(
            "select phone, text, at from message where ?='' or phone=? order by id desc limit 20", phone, phone
        )

    def _required(self, user_id: str) -> dict[str, Any]:
        user = self.find(user_id)
        if user is None:
            raise PhoneError("unknown_user", "Không tìm thấy tài khoản MySign này. Hãy kiểm tra lại tài khoản.")
        return user

    def _set_pin(self, user_id: str, pin: str) -> None:
        if not (pin.isascii() and pin.isdigit() and len(pin) == 6) or len(set(pin)) == 1:
            raise PhoneError("weak_pin", "Mã PIN gồm 6 chữ số và không phải một số lặp lại.")
        salt = secrets.token_hex(8)
        self._store.run(
            "update user set pin_hash=?, pin_salt=?, wrong_pins=0, activation_code=null, recovery_code=null where user_id=?",
            _pin_hash(pin, salt),
            salt,
            user_id,
        )


def certificate_of(user: dict[str, Any]) -> x509.Certificate:
    """The user's own certificate."""
    return x509.load_der_x509_certificate(base64.b64decode(json.loads(user["chain"])[0]))


def _key_columns(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    return {"key_der": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())}


def _pin_hash(pin: str, salt: str) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt.encode(), n=1024, r=8, p=1).hex()
