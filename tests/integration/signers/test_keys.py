"""Accounts at the signing service: entered, certificate picked, tested – against the MySign simulator over HTTP."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.school_calendar import VIETNAM
from hocba_app.models import SEAL, AuditEvent, Job, SigningKey, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signers as rows
from hocba_app.pki import revocation_sources, signer_certificate
from hocba_app.pki.subjects import subject_of
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signers import keys
from hocba_app.services.signers.key_check_job import start_recheck
from hocba_app.services.signers.key_views import STATES
from hocba_app.services.signing.providers.provider import Credential
from hocba_app.settings import settings
from tests.integration.signers.people import add_staff, staff_id
from tests.integration.simulators.mysign_rig import Rig
from tests.refusals import refusal
from tests.school import SmallSchool


def stored(small: SmallSchool, owner: str) -> SigningKey | None:
    with small.db.read(small.school_id) as session:
        return rows.key_of(session, owner)


def actions(small: SmallSchool) -> list[str]:
    with small.db.read(small.school_id) as session:
        return list(session.exec(select(AuditEvent.action).order_by(AuditEvent.seq)).all())


def user_of(small: SmallSchool, rig: Rig, owner: str, number: str, **more: str) -> str:
    user = f"CCCD_{number}"
    with small.db.read(small.school_id) as session:
        person = session.get(Staff, (small.school_id, owner))
    rig.add(
        {
            "user_id": user,
            "full_name": person.full_name if person else "Trần Văn Nối",
            "id_number": number,
            "phone": "0900000000",
        },
        **more,
    )
    return user


def test_connect_takes_the_one_certificate_that_fits(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    new = add_staff(small, "GV090", id_number="079100000090")
    user = user_of(small, outside[0], new, "079100000090")
    before = len(actions(small))
    key = keys.connect(small.db, small.people["admin"], new, f"  {user} ")
    assert key.provider_user == user and key.problem is None and key.checked_at is not None
    assert subject_of(base64.b64decode(key.chain[0])).id_numbers == ("079100000090",)
    begins, ends = signer_certificate.validity(base64.b64decode(key.chain[0]))
    assert (key.valid_from, key.valid_to) == (begins, ends)
    view = keys.key_view(small.db, small.people["admin"], new)
    assert (view.state, view.problem, view.certificate_number) == ("ok", "", "CCCD …0090")
    assert "079100000090" not in view.certificate_name
    assert actions(small)[before:] == ["key.account_set", "key.certificate_set"]
    keys.connect(small.db, small.people["admin"], new, user)
    assert len(actions(small)) == before + 2, "the same again changes nothing"


def test_step_by_step_as_the_page_does_it(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    new = add_staff(small, "GV091", id_number="079100000091")
    user = user_of(small, outside[0], new, "079100000091")
    admin = small.people["admin"]
    assert refusal(lambda: keys.fetch_credentials(small.db, admin, new)).code is ErrorCode.SIGNER_NO_KEY
    keys.set_provider_user(small.db, admin, new, user)
    (found,) = keys.fetch_credentials(small.db, admin, new)
    assert (found.own, found.trusted, found.usable, found.problem, found.chosen) == (True, True, True, "", False)
    assert keys.key_view(small.db, admin, new).state == "no_certificate"
    assert refusal(lambda: keys.choose_credential(small.db, admin, new, "nonesuch")).code is ErrorCode.CREDENTIAL_GONE
    keys.choose_credential(small.db, admin, new, found.credential_id)
    assert keys.fetch_credentials(small.db, admin, new)[0].chosen
    # Another account drops the certificate of the first.
    keys.set_provider_user(small.db, admin, new, small.users["VAN"])
    kept = stored(small, new)
    assert kept is not None and (kept.credential_id, kept.chain, kept.valid_to) == (None, [], None)
    keys.remove_key(small.db, admin, new)
    assert stored(small, new) is None and keys.key_view(small.db, admin, new).state == "no_account"


def test_a_strangers_certificate_is_never_taken(small: SmallSchool) -> None:
    """Workflow rule 9: his own id number; and a stranger's number is not shown to whoever types his account."""
    admin, homeroom = small.people["admin"], staff_id(small, "homeroom")
    before = stored(small, homeroom)
    error = refusal(lambda: keys.connect(small.db, admin, homeroom, small.users["VAN"]))
    assert error.code is ErrorCode.CERTIFICATE_NOT_OWN
    after = stored(small, homeroom)
    assert before is not None and after is not None
    assert after.provider_user == before.provider_user and after.credential_id == before.credential_id, (
        "the good key stays"
    )
    keys.set_provider_user(small.db, admin, homeroom, small.users["VAN"])
    (found,) = keys.fetch_credentials(small.db, admin, homeroom)
    assert (found.own, found.trusted, found.usable) == (False, True, False) and "số định danh" in found.problem
    assert small.users["VAN"].removeprefix("CCCD_") not in repr(found)
    error = refusal(lambda: keys.choose_credential(small.db, admin, homeroom, found.credential_id))
    assert error.code is ErrorCode.CERTIFICATE_NOT_OWN


