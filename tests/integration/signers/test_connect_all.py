"""Everybody's signing account connected at once, against the MySign simulator over HTTP; its accounts made on its page."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Account, AuditEvent, Job, SigningKey, Staff
from hocba_app.models.repositories import signers as rows
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signers import connect_all, keys
from hocba_app.services.signers.connect_all import connecting, start_connecting, stop_connecting
from hocba_app.services.signing.providers import mysign, smartca
from hocba_app.settings import settings
from tests.integration.signers.people import add_staff, staff_id
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]


@pytest.fixture
def office(small: SmallSchool) -> SmallSchool:
    """The small school with an office that may act today, as a job asks."""
    with small.db.write(small.school_id) as session:
        account = session.get_one(Account, (small.school_id, small.people["admin"].account_id))
        account.password_hash, account.granted_roles = "x", ["admin"]
        session.add(account)
    return small


def order(rig: Rig, *lines: str, **more: str) -> None:
    """Accounts ordered on the simulator's page."""
    answer = httpx.post(f"{rig.url}/accounts", data={"people": "\n".join(lines), "pin": "246813", **more})
    assert answer.status_code == 200 and "Đã cấp" in answer.text, answer.text


def run(small: SmallSchool, job_id: str, end: str = "ended") -> Job:
    assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == end
    with small.db.read(small.school_id) as session:
        return session.get_one(Job, (small.school_id, job_id))


def account_of(small: SmallSchool, owner: str) -> tuple[str, str] | None:
    with small.db.read(small.school_id) as session:
        key = rows.key_of(session, owner)
    return (key.provider_user, key.problem or "") if key and key.credential_id else None


def events(small: SmallSchool, owner: str) -> list[tuple[str, str]]:
    with small.db.read(small.school_id) as session:
        query = select(AuditEvent).where(AuditEvent.subject == f"signer:{owner}").order_by(col(AuditEvent.seq))
        return [(event.action, event.actor) for event in session.exec(query).all()]


def test_a_dozen_teachers_are_looked_up_and_who_is_left_has_a_reason(office: SmallSchool, outside: Outside) -> None:
    small, rig, admin = office, outside[0], office.people["admin"]
    mark = "1" if small.db.is_sqlite else "2"

    def number(at: int) -> str:
        return f"07930{mark}0000{at:02d}"

    good = [add_staff(small, f"T{at:02d}", id_number=number(at), name=f"Trần Thị Tốt {at}") for at in range(1, 7)]
    order(rig, *(f"{number(at)} Trần Thị Tốt {at}" for at in range(1, 7)))
    old_number = f"02{mark}000011"
    old = add_staff(small, "T11", id_number=number(11), name="Lê Văn Cũ")
    with small.db.write(small.school_id) as session:
        session.get_one(Staff, (small.school_id, old)).old_id_number = old_number
    order(rig, f"{old_number}\tLê Văn Cũ")
    two = add_staff(small, "T12", id_number=number(12), name="Lê Thị Hai")
    order(rig, f"{number(12)} Lê Thị Hai")
    order(rig, f"{number(12)} Lê Thị Hai", again="1")
    other_name = add_staff(small, "T13", id_number=number(13), name="Lê Thị Tên")
    order(rig, f"{number(13)}; Phạm Thị Khác")
    late = add_staff(small, "T14", id_number=number(14), name="Lê Thị Muộn")
    now = datetime.now(UTC)
    rig.add(
        {"user_id": f"CMT_{number(14)}", "full_name": "Lê Thị Muộn", "id_number": number(14), "phone": "1"},
        not_before=(now - timedelta(days=9)).isoformat(),
        not_after=(now - timedelta(days=1)).isoformat(),
    )
    nobody = add_staff(small, "T15", id_number=number(15), name="Lê Thị Không")
    unknown = add_staff(small, "T16", id_number=None, name="Lê Thị Thiếu")
    before = account_of(small, staff_id(small, "VAN"))

    job_id = start_connecting(small.db, admin)
    assert start_connecting(small.db, admin) == job_id, "one at a time"
    job = run(small, job_id)
    assert (job.state, job.progress, job.total) == ("done", 12, 12), (job.error_code, job.report)

    assert [account_of(small, owner) for owner in good] == [(f"CCCD_{number(at)}", "") for at in range(1, 7)]
    assert account_of(small, old) == (f"CMT_{old_number}", ""), "the new number first, then the old"
    assert account_of(small, other_name) == (f"CCCD_{number(13)}", "certificate_other_name"), "as by hand"
    assert account_of(small, staff_id(small, "VAN")) == before, "who is connected keeps his"
    last = connecting(small.db, admin)
    assert last is not None and not last.live and last.connected == 7
    reasons = {one.owner: one.reason for one in last.left}
    assert set(reasons) == {two, other_name, late, nobody, unknown}
    assert "2 chứng thư số" in reasons[two] and "Hiệu trưởng chấp nhận" in reasons[other_name]
    assert (now - timedelta(days=1)).strftime("%d/%m/%Y") in reasons[late]
    assert "cả số mới và số cũ" in reasons[nobody] and "Lê Thị Thiếu chưa có số định danh" in reasons[unknown]
    assert number(15) not in repr(job.report) and "Lê Thị" not in repr(job.report), "no personal data in a job's row"
    assert events(small, good[0]) == [
        ("key.account_set", admin.account_id),
        ("key.certificate_set", admin.account_id),
    ]

    # The second certificate is picked by hand, and goes from the list.
    picked = keys.fetch_credentials(small.db, admin, two)
    assert [found.usable for found in picked] == [True, True]
    keys.choose_credential(small.db, admin, two, picked[1].credential_id)
    after = connecting(small.db, admin)
    assert after is not None and two not in {one.owner for one in after.left}


