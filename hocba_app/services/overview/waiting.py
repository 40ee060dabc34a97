"""Everything that waits for one person, each with its number and its button: one answer for the home page and the menu's badges.

Only those who can act on a thing see it here. Numbers are counted by the database; what the office has to look after
comes from :mod:`hocba_app.services.overview.office_tasks`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import spoken
from hocba_app.domain.roles import Role
from hocba_app.domain.school_calendar import coming_year, local_text, today
from hocba_app.domain.wording import KIND_SHORT, amount
from hocba_app.models import SEAL, Database, School, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import objections as reports
from hocba_app.models.repositories import signers as keys
from hocba_app.models.repositories import waiting_work as rows
from hocba_app.models.repositories.year_guide import has_begun
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.cache import school_cache
from hocba_app.services.objections.objections import classes_concerned
from hocba_app.services.overview.dashboard import standing_of, unfinished_years
from hocba_app.services.overview.office_tasks import Attention, attention
from hocba_app.services.signers.key_views import key_of_staff
from hocba_app.services.signing import progress, reminders
from hocba_app.services.signing.queue_groups import WaitingGroup, groups_for
from hocba_app.services.signing.signer_inbox import confirmations
from hocba_app.services.sync.conflicts import open_conflicts

_SIGNERS = (Role.HOMEROOM, Role.SUBJECT, Role.PRINCIPAL, Role.DEPUTY, Role.COVER_SIGNER)
_POST = (ErrorCode.DELEGATION_OVER, ErrorCode.COVER_SIGNER_OVER, ErrorCode.POST_CHANGED)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits for this person."""

    kind: str
    """What it is, for tests and styles; never shown."""
    count: int
    """How many of it."""
    title: str
    text: str
    button: str
    href: str
    urgent: bool = False
    """Something is blocked until it is done."""


def waiting(db: Database, who: Identity) -> list[Task]:
    """What waits for this person, the most pressing first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.DASHBOARD)
    key = ("waiting", who.account_id, who.staff_id, who.roles, today())
    found, begun = school_cache.memoize_per_school(
        db, who.school_id, key, lambda session: (_tasks(db, session, who), _has_begun(session)), any_change=True
    )
    return [*found, *(_new_year(db, who) if begun else ())]  # what SMAS declared is no change of the school


def badges(tasks: list[Task]) -> dict[str, int]:
    """How much waits behind each page, by its path: the numbers in the menu."""
    counted = Counter[str]()
    for task in tasks:
        counted["/" + task.href.lstrip("/").partition("?")[0].partition("/")[0]] += task.count
    return dict(counted)


def office_attention(db: Database, who: Identity) -> Attention:
    """What the office has to look after, read once a change for everybody of it; at most a minute old, for time itself moves some
    of it.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    key = ("attention", local_text(utc_now()))  # to the minute
    return school_cache.memoize_per_school(db, who.school_id, key, lambda _session: attention(db, who))


def _tasks(db: Database, session: Session, who: Identity) -> list[Task]:
    groups = groups_for(session, who)
    found = [
        *_on_phone(db, who),
        *_to_sign(groups),
        *_reminded(db, who),
        *_decisions(session, who),
        *_reports(session, who),
        *_own_means(session, who),
    ]
    if allowed(who, Right.LOCK):
        with db.installation() as installation:
            school = installation.get_one(School, who.school_id)
        found += [*_office(db, session, who, school.current_year), *_attention(office_attention(db, who))]
    return sorted(found, key=lambda task: not task.urgent)


def _on_phone(db: Database, who: Identity) -> Iterator[Task]:
    batches = progress.my_batches(db, who, limit=0)
    if asked := sum(batch.state == "waiting" and not batch.confirmed for batch in batches):
        yield Task(
            "phone", asked, "Điện thoại đang chờ thầy cô xác nhận ký", "Mở ứng dụng ký số và nhập mã PIN.", "Xem lượt ký",
            "/sign", urgent=True,
        )  # fmt: skip
    if turns := sum(batch.your_turn for batch in batches):
        yield Task(
            "turn", turns, "Đến lượt thầy cô ký", "Lượt ký đã xếp hàng nay có thể gửi.", "Ký ngay", "/sign", urgent=True
        )


