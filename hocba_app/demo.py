"""``hocba demo``: a generated school with everything outside simulated, ready to be signed, on one address.

What is here only calls public services and the simulators' HTTP: the product cannot tell a demonstration from a school.
The second start finds everything under its folder and prepares nothing again.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from hocba_app.domain.school_calendar import school_year_of, today
from hocba_app.models import SEAL, Database, SchoolClass, Subject, TeachingAssignment
from hocba_app.models.migrate import upgrade
from hocba_app.processes import Family, await_http, require_disk, require_free_port, say, stopped_by_signals
from hocba_app.rehearsal.command import own_settings
from hocba_app.rehearsal.school import PlayedSchool, fresh_password
from hocba_app.rehearsal.simulator_processes import PIN, Ports, start_simulators
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync.client import SectorClient
from hocba_app.settings import settings

MEGABYTES = 1500
WEB_SECONDS = 600.0
"""The pages are built on the first start, on a slow machine too."""
FIRST_PORT = 9001
ORDERS, OPERATOR = "mysign-people.txt", "operator.env"
"""Files of a fresh school under the folder."""


class Notes:
    """What one start leaves for the next: ports, secrets, how far the preparation came."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "demo.json"
        self.values: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}

    def keep(self, **values: Any) -> None:
        """Add to the notes; only this user may read them."""
        self.values.update(values)
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps(self.values, ensure_ascii=False, indent=1), encoding="utf-8")


def run_demo(folder: Path, port: int, level: str, students: int, *, fresh: bool = False, reload: bool = False) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        folder: of everything the demonstration keeps.
        port: of the web server.
        fresh: the school's first day: its operator has added it, its data lie at the sector, nothing is synced, nobody is connected.
        reload: web and worker start again when a source changes.

    Raises:
        HocbaError: PORT_TAKEN, DISK_FULL, CHILD_FAILED, BUILD_FAILED.
    """
    folder = folder.resolve()
    require_free_port(port, "--port")
    require_disk(folder, MEGABYTES)
    notes = Notes(folder)
    if not notes.values:
        notes.keep(
            ports=asdict(Ports(*_free_ports(3))),
            secret_key=fresh_password(),
            password=f"demo-{fresh_password()[:6].lower()}",
            school=f"{level}:students={students},seed=1,year={_last_year()}",
        )
    ports = Ports(**notes.values["ports"])
    for each in asdict(ports).values():
        # Certificates name the port they were issued at: this school stays where it is.
        require_free_port(each, "--data")
    with stopped_by_signals() as stop, Family(folder / "logs") as family:
        outside = start_simulators(family, folder / "simulators", [notes.values["school"]], ports)
        address = f"http://localhost:{port}"
        own_settings(
            folder,
            outside.settings(),
            HOCBA_SECRET_KEY=notes.values["secret_key"],
            HOCBA_PORT=str(port),
            HOCBA_PUBLIC_URL=address,
        )
        upgrade(settings().database_url)
        web = family.start("web", "hocba_app.cli", "run")  # builds the pages while the school is made ready
        worker = family.start("worker", "hocba_app.cli", "worker", keep=True)
        db = Database(settings().database_url)
        school = PlayedSchool(db, outside, outside.schools[0], notes.values["password"], family.check)
        try:
            school.found()
            if not notes.values.get("ready"):
                _submit(school)
                left = 0
                if fresh:
                    (folder / ORDERS).write_text(_orders(school), encoding="utf-8")
                    _keep_for_operator(folder)
                else:
                    left = _prepare(school)
                notes.keep(ready=True, fresh=fresh, left=left)
            school.read_staff()
            school.read_identities()
            await_http(f"http://127.0.0.1:{port}/healthz", web, WEB_SECONDS)
            notes.keep(
                address=address, phone=f"{outside.mysign_url}/phone", smas=outside.smas_url, accounts=_accounts(school)
            )
        finally:
            school.close()
            db.dispose()
        _introduce(notes.values, outside.schools[0], folder)
        if reload:
            from hocba_app.reloading import restart_on_change

            restart_on_change((web, worker), stop, family.check)
        else:
            family.watch(stop)


def _prepare(school: PlayedSchool) -> int:
    """Synced, with images, and able to sign; nothing locked yet. A few teachers are left to "Kết nối tất cả": returns how many."""
    say("Đồng bộ về Học bạ điện tử… / Syncing…")
    school.sync()
    school.read_staff()
    say("Tài khoản, ảnh chữ ký, MySign của mọi người… / Accounts, signature images, MySign…")
    school.activate_everybody()
    school.upload_images()
    school.read_identities()
    # What a real school does itself stays to be seen: one has an account at MySign nobody connected, one has yet to order his.
    ordered, without = _left_to_connect(school)
    school.connect_keys({SEAL, *school.staff} - {*ordered, *without})
    school.order_accounts(ordered)
    school.appoint_seal_operator()
    return len(ordered | without)


def _left_to_connect(school: PlayedSchool) -> tuple[set[str], set[str]]:
    """Teachers who have nothing to do with the class whose people are printed: one of each kind, none in a small school."""
    shown = _shown_class(school)
    with school.db.read(school.school_id) as session:
        of_class = col(TeachingAssignment.class_id) == shown.id
        signers = {shown.homeroom_staff_id, *session.exec(select(TeachingAssignment.staff_id).where(of_class)).all()}
    others = sorted(row.code for row in school.staff.values() if row.position == "teacher" and row.id not in signers)
    ids = {row.code: row.id for row in school.staff.values()}
    return {ids[code] for code in others[-1:]}, {ids[code] for code in others[-2:-1]}


def _submit(school: PlayedSchool) -> None:
    """The school's year lies at the sector, up to its results."""
    say("Trường nộp dữ liệu từ SMAS lên CSDL ngành… / The school submits its data…")
    for kind, term in (("beginning_of_year", None), ("results", "I"), ("results", "II")):
        school.smas.submit(kind, term)


