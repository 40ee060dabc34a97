"""What `doctor` says of settings: the secret key, who else can read the data, addresses without encryption."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hocba_app.domain.errors import HocbaError
from hocba_app.private_files import is_open_to_others
from hocba_app.services.credential_cipher import require_strong_key
from hocba_app.services.maintenance.data_places import data_places
from hocba_app.services.signing.providers.registry import PROVIDERS
from hocba_app.settings import Settings

_SERVICES = (
    ("CSDL ngành", "smas_url"),
    ("Kho hồ sơ S3", "s3_endpoint"),
    *((each.words.title, each.setting) for each in PROVIDERS.values() if each.setting.endswith("_url")),
    ("Địa chỉ công khai", "public_url"),
)
_LIBPQ_ENCRYPTED = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. ``problem`` and ``remedy`` are empty when it is well; with ``ok`` they are a remark."""

    name: str
    ok: bool
    problem: str = ""
    remedy: str = ""


def secret_key() -> Iterator[Check]:
    """Whether the credentials are encrypted under a key nobody guesses."""
    try:
        require_strong_key()
    except HocbaError as error:
        yield Check("Khóa bí mật", False, error.sentence, "Giữ khóa kín và sao lưu riêng.")
        return
    yield Check("Khóa bí mật", True)


def private_places(settings: Settings) -> Iterator[Check]:
    """Whether other users of this machine can read the data, or the settings with their secrets."""
    files = [*data_places(settings), Path(".env")]
    if settings.pkcs12_dir:
        files.append(Path(settings.pkcs12_dir))
    found = [path for path in files if is_open_to_others(path)]
    if not found:
        yield Check("Quyền tệp", True)
        return
    yield Check(
        "Quyền tệp",
        False,
        f"Người dùng khác trên máy đọc được: {', '.join(map(str, found[:5]))}.",
        "Chạy chmod go-rwx cho các tệp, thư mục này (chủ sở hữu phải là tài khoản chạy dịch vụ).",
    )


def encrypted_addresses(settings: Settings) -> Iterator[Check]:
    """Addresses over which data or credentials would travel in the clear; this machine itself excepted."""
    for name, field in _SERVICES:
        url = str(getattr(settings, field))
        if url and urlsplit(url).scheme == "http" and not _is_loopback(url):
            yield Check(
                f"{name}: https",
                False,
                f"HOCBA_{field.upper()} không dùng https: thông tin kết nối và dữ liệu học sinh đi qua mạng không mã hóa.",
                "Đặt địa chỉ https://… do đơn vị cung cấp dịch vụ cấp."
                if field != "public_url"
                else "Đặt máy chủ trung gian TLS phía trước và địa chỉ https://….",
            )
    if urlsplit(settings.tsa_url).scheme == "http" and not _is_loopback(settings.tsa_url):
        yield Check(
            "Dấu thời gian: https",
            True,
            "HOCBA_TSA_URL không dùng https. Dấu thời gian tự có chữ ký nên không giả được;",
            "dùng https nếu nhà cung cấp có.",
        )
    for field, encrypted in (("redis_url", ("rediss", "unix")), ("smtp_url", ("smtps", "smtp"))):
        url = str(getattr(settings, field))
        if url and urlsplit(url).scheme not in encrypted and not _is_loopback(url):
            yield Check(
                f"HOCBA_{field.upper()}: TLS",
                False,
                f"HOCBA_{field.upper()} nối qua mạng không mã hóa.",
                f"Dùng {encrypted[0]}://….",
            )
    url = settings.database_url
    if (
        url.startswith("postgresql")
        and not _is_loopback(url)
        and not any(f"sslmode={mode}" in url for mode in _LIBPQ_ENCRYPTED)
    ):
        yield Check(
            "HOCBA_DATABASE_URL: TLS",
            True,
            "HOCBA_DATABASE_URL tới máy khác mà không bắt buộc mã hóa.",
            "Thêm ?sslmode=verify-full vào địa chỉ.",
        )


def _is_loopback(url: str) -> bool:
    """This machine: ``localhost``, 127.0.0.0/8, ::1, a socket file."""
    host = urlsplit(url).hostname
    if not host or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