def _to_sign(groups: list[WaitingGroup]) -> Iterator[Task]:
    personal = sum(group.ready for group in groups if group.stage != SEAL)
    seals = sum(group.ready for group in groups if group.stage == SEAL)
    if personal:
        yield Task(
            "sign", personal, f"{amount(personal)} hồ sơ chờ thầy cô ký", _times(confirmations(personal, 0)),
            "Ký ngay", "/sign", urgent=True,
        )  # fmt: skip
    if seals:
        yield Task(
            "seal", seals, f"{amount(seals)} hồ sơ chờ đóng dấu", f"{spoken().head} đã ký đủ bìa, QTHT và KQHT.", "Đóng dấu",
            "/sign", urgent=True,
        )  # fmt: skip
    for code in _POST:
        if held := sum(group.waiting for group in groups if code in group.reasons):
            yield Task(
                "post",
                held,
                f"{amount(held)} hồ sơ đứng tên thầy cô nhưng chưa ký được",
                HocbaError(code).sentence,
                "Xem",
                "/sign",
            )


def _times(confirmed: int) -> str:
    return f"{confirmed} lần xác nhận trên điện thoại" + (" ký hết." if confirmed > 1 else " ký cả lớp.")


def _reminded(db: Database, who: Identity) -> Iterator[Task]:
    asked = reminders.reminders_of(db, who)
    if asked:
        classes = ", ".join(row.class_name for row in asked)
        yield Task(
            "reminded", len(asked), f"Có người nhắc thầy cô ký: {classes}", f"{asked[0].by} nhắc.", "Xem", "/sign"
        )


def _decisions(session: Session, who: Identity) -> Iterator[Task]:
    if allowed(who, Right.UNLOCK_APPROVE) and (count := rows.unlocks_to_decide(session, who.account_id)):
        yield Task(
            "unlock", count, f"{count} đề nghị hủy chốt chờ thầy cô trả lời", "Xem ai sẽ phải ký lại, rồi duyệt hoặc từ chối.",
            "Trả lời", "/unlock", urgent=True,
        )  # fmt: skip
    if allowed(who, Right.LEADERSHIP_CONFIRM) and (count := rows.proposals_to_answer(session, who.staff_id)):
        yield Task(
            "proposal", count, f"{count} thay đổi chức vụ chờ thầy cô xác nhận",
            "Chưa xác nhận thì người mới chưa ký và duyệt thay trường.", "Xem", "/leadership", urgent=True,
        )  # fmt: skip
    if allowed(who, Right.CREDENTIALS_CONFIRM) and (count := rows.accounts_to_vouch_for(session, who.account_id)):
        yield Task(
            "credentials", count, f"{count} tài khoản được cấp lại mã chờ người thứ hai xác nhận",
            "Chưa xác nhận thì chủ tài khoản chưa ký và duyệt được.", "Xem", "/leadership",
        )  # fmt: skip


def _reports(session: Session, who: Identity) -> Iterator[Task]:
    classes = classes_concerned(session, who)
    office = classes is None
    if not office and not classes:
        return
    count = reports.count_objections(session, open_ones=True, class_ids=classes, account_id="")
    if count:
        yield Task(
            "reported", count, f"{count} hồ sơ bị báo sai" + ("" if office else " ở lớp thầy cô chủ nhiệm"),
            "Những hồ sơ này dừng lại cho đến khi được sửa hoặc được trả lời."
            if office
            else "Hãy kiểm tra lại với giáo viên bộ môn và văn phòng.",
            "Trả lời" if office else "Xem", "/objections", urgent=office,
        )  # fmt: skip


def _own_means(session: Session, who: Identity) -> Iterator[Task]:
    """What this person needs to sign, and has not, or not for long."""
    if who.staff_id is None or who.roles.isdisjoint(_SIGNERS):
        return
    staff = session.get(Staff, (who.school_id, who.staff_id))
    if staff is None:
        return
    if not rows.has_image(session, who.staff_id):
        yield Task(
            "own_image",
            1,
            "Thầy cô chưa có ảnh chữ ký",
            "Chụp chữ ký trên giấy trắng rồi tải lên.",
            "Tải ảnh",
            "/my-signature",
        )
    view = key_of_staff(staff, keys.key_of(session, who.staff_id))
    if view.state != "ok":
        yield Task(
            "own_key", 1, "Tài khoản ký số của thầy cô cần xem lại", view.sentence, "Xem", "/my-signature",
            urgent=view.state in ("expired", "problem"),
        )  # fmt: skip


