"""A record signed by everybody, time-stamped, sealed and archived, made without network: for the bench and for tests of verification.

The trust simulator's authority, time-stamp unit and OCSP answers are called in this process; everything else is the
product's own path: layout, base, writer, CMS template, archive.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.forms.render import render
from hocba_app.pki import cms
from hocba_app.pki.signer_certificate import Evidence
from hocba_app.recordfile.appearance import Appearance, InkImage
from hocba_app.recordfile.append_state import AppendState, read_tip
from hocba_app.recordfile.base_revision import build_base
from hocba_app.recordfile.demands import Demand, Vouched, demand_of
from hocba_app.recordfile.incremental_writer import DirectWriter, SignatureRequest, tip_after
from hocba_app.recordfile.ltv_revision import archive
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from hocba_app.simulators.trust import der
from hocba_app.simulators.trust.authority import Authority
from hocba_app.simulators.trust.revocation import RevocationService
from hocba_app.simulators.trust.timestamp import TimestampUnit

_SHA256 = der.tlv(der.SEQUENCE, der.oid("2.16.840.1.101.3.4.2.1"))
_ROLES = {
    "subject": "Giáo viên bộ môn",
    "homeroom": "Giáo viên chủ nhiệm",
    "principal": "Hiệu trưởng",
    "seal": "Nhà trường",
}
_KEYS: list[rsa.RSAPrivateKey] = []


@dataclass(frozen=True)
class Signer:
    """A holder of a certificate."""

    name: str
    number: str
    """Id number, or MST."""
    key: rsa.RSAPrivateKey
    chain: tuple[bytes, ...]

    def demand(self, salt: str) -> Demand:
        """What a slot demands that is his."""
        return demand_of(salt, (self.number,), self.name)

    def sign(self, attributes: bytes) -> bytes:
        """The raw signature a signing service returns."""
        return self.key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())


class World:
    """An authority with its time-stamp unit, and whom it certified.

    Args:
        folder: where the authority keeps its register.
        today: what its clock shows now, UTC; the machine's time by default.
        hierarchy: names, lifetimes and key sizes, as :class:`Authority` takes them.
    """

    def __init__(
        self, folder: Path, *, timestamp_key: str = "ec", today: datetime | None = None, **hierarchy: Any
    ) -> None:
        self.away = today - datetime.now(UTC) if today is not None else timedelta(0)
        """How far its clock is from the machine's."""
        self.authority = Authority(
            folder, "http://127.0.0.1:9", timestamp_key=timestamp_key, clock=self.now, **hierarchy
        )
        self.root = self.authority.root.der
        self._revocation = RevocationService(self.authority, self.now)
        self._units: dict[bytes, TimestampUnit] = {}
        self._unit: TimestampUnit | None = None
        """Another unit than the authority's, for tests."""
        self.largest_token = 0
        self.clock: Callable[[], float] = lambda: self.now().timestamp()

    def now(self) -> datetime:
        """The time by its clock, UTC."""
        return datetime.now(UTC) + self.away

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """As :class:`TimestampClient` has them, for :func:`archive`: of the unit that is valid now."""
        return self.authority.tsa.der, self.authority.ca.der

    def person(self, name: str, number: str, *, key: int = 0, **validity: datetime) -> Signer:
        """A person's certificate."""
        certificate = self.authority.issue_person(name, f"CCCD:{number}", _key(key).public_key(), **validity)
        return Signer(name, number, _key(key), tuple(self.authority.chain(certificate)))

    def school(self, name: str, tax_code: str, *, key: int = 1) -> Signer:
        """An organisation's certificate."""
        certificate = self.authority.issue_organisation(name, tax_code, _key(key).public_key())
        return Signer(name, tax_code, _key(key), tuple(self.authority.chain(certificate)))

    def token_over(self, imprint: bytes, certificate_required: bool = True) -> bytes:
        """A token, as :class:`TimestampClient` returns it."""
        wrapped = der.tlv(der.SEQUENCE, _SHA256, der.tlv(der.OCTET_STRING, imprint))
        unit = self._unit or self._current_unit()
        token = unit.token(wrapped, der.integer(secrets.randbits(60) | 1), certificate_required, self.clock())
        self.largest_token = max(self.largest_token, len(token))
        return token

    def _current_unit(self) -> TimestampUnit:
        pair = self.authority.tsa
        if pair.der not in self._units:
            self._units[pair.der] = TimestampUnit(pair.key, pair.certificate, self.authority.ca.certificate)
        return self._units[pair.der]

    def evidence(self, chain: Sequence[bytes]) -> Evidence:
        """OCSP answers for a chain."""
        answers = []
        for certificate, issuer in itertools.pairwise(chain):
            request = ocsp.OCSPRequestBuilder().add_certificate(
                x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer), hashes.SHA1()
            )
            answers.append(self._revocation.respond(request.build().public_bytes(Encoding.DER)))
        return Evidence(tuple(chain), tuple(answers), (), self.now())

    def close(self) -> None:
        """Close the register."""
        self.authority.close()