def _orders(school: PlayedSchool) -> str:
    """Who needs an account at MySign, in lines for the page where they are ordered: what a school hands to the authority."""
    entry = school.entry
    with SectorClient(settings().smas_url, entry["client_id"], entry["client_secret"]) as sector:
        people = [row["data"] for row in sector.page("staff", entry["school_year"]).rows]
    lines = [f"{each['id_number']} {each['full_name']}" for each in people if each["id_number"]]
    return "\n".join([*lines, f"{entry['tax_code']} {entry['name']}", ""])


def _keep_for_operator(folder: Path) -> None:
    """The environment in which the operator's commands mean this school."""
    path = folder / OPERATOR
    path.touch(mode=0o600)
    path.write_text(
        "".join(
            f"{name}={shlex.quote(value)}\n" for name, value in sorted(os.environ.items()) if name.startswith("HOCBA_")
        ),
        encoding="utf-8",
    )


def _shown_class(school: PlayedSchool) -> SchoolClass:
    return next(each for each in school.classes() if each.homeroom_staff_id in school.people)


def _accounts(school: PlayedSchool) -> list[dict[str, str]]:
    """One account a role; the teachers are of one class, so that the chain can be tried with them."""
    people = school.people
    if not people:
        return [_account("Quản trị", school.admin, "")]
    school_class = _shown_class(school)
    with school.db.read(school.school_id) as session:
        taught = session.exec(
            select(TeachingAssignment.staff_id, Subject.name)
            .join(
                Subject,
                (col(Subject.id) == TeachingAssignment.subject_id)
                & (col(Subject.school_id) == TeachingAssignment.school_id),
            )
            .where(col(TeachingAssignment.class_id) == school_class.id, col(TeachingAssignment.active).is_(True))
            .order_by(col(Subject.position))
        ).all()
    subjects = dict(reversed(taught))
    teachers = [
        staff_id for staff_id in reversed(subjects) if staff_id in people and staff_id != school_class.homeroom_staff_id
    ]
    chosen = [
        ("Hiệu trưởng", school.principal().id),
        (f"GVCN {school_class.name}", school_class.homeroom_staff_id or ""),
        *((f"{subjects[staff_id]} {school_class.name}", staff_id) for staff_id in teachers[:2]),
        ("Người đóng dấu", school.seal_operator().id),
    ]
    rows = [_account("Quản trị", school.admin, "")]
    for role, staff_id in chosen:
        mysign = f"CCCD_{school.staff[staff_id].id_number}"
        if role == "Người đóng dấu":
            mysign = f"MST_{school.entry['tax_code']}"
        rows.append(_account(role, people[staff_id], mysign))
    return rows


