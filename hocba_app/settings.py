"""Every ``HOCBA_*`` setting, with its default and meaning. Values come from the environment or ``.env``.

``docs/settings.md`` is generated from this file (``python -m hocba_app.settings``); a test keeps it current.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.process_scope import per_process

ROOT = Path(__file__).resolve().parents[1]
_WEB = ("http", "https")
_SCHEMES = {
    "database_url": ("sqlite", "postgresql+psycopg"),
    "check_database_url": ("postgresql+psycopg",),
    "redis_url": ("redis", "rediss", "unix"),
    "smtp_url": ("smtp", "smtps"),
    "smas_url": _WEB,
    "mysign_url": _WEB,
    "csc_url": _WEB,
    "smartca_url": _WEB,
    "tsa_url": _WEB,
    "public_url": _WEB,
    "s3_endpoint": _WEB,
}
"""What each address may begin with. Another one is refused at once: what is not understood must not be taken for a folder's name."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""Two letters at least: ``C:`` is a drive."""
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9!_.*'()-]+)*/?")
_ENCRYPTIONS = ("", "AES256", "aws:kms")


class Settings(BaseSettings):
    """Configuration of one installation."""

    model_config = SettingsConfigDict(env_prefix="HOCBA_", env_file=".env", extra="ignore")

    database_url: str = Field(
        f"sqlite:///{ROOT}/var/hocba.db", description="Cơ sở dữ liệu: SQLite hoặc postgresql+psycopg://…"
    )
    documents_url: str = Field(
        f"{ROOT}/var/documents", description="Nơi lưu hồ sơ, theo mã băm nội dung: một thư mục, hoặc s3://kho/tiền-tố"
    )
    s3_endpoint: str = Field(
        "", description="Địa chỉ dịch vụ lưu trữ tương thích S3 (https://…); để trống là Amazon theo HOCBA_S3_REGION"
    )
    s3_region: str = Field("", description="Vùng của kho S3")
    s3_key_id: str = Field("", description="Mã khóa truy cập kho S3")
    s3_secret: str = Field("", description="Khóa bí mật truy cập kho S3; giữ kín")
    s3_encryption: str = Field("", description="Mã hóa phía máy chủ lưu trữ: AES256, aws:kms, hoặc để trống")
    s3_kms_key: str = Field("", description="Khóa KMS, khi HOCBA_S3_ENCRYPTION là aws:kms")
    locks_dir: str = Field(f"{ROOT}/var/locks", description="Thư mục khóa tiến trình của máy này")
    redis_url: str = Field("", description="Redis cho trạng thái màn hình khi chạy nhiều tiến trình web")
    smas_url: str = Field("", description="Địa chỉ CSDL ngành (đọc dữ liệu trường đã nộp)")
    mysign_url: str = Field("", description="Địa chỉ dịch vụ ký số từ xa MySign")
    mysign_webhook: bool = Field(
        False, description="MySign gọi lại khi ký xong (POST /hooks/mysign); mặc định hệ thống tự hỏi"
    )
    pkcs12_dir: str = Field("", description="Chỉ để phát triển: thư mục tệp .p12 ký tại chỗ; để trống thì không dùng")
    csc_url: str = Field("", description="Địa chỉ dịch vụ ký theo chuẩn CSC (v1 hoặc v2), nếu dùng thay MySign")
    csc_token: str = Field("", description="Mã truy cập (OAuth2 Bearer) của dịch vụ CSC")
    smartca_url: str = Field(
        "", description="Địa chỉ dịch vụ VNPT SmartCA (sp769), nếu có người ký hoặc con dấu dùng dịch vụ này"
    )
    smartca_sp_id: str = Field("", description="sp_id do VNPT cấp")
    smartca_sp_password: str = Field("", description="sp_password do VNPT cấp; giữ kín")
    pkcs11_module: str = Field(
        "", description="Thư viện PKCS#11 của token hoặc HSM cắm ở máy chủ (tệp .so, .dll); để trống thì không dùng"
    )
    pkcs11_token: str = Field("", description="Nhãn của token hoặc HSM")
    pkcs11_pin: str = Field(
        "",
        description="Mã PIN của token, nguyên văn hoặc đã mã hóa (v1.…) bằng HOCBA_SECRET_KEY; giữ kín. Web và worker cùng đăng nhập token",
    )
    pkcs11_issuers: str = Field(
        "", description="Tệp PEM chứng thư số của nhà cung cấp (CA trung gian), khi token không chứa"
    )
    tsa_url: str = Field("", description="Địa chỉ dịch vụ dấu thời gian (RFC 3161)")
    trust_roots: str = Field("", description="Tệp PEM chứa chứng thư gốc tin cậy")
    verify_online: bool = Field(
        True,
        description="Trang kiểm tra hỏi nhà cung cấp về chứng thư số của học bạ chưa kèm bằng chứng; chỉ gửi số sê-ri chứng thư số",
    )
    secret_key: str = Field(
        "", description="Khóa mã hóa thông tin kết nối lưu trong cơ sở dữ liệu; giữ kín, sao lưu riêng"
    )
    secret_key_before: str = Field(
        "",
        description="Khóa cũ trong lúc đổi HOCBA_SECRET_KEY: những gì mã hóa bằng nó vẫn đọc được; bỏ đi sau ./hocba school rotate-key",
    )
    public_url: str = Field("http://localhost:3000", description="Địa chỉ công khai của hệ thống, in trong mã QR")
    origins: str = Field(
        "", description="Các địa chỉ được mở websocket, cách nhau dấu phẩy; mặc định là public_url và localhost"
    )
    host: str = Field(
        "127.0.0.1", description="Địa chỉ mạng mà web lắng nghe; 0.0.0.0 nếu máy chủ trung gian ở máy khác"
    )
    port: int = Field(3000, description="Cổng web")
    trusted_proxies: int = Field(
        0, description="Số máy chủ trung gian tin cậy phía trước; địa chỉ người dùng lấy từ X-Forwarded-For của lớp đó"
    )
    smtp_url: str = Field("", description="Máy chủ thư, smtp://user:pass@host:587; để trống thì không gửi thư")
    mail_from: str = Field("", description="Địa chỉ gửi thư")
    backup_recipient: str = Field(
        "", description="Khóa công khai (age1…) để mã hóa bản sao lưu, cách nhau dấu phẩy; tạo bằng hocba backup-key"
    )
    check_database_url: str = Field(
        "", description="Cơ sở dữ liệu PostgreSQL trống dành riêng cho restore --check; mỗi lần kiểm xóa sạch nó"
    )
    metrics_token: str = Field(
        "", description="Mã (Bearer) để đọc /metrics từ máy khác; để trống thì chỉ chính máy này đọc được; giữ kín"
    )
    worker_port: int = Field(
        0, description="Cổng trên 127.0.0.1 để worker trả lời /healthz, /readyz, /metrics; 0 là không mở"
    )
    session_hours: int = Field(12, description="Thời hạn tối đa của một phiên đăng nhập (giờ)")
    idle_minutes: int = Field(120, description="Phiên tự hết sau số phút không dùng")

    def documents_folder(self) -> Path | None:
        """Where the records are stored; None when that is a bucket.

        Raises:
            HocbaError: SETTING_UNKNOWN.
        """
        if self.documents_url.startswith("s3://"):
            return None
        place = self.documents_url.removeprefix("file://")
        if (scheme := _SCHEME.match(place)) or not place or (place != self.documents_url and not place.startswith("/")):
            said = f"chưa hỗ trợ nơi lưu {scheme[1]}:" if scheme else "cần một thư mục"
            raise HocbaError(
                ErrorCode.SETTING_UNKNOWN,
                variable="HOCBA_DOCUMENTS_URL",
                detail=f"{said}; hãy đặt đường dẫn thư mục, file:///… hoặc s3://kho/tiền-tố",
            )
        return Path(place)

    def require_documents_understood(self) -> None:
        """Refuse a place for documents that this version could not use, or would use otherwise than meant.

        Raises:
            HocbaError: SETTING_UNKNOWN.
        """
        if self.documents_folder() is not None:
            return
        if not _BUCKET.fullmatch(self.documents_url):
            raise HocbaError(
                ErrorCode.SETTING_UNKNOWN, variable="HOCBA_DOCUMENTS_URL", detail="cần dạng s3://kho/tiền-tố"
            )
        if self.s3_encryption not in _ENCRYPTIONS or (self.s3_kms_key and self.s3_encryption != "aws:kms"):
            raise HocbaError(
                ErrorCode.SETTING_UNKNOWN,
                variable="HOCBA_S3_ENCRYPTION",
                detail="chỉ nhận AES256, aws:kms (kèm HOCBA_S3_KMS_KEY nếu cần) hoặc để trống",
            )
        for name in ("s3_key_id", "s3_secret"):
            if not getattr(self, name):
                raise HocbaError(
                    ErrorCode.SETTING_UNKNOWN, variable=f"HOCBA_{name.upper()}", detail="cần có khi hồ sơ ở kho s3://"
                )

    def require_understood(self) -> None:
        """Refuse addresses of a kind this version knows nothing of.

        Raises:
            HocbaError: SETTING_UNKNOWN.
        """
        self.require_documents_understood()
        for name, schemes in _SCHEMES.items():
            value = str(getattr(self, name))
            scheme = _SCHEME.match(value)
            if value and (scheme is None or scheme[1].lower() not in schemes):
                raise HocbaError(
                    ErrorCode.SETTING_UNKNOWN,
                    variable=f"HOCBA_{name.upper()}",
                    detail="địa chỉ phải bắt đầu bằng " + ", ".join(f"{each}:" for each in schemes),
                )
        public = urlsplit(self.public_url)
        if (
            self.public_url.rstrip("/") != f"{public.scheme}://{public.netloc}"
        ):  # records print the host, the verifier adds the rest
            raise HocbaError(
                ErrorCode.SETTING_UNKNOWN,
                variable="HOCBA_PUBLIC_URL",
                detail="cần dạng https://tên-máy, viết thường và không có đường dẫn phía sau",
            )

    def allowed_origins(self) -> list[str]:
        """Origins that may open the websocket and read routes with credentials."""
        own = [self.public_url.rstrip("/"), f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}"]
        return [origin.strip() for origin in self.origins.split(",") if origin.strip()] or own


@per_process
def settings() -> Settings:
    """The process's settings, read once.

    Raises:
        HocbaError: SETTING_UNKNOWN.
    """
    try:
        found = Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"HOCBA_{str(wrong['loc'][0]).upper()}" if wrong["loc"] else "HOCBA_…"
        raise HocbaError(ErrorCode.SETTING_UNKNOWN, variable=name, detail="giá trị không đúng kiểu") from error
    found.require_understood()
    return found


def as_markdown() -> str:
    """The table of settings for the docs; paths are shown relative to the checkout."""
    lines = [
        "# Settings",
        "",
        "Generated from `hocba_app/settings.py`. Set them in the environment or in `.env`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = str(field.default).replace(f"{ROOT}/", "")
        lines.append(
            f"| `HOCBA_{name.upper()}` | `{default}` | {field.description} |"
            if default
            else f"| `HOCBA_{name.upper()}` | – | {field.description} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "settings.md").write_text(as_markdown(), encoding="utf-8")
