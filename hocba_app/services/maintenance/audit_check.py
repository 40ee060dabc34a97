"""What `doctor` says of the audit log: the chain in itself, its anchors, and the rows it speaks of.

Three different answers: it holds; something contradicts it, which only a hand in the database can do; it cannot be checked here
and now. The third accuses nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import AuditHead, Database, School
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import find, workers
from hocba_app.models.repositories.audit_facts import documents_and_hand_outs, events_after
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_anchor import LOOKED_AT, AnchorProblem, verify_anchors
from hocba_app.services.maintenance.audit_comparison import GROUPS, Event, Mismatch, compare
from hocba_app.services.maintenance.configuration_check import Check
from hocba_app.services.maintenance.slices import Slices
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.settings import Settings

SECONDS = 20.0
"""For all schools together: doctor's time does not grow with their number."""
EVENTS = 50_000
"""Of one school at a time; about four seconds."""
ANCHOR_AGE = timedelta(days=2)
_KEEP = "Có người sửa thẳng cơ sở dữ liệu hoặc tệp neo: giữ nguyên hiện trạng, đối chiếu bản sao lưu và báo lãnh đạo."
_ANCHOR_WORDS = {
    "unreadable": "tệp neo không đọc được",
    "not_stamped": "tệp neo không khớp dấu thời gian",
    "rewritten": "sự kiện đã bị thay",
    "cut": "sự kiện đã bị xóa",
    "missing": "thiếu tệp neo trước hoặc sau bản này",
    "replaced": "tệp neo không phải bản đã tạo",
}
_MISMATCH_WORDS = {
    "unlogged": "dữ liệu có mà nhật ký không có",
    "undone": "nhật ký có mà dữ liệu không có",
    "state": "tình trạng hồ sơ không khớp",
}


def _logs_of_merged(db: Database, schools: Sequence[School], school_id: str) -> list[Event]:
    """Events that left rows behind, of the schools that went into this one, and into those."""
    found: list[Event] = []
    for each in schools:
        if each.merged_into == school_id:
            with db.read(each.id) as session:
                found += events_after(session, 0, GROUPS)
            found += _logs_of_merged(db, schools, each.id)
    return found


def _family(db: Database, schools: Sequence[School], school: School) -> tuple[list[Event], set[str]]:
    """What a school's rows are compared with besides its own log: events of the schools it grew out of, without what is told of
    rows that are at another school of the same origin."""
    by_id = {each.id: each for each in schools}
    also, elsewhere = _logs_of_merged(db, schools, school.id), set[str]()
    origin = by_id.get(school.split_from)
    while origin is not None:
        with db.read(origin.id) as session:
            also += events_after(session, 0, GROUPS)
        also += _logs_of_merged(db, schools, origin.id)
        origin = by_id.get(origin.split_from)
    for each in _of_one_origin(by_id, school):
        with db.read(each.id) as session:
            elsewhere |= documents_and_hand_outs(session)
    return also, elsewhere


def _of_one_origin(by_id: Mapping[str, School], school: School) -> list[School]:
    """The other schools that were one school with this one."""

    def first(each: School) -> str:
        while each.split_from in by_id:
            each = by_id[each.split_from]
        return each.id

    return [each for each in by_id.values() if each.id != school.id and first(each) == first(school)]


