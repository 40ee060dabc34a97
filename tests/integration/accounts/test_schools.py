"""A real school from the console: made, connected, its people managed."""

from __future__ import annotations

import json

import pytest
from sqlmodel import SQLModel, select
from typer.testing import CliRunner

from hocba_app import school_commands, startup, user_commands
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, AuditEvent, Database, LoginName, School
from hocba_app.services import credential_cipher
from hocba_app.services.accounts.activation import activate
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.schools import add_school, operator, school_with_code, schools, set_credentials
from hocba_app.services.accounts.sessions import identify, login
from hocba_app.services.audit.log import verify_chain
from hocba_app.settings import Settings
from tests.integration.accounts.conftest import PASSWORD

ADDRESS = "198.51.100.7"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        credential_cipher, "settings", lambda: Settings(secret_key="a key for tests, 8Jq2Lr5Tz0", _env_file=None)
    )


def made(db: Database, code: str = "79760009") -> tuple[str, str, str]:
    new = add_school(
        db,
        code=code,
        name="Trường THCS Lê Quý Đôn",
        admin_name="Phạm Thị Hoa",
        current_year="2025-2026",
        tax_code="0312345678",
    )
    return new.school_id, new.username, new.code


def test_a_new_school_has_an_admin_who_gets_in_with_his_code(db: Database) -> None:
    school_id, username, code = made(db)
    assert username == "admin@79760009"
    activate(db, username, code, PASSWORD, address=ADDRESS)
    who = identify(db, login(db, username, PASSWORD, address=ADDRESS))
    assert who is not None and who.school_id == school_id and who.roles == {"admin"} and who.staff_id is None
    with db.read(school_id) as session:
        assert [event.action for event in session.exec(select(AuditEvent).order_by(AuditEvent.seq))] == [
            "school.created",
            "account.created",
            "account.activated",
            "session.opened",
        ]
        assert verify_chain(session) == []


def test_a_code_taken_or_nonsense_changes_nothing(db: Database) -> None:
    made(db)
    for changes in (
        {},
        {"code": "có dấu"},
        {"code": "a"},
        {"code": "b1", "name": " "},
        {"code": "b1", "level": "x"},
        {"code": "b1", "current_year": "2025"},
        {"code": "b1", "current_year": "2025-2027"},
    ):
        with pytest.raises(HocbaError) as caught:
            add_school(
                db, **{"code": "79760009", "name": "N", "admin_name": "A", "current_year": "2025-2026", **changes}
            )
        assert caught.value.code is ErrorCode.INVALID_INPUT
    assert len(schools(db)) == 1
    with db.installation() as session:
        assert len(session.exec(select(LoginName)).all()) == 1


def test_credentials_are_stored_encrypted_and_logged_without_their_value(db: Database) -> None:
    school_id, _, _ = made(db)
    set_credentials(db, operator(school_id), smas_client_id="school-1", smas_secret="bí mật một")
    set_credentials(db, operator(school_id), mysign_client_id="rp-1", mysign_secret="bí mật hai")
    school = school_with_code(db, "79760009")
    assert (school.smas_client_id, school.mysign_client_id) == ("school-1", "rp-1")
    assert "bí mật" not in school.smas_secret_encrypted + school.mysign_secret_encrypted
    assert credential_cipher.decrypt(school.smas_secret_encrypted) == "bí mật một"
    assert credential_cipher.decrypt(school.mysign_secret_encrypted) == "bí mật hai"
    with db.read(school_id) as session:
        events = [
            event.data
            for event in session.exec(
                select(AuditEvent).where(AuditEvent.action == "school.credentials_set").order_by(AuditEvent.seq)
            )
        ]
    assert events == [
        {"changed": ["smas_client_id", "smas_secret"]},
        {"changed": ["mysign_client_id", "mysign_secret"]},
    ]


