"""Records that wait for their archive data, and why: for doctor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.models import Database
from hocba_app.models.repositories.job_history import reports_of
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.signing.archive_job import WAITING
from hocba_app.services.signing.archive_renewal_job import ENDING

_REMEDIES = {
    ErrorCode.REVISION_NOT_VALID: "Tải tệp của hồ sơ rồi chạy ./hocba verify để xem đủ lý do. Nếu do người ký: hủy chốt và ký lại; nếu do bằng chứng về chứng thư số: hệ thống tự thử lại.",
    ErrorCode.CERTIFICATE_UNTRUSTED: "Thêm chứng thư gốc của dịch vụ dấu thời gian vào HOCBA_TRUST_ROOTS; không bỏ chứng thư gốc cũ.",
    ErrorCode.CERTIFICATE_REVOKED: "Chứng thư số của dịch vụ dấu thời gian đã bị thu hồi: đặt HOCBA_TSA_URL tới dịch vụ khác.",
}
_WAIT = "Kiểm tra mạng tới dịch vụ dấu thời gian, OCSP và CRL của nhà cung cấp chứng thư số; hệ thống tự thử lại."


@dataclass(frozen=True, slots=True)
class WaitingArchive:
    """What one archive or renewal job waits for."""

    problem: str
    remedy: str


def waiting_archives(db: Database) -> Iterator[WaitingArchive]:
    """Every job that could not archive some of its records when it last tried. Their old revisions stay as they are."""
    with db.installation() as session:
        reports = reports_of(session, ("archive", "renewal"), LIVE)
    for report in reports:
        if (ending := report.get(ENDING)) is not None:
            first = local_text(datetime.fromisoformat(ending["first"]))
            yield WaitingArchive(
                f"{ending['count']} hồ sơ có dấu thời gian lưu trữ sắp hết hạn bảo đảm (sớm nhất {first}) mà dịch vụ dấu thời gian hiện nay không kéo dài thêm được.",
                "Hỏi nhà cung cấp khi nào đổi chứng thư dấu thời gian, hoặc đặt HOCBA_TSA_URL tới dịch vụ có thời hạn dài hơn.",
            )
        if (waiting := report.get(WAITING)) is not None:
            error = HocbaError(ErrorCode(waiting["code"]), **waiting["params"])
            since = local_text(datetime.fromisoformat(waiting["since"]))
            yield WaitingArchive(
                f"{waiting['count']} hồ sơ chờ lưu trữ từ {since}: {error.sentence}", _REMEDIES.get(error.code, _WAIT)
            )
