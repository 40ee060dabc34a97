"""Whether the secrets in the settings and of the schools are taken where they are used: a real call each, of a few schools a time."""

from __future__ import annotations

from collections.abc import Iterator
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
from hocba_app.services.signing.providers.registry import PROVIDERS
from hocba_app.services.sync.client import SectorClient
from hocba_app.settings import Settings

SCHOOLS = 5
"""Asked in one look; the next look goes on."""
TIMEOUT = 5.0


def workers_seen(_settings: Settings, db: Database) -> Iterator[Check]:
    """Whether anybody does what takes long."""
    with db.installation() as session:
        found = workers.heard_of(session, SEEN_SECONDS)
    yield Check(
        "Tiến trình worker",
        bool(found),
        "" if found else "Không có ./hocba worker nào báo hoạt động trong một phút qua.",
        "" if found else "Khởi động ./hocba worker.",
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
    slices = Slices(Path(settings.locks_dir) / "doctor-secrets.json")
    for school in schools if whole else slices.in_turn(schools)[:SCHOOLS]:
        for name, problem in (
            ("CSDL ngành", _sector(settings, school)),
            *(
                (entry.words.app, _provider(settings, db, school, entry))
                for entry in PROVIDERS.values()
                if entry.school_columns is not None
            ),
        ):
            if problem is not None:
                yield Check(
                    f"{name} {school.code}",
                    not problem,
                    problem,
                    "Nhập lại thông tin kết nối: ./hocba school set-credentials, hoặc hỏi đơn vị cung cấp."
                    if problem
                    else "",
                )
        slices.done(school.id, 1)
    if not whole:
        slices.keep()


def _sector(settings: Settings, school: School) -> str | None:
    """What is wrong, "" for nothing, None when there is nothing to ask."""
    if not (settings.smas_url and school.smas_secret_encrypted):
        return None
    try:
        secret = decrypt(school.smas_secret_encrypted)
        with SectorClient(
            settings.smas_url, school.smas_client_id, secret, attempts=1, patience=TIMEOUT, timeout=TIMEOUT
        ) as client:
            client.snapshots(school.current_year)
    except HocbaError as error:
        return _failure_sentence(error, ErrorCode.SECTOR_UNREACHABLE)
    return ""


def _provider(settings: Settings, db: Database, school: School, entry: ProviderEntry) -> str | None:
    secret = getattr(school, entry.school_columns[1]) if entry.school_columns is not None else ""
    if not (getattr(settings, entry.setting) and secret):
        return None
    try:
        decrypt(secret)
        with db.read(school.id) as session:
            users = find.columns_of(session, SigningKey.provider_user, provider=entry.name)
            user = next(filter(None, users), None)
            if user is None:
                return None  # the service takes the school's secret together with a signer's name only
            provider = provider_for(session, entry.name)
        provider.credentials(user)
    except HocbaError as error:
        if error.code in (ErrorCode.SECRET_KEY_WRONG, ErrorCode.SECRET_KEY_MISSING, ErrorCode.PROVIDER_REFUSED_CLIENT):
            return error.sentence
    return ""


def _failure_sentence(error: HocbaError, passing: ErrorCode) -> str | None:
    """A service that does not answer is reported once, for all schools, by its own check."""
    return None if error.code is passing else error.sentence
