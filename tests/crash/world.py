"""A small school whose outside – signing service, time stamps, certificate checks – lives in files, so that it outlives any
process of ours, and costs next to nothing: a thousand crashes in minutes. Only this package's own entry uses it."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from sqlmodel import SQLModel, select

from bench.sealed_record import Signer, World, pem
from hocba_app.models import SEAL, Account, Database, School, SignatureImage, SigningKey, Staff
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.pki import signer_certificate
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signing import archive_job, integrations
from hocba_app.services.signing.providers.provider import Credential, ProviderStatus, SignRequest, Submitted
from hocba_app.services.signing.steps import confirm, finished_file, prepare, signature_rows, timestamp
from hocba_app.services.storage import blobs
from hocba_app.settings import settings
from tests.crash import points
from tests.school import SmallSchool, ink, small_school

PARTS = ("TOAN", "VAN", "GDTC", "homeroom", "principal")
PUPILS = 2
DEPUTY, SECOND_OPERATOR = "PHT", "second_operator"
_PREHASHED = Prehashed(hashes.SHA256())


class FileService:
    """A signing service: a file a transaction. A request counts as confirmed on the phone by the time its state is asked for."""

    max_hashes, window_seconds, poll_seconds = 500, 0, 0.0

    def __init__(self, folder: Path, keys: dict[str, Signer]) -> None:
        self.folder, self._keys = folder, keys
        folder.mkdir(exist_ok=True)

    def credentials(self, user: str) -> list[Credential]:
        """Nobody has renewed anything."""
        return []

    def start(self, request: SignRequest) -> Submitted:
        """Take a request."""
        transaction = secrets.token_hex(8)
        shape = {"user": request.user, "hashes": [digest.hex() for digest in request.hashes]}
        partial = self.folder / f".{transaction}"
        partial.write_text(json.dumps(shape))
        partial.rename(self.folder / transaction)
        return Submitted(transaction)

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """Confirmed and signed."""
        shape = json.loads((self.folder / transaction_id).read_text())
        (self.folder / f"confirmed.{transaction_id}").touch()
        key = self._keys[shape["user"]].key
        return ProviderStatus(
            "signed",
            tuple(key.sign(bytes.fromhex(digest), padding.PKCS1v15(), _PREHASHED) for digest in shape["hashes"]),
        )

    def confirmed(self) -> int:
        """How many requests somebody has confirmed."""
        return len(list(self.folder.glob("confirmed.*")))


class Stamps:
    """A time-stamp authority in this process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.largest_token = len(world.token_over(bytes(32)))
        self.certificates = world.certificates

    def tokens(self, values: Sequence[bytes], *, certificate_required: bool = True) -> list[bytes]:
        """A token over each."""
        digests = [hashes.Hash(hashes.SHA256()) for _ in values]
        for digest, value in zip(digests, values, strict=True):
            digest.update(value)
        return [self._world.token_over(digest.finalize(), certificate_required) for digest in digests]

    def token_over(self, imprint: bytes) -> bytes:
        """A token over a digest."""
        return self._world.token_over(imprint)