def test_the_seal_takes_the_schools_certificate_only(small: SmallSchool) -> None:
    admin = small.people["admin"]
    assert (
        refusal(lambda: keys.connect(small.db, admin, SEAL, small.users["VAN"])).code is ErrorCode.CERTIFICATE_NOT_OWN
    )
    key = keys.connect(small.db, admin, SEAL, small.users["seal"])
    assert key.problem is None
    assert keys.key_view(small.db, admin, SEAL).certificate_number == "MST 0312345678"
    error = refusal(lambda: keys.connect(small.db, admin, staff_id(small, "operator"), small.users["seal"]))
    assert error.code is ErrorCode.CERTIFICATE_NOT_OWN, "a person does not sign with the school's"


def test_an_expired_certificate_is_refused_and_one_that_runs_out_is_seen(
    small: SmallSchool, outside: tuple[Rig, str, Path]
) -> None:
    admin, now = small.people["admin"], datetime.now(UTC)
    late = add_staff(small, "GV092", id_number="079100000092")
    user = user_of(
        small,
        outside[0],
        late,
        "079100000092",
        not_before=(now - timedelta(days=90)).isoformat(),
        not_after=(now - timedelta(days=1)).isoformat(),
    )
    error = refusal(lambda: keys.connect(small.db, admin, late, user))
    assert (
        error.code is ErrorCode.CERTIFICATE_EXPIRED and (now - timedelta(days=1)).strftime("%d/%m/%Y") in error.sentence
    )
    assert stored(small, late) is None
    soon = add_staff(small, "GV093", id_number="079100000093")
    user = user_of(small, outside[0], soon, "079100000093", not_after=(now + timedelta(days=20)).isoformat())
    keys.connect(small.db, admin, soon, user)
    view = keys.key_view(small.db, admin, soon)
    assert view.state == "expiring" and view.days_left in (19, 20) and "hết hạn" in view.sentence


