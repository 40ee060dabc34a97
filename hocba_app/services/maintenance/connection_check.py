"""Whether the secrets in the settings and of the schools are taken where they are used: a real call each, of a few schools a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import redis

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School, SigningKey
from hocba_app.models.repositories import find, workers
from hocba_app.services.credential_cipher import decrypt
from hocba_app.services.maintenance.configuration_check import Check
from hocba_app.services.maintenance.readiness import REDIS_SECONDS, SEEN_SECONDS
from hocba_app.services.maintenance.slices import Slices
from hocba_app.services.signing.integrations import provider_for
from hocba_app.services.signing.providers.provider import ProviderEntry
from hocba_app.services.signing.providers.registry import PROVIDERS, USUAL
from hocba_app.services.sync.client import SectorClient
from hocba_app.settings import Settings

SCHOOLS = 5
"""Asked in one look; the next look goes on."""
TIMEOUT = 5.0
MAX_NAMED = 5


def workers_seen(_settings: Settings, db: Database) -> Iterator[Check]:
    """Whether anybody does what takes long."""
    with db.installation() as session:
        found = workers.heard_of(session, SEEN_SECONDS)
        began = bool(found) or workers.ever_worked(session)
    said = (
        "Không có ./hocba worker nào báo hoạt động trong một phút qua." if began else "Chưa có ./hocba worker nào chạy."
    )
    yield Check(
        "Tiến trình worker",
        bool(found) or not began,
        "" if found else said,
        "" if found else "Khởi động ./hocba worker: không có nó, đồng bộ, chốt và ký chỉ xếp hàng.",
    )


def redis_answers(settings: Settings, _db: Database) -> Iterator[Check]:
    """Pages of several web processes keep their state there."""
    if not settings.redis_url:
        return
    try:
        with redis.Redis.from_url(
            settings.redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as client:
            client.ping()
    except redis.AuthenticationError:
        yield Check(
            "Redis",
            False,
            "Redis từ chối mật khẩu: màn hình của mọi người để trống.",
            "Sửa mật khẩu trong HOCBA_REDIS_URL.",
        )
        return
    except (redis.RedisError, OSError, ValueError) as error:
        yield Check(
            "Redis",
            False,
            f"Redis không trả lời ({type(error).__name__}): màn hình của mọi người để trống.",
            "Kiểm tra HOCBA_REDIS_URL (địa chỉ, mật khẩu) và dịch vụ Redis.",
        )
        return
    yield Check("Redis", True)


def school_secrets(settings: Settings, db: Database, *, whole: bool = False) -> Iterator[Check]:
    """Of a few schools: does the key open their credentials, do SMAS and MySign take them."""
    with db.installation() as session:
        schools = find.all_of(session, School, School.id)
    if wrong := [school.code for school in schools if not _opened(school)]:
        more = f" và {len(wrong) - MAX_NAMED} trường khác" if len(wrong) > MAX_NAMED else ""
        yield Check(
            "Khóa của thông tin kết nối",
            False,
            f"HOCBA_SECRET_KEY không mở được thông tin kết nối của {', '.join(wrong[:MAX_NAMED])}{more}.",
            "Đặt lại đúng khóa cũ, hoặc nhập lại thông tin kết nối: ./hocba school set-credentials.",
        )
    slices = Slices(Path(settings.locks_dir) / "doctor-secrets.json")
    silent: dict[str, _Answer] = {}
    for school in schools if whole else slices.in_turn(schools)[:SCHOOLS]:
        asks: dict[str, Callable[[], _Answer]] = {"CSDL ngành": partial(_sector, settings, school)}
        for entry in PROVIDERS.values():
            if entry.school_columns is not None:
                asks[entry.words.app] = partial(_provider, settings, db, school, entry)
        for name, ask in asks.items():
            answer = silent.get(name) or ask()  # a service that did not answer is not waited for once a school
            if answer is None:
                continue
            if answer[1].startswith(_UNTRIED):
                silent[name] = answer
            yield Check(f"{name} {school.code}", *answer)
        slices.done(school.id, 1)
    if not whole:
        slices.keep()


def _opened(school: School) -> bool:
    """Whether the key opens what is stored of a school; asked of every school, for it costs nothing."""
    try:
        for entry in (school.smas_secret_encrypted, school.mysign_secret_encrypted):
            decrypt(entry)
    except HocbaError:
        return False
    return True


_Answer = tuple[bool, str, str] | None
"""Of a check: well, what is wrong, what to do; None when there is nothing to ask."""
_WELL = (True, "", "")
_AGAIN = "Nhập lại thông tin kết nối: ./hocba school set-credentials, hoặc hỏi đơn vị cung cấp."
_MISSING = (True, "Trường chưa có thông tin kết nối.", "Nhập bằng ./hocba school set-credentials.")
_UNPROVEN = (
    True,
    "Dịch vụ trả lời, nhưng trường chưa có tài khoản ký số nào để thử thông tin kết nối.",
    "Kết nối một tài khoản ở trang Tài khoản ký số rồi chạy lại.",
)
_UNTRIED = "Chưa thử được thông tin kết nối"
_NOBODY = "000000000000"
"""A signer nobody is: enough to hear whether the service knows the school."""


def _sector(settings: Settings, school: School) -> _Answer:
    if not settings.smas_url:
        return None
    if not school.smas_secret_encrypted:
        return _MISSING
    try:
        secret = decrypt(school.smas_secret_encrypted)
        with SectorClient(
            settings.smas_url, school.smas_client_id, secret, attempts=1, patience=TIMEOUT, timeout=TIMEOUT
        ) as client:
            client.snapshots(school.current_year)
    except HocbaError as error:
        return _unknown(error) if error.code is ErrorCode.SECTOR_UNREACHABLE else (False, error.sentence, _AGAIN)
    return _WELL


def _provider(settings: Settings, db: Database, school: School, entry: ProviderEntry) -> _Answer:
    """The service takes the school's secret together with a signer's name: of somebody connected, else of nobody."""
    if entry.school_columns is None or not getattr(settings, entry.setting):
        return None
    if not (secret := getattr(school, entry.school_columns[1])):
        return _MISSING if entry.name == USUAL and not _has_provider(school) else None
    user = ""
    try:
        decrypt(secret)
        with db.read(school.id) as session:
            users = find.columns_of(session, SigningKey.provider_user, provider=entry.name)
            user = next(filter(None, users), "")
            provider = provider_for(session, entry.name)
        provider.credentials(user or _NOBODY)
    except HocbaError as error:
        if error.code in (ErrorCode.SECRET_KEY_WRONG, ErrorCode.SECRET_KEY_MISSING, ErrorCode.PROVIDER_REFUSED_CLIENT):
            return False, error.sentence, _AGAIN
        if error.code is not ErrorCode.PROVIDER_UNKNOWN_USER:
            return _unknown(error)
        # A signer whose account is gone or locked says nothing against the school's own credentials.
    return _WELL if user else _UNPROVEN


def _has_provider(school: School) -> bool:
    return any(getattr(school, each.school_columns[1]) for each in PROVIDERS.values() if each.school_columns)


def _unknown(error: HocbaError) -> _Answer:
    """Not well and not wrong: that the service does not answer is told by its own check, once for all schools."""
    return True, f"{_UNTRIED}: {error.sentence}", "Chạy lại khi dịch vụ trả lời."
