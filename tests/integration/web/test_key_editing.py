"""The editor of a signing account on its three pages: each asks for its own right, and edits the account that is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from reflex.utils.format import format_event_handler, json_dumps
from sqlmodel import select

from hocba_app.domain.errors import SENTENCES, ErrorCode
from hocba_app.models import SEAL, Database, SigningKey
from hocba_app.process_scope import close_process_scope
from hocba_app.settings import settings
from hocba_app.state.my_signature import MySignatureState
from hocba_app.state.signing_accounts import SigningAccountsState
from hocba_app.state.signing_settings import SigningSettingsState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - fixture
from tests.pki import pki
from tests.softhsm import SoftToken, needs_softhsm, soft_token

pytestmark = needs_softhsm


@pytest.fixture
def token(tmp_path: Path, web_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoftToken]:
    """A token with the school's certificate and a teacher's; their authority answers no question of revocation."""
    roots = tmp_path / "root.pem"
    roots.write_bytes(x509.load_der_x509_certificate(pki().root).public_bytes(Encoding.PEM))
    with soft_token(tmp_path / "hsm") as made:
        school, teacher = pki().school("Trường", "0312345678"), pki().person("Nguyễn Thị Ánh 3", "079200000003")
        made.put(school.key, school.chain, label="Con dấu")  # type: ignore[arg-type]
        made.put(teacher.key, teacher.chain[:1], label="Cô Ánh", key_id=b"\x02")  # type: ignore[arg-type]
        for name, value in {
            "PKCS11_MODULE": made.module,
            "PKCS11_TOKEN": made.label,
            "PKCS11_PIN": made.pin,
            "TRUST_ROOTS": str(roots),
        }.items():
            monkeypatch.setenv(f"HOCBA_{name}", value)
        settings.cache_clear()
        yield made
        close_process_scope()
    monkeypatch.undo()
    settings.cache_clear()


def key_of(db: Database, school: WebSchool, owner: str) -> SigningKey | None:
    with db.read(school.school_id) as session:
        return session.exec(select(SigningKey).where(SigningKey.owner == owner)).first()


async def test_a_teacher_connects_his_key_in_the_token_and_no_other(
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    run: Any,
    token: SoftToken,
) -> None:
    school = two_schools[0]
    mine, other = (school.small.people[part].staff_id or "" for part in ("TOAN", "VAN"))

    async def send(handler: Any, **payload: Any) -> str:
        return json_dumps(
            await run(format_event_handler(handler), school.tokens["subject"], "mine", path="/my-signature", **payload),
            ensure_ascii=False,
        )

    shown = await send(MySignatureState.load)
    assert "Token hoặc HSM ở máy chủ (PKCS#11)" in shown and "nhãn của chứng thư số" in shown
    assert SENTENCES[ErrorCode.CERTIFICATE_NOT_OWN] in await send(
        MySignatureState.connect, form={"user": "Con dấu", "provider": "pkcs11"}
    )
    assert SENTENCES[ErrorCode.PROVIDER_UNKNOWN_USER] in await send(
        MySignatureState.connect, form={"user": "Cô khác", "provider": "pkcs11"}
    )
    assert key_of(web_database, school, mine) is None
    said = await send(MySignatureState.connect, form={"user": "Cô Ánh", "provider": "pkcs11"})
    assert "không hỏi điện thoại" in said, "how he confirms, by his service"
    kept = key_of(web_database, school, mine)
    assert kept is not None and (kept.provider, kept.provider_user, kept.credential_id) == ("pkcs11", "Cô Ánh", "02")
    assert "Nguyễn Thị Ánh 3" in await send(MySignatureState.fetch)
    assert SENTENCES[ErrorCode.FORBIDDEN] in await send(MySignatureState.test, owner=other)
    token.pull_out()
    assert SENTENCES[ErrorCode.TOKEN_ABSENT] in await send(MySignatureState.test, owner=mine)
    token.plug_in()


async def test_the_seals_page_edits_the_seal_and_the_office_everybody(
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    run: Any,
    token: SoftToken,
) -> None:
    school = two_schools[0]
    owner = school.small.people["VAN"].staff_id or ""

    async def send(handler: Any, who: str = "admin", **payload: Any) -> str:
        return json_dumps(
            await run(
                format_event_handler(handler), school.tokens[who], f"tab-{who}", path="/signing-settings", **payload
            ),
            ensure_ascii=False,
        )

    await send(SigningSettingsState.load)
    await send(SigningSettingsState.connect, form={"user": "01", "provider": "pkcs11"})
    kept = key_of(web_database, school, SEAL)
    assert kept is not None and (kept.provider, kept.provider_user, kept.credential_id) == ("pkcs11", "01", "01")
    for handler in (SigningSettingsState.connect, SigningAccountsState.connect):
        await send(handler, "subject", form={"user": "Con dấu", "provider": "pkcs11"})
        again = key_of(web_database, school, SEAL)
        assert again is not None and again.provider_user == "01", "refused at the gate"
    await send(SigningAccountsState.load)
    await send(SigningAccountsState.edit, owner=owner)
    said = await send(SigningAccountsState.connect, form={"user": "Cô Ánh", "provider": "pkcs11"})
    assert SENTENCES[ErrorCode.CERTIFICATE_NOT_OWN] in said
    assert key_of(web_database, school, owner) is None