def test_a_revoked_certificate_is_found_by_the_test(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, authority = small.people["admin"], outside[0].authority
    number = (
        "079100000094" if small.db.is_sqlite else "079100000194"
    )  # the authority outlives this test: revoked for ever
    new = add_staff(small, "GV094", id_number=number)
    key = keys.connect(small.db, admin, new, user_of(small, outside[0], new, number))
    authority.revoke(int(key.serial_number or "0", 16))
    revocation_sources.forget()
    view = keys.check_key(small.db, admin, new)
    assert (view.state, view.problem) == ("problem", "certificate_revoked") and "thu hồi" in view.sentence
    assert (
        refusal(lambda: keys.choose_credential(small.db, admin, new, key.credential_id or "")).code
        is ErrorCode.CERTIFICATE_REVOKED
    )
    assert actions(small)[-1] == "key.certificate_set"


def test_a_renewed_certificate_is_taken_over_by_the_test(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    admin = small.people["admin"]
    new = add_staff(small, "GV095", id_number="079100000095")
    user = user_of(small, outside[0], new, "079100000095")
    first = keys.connect(small.db, admin, new, user)
    outside[0].service.users.renew(user)
    assert keys.check_key(small.db, admin, new).state == "ok"
    second = stored(small, new)
    assert (
        second is not None
        and second.credential_id == first.credential_id
        and second.serial_number != first.serial_number
    )


def test_a_dead_service_teaches_nothing(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, owner = small.people["admin"], staff_id(small, "VAN")
    assert keys.check_key(small.db, admin, owner).state == "ok"
    monkeypatch.setenv("HOCBA_MYSIGN_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    assert refusal(lambda: keys.check_key(small.db, admin, owner)).code is ErrorCode.PROVIDER_UNREACHABLE
    assert keys.key_view(small.db, admin, owner).state == "ok"


def test_an_unknown_account_is_said_so(small: SmallSchool) -> None:
    admin, owner = small.people["admin"], staff_id(small, "VAN")
    assert (
        refusal(lambda: keys.connect(small.db, admin, owner, "CCCD_000000000000")).code
        is ErrorCode.PROVIDER_UNKNOWN_USER
    )
    kept = stored(small, owner)
    assert kept is not None and kept.provider_user == small.users["VAN"]
    keys.set_provider_user(small.db, admin, owner, "CCCD_000000000000")
    view = keys.check_key(small.db, admin, owner)
    assert (view.state, view.problem) == ("no_certificate", "provider_unknown_user")


@pytest.mark.parametrize("text", ["", "a", "CCCD 079", "đặng", "x" * 81, "CCCD_1\n", "../login", "_x__"])
def test_what_is_no_account_is_refused(small: SmallSchool, text: str) -> None:
    admin = small.people["admin"]
    if text == "CCCD_1\n":  # blanks around are the clipboard's, not the user's
        keys.set_provider_user(small.db, admin, staff_id(small, "VAN"), text)
        return
    assert (
        refusal(lambda: keys.set_provider_user(small.db, admin, staff_id(small, "VAN"), text)).code
        is ErrorCode.INVALID_INPUT
    )


class TwoCertificates:
    """A service whose user has two good certificates: MySign's simulator gives one."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    def credentials(self, _user: str) -> list[Credential]:
        other = Credential(
            "second",
            *[getattr(self.credential, name) for name in ("status", "chain", "valid_from", "valid_to", "description")],
        )
        return [self.credential, other]


def test_with_two_that_fit_somebody_must_pick(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, owner = small.people["admin"], staff_id(small, "VAN")
    with small.db.read(small.school_id) as session:
        one = keys.provider_for(session, "mysign").credentials(small.users["VAN"])[0]
    monkeypatch.setattr(keys, "provider_for", lambda _session, _name: TwoCertificates(one))
    keys.remove_key(small.db, admin, owner)
    error = refusal(lambda: keys.connect(small.db, admin, owner, small.users["VAN"]))
    assert error.code is ErrorCode.CREDENTIAL_CHOICE and "2" in error.sentence
    assert keys.key_view(small.db, admin, owner).state == "no_certificate", "the account is kept, the certificate open"
    assert keys.choose_credential(small.db, admin, owner, "second").credential_id == "second"


def test_an_account_changed_while_the_service_answers(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, owner = small.people["admin"], staff_id(small, "VAN")
    real = keys.credentials.ask

    def slow(*arguments: object) -> object:
        answer = real(*arguments)  # type: ignore[arg-type]
        keys.set_provider_user(small.db, admin, owner, "CCCD_other")
        return answer

    key = stored(small, owner)
    monkeypatch.setattr(keys.credentials, "ask", slow)
    assert key is not None
    assert (
        refusal(lambda: keys.choose_credential(small.db, admin, owner, key.credential_id or "")).code
        is ErrorCode.KEY_CHANGED
    )
    kept = stored(small, owner)
    assert kept is not None and (kept.provider_user, kept.credential_id) == ("CCCD_other", None)


def test_the_list_of_keys(small: SmallSchool) -> None:
    admin = small.people["admin"]
    add_staff(small, "GV096")
    for key in ("principal", "homeroom", "TOAN", "VAN", "GDTC", "operator"):
        keys.check_key(small.db, admin, staff_id(small, key))
    page = keys.keys_page(small.db, admin)
    assert page.rows[0].owner == SEAL and page.total == 8
    assert page.counts["no_account"] == 1 and page.counts["ok"] == 7
    assert [row.code for row in keys.keys_page(small.db, admin, problem="any").rows] == ["GV096"]
    assert [row.code for row in keys.keys_page(small.db, admin, "tran van gv096").rows] == ["GV096"]
    assert keys.keys_page(small.db, admin, page=2, size=5).total == 8
    assert len(keys.keys_page(small.db, admin, page=2, size=5).rows) == 3
    assert keys.keys_page(small.db, admin, page=9).rows == []


def test_the_list_of_keys_by_each_column(small: SmallSchool) -> None:
    admin = small.people["admin"]
    for code, name in (
        ("GV090", "Vũ Thị Ân"),
        ("GV091", "Lò Văn An"),
        ("GV092", "Lê Thị Đào"),
        ("GV093", "Lê Thị Dung"),
    ):
        add_staff(small, code, name=name)
    for key, days in (("TOAN", 900), ("VAN", 20), ("GDTC", -3)):
        with small.db.write(small.school_id) as session:
            row = session.exec(select(SigningKey).where(SigningKey.owner == staff_id(small, key))).one()
            row.credential_id, row.chain, row.valid_to = "c", ["AA=="], utc_now() + timedelta(days=days)
            session.add(row)

    def shown(sort: str) -> list[keys.KeyView]:
        whole = keys.keys_page(small.db, admin, sort=sort).rows
        pages = [
            row
            for number in range(1, 6)
            for row in keys.keys_page(small.db, admin, page=number, size=3, sort=sort).rows
        ]
        assert [row.owner for row in pages] == [row.owner for row in whole] and len(
            {row.owner for row in whole}
        ) == len(whole) == 11
        return whole

    for sort in ("code", "name", "account", "certificate", "validity", "state"):
        assert [row.owner for row in shown(f"-{sort}")] == [row.owner for row in reversed(shown(sort))], sort
    by_name = [row.name for row in shown("name") if row.code.startswith("GV09")]
    assert by_name == ["Lò Văn An", "Vũ Thị Ân", "Lê Thị Dung", "Lê Thị Đào"] and shown("name")[0].owner == SEAL
    assert [row.owner for row in shown("validity")][:3] == [staff_id(small, key) for key in ("GDTC", "VAN", "TOAN")]
    assert [row.state for row in shown("state")] == sorted((row.state for row in shown("")), key=STATES.index)
    assert [row.provider_user for row in shown("account")] == sorted(
        (row.provider_user for row in shown("")), key=lambda user: (user == "", user.lower())
    )
    by_code = [row.owner for row in shown("code")]
    assert by_code[0] == SEAL
    for made_up in ("", "sentence", "owner; drop table staff", "code desc"):
        assert [row.owner for row in shown(made_up)] == by_code, made_up


def test_the_job_tests_every_key(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    admin = small.people["admin"]
    job_id = start_recheck(small.db, admin)
    assert start_recheck(small.db, admin) == job_id, "one at a time"
    keys.set_provider_user(small.db, admin, staff_id(small, "GDTC"), "CCCD_gone")
    assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "ended"
    with small.db.read(small.school_id) as session:
        job = session.get_one(Job, (small.school_id, job_id))
    assert job.state == "done", job.report
    assert job.report == {"keys": 7, "tested": 7, "problems": 1, "refused": {}}
    assert keys.key_view(small.db, admin, staff_id(small, "GDTC")).problem == "provider_unknown_user"


def test_every_night_all_keys_are_tested_and_a_dead_service_is_waited_for(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_daily_jobs(small.db)

    def night(url: str) -> Job:
        monkeypatch.setenv("HOCBA_MYSIGN_URL", url)
        settings.cache_clear()
        with small.db.write(small.school_id) as session:
            job = session.exec(select(Job).where(Job.kind == "recheck_daily")).one()
            job.wake_at = job.created_at
            session.add(job)
        assert advance(small.db, RunningJobs(), small.school_id, job.id, "w0", threading.Event()) == "postponed"
        with small.db.read(small.school_id) as session:
            return session.get_one(Job, (small.school_id, job.id))

    job = night("http://127.0.0.1:9")
    assert job.wake_at - datetime.now(UTC) < timedelta(minutes=1) and "tested" not in job.report
    job = night(outside[0].url)
    assert job.report == {"round": "", "keys": 7, "tested": 7, "problems": 0, "refused": {}}
    due = job.wake_at + timedelta(seconds=1)  # the database counts whole milliseconds
    assert due.astimezone(VIETNAM).hour == 4 and job.wake_at > datetime.now(UTC)
    before = stored(small, staff_id(small, "VAN"))
    night(outside[0].url)
    after = stored(small, staff_id(small, "VAN"))
    assert before is not None and after is not None and before.checked_at is not None and after.checked_at is not None
    assert after.checked_at > before.checked_at, "another night, another test"


def test_who_may(small: SmallSchool, stranger: Identity) -> None:
    van, own, others = small.people["VAN"], staff_id(small, "VAN"), staff_id(small, "TOAN")
    keys.connect(small.db, van, own, small.users["VAN"])
    assert keys.check_key(small.db, van, own).state == "ok"
    calls: list[Callable[[str], object]] = [
        lambda owner: keys.set_provider_user(small.db, van, owner, "CCCD_1"),
        lambda owner: keys.connect(small.db, van, owner, "CCCD_1"),
        lambda owner: keys.fetch_credentials(small.db, van, owner),
        lambda owner: keys.choose_credential(small.db, van, owner, "x"),
        lambda owner: keys.check_key(small.db, van, owner),
        lambda owner: keys.key_view(small.db, van, owner),
        lambda owner: keys.remove_key(small.db, van, owner),
    ]
    for call in calls:
        for owner in (others, SEAL, ""):
            assert refusal(lambda call=call, owner=owner: call(owner)).code is ErrorCode.FORBIDDEN
    assert refusal(lambda: keys.keys_page(small.db, van)).code is ErrorCode.FORBIDDEN
    assert refusal(lambda: start_recheck(small.db, van)).code is ErrorCode.FORBIDDEN


def test_another_school_sees_and_touches_nothing(small: SmallSchool, stranger: Identity) -> None:
    own = staff_id(small, "VAN")
    for call in (
        lambda: keys.set_provider_user(small.db, stranger, own, "CCCD_1"),
        lambda: keys.key_view(small.db, stranger, own),
        lambda: keys.connect(small.db, stranger, own, "CCCD_1"),
    ):
        assert refusal(call).code is ErrorCode.NOT_FOUND
    for call in (
        lambda: keys.fetch_credentials(small.db, stranger, own),
        lambda: keys.check_key(small.db, stranger, own),
        lambda: keys.choose_credential(small.db, stranger, own, "x"),
    ):
        assert refusal(call).code is ErrorCode.SIGNER_NO_KEY, "of its own it has none"
    keys.remove_key(small.db, stranger, own)
    assert stored(small, own) is not None
    page = keys.keys_page(small.db, stranger)
    assert [row.owner for row in page.rows] == [SEAL] and page.rows[0].provider_user == ""