class Crashing:
    """The school and its outside."""

    disk_full = False

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url, self.trail = url or f"sqlite:///{folder}/crash.db", folder / "trail"
        self.world = World(folder / "trust")
        (folder / "root.pem").write_bytes(pem(self.world.root))
        os.environ.update(
            HOCBA_SECRET_KEY="crash-8Jq2Lr5Tz0Xc7Vb1Mn",
            HOCBA_TRUST_ROOTS=str(folder / "root.pem"),
            HOCBA_DOCUMENTS_URL=str(folder / "documents"),
        )
        settings.cache_clear()
        db = Database(self.url)
        SQLModel.metadata.create_all(db.engine)
        tell_sizes(db.engine)
        self.stamps = Stamps(self.world)
        self.begin_school(db, "79760001", "Trường THCS Kim Đồng")
        db.dispose()
        self._connect()

    def begin_school(self, db: Database, code: str, name: str, *, students: int = PUPILS, mark: str = "") -> None:
        """A school with keys for everybody becomes :attr:`small`; what lives outside serves it from now on.

        Args:
            mark: added to its people's names.
        """
        with db.installation(write=True) as session:
            school = School(
                code=code, name=name, tax_code="0312345678", current_year="2025-2026", province="TP. Hồ Chí Minh"
            )
            session.add(school)
        self.small = small_school(db, school.id, None, students=students, mark=mark)
        self._deputy(mark)
        keys = self._keys()
        self.service = FileService(self.folder / "service", keys)
        self._evidence = {signer.chain[0]: self.world.evidence(signer.chain) for signer in keys.values()}

    def _deputy(self, mark: str) -> None:
        """A vice-principal, and a second person who may be given the seal."""
        small = self.small
        with small.db.write(small.school_id) as session:
            row = Staff(
                source_id="pht",
                code="PHT",
                full_name=f"Trần Văn Phó{mark}",
                id_number="079200000091",
                position="vice_principal",
            )
            session.add(row)
            session.flush()
            account = Account(username=f"pht{mark}", staff_id=row.id, full_name=row.full_name)
            session.add(account)
        small.people[DEPUTY] = Identity(
            account.id, small.school_id, row.id, "pht", row.full_name, frozenset({"management"})
        )
        second = small.people["VAN"]
        small.people[SECOND_OPERATOR] = replace(second, roles=second.roles | {"seal_operator"})

    def _keys(self) -> dict[str, Signer]:
        keys = {}
        with self.small.db.write(self.small.school_id) as session:
            school = session.get_one(School, self.small.school_id)
            keys["seal"] = self.world.school(school.name, school.tax_code)
            chain = [base64.b64encode(item).decode() for item in keys["seal"].chain]
            session.add(SigningKey(owner=SEAL, provider_user="seal", credential_id="c", chain=chain))
            session.add(
                SignatureImage(owner=SEAL, sha256="0" * 64, image=ink().dumps(), preview_png=b"", created_by="")
            )
        for number, part in enumerate((*PARTS, DEPUTY)):
            owner = self.small.people[part].staff_id or ""
            with self.small.db.write(self.small.school_id) as session:
                person = session.exec(select(Staff).where(Staff.id == owner)).one()
                keys[part] = self.world.person(person.full_name, person.id_number or "", key=number % 2)
                chain = [base64.b64encode(item).decode() for item in keys[part].chain]
                session.add(SigningKey(owner=owner, provider_user=part, credential_id="c", chain=chain))
                session.add(
                    SignatureImage(owner=owner, sha256="0" * 64, image=ink().dumps(), preview_png=b"", created_by="")
                )
        return keys

    def _connect(self) -> None:
        """The product's own functions talk to this outside, and pass a point wherever they touch it."""
        self.connect_service()
        stamps: Any = points.Passing(self.stamps, ("tokens",))
        confirm.GRACE = confirm.GRACE * 0
        for module in (finished_file, timestamp, integrations, archive_job):
            module.timestamp_client = lambda: stamps  # type: ignore[attr-defined]
        for module in (prepare, timestamp, archive_job):
            module.trust_roots = lambda: (self.world.root,)  # type: ignore[attr-defined]
        signer_certificate.check_good = lambda chain, **_: self._evidence[bytes(chain[0])]  # type: ignore[assignment]
        archive_job.check_authority = lambda chain, **_: self.world.evidence(chain)  # type: ignore[assignment]
        blobs.put = points.passing("store", self._store(blobs.put))
        for module in (prepare, confirm, timestamp, signature_rows):  # in the middle of a transaction, too
            module.set_rows = points.passing("rows", module.set_rows)  # type: ignore[attr-defined]
        Database.write = _points_around(Database.write)  # type: ignore[method-assign, assignment]

    def _store(self, put: Any) -> Any:
        def stored(data: bytes) -> str:
            if self.disk_full:
                raise OSError(28, "No space left on device")
            return put(data)  # type: ignore[no-any-return]

        return stored

    def connect_service(self) -> None:
        """Batches talk to :attr:`service` as it is now."""
        service: Any = points.Passing(self.service, ("start", "poll"))
        confirm.provider_for = lambda *_: service

    def fresh(self) -> SmallSchool:
        """The school with no connection open. One engine for all lives: its compiled statements come with the fork."""
        self.small.db.dispose()
        return self.small

    def close(self) -> None:
        """Give the register back."""
        self.world.close()


def _points_around(write: Any) -> Any:
    @contextmanager
    def passing(self: Database, school_id: str, *, durable: bool = False) -> Any:
        points.passed("transaction.begin")
        with write(self, school_id, durable=durable) as session:
            yield session
            points.passed("transaction.before_commit")
        points.passed("transaction.committed")

    return passing