def audit_checks(settings: Settings, db: Database, *, whole: bool = False) -> Iterator[Check]:
    """Of as many schools as the time allows, going on where the last look of this machine ended.

    Args:
        whole: every school, every event, however long it takes.
    """
    with db.installation() as session:
        schools = find.all_of(session, School, School.id)
        began = workers.ever_worked(session)
    roots, why = _roots(settings)
    slices = Slices(Path(settings.locks_dir) / "doctor-audit.json")
    until, looked = time.monotonic() + SECONDS, 0
    for school in schools if whole else slices.in_turn(schools):
        if not whole and looked and time.monotonic() > until:
            break
        looked += 1
        with db.read(school.id) as session:
            head_seq = getattr(session.get(AuditHead, school.id), "seq", 0)
            first = 1 if whole else slices.first_of(school.id, head_seq)
            breaks = verify_chain(session, first, None if whole else EVENTS)
            anchored, newest = verify_anchors(session, roots, newest=None if whole else LOOKED_AT)
            head = session.get(AuditHead, school.id)
            # The rows of a school that went into another are that one's; what tells of them stays in its own log. The log of many
            # years is held against its rows when everything is.
            compared = not school.merged_into and (whole or head_seq <= EVENTS)
            differing = compare(session, *_family(db, schools, school)) if compared else []
        if not whole:
            slices.done(school.id, first + EVENTS if first + EVENTS <= head_seq else 1)
        places = ", ".join(f"số {found.seq} ({found.problem})" for found in breaks[:5])
        yield _found(f"Nhật ký {school.code}", f"Chuỗi nhật ký bị đứt tại {places}." if breaks else "")
        yield _held_against_rows(school.code, differing, skipped=0 if compared or school.merged_into else head_seq)
        yield from _anchors(school.code, anchored, why)
        doubted = any(found.is_doubt for found in anchored)
        if (
            head is not None
            and head.seq
            and settings.tsa_url
            and not doubted
            and (newest or school.created_at) < utc_now() - ANCHOR_AGE
            and began
        ):
            yield Check(
                f"Neo nhật ký {school.code}",
                False,
                "Nhật ký chưa được neo trong hai ngày qua.",
                "Khởi động ./hocba worker và kiểm tra dịch vụ dấu thời gian; việc neo tự chạy hằng ngày.",
            )

    if not whole:
        slices.keep()
    if looked < len(schools):
        yield Check(
            "Nhật ký các trường",
            True,
            f"Lần này đã kiểm {looked}/{len(schools)} trường.",
            "Lần chạy sau kiểm tiếp; ./hocba doctor --all kiểm tất cả một lần.",
        )


def _held_against_rows(code: str, differing: Sequence[Mismatch], *, skipped: int) -> Check:
    if skipped:
        return Check(
            f"Đối chiếu nhật ký {code}",
            True,
            f"Nhật ký có {skipped} sự kiện, lần này không đối chiếu với dữ liệu.",
            "Chạy ./hocba doctor --all mỗi tuần ngoài giờ làm việc.",
        )
    said = ", ".join(f"{found.subject} ({found.what}: {_MISMATCH_WORDS[found.problem]})" for found in differing[:5])
    return _found(
        f"Đối chiếu nhật ký {code}",
        f"{len(differing)} chỗ nhật ký và dữ liệu không khớp: {said}." if differing else "",
    )


def _anchors(code: str, anchored: list[AnchorProblem], why: str) -> Iterator[Check]:
    wrong, doubted = ([found for found in anchored if found.is_doubt is doubt] for doubt in (False, True))
    places = ", ".join(f"số {found.seq} ({found.problem}: {_ANCHOR_WORDS[found.problem]})" for found in wrong[:5])
    if wrong or not doubted:
        yield _found(
            f"Neo nhật ký {code}", f"Nhật ký không khớp bản neo đã đóng dấu thời gian tại {places}." if wrong else ""
        )
    if doubted:
        yield Check(
            f"Neo nhật ký {code}",
            False,
            f"Chưa kiểm tra được dấu thời gian của {len(doubted)} bản neo: {why}.",
            "Đặt HOCBA_TRUST_ROOTS tới tệp PEM có mọi chứng thư gốc đã dùng rồi chạy lại; đây chưa phải dấu hiệu dữ liệu bị sửa.",
        )


def _roots(settings: Settings) -> tuple[tuple[bytes, ...], str]:
    """The trusted roots, and why an anchor may stay unproven."""
    if not settings.trust_roots:
        return (), "chưa đặt chứng thư gốc tin cậy"
    if not Path(settings.trust_roots).is_file():
        return (), "không đọc được tệp chứng thư gốc tin cậy"
    try:
        return trust_roots(), "dấu thời gian không thuộc chứng thư gốc nào đã đặt"
    except (OSError, ValueError, HocbaError) as error:
        if isinstance(error, HocbaError) and error.code is not ErrorCode.TRUST_ROOTS_MISSING:
            raise
        return (), "không đọc được tệp chứng thư gốc tin cậy"


def _found(name: str, problem: str) -> Check:
    return Check(name, not problem, problem, _KEEP if problem else "")
