"""The seal's key at another service than the teachers': confirmed with SmartCA on the operator's phone, and in a token."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import SEAL
from hocba_app.process_scope import close_process_scope
from hocba_app.services.credential_cipher import encrypt
from hocba_app.services.maintenance import doctor
from hocba_app.services.signers import keys
from hocba_app.services.signers.key_check_job import start_recheck
from hocba_app.services.signing import signer_inbox
from hocba_app.services.signing.integrations import configured_providers, provider_for, trust_roots
from hocba_app.services.verification.verify import verify
from hocba_app.settings import settings
from tests.integration.signing.test_chain import batch, files, held_leases, lock, sign, start, waiting, work_on
from tests.integration.simulators.mysign_rig import PIN, Rig
from tests.integration.simulators.smartca_rig import smartca_beside
from tests.refusals import refused
from tests.school import TAX_CODE, SmallSchool
from tests.softhsm import MODULE, SoftToken, needs_softhsm, soft_token

SCHOOL = {
    "user_id": TAX_CODE,
    "full_name": "Trường THCS Kim Đồng",
    "id_number": TAX_CODE,
    "phone": "0901000002",
    "kind": "organisation",
}


def ready_to_seal(small: SmallSchool, rig: Rig) -> None:
    """Everybody but the seal has signed."""
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal"):
        assert sign(small, rig, part).state == "committed"


def accepted(file: bytes, path: Path) -> None:
    """By our replay, by pyHanko's own analysis and by poppler; what is not archived yet is said to be so, and nothing else."""
    for analysis in (False, True):
        [verdict] = verify(
            [("x", file)], roots=trust_roots(), issuers=[{"tax_code": TAX_CODE}], always_analyse=analysis
        )
        assert (verdict.integrity, {reason.code for reason in verdict.reasons}) == ("intact", {"not_archived"}), (
            verdict.reasons
        )
    if shutil.which("pdfsig"):
        path.write_bytes(file)
        told = subprocess.run(
            ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False, timeout=180
        ).stdout
        assert told.count("Signature Validation: Signature is Valid.") == told.count("Signature #"), told


def put_seal(token: SoftToken, rig: Rig) -> None:
    key = rsa.generate_private_key(65537, 2048)
    token.put(
        key,
        rig.authority.chain(rig.authority.issue_organisation("Trường THCS Kim Đồng", TAX_CODE, key.public_key())),
        label="Con dấu",
    )


@needs_softhsm
def test_one_pupil_sealed_with_smartca_and_the_next_with_a_token(
    small: SmallSchool, outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_to_seal(small, outside[0])
    admin, operator = small.people["admin"], small.people["operator"]
    due = waiting(small, "operator")
    first, second = (sorted(item.slot_id for item in due if item.student_code == code) for code in ("HS001", "HS002"))
    with smartca_beside(outside[0].authority, tmp_path, monkeypatch) as phone:
        phone.add(SCHOOL)
        key = keys.connect(small.db, admin, SEAL, TAX_CODE, "smartca")
        assert (key.provider, key.provider_user, key.problem) == ("smartca", TAX_CODE, None)
        assert keys.check_key(small.db, admin, SEAL).state == "ok"
        with small.db.read(small.school_id) as session:
            monkeypatch.setattr(provider_for(session, "smartca"), "poll_seconds", 0.1)
        [batch_id] = signer_inbox.start(small.db, operator, first)
        worker = threading.Thread(target=work_on, args=(small, batch_id))
        worker.start()
        while not (asked := phone.pending(TAX_CODE)):
            assert worker.is_alive(), batch(small, batch_id).error_code
            time.sleep(0.02)
        assert (
            phone.phone("confirm", user_id=TAX_CODE, transactionId=asked[0]["transactionId"], pin=PIN).status_code
            == 200
        )
        worker.join(180)
        done = batch(small, batch_id)
        assert (done.provider, done.state, done.committed, done.failed) == ("smartca", "committed", 3, 0)
    with soft_token(tmp_path / "hsm") as token:
        put_seal(token, outside[0])
        for name, value in {"MODULE": token.module, "TOKEN": token.label, "PIN": token.pin}.items():
            monkeypatch.setenv(f"HOCBA_PKCS11_{name}", value)
        settings.cache_clear()
        assert "pkcs11" in configured_providers()
        key = keys.connect(small.db, admin, SEAL, " Con dấu ", "pkcs11")
        assert (key.provider, key.provider_user, key.credential_id) == ("pkcs11", "Con dấu", "01")
        assert keys.check_key(small.db, admin, SEAL).state == "ok"
        token.pull_out()
        [lost] = signer_inbox.start(small.db, operator, second)
        assert work_on(small, lost) == "ended"
        assert (batch(small, lost).state, batch(small, lost).error_code) == ("ended", ErrorCode.TOKEN_ABSENT.value)
        assert held_leases(small) == 0
        token.plug_in()
        again = start(small, "operator")
        assert work_on(small, again) == "ended"
        done = batch(small, again)
        assert (done.provider, done.state, done.committed, done.failed) == ("pkcs11", "committed", 3, 0)
        close_process_scope()
    assert held_leases(small) == 0 and waiting(small, "operator") == []
    for kind in ("cover", "history", "results"):
        for number, file in enumerate(files(small, kind)):
            accepted(file, tmp_path / f"{kind}-{number}.pdf")


@needs_softhsm
def test_a_token_that_fails_says_nothing_of_the_certificate(
    small: SmallSchool, outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nightly test does not change a key's state when the token is away or its PIN is refused."""
    monkeypatch.setenv("HOCBA_PKCS11_MODULE", MODULE)
    monkeypatch.setenv("HOCBA_PKCS11_TOKEN", "Truong Kim Dong")
    admin = small.people["admin"]
    with soft_token(tmp_path / "hsm") as token:
        put_seal(token, outside[0])
        monkeypatch.setenv("HOCBA_PKCS11_PIN", token.pin)
        settings.cache_clear()
        keys.connect(small.db, admin, SEAL, "Con dấu", "pkcs11")
        token.pull_out()
        assert refused(lambda: keys.check_key(small.db, admin, SEAL)) is ErrorCode.TOKEN_ABSENT
        token.plug_in()
        close_process_scope()
        monkeypatch.setenv("HOCBA_PKCS11_PIN", encrypt(token.pin))
        settings.cache_clear()
        assert keys.check_key(small.db, admin, SEAL).state == "ok", "the PIN may be kept encrypted"
        assert [check.ok for check in doctor._token(settings(), small.db)] == [True]
        close_process_scope()
        monkeypatch.setenv("HOCBA_PKCS11_PIN", "1")
        settings.cache_clear()
        assert work_on(small, start_recheck(small.db, admin)) == "ended"
        view = keys.key_view(small.db, admin, SEAL)
        assert (view.state, view.problem) == ("ok", "")
        [check] = doctor._token(settings(), small.db)
        assert not check.ok and "PIN" in check.problem and check.remedy
        close_process_scope()


def test_a_label_is_words_on_one_line(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOCBA_PKCS11_MODULE", "/nowhere/libtoken.so")
    settings.cache_clear()
    admin = small.people["admin"]
    for label in ("", "x" * 81, "a\nb"):
        assert (
            refused(lambda label=label: keys.set_provider_user(small.db, admin, SEAL, label, "pkcs11"))
            is ErrorCode.INVALID_INPUT
        )
    keys.set_provider_user(small.db, admin, SEAL, "Trường Kim Đồng's Sub-CA ID", "pkcs11")
    assert refused(lambda: keys.fetch_credentials(small.db, admin, SEAL)) is ErrorCode.TOKEN_MODULE