def test_a_pasted_column_with_and_without_codes(office: SmallSchool, outside: Outside) -> None:
    small, rig, admin = office, outside[0], office.people["admin"]
    mark = "3" if small.db.is_sqlite else "4"
    first = add_staff(small, "P01", id_number=f"07930{mark}000021", name="Lê Thị Một")
    second = add_staff(small, "P02", id_number=f"07930{mark}000022", name="Lê Thị Nhì")
    third = add_staff(small, "P03", id_number=f"07930{mark}000023", name="Lê Thị Ba")
    with small.db.write(small.school_id) as session:
        for key in session.exec(select(SigningKey).where(SigningKey.owner == SEAL)).all():
            session.delete(key)
    order(rig, *(f"07930{mark}00002{at} Lê Thị {name}" for at, name in ((1, "Một"), (2, "Nhì"))))
    rig.add(
        {"user_id": f"rieng_{mark}", "full_name": "Lê Thị Ba", "id_number": f"07930{mark}000023", "phone": "1"}
    )  # under a name of its own
    with pytest.raises(HocbaError) as caught:
        start_connecting(small.db, admin, "P01 1\nP99\t079300000000\n079399999999")
    assert "dòng 2: không có mã cán bộ P99; dòng 3: không ai" in caught.value.sentence
    assert connecting(small.db, admin) is None and account_of(small, first) is None, "nothing was taken"

    column = (
        f"Số CCCD\n'7930{mark}000021\np02\tLê Thị Nhì\t7930{mark}000022\nP03,rieng_{mark}\n0312345678\nGV001 CCCD_1\n"
    )
    job_id = start_connecting(small.db, admin, column)
    with pytest.raises(HocbaError):
        start_connecting(small.db, admin, column)
    assert run(small, job_id).state == "done"
    assert [account_of(small, owner) for owner in (first, second, third, SEAL)] == [
        (f"CCCD_07930{mark}000021", ""),
        (f"CCCD_07930{mark}000022", ""),
        (f"rieng_{mark}", ""),
        ("MST_0312345678", ""),
    ]
    assert account_of(small, staff_id(small, "principal")) == (small.users["principal"], ""), "connected: kept"
    with pytest.raises(HocbaError) as caught:
        start_connecting(small.db, admin)
    assert "đã kết nối" in caught.value.sentence