def _account(role: str, who: Identity, mysign: str) -> dict[str, str]:
    return {"role": role, "username": who.username, "full_name": who.full_name, "mysign": mysign}


def _introduce(notes: dict[str, Any], entry: dict[str, Any], folder: Path) -> None:
    """Everything a visitor needs, on standard output."""
    lines = [
        "",
        f"Học bạ điện tử: {notes['address']}   (Ctrl-C để dừng / Ctrl-C stops)",
        f"Điện thoại MySign / phone: {notes['phone']}   mã PIN / PIN: {PIN}",
        f"Cấp tài khoản MySign / order accounts: {notes['phone'].removesuffix('/phone')}/accounts",
        f"SMAS mô phỏng / simulated SMAS: {notes['smas']}   {entry['name']} ({entry['code']})"
        + (f"   mật khẩu / password: {entry['console_password']}" if entry.get("console_password") else ""),
        f"Mật khẩu mọi tài khoản / password of every account: {notes['password']}",
        "",
        f"  {'vai trò / role':<22}{'tên đăng nhập / login':<28}{'MySign':<22}họ tên / name",
        *(
            f"  {row['role']:<22}{row['username']:<28}{row['mysign']:<22}{row['full_name']}"
            for row in notes["accounts"]
        ),
        "",
        *(_first_days(entry, folder) if notes.get("fresh") else _what_next(notes.get("left", 0))),
    ]
    print("\n".join(lines), flush=True)


def _what_next(left: int) -> tuple[str, ...]:
    return (
        "Quản trị chốt bìa, QTHT, kết quả; GVBM, GVCN, Hiệu trưởng ký; người đóng dấu đóng dấu; xác nhận trên trang điện thoại.",
        "The admin locks; teachers, homeroom teacher and principal sign; the seal follows; confirm on the phone page.",
    ) + (
        (
            f"{left} giáo viên chưa kết nối ký số, xem trang Tài khoản ký số / {left} teachers have yet to be connected there.",
        )
        if left
        else ()
    )


def _first_days(entry: dict[str, Any], folder: Path) -> tuple[str, ...]:
    operator = f"set -a; . {folder / OPERATOR}; set +a"
    return (
        "Ngày đầu của trường: quản trị đăng nhập, trang Tổng quan chỉ từng bước, bắt đầu bằng Đồng bộ.",
        "The school's first day: log in as the admin; the home page leads, beginning with the sync.",
        f"Danh sách để cấp tài khoản MySign / whom to order accounts for: {folder / ORDERS}",
        "Sau lần đồng bộ đầu, người vận hành xác nhận Ban giám hiệu và cấp mã cho Hiệu trưởng / then the operator, in another terminal:",
        f"  {operator}; ./hocba school confirm-leadership {entry['code']}; ./hocba user list {entry['code']}; ./hocba user code TÊN@{entry['code']}",
    )


def _last_year() -> str:
    """The school year that has its results: the one before the present one from August on, in the contract's form."""
    first = int(school_year_of(today())[:4]) - (1 if today().month >= 8 else 0)
    return f"{first}-{first + 1}"


def _free_ports(count: int) -> list[int]:
    """Free ports below those the system gives to outgoing connections: they must be free at the next start too."""
    found: list[int] = []
    for port in range(FIRST_PORT, FIRST_PORT + 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            break
    return found