def _office(db: Database, session: Session, who: Identity, year: str) -> Iterator[Task]:
    if stale := sum(standing_of(db, who.school_id, year).stale.values()):
        yield Task(
            "stale", stale, f"{amount(stale)} hồ sơ có dữ liệu mới", "Dữ liệu đồng bộ khác với bản đã chốt.",
            "Xem khác biệt", "/records?stale=1",
        )  # fmt: skip
    for earlier, under_way in unfinished_years(db, who, year):
        yield Task(
            "unfinished", under_way, f"Năm học {earlier} còn {amount(under_way)} hồ sơ chưa xong",
            "Đã chốt mà chưa đóng dấu: người còn phải ký vẫn thấy trong danh sách của mình.", f"Xem năm học {earlier}",
            f"/records?year={earlier}",
        )  # fmt: skip
    if again := len(rows.reopened_documents(session, year)):
        yield Task(
            "relock", again, f"{amount(again)} hồ sơ đã hủy chốt, chờ chốt lại", "Sửa xong trên SMAS, đồng bộ rồi chốt lại.",
            "Xem hồ sơ", "/records?stale=again",
        )  # fmt: skip
    blocked = not_lockable(session, year)
    if count := sum(len(found) for found in blocked.values()):
        parts = ", ".join(f"{KIND_SHORT[kind]} {len(found)}" for kind, found in blocked.items() if found)
        reason, times = Counter(reason for found in blocked.values() for reason in found.values()).most_common(1)[0]
        yield Task(
            "blocked", count, f"Chưa chốt được: {parts}", f"{reason}" + (f" ({times} học sinh)" if count > 1 else ""),
            "Xem vì sao", "/lock",
        )  # fmt: skip
    if allowed(who, Right.SYNC) and (open_ones := [row for row in open_conflicts(db, who) if not row.decision]):
        yield Task(
            "conflict", len(open_ones), f"{len(open_ones)} bản ghi đồng bộ cần thầy cô chọn", open_ones[0].reason, "Chọn",
            "/sync", urgent=True,
        )  # fmt: skip
    if allowed(who, Right.ATTACH) and (count := rows.attached_to_decide(session)):
        yield Task(
            "attached", count, f"{count} hồ sơ từ trường khác chờ quyết định", "Mở trang học sinh để đính kèm hoặc bỏ.",
            "Xem", "/records",
        )  # fmt: skip


def not_lockable(session: Session, year: str) -> dict[str, dict[str, str]]:
    """By kind the pupils whom the last lock could not take, each with the reason; who is locked since then is not among them."""
    last: dict[tuple[str, str], dict[str, str]] = {}
    for kind, outcomes in rows.lock_reports(session, year):
        for row in outcomes:
            last.setdefault((kind, row["student"]), row)
    found: dict[str, dict[str, str]] = {}
    for (kind, student_id), row in last.items():
        if row["outcome"] in ("blocked", "failed"):
            found.setdefault(kind, {})[student_id] = row.get("reason", "")
    for kind, pupils in found.items():
        for student_id in rows.locked_of(session, kind, year, sorted(pupils)):
            del pupils[student_id]
    return found


def _new_year(db: Database, who: Identity) -> Iterator[Task]:
    if not allowed(who, Right.SYNC):
        return
    with db.installation() as session:
        school = session.get_one(School, who.school_id)
    coming = coming_year(school.current_year, school.sector_year)
    if coming is None:
        return
    text = (
        f"Trường đã nộp dữ liệu năm học này; các màn hình còn ở năm học {school.current_year} cho đến khi đồng bộ."
        if coming.submitted
        else f"Các màn hình còn ở năm học {school.current_year}. Khi trường đã nộp dữ liệu đầu năm từ SMAS thì đồng bộ, hoặc nhập từ Excel."
    )
    # Before it is submitted nothing can be done here: told, but no button that leads.
    yield Task(
        "year" if coming.submitted else "year_ahead", 1, f"Năm học mới {coming.school_year}", text, f"Đồng bộ {coming.school_year}",
        f"/sync?year={coming.school_year}",
    )  # fmt: skip


def _has_begun(session: Session) -> bool:
    """Before any data have come the first year itself is still to come."""
    return has_begun(session, session.get_one(School, session.info["school_id"]).current_year)


def _attention(found: Attention) -> Iterator[Task]:
    for job in found.failed:
        yield Task("job", 1, f"{job.name} lỗi lúc {local_text(job.at)}", job.text, "Xem", job.page, urgent=True)
    for problem in found.problems:
        yield Task("problem", 1, problem.whom, problem.text, "Xử lý", problem.page, urgent=problem.blocking)
    if found.expiring:
        first = found.expiring[0]
        yield Task(
            "expiring", len(found.expiring), f"{len(found.expiring)} chứng thư số sắp hết hạn",
            f"Sớm nhất: {first.name}, còn {first.days_left} ngày.", "Xem tài khoản", "/signing-accounts?state=expiring",
        )  # fmt: skip
