"""``hocba doctor``: is everything there that the product needs, and if not, what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from hocba_app.bounded_http import BoundedClient
from hocba_app.domain.clock import correction, machine_now
from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Database
from hocba_app.models.repositories import workers
from hocba_app.models.repositories.job_history import idle_jobs
from hocba_app.models.schema_check import passes_row_security, require_current_schema
from hocba_app.services.jobs.behind import behind_by_school, words_of
from hocba_app.services.jobs.claim import SILENT_AFTER
from hocba_app.services.maintenance.archive_standing import waiting_archives
from hocba_app.services.maintenance.audit_check import audit_checks
from hocba_app.services.maintenance.configuration_check import Check, encrypted_addresses, private_places, secret_key
from hocba_app.services.maintenance.connection_check import redis_answers, school_secrets, workers_seen
from hocba_app.services.maintenance.nightly_verification import files_standing
from hocba_app.services.maintenance.room import room_left
from hocba_app.services.signing.integrations import timestamp_client, token
from hocba_app.services.storage.identity import StoreGuard
from hocba_app.services.storage.store import configured
from hocba_app.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
CLOCK_TOLERANCE = timedelta(seconds=60)
TIMEOUT = 5.0
_PROBE = ".probe"


def examine(settings: Settings, db: Database, *, whole: bool = False) -> Iterator[Check]:
    """Run every check; a check that cannot run is itself a problem, never an end.

    Args:
        whole: look at every school, however long it takes; otherwise at some, the next ones at the next look.
    """
    audit = partial(audit_checks, whole=whole)
    secrets = partial(school_secrets, whole=whole)
    of_database = {*_OF_DATABASE, audit, secrets}
    checks: tuple[tuple[str, Callable[[Settings, Database], Iterator[Check]]], ...] = (
        ("Khóa bí mật", lambda _settings, _db: secret_key()),
        ("Quyền tệp", lambda settings, _db: private_places(settings)),
        ("Địa chỉ mã hóa", lambda settings, _db: encrypted_addresses(settings)),
        ("Phông chữ", _fonts),
        ("Cơ sở dữ liệu", _database),
        ("Đồng hồ", _clock),
        ("Chỗ trống", room_left),
        ("Kho hồ sơ", _documents),
        ("Chứng thư gốc", _roots),
        ("Redis", redis_answers),
        ("Dịch vụ bên ngoài", _services),
        ("Thông tin kết nối của trường", secrets),
        ("Mã dấu thời gian", _timestamps),
        ("Token ký số", _token),
        ("Tiến trình worker", workers_seen),
        ("Công việc nền", _jobs),
        ("Lưu trữ lâu dài", _archives),
        ("Việc định kỳ", _duties),
        ("Nhật ký", audit),
        ("Tệp lưu trữ", _stored_files),
    )
    readable = True
    for name, check in checks:
        if not readable and check in of_database:
            yield Check(
                name,
                False,
                "Chưa kiểm tra được: cơ sở dữ liệu chưa dùng được.",
                "Xử lý mục Cơ sở dữ liệu phía trên rồi chạy lại.",
            )
            continue
        try:
            for found in check(settings, db):
                readable = readable and (found.name != "Cơ sở dữ liệu" or found.ok)
                yield found
        except (HocbaError, StoreUnavailable) as error:
            yield Check(name, False, f"Chưa kiểm tra được: {error.sentence}")
        except (OSError, SQLAlchemyError, httpx.HTTPError, ValueError) as error:
            readable = readable and check is not _database
            yield Check(
                name, False, f"Chưa kiểm tra được ({type(error).__name__}).", "Xem các mục phía trên rồi chạy lại."
            )


def _fonts(_settings: Settings, _db: Database) -> Iterator[Check]:
    fonts = sorted((ROOT / "assets" / "fonts" / "pdf").glob("*.ttf"))
    yield Check(
        "Phông chữ",
        bool(fonts),
        "" if fonts else "Thiếu phông chữ trong assets/fonts/pdf.",
        "" if fonts else "Cài lại mã nguồn đầy đủ.",
    )


def _database(settings: Settings, _db: Database) -> Iterator[Check]:
    try:
        require_current_schema(settings.database_url)
    except HocbaError as error:
        yield Check("Cơ sở dữ liệu", False, error.sentence)
        return
    except OperationalError as error:
        said = str(error.orig).splitlines()[0][:200]  # the server's or the network's; no password is in it
        yield Check("Cơ sở dữ liệu", False, HocbaError(ErrorCode.DATABASE_UNREACHABLE, detail=said).sentence)
        return
    yield Check("Cơ sở dữ liệu", True)
    if passes_row_security(settings.database_url):
        yield Check(
            "Vai trò cơ sở dữ liệu",
            False,
            "Tài khoản trong HOCBA_DATABASE_URL là superuser hoặc có BYPASSRLS nên các trường không được tách bằng bảo mật dòng.",
            "Dùng một tài khoản thường, sở hữu các bảng (docs/administration.md, PostgreSQL).",
        )


def _clock(_settings: Settings, db: Database) -> Iterator[Check]:
    """The product follows the database's clock; what stands in certificates and tokens is held against this machine's."""
    with db.installation() as session:
        session.connection()
    if off := correction():
        yield _wrong_clock(off, "cơ sở dữ liệu")


def _documents(_settings: Settings, db: Database) -> Iterator[Check]:
    """Whose it is, and whether it takes and gives bytes."""
    store = configured()
    try:
        StoreGuard(store, db).claim()
        store.write(_PROBE, b"x", replace=True)
        store.read(_PROBE)
        store.remove(_PROBE)
    except StoreUnavailable as error:
        yield Check("Kho hồ sơ", False, error.sentence)
        return
    yield Check("Kho hồ sơ", True)


def _roots(settings: Settings, _db: Database) -> Iterator[Check]:
    path = Path(settings.trust_roots) if settings.trust_roots else None
    there = path is not None and path.is_file() and b"BEGIN CERTIFICATE" in path.read_bytes()
    yield Check(
        "Chứng thư gốc",
        there,
        "" if there else "Chưa có tệp chứng thư gốc tin cậy (PEM).",
        "" if there else "Đặt HOCBA_TRUST_ROOTS tới tệp PEM của chứng thư gốc quốc gia.",
    )


def _services(settings: Settings, _db: Database) -> Iterator[Check]:
    for name, url, variable in (
        ("CSDL ngành", settings.smas_url, "HOCBA_SMAS_URL"),
        ("MySign", settings.mysign_url, "HOCBA_MYSIGN_URL"),
        ("Dấu thời gian", settings.tsa_url, "HOCBA_TSA_URL"),
    ):
        if not url:
            yield Check(name, False, f"Chưa đặt {variable}.", f"Đặt {variable} trong môi trường hoặc tệp .env.")
            continue
        try:
            started = time.monotonic()
            with BoundedClient(timeout=TIMEOUT) as client:
                answer = client.get(url)
            travel = timedelta(seconds=time.monotonic() - started)
        except httpx.HTTPError:
            yield Check(name, False, "Không kết nối được.", f"Kiểm tra mạng và {variable}.")
            continue
        yield Check(name, True)
        if "date" in answer.headers:
            off = abs(machine_now() - parsedate_to_datetime(answer.headers["date"])) - travel
            if off > CLOCK_TOLERANCE:
                yield _wrong_clock(off, name)


def _wrong_clock(off: timedelta, reference: str) -> Check:
    return Check(
        "Đồng hồ",
        False,
        f"Đồng hồ máy lệch {round(abs(off).total_seconds())} giây so với {reference}.",
        "Bật đồng bộ giờ (NTP).",
    )


_NO_TOKEN = {
    "away": (
        "Chưa kiểm tra được: dịch vụ dấu thời gian không trả lời, hoặc trả lời lỗi.",
        "Kiểm tra mạng và HOCBA_TSA_URL, rồi chạy lại.",
    ),
    "unit": (
        "Chứng thư dấu thời gian của nhà cung cấp không dùng được: phải thuộc chứng thư gốc đã đặt, chỉ để cấp dấu thời gian "
        "(extendedKeyUsage quan trọng, một mục đích), và được nêu trong mã.",
        "Hỏi nhà cung cấp dịch vụ dấu thời gian, hoặc kiểm tra HOCBA_TRUST_ROOTS.",
    ),
    "": ("Dịch vụ không cấp được dấu thời gian đúng chuẩn RFC 3161.", "Kiểm tra HOCBA_TSA_URL."),
}
"""By what the client says of a failure."""


def _timestamps(settings: Settings, _db: Database) -> Iterator[Check]:
    """A token is asked for: an authority that answers may still be one whose tokens no verifier takes."""
    if not settings.tsa_url or not settings.trust_roots or not Path(settings.trust_roots).is_file():
        return  # said above
    try:
        timestamp_client().tokens([b"doctor"])
    except HocbaError as error:
        yield Check("Mã dấu thời gian", False, *_NO_TOKEN[next(iter(error.params), "")])
        return
    yield Check("Mã dấu thời gian", True)


def _token(settings: Settings, _db: Database) -> Iterator[Check]:
    if not settings.pkcs11_module:
        return
    try:
        token().log_in()
    except HocbaError as error:
        yield Check("Token ký số", False, error.sentence, "Sửa các biến HOCBA_PKCS11_… hoặc cắm token, rồi chạy lại.")
        return
    yield Check("Token ký số", True)


def _jobs(_settings: Settings, db: Database) -> Iterator[Check]:
    with db.installation() as session:
        idle = idle_jobs(session, SILENT_AFTER)
    yield Check(
        "Công việc nền",
        idle == 0,
        "" if not idle else f"{idle} công việc không có tiến trình nào xử lý.",
        "" if not idle else "Khởi động ./hocba worker; công việc sẽ tự chạy tiếp.",
    )


def _archives(_settings: Settings, db: Database) -> Iterator[Check]:
    name, waiting = "Lưu trữ lâu dài", list(waiting_archives(db))
    if not waiting:
        yield Check(name, True)
    for each in waiting:
        yield Check(name, False, each.problem, each.remedy)


def _duties(_settings: Settings, db: Database) -> Iterator[Check]:
    """What must be true for ever, counted from state: archives, their renewal, each day's work; it begins with the first worker."""
    with db.installation() as session:
        if not workers.ever_worked(session):
            return
    for code, owed in behind_by_school(db):
        yield Check(
            f"Việc định kỳ {code}",
            not owed.any,
            "" if not owed.any else f"{', '.join(words_of(owed))}.".capitalize(),
            ""
            if not owed.any
            else "Việc được tự làm lại, thưa dần; kiểm tra ./hocba worker đang chạy, đĩa còn chỗ, dịch vụ dấu thời gian và nhật ký của worker.",
        )


def _stored_files(_settings: Settings, db: Database) -> Iterator[Check]:
    for found in files_standing(db):
        yield Check(f"Tệp lưu trữ {found.school_code}", found.ok, found.problem, found.remedy)


_OF_DATABASE = (_clock, room_left, _documents, _jobs, _duties, _archives, _stored_files, workers_seen)
"""Not asked when the database cannot be read as it is: they would only say so again, or misread it."""