@dataclass
class Record:
    """A record on its way: each step appends to ``file``."""

    world: World
    file: bytes
    tip: AppendState
    manifest: Manifest
    signers: dict[str, Signer]
    """By field."""
    after: list[int] = field(default_factory=list)
    """Length of the file after the base and after each update."""

    def sign(
        self,
        slot: str,
        *,
        by: Signer | None = None,
        look: Appearance | None = None,
        claimed: datetime | None = None,
        stamped: bool = True,
        vouched: Mapping[str, Vouched] = MappingProxyType({}),
        name: str | None = None,
    ) -> None:
        """Sign one slot."""
        signer = by or self.signers[slot]
        claimed = claimed or self.world.now().replace(microsecond=0)
        shown = (name if name is not None else signer.name) if slot != "seal" else ""
        look = look or Appearance(
            ink(), shown, ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG") if slot == "principal" else (), claimed
        )
        writer = DirectWriter()
        request = SignatureRequest(slot, claimed, look, cms.estimate_size(signer.chain, 4096), vouched)
        prepared = writer.prepare(self.file, self.tip, request)
        attributes = cms.signed_attributes(prepared.digest, signer.chain[0])
        signature = signer.sign(attributes)
        token = self.world.token_over(hashlib.sha256(signature).digest()) if stamped else None
        update = writer.embed(prepared, cms.assemble(attributes, signature, cms.strip_root(signer.chain), token))
        self.tip = tip_after(self.tip, self.file, prepared, update)
        self._append(update)

    def sign_all(self) -> None:
        """Every slot of the manifest in order, the seal last."""
        for slot in self.manifest.slots:
            self.sign(slot.field)

    def archive(self) -> None:
        """Evidence of everybody and a document time stamp; called again it renews."""
        evidence = [self.world.evidence(signer.chain) for signer in dict.fromkeys(self.signers.values())]
        evidence.append(self.world.evidence((*self.world.certificates, self.world.root)))
        update, self.tip = archive(self.file, self.tip, evidence, self.world)  # type: ignore[arg-type] # of the writer's own making
        self._append(update)

    def _append(self, update: bytes) -> None:
        self.file += update
        self.after.append(len(self.file))


def open_record(
    world: World, snapshot: Snapshot, signers: dict[str, Signer], *, photo: bytes | None = None, **changes: object
) -> Record:
    """Lay out a snapshot and make it ready for its signatures.

    Args:
        signers: by field.
        changes: of the manifest's entries.
    """
    school, salt = snapshot["school"], secrets.token_hex(16)
    slots = tuple(
        ManifestSlot(
            slot["field"],
            _ROLES[slot["stage"]],
            slot["stage"],
            Demand(()) if slot["field"] == "seal" else signers[slot["field"]].demand(salt),
        )
        for slot in snapshot["slots"]
    )
    rendered = render(snapshot, photo=photo)
    values: dict[str, object] = {
        "kind": snapshot["kind"],
        "school": ManifestSchool(school["code"], school["name"], school["tax_code"]),
        "student_code": snapshot["student"]["code"],
        "snapshot_sha256": snapshot_sha256(snapshot),
        "code": snapshot["verification"]["code"],
        "version": 1,
        "salt": salt,
        "slots": slots,
        "form": rendered.form,
        "dated": rendered.dated,
    }
    manifest = Manifest(**{**values, **changes})  # type: ignore[arg-type] # built from a dictionary
    file = build_base(rendered, manifest)
    return Record(world, file, read_tip(file), manifest, signers, [len(file)])


def staff(world: World, snapshot: Snapshot) -> dict[str, Signer]:
    """A person for every slot of a snapshot, and the school for its seal."""
    people = {
        slot["field"]: world.person(f"Nguyễn Thị Ánh Người {number}", f"0790850{number:05d}")
        for number, slot in enumerate(snapshot["slots"])
        if slot["field"] != "seal"
    }
    return people | {"seal": world.school(snapshot["school"]["name"], snapshot["school"]["tax_code"])}


def ink(width: int = 240, height: int = 90) -> InkImage:
    """A wave as somebody's hand."""
    levels = bytearray(width * height)
    for x in range(width):
        middle = height // 2 + (x * 7 % 53) - 26
        for y in range(middle - 2, middle + 3):
            levels[y * width + x] = 255
    return InkImage.from_mask(width, height, (20, 40, 150), bytes(levels))


def _key(number: int) -> rsa.RSAPrivateKey:
    while len(_KEYS) <= number:
        _KEYS.append(rsa.generate_private_key(65537, 2048))
    return _KEYS[number]


def pem(certificate: bytes) -> bytes:
    """A certificate as PEM."""
    body = b64encode(certificate).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()