def test_by_hand_a_number_needs_no_prefix(office: SmallSchool, outside: Outside) -> None:
    small, admin = office, office.people["admin"]
    number = "079305000031" if small.db.is_sqlite else "079306000031"
    order(outside[0], f"{number} Lê Thị Gõ")
    owner = add_staff(small, "H01", id_number=number, name="Lê Thị Gõ")
    assert keys.connect(small.db, admin, owner, f" {number} ").provider_user == f"CCCD_{number}"
    assert keys.connect(small.db, admin, SEAL, "0312345678").provider_user == "MST_0312345678"


@pytest.mark.parametrize(
    ("typed", "accounts"),
    [
        ("079204001234", ("CCCD_079204001234", "CMT_079204001234", "079204001234")),
        ("024123456", ("CMT_024123456", "024123456")),
        ("0312345678-001", ("MST_0312345678-001",)),
        ("CCCD_1", ()),
        ("٠٧٩٢٠٤٠٠١٢٣٤", ()),
    ],
)
def test_each_service_names_accounts_its_own_way(typed: str, accounts: tuple[str, ...]) -> None:
    assert mysign.ENTRY.accounts_of(typed) == accounts
    assert smartca.ENTRY.accounts_of(typed) == ((typed,) if accounts else ())


def test_it_waits_for_a_dead_service_stops_when_asked_and_goes_on_where_it_was(
    office: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, rig, admin = office, outside[0], office.people["admin"]
    mark = "7" if small.db.is_sqlite else "8"
    owners = [add_staff(small, f"W0{at}", id_number=f"07930{mark}00004{at}", name=f"Lê Thị {at}") for at in (1, 2, 3)]
    order(rig, *(f"07930{mark}00004{at} Lê Thị {at}" for at in (2, 3)))

    def service(url: str) -> None:
        monkeypatch.setenv("HOCBA_MYSIGN_URL", url)
        settings.cache_clear()

    job_id = start_connecting(small.db, admin)
    service("http://127.0.0.1:9")
    assert run(small, job_id, "postponed").report == {}, "a dead service teaches nothing"
    service(rig.url)
    real = connect_all._report

    def stopped(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        stop_connecting(small.db, admin)

    with monkeypatch.context() as patched:
        patched.setattr(connect_all, "_report", stopped)
        job = run(small, job_id)
    assert (job.state, job.report["left"]) == ("cancelled", [[owners[0], "provider_unknown_user", {}]])
    assert account_of(small, owners[1]) is None

    with small.db.write(small.school_id) as session:  # the same of the seal, which has no id number
        stored = session.get_one(Job, (small.school_id, job_id))
        stored.report = {"left": [*stored.report["left"], [SEAL, "provider_unknown_user", {}]]}
        session.delete(session.exec(select(SigningKey).where(SigningKey.owner == SEAL)).one())
    last = connecting(small.db, admin)
    assert last is not None and ["mã số thuế" in one.reason for one in last.left] == [False, True]

    # Killed after the first: the next worker takes the others alone.
    with small.db.write(small.school_id) as session:
        killed = session.get_one(Job, (small.school_id, job_id))
        killed.state, killed.cancel_asked, killed.ended_at = "queued", False, None
    asked: list[str] = []
    connect = connect_all.connect_first
    monkeypatch.setattr(connect_all, "connect_first", lambda *given: (asked.append(given[2]), connect(*given))[1])
    job = run(small, job_id)
    assert asked == owners[1:] and (job.state, job.progress, job.total) == ("done", 4, 4)
    last = connecting(small.db, admin)
    assert last is not None and last.connected == 2 and [one.owner for one in last.left] == [owners[0], SEAL]


def test_only_the_office_may_and_only_while_it_may(office: SmallSchool) -> None:
    small, admin = office, office.people["admin"]
    add_staff(small, "R01", id_number="079309000051")
    for call in (start_connecting, stop_connecting, connecting):
        for part in ("VAN", "homeroom", "operator"):
            with pytest.raises(HocbaError) as caught:
                call(small.db, small.people[part])  # type: ignore[operator]
            assert caught.value.code is ErrorCode.FORBIDDEN
    job_id = start_connecting(small.db, admin)
    with small.db.write(small.school_id) as session:
        session.get_one(Account, (small.school_id, admin.account_id)).disabled = True
    job = run(small, job_id)
    assert (job.state, job.error_code) == ("failed", "forbidden")