@pytest.mark.parametrize("roles", [set(), {"management"}, {"principal", "management"}])
def test_credentials_are_the_admins(db: Database, roles: set[str]) -> None:
    school_id, _, _ = made(db)
    with pytest.raises(HocbaError) as caught:
        set_credentials(db, Identity("a", school_id, None, "x", "X", frozenset(roles)), smas_secret="x")
    assert caught.value.code is ErrorCode.FORBIDDEN


@pytest.fixture
def console(db: Database, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(startup, "installation", lambda: db)
    return CliRunner()


def test_the_console_makes_and_manages_a_school(db: Database, console: CliRunner) -> None:
    school, user = school_commands.school_app, user_commands.user_app
    added = console.invoke(school, ["add", "79760009", "Trường THCS Lê Quý Đôn", "--year", "2025-2026", "--json"])
    assert added.exit_code == 0, added.output
    answer = json.loads(added.stdout)
    activate(db, answer["username"], answer["code"], PASSWORD, address=ADDRESS)
    again = console.invoke(school, ["add", "79760009", "Trường khác", "--year", "2025-2026"])
    assert again.exit_code == 1 and "đã có" in again.stderr and "Traceback" not in again.output

    stored = console.invoke(
        school,
        ["set-credentials", "79760009", "--smas-client-id", "c1", "--mysign-client-id", "m1"],
        input="bí mật một\nbí mật hai\n",
    )
    assert stored.exit_code == 0, stored.output
    assert "bí mật một" not in stored.output
    found = school_with_code(db, "79760009")
    assert credential_cipher.decrypt(found.smas_secret_encrypted) == "bí mật một"
    assert credential_cipher.decrypt(found.mysign_secret_encrypted) == "bí mật hai"
    assert json.loads(console.invoke(school, ["list", "--json"]).stdout)[0]["smas"] is True
    assert "79760009" in console.invoke(school, ["list"]).stdout
    assert console.invoke(school, ["set-credentials", "79760009"]).exit_code == 2

    name = answer["username"]
    refused = console.invoke(user, ["disable", name])
    assert refused.exit_code == 1 and "quản trị duy nhất" in refused.stderr
    assert console.invoke(user, ["grant", name, "management"]).exit_code == 0
    assert console.invoke(user, ["grant", name, "admin", "--revoke"]).exit_code == 1
    assert console.invoke(user, ["grant", name, "root"]).exit_code == 1
    assert console.invoke(user, ["code", "nobody@79760009"]).exit_code == 1
    [row] = json.loads(console.invoke(user, ["list", "79760009", "--json"]).stdout)
    assert row == {"username": name, "full_name": "Quản trị", "state": "active", "roles": ["admin", "management"]}
    code = json.loads(console.invoke(user, ["code", name.upper(), "--json"]).stdout)["code"]
    activate(db, name, code, PASSWORD, address=ADDRESS)
    assert "active" in console.invoke(user, ["list", "79760009"]).stdout


def test_disable_and_enable_from_the_console(db: Database, console: CliRunner) -> None:
    school_id, _, _ = made(db)
    with db.write(school_id) as session:
        session.add(Account(id="t1", username="gv01@79760009", full_name="Cô Lan"))
    with db.installation(write=True) as session:
        session.add(LoginName(name="gv01@79760009", school_id=school_id, account_id="t1"))
    for command, disabled in (("disable", True), ("enable", False)):
        assert console.invoke(user_commands.user_app, [command, "gv01@79760009"]).exit_code == 0
        with db.read(school_id) as session:
            assert session.get_one(Account, (school_id, "t1")).disabled is disabled


def test_school_columns_hold_a_long_secret(db: Database) -> None:
    school_id, _, _ = made(db)
    longest = "x" * 600
    set_credentials(db, operator(school_id), smas_secret=longest)
    assert credential_cipher.decrypt(school_with_code(db, "79760009").smas_secret_encrypted) == longest
    assert (
        len(school_with_code(db, "79760009").smas_secret_encrypted)
        <= SQLModel.metadata.tables[School.__tablename__].c.smas_secret_encrypted.type.length
    )
