"""What the office has to solve now, each with the page where it is done: gaps, certificates, failed jobs, the last sync."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.domain.head_words import spoken
from hocba_app.domain.wording import JOB_KIND
from hocba_app.models import Database, Job, School
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.duties import Behind
from hocba_app.models.repositories.job_history import failed_since, retried
from hocba_app.models.repositories.leadership import open_proposals, unconfirmed_accounts
from hocba_app.models.repositories.school_changes import open_change
from hocba_app.models.repositories.year_guide import has_begun
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.jobs.behind import behind_here, words_of
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.maintenance.nightly_verification import damage_found, refused_found
from hocba_app.services.overview.odd_letters import odd_letters_of
from hocba_app.services.signers.keys import KeyView, keys_page
from hocba_app.services.signers.readiness_gaps import LEADERSHIP, Gap, gaps, grouped
from hocba_app.services.storage import identity as store_identity
from hocba_app.services.sync.commands import SyncRun, sync_runs

_NAMED = 3
"""Names in one line; the rest is counted."""
_PAGES = {
    "sync": "/sync",
    "sync_daily": "/sync",
    "lock": "/lock",
    "images": "/signature-images",
    "recheck_keys": "/signing-accounts",
    "connect_keys": "/signing-accounts",
    "recheck_daily": "/signing-accounts",
    "print": "/print",
    "packet_end": "/print",
    "batch": "/records",
    "archive": "/records",
    "renewal": "/records",
}
"""Where a failed job of a kind is looked at and started again; the audit log for the others."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of gap, with everybody it concerns."""

    whom: str
    """The first names and how many more."""
    text: str
    page: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class FailedJob:
    """Work of the last day that failed, or that fails now and is tried again."""

    name: str
    at: datetime
    text: str
    page: str


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for the office."""

    problems: list[Problem]
    """The blocking ones first."""
    expiring: list[KeyView]
    """Certificates in use that expire within 30 days, the first to expire first."""
    failed: list[FailedJob]
    """Newest first."""
    last_sync: SyncRun | None


def attention(db: Database, who: Identity) -> Attention:
    """What the office has to solve now, for the school's current year.

    Before any data have come a school lacks everything: the guide through the year leads, nothing is called a fault.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    with db.installation() as session:
        year = session.get_one(School, who.school_id).current_year
    with db.read(who.school_id) as session:
        failed = failed_since(session, utc_now() - timedelta(days=1))
        trying = retried(session, LIVE)
        found = _store() + _found_at_night(session)
        begun = has_begun(session, year)
        if begun:
            found += _posts(session) + _behind(behind_here(session))
    expiring = keys_page(db, who, problem="expiring", size=100).rows
    runs = sync_runs(db, who, 1)
    return Attention(
        problems=found
        + _letters(odd_letters_of(db, who, year))
        + (
            _grouped(
                gap for gap in gaps(db, who, year) if gap.code != "certificate_expiring" and gap.page != LEADERSHIP
            )
            if begun
            else []
        ),
        expiring=sorted(expiring, key=lambda view: (view.days_left or 0, view.name)),
        failed=[
            FailedJob(
                JOB_KIND.get(job.kind, "Công việc nền"),
                job.ended_at or job.created_at,
                _sentence(job),
                _PAGES.get(job.kind, "/audit"),
            )
            for job in (*trying, *failed)
        ],
        last_sync=runs[0] if runs else None,
    )


def _behind(owed: Behind) -> list[Problem]:
    """Work that is done by itself and is late: nothing for the office to do but to tell who can mend it."""
    words = "Hệ thống tự làm lại; nếu ngày mai vẫn còn, báo người quản trị hệ thống."
    return [Problem("Việc định kỳ", f"{', '.join(words_of(owed))}. {words}", "/audit", False)] if owed.any else []


def _store() -> list[Problem]:
    """Before everything else: without its store the school's records are neither read nor signed."""
    said = store_identity.trouble()
    return [Problem("Kho hồ sơ", said, "/audit", True)] if said else []


_DAMAGED = "Đừng chốt, ký hay xóa gì trên những hồ sơ này; báo ngay người quản trị hệ thống để phục hồi từ bản sao lưu."
_REFUSED = (
    "Tệp không hỏng, nhưng nơi nhận sẽ không công nhận: hãy hủy chốt, chốt lại và ký lại. Mục Nhật ký nêu từng hồ sơ."
)


def _found_at_night(session: Session) -> list[Problem]:
    """What the nightly check found comes before everything else: a record may be lost, or nobody will accept it."""
    problems = ((damage_found(session), _DAMAGED), (refused_found(session), _REFUSED))
    return [Problem("Kho hồ sơ", f"{found} {words}", "/audit", True) for found, words in problems if found]


def _posts(session: Session) -> list[Problem]:
    """Posts and accounts of the leadership that wait for an answer: until then nobody new decides or signs for the school."""
    found = []
    if names := [staff.full_name for _, staff in open_proposals(session)]:
        found.append(Problem(_some(names), f"Chức vụ trong {spoken().leaders} chờ xác nhận", "/leadership", True))
    if open_change(session) is not None:
        found.append(Problem("Nhà trường", "Thông tin trường chờ xác nhận", "/leadership", True))
    if names := [account.full_name or account.username for account in unconfirmed_accounts(session)]:
        found.append(
            Problem(
                _some(names),
                "Tài khoản được cấp lại mã chờ người thứ hai xác nhận; chưa ký và duyệt được",
                "/leadership",
                False,
            )
        )
    return found


def _letters(found: list[tuple[str, str]]) -> list[Problem]:
    """Letters that cannot be printed, before a class is to be locked: what is wrong with the first pupil stands for all."""
    if not found:
        return []
    first = f" {found[0][0]} – {found[0][1]}." if len(found) > 1 else f" {found[0][1]}."
    names = list(dict.fromkeys(name for name, _ in found))
    return [
        Problem(
            _some(names), f"Có ký tự không in được, chưa chốt được.{first} Sửa trên SMAS rồi đồng bộ lại", "/sync", True
        )
    ]


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" và {len(names) - _NAMED} người khác" if len(names) > _NAMED else "")


def _grouped(found: Iterable[Gap]) -> list[Problem]:
    """One line for all whom the same thing concerns: forty teachers without an image are one thing to do."""
    return [
        Problem(
            _some(list(dict.fromkeys(gap.whom for gap in group.gaps))),
            group.text,
            group.page,
            group.severity == "blocking",
        )
        for group in grouped(found)
    ]


def _sentence(job: Job) -> str:
    known = {code.value: code for code in SENTENCES}
    code = known.get(job.error_code or "", ErrorCode.INTERNAL)
    sentence = HocbaError(code, **job.error_params).sentence
    return f"{sentence} Đã thử {job.failures} lần, hệ thống tự thử lại." if job.state in LIVE else sentence
