"""Every night stored files are read again and compared with their hashes, and sealed records verified afresh: what is new, what was
wrong, and the next slice of everything else.

A disk that rots or a hand that reached past the product is found while the backup still has the right bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import VIETNAM
from hocba_app.models import Database, Job, Revision, School
from hocba_app.models.base import utc_now
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import find
from hocba_app.models.repositories import stored_files as rows
from hocba_app.models.repositories.job_history import newest_jobs
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached.attach import resume_checks
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import enqueue, live_job, look_again
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import RetryAfter
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage import blobs
from hocba_app.services.verification.verify import verify
from hocba_app.settings import settings
from hocba_app.verification.reasons import Reason, first_refusal
from hocba_app.verification.report_model import FileReport

KIND = "integrity"
HOUR = 2
"""Of the night, Vietnam's clock."""
OVERDUE = timedelta(days=2)
CHUNK_SIZE = 100
MAX_FILES_A_NIGHT = 1000
"""Versions, photos and attached files of the past looked at in a night, and no more than the year makes (`a_nights_share`)."""
MAX_NEW = 1000
"""Revisions between two notes of how far it is."""
PLACE = "place"
"""In the job's report: behind which revision everything is new, and where the next slices begin."""
MAX_SAID = 5
"""Refused records named in doctor's sentence."""
MAX_NAMED = 100
"""Problems named in the report; all are counted."""


@dataclass(slots=True)
class Found:
    """What one night found. Ids only."""

    files: int = 0
    versions: int = 0
    verified: int = 0
    missing: int = 0
    altered: int = 0
    unreadable: int = 0
    """The disk did not give them: nothing is known about them tonight."""
    not_valid: int = 0
    undecided: int = 0
    """Sealed records whose own evidence does not (or no longer) carry a verdict."""
    unarchived: int = 0
    """Sealed, and still to be archived: no problem by itself, the archive job says what it waits for."""
    problems: list[dict[str, str]] | None = None

    @property
    def is_well(self) -> bool:
        return not (self.missing or self.altered or self.unreadable or self.not_valid or self.undecided)

    def note(self, kind: str, **where: str) -> None:
        """Count a problem and name it while there is room."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.problems = self.problems or []
        if len(self.problems) < MAX_NAMED:
            self.problems.append({"problem": kind, **where})

    def as_report(self) -> dict[str, Any]:
        """For the job's row."""
        return {
            "files": self.files,
            "versions": self.versions,
            "verified": self.verified,
            "missing": self.missing,
            "altered": self.altered,
            "unreadable": self.unreadable,
            "not_valid": self.not_valid,
            "undecided": self.undecided,
            "unarchived": self.unarchived,
            "problems": self.problems or [],
            "finished_at": utc_now().isoformat(),
        }


@dataclass(frozen=True, slots=True)
class FilesStanding:
    """What doctor says about the stored files of one school."""

    school_code: str
    ok: bool
    problem: str = ""
    remedy: str = ""


@job(KIND)
def check_files(work: Work) -> RetryAfter:
    """Check what is new, what was wrong the last time, and the next slice of the past; then wait for the next night.

    The past has its turn slice by slice, so that a night costs as much after fifty years as after one. What was looked at is
    noted as it goes: killed, it goes on from there.
    """
    found, seen = Found(), set[str]()
    with work.db.read(work.school_id) as session:
        before: dict[str, Any] = session.get_one(Job, (work.school_id, work.job_id)).report
    at: dict[str, str] = {"new": "", "versions": "", "photos": "", "attached": ""} | before.get(PLACE, {})
    known = before.get("problems") or []
    _check_some(work, [each["version"] for each in known if "version" in each], seen, found)
    while True:
        with work.db.read(work.school_id) as session:
            new = rows.appended_after(session, at["new"], MAX_NEW)
        if not new:
            break
        _check_some(work, [version_id for _, version_id in new], seen, found)
        at["new"] = new[-1][0]
        work.report({PLACE: at, "problems": [*known, *(found.problems or [])][:MAX_NAMED]})
    with work.db.read(work.school_id) as session:
        share = rows.a_nights_share(session, MAX_FILES_A_NIGHT)
        versions, at["versions"] = _slice(rows.versions_after, session, at["versions"], share)
        photos, at["photos"] = _slice(rows.photos_after, session, at["photos"], share)
        attached, at["attached"] = _slice(rows.attached_after, session, at["attached"], share)
    _check_some(work, versions, seen, found)
    for sha256 in {each["photo"] for each in known if "photo" in each} | {sha256 for _, sha256 in photos if sha256}:
        _check_blob(found, sha256, photo=sha256)
    for attached_id, sha256 in attached:
        _check_blob(found, sha256, attached=attached_id)
    work.report({PLACE: at})
    work.report(found.as_report())
    with work.write() as session:
        resume_checks(session, work.actor)
        record(
            session,
            actor=work.actor,
            action=Action.STORE_CHECKED if found.is_well else Action.STORE_DAMAGED,
            subject=f"school:{work.school_id}",
            data={
                "files": found.files,
                "missing": found.missing,
                "altered": found.altered,
                "unreadable": found.unreadable,
                "not_valid": found.not_valid,
            },
        )
    return RetryAfter(seconds_to_next(utc_now()))


def _slice(
    look: Callable[[Session, str, int], list[Any]], session: Session, at: str, share: int
) -> tuple[list[Any], str]:
    """The next of the past, behind the last the first again, and where the next night begins."""
    found = look(session, at, share)
    if at and len(found) < share:
        found += look(session, "", share - len(found))
    last = found[-1] if found else ""
    return found, last if isinstance(last, str) else last[0]


def seconds_to_next(now: datetime) -> float:
    """Seconds until the next night's check."""
    local = now.astimezone(VIETNAM)
    due = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if due <= local:
        due += timedelta(days=1)
    return (due - local).total_seconds()


def check_now(db: Database, who: Identity) -> str:
    """Have the stored files checked at once instead of next night.

    Returns:
        Id of the job.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SETTINGS_WRITE)
    with db.write(who.school_id) as session:
        row = live_job(session, KIND) or enqueue(session, KIND, {}, actor=who.account_id)
        look_again(session, KIND, [row.id], priority=Priority.PERSON)
        record(session, actor=who.account_id, action=Action.STORE_CHECK_ASKED, subject=f"school:{who.school_id}")
        job_id = row.id
    return job_id


def files_standing(db: Database) -> Iterator[FilesStanding]:
    """For doctor: what the last check of each school's files found, and whether there was one lately."""
    with db.installation() as session:
        schools = find.all_of(session, School)
    for school in schools:
        with db.read(school.id) as session:
            report = _last_report(session)
            has_files = rows.has_files(session)
        yield _standing(school.code, report, has_files)


def damage_found(session: Session) -> str:
    """What the last check found lost or altered, as a sentence for the office; "" when all was well."""
    return _sentence(_damage(_last_report(session) or {}, _DAMAGED))


def refused_found(session: Session) -> str:
    """How many whole, sealed records the last check would not accept, as a sentence for the office; "" for none."""
    return _sentence(_damage(_last_report(session) or {}, _REFUSED))


def _sentence(words: list[str]) -> str:
    return f"{', '.join(words)}.".capitalize() if words else ""


def _last_report(session: Session) -> dict[str, Any] | None:
    return next((row.report for row in newest_jobs(session, KIND, 5) if row.report.get("finished_at")), None)


_DAMAGED = {
    "missing": "tệp bị mất",
    "altered": "tệp bị thay đổi",
    "unreadable": "tệp không đọc được (chưa kiểm tra được)",
}
_UNDECIDED = {"undecided": "học bạ đã đóng dấu nhưng bằng chứng trong tệp không đủ để kết luận"}
_REFUSED = {"not_valid": "học bạ đã đóng dấu nhưng kiểm tra không hợp lệ"}


def _damage(report: dict[str, Any], kinds: Mapping[str, str]) -> list[str]:
    return [f"{report[key]} {text}" for key, text in kinds.items() if report.get(key)]


def _standing(code: str, report: dict[str, Any] | None, has_files: bool) -> FilesStanding:
    if report is None or utc_now() - datetime.fromisoformat(report["finished_at"]) > OVERDUE:
        if not has_files:
            return FilesStanding(code, True)
        return FilesStanding(
            code,
            False,
            "Tệp lưu trữ chưa được kiểm tra trong hai ngày qua.",
            "Khởi động ./hocba worker; việc kiểm tra tự chạy hằng đêm.",
        )
    problems, remedies = [], []
    if damaged := _damage(report, _DAMAGED):
        problems += damaged
        remedies.append(
            "Tệp mất hoặc bị thay đổi: giữ nguyên hiện trạng, phục hồi từ bản sao lưu (./hocba restore vào nơi trống rồi chép lại) và tìm nguyên nhân trên đĩa."
        )
    if refused := _damage(report, _REFUSED):
        problems += refused
        remedies.append(
            f"Học bạ không hợp lệ ({_reasons(report)}): tệp không hỏng nên bản sao lưu không giúp được; hãy hủy chốt, chốt lại và ký lại các học bạ đó."
        )
    if undecided := _damage(report, _UNDECIDED):
        problems += undecided
        remedies.append(
            "Bằng chứng lưu trữ thiếu hoặc hết hạn: xem mục Lưu trữ lâu dài; nếu dấu thời gian đã hết hạn thì phục hồi bản được gia hạn hoặc ký lại."
        )
    return FilesStanding(code, not problems, _sentence(problems), " ".join(remedies))


def _reasons(report: dict[str, Any]) -> str:
    """Which documents are refused, and by which rule: what the office needs to unlock them."""
    named = [
        f"hồ sơ {row.get('code') or row.get('version', '')}: {row.get('reason', '')}"
        for row in report["problems"]
        if row["problem"] == "not_valid"
    ]
    return "; ".join(named[:MAX_SAID]) + ("; …" if report["not_valid"] > MAX_SAID else "")


def _check_some(work: Work, ids: Sequence[str], seen: set[str], found: Found) -> None:
    """Those of the versions that were not looked at tonight."""
    wanted = [each for each in dict.fromkeys(ids) if each not in seen]
    seen.update(wanted)
    for start in range(0, len(wanted), CHUNK_SIZE):
        work.make_way()
        _check_versions(work, wanted[start : start + CHUNK_SIZE], found)
        work.progress(len(seen), 0, "Kiểm tra tệp lưu trữ")


def _check_versions(work: Work, ids: list[str], found: Found) -> None:
    with work.db.read(work.school_id) as session:
        revisions, sealed = rows.revisions_of(session, ids), rows.sealed_versions(session, ids)
        school = session.get_one(School, work.school_id)
    to_verify: list[tuple[str, bytes]] = []
    for version_id in ids:
        file = _read(found, version_id, revisions.get(version_id, []))
        found.versions += 1
        if file is not None and version_id in sealed:
            to_verify.append((version_id, file))
    if not settings().trust_roots:
        return  # doctor says that no roots are configured
    # What the school was called, and its tax code, when it sealed: both may have changed since.
    issuers = [{"tax_code": code} for code in sorted({school.tax_code, *filter(None, sealed.values())})]
    for report in verify(to_verify, roots=trust_roots(), issuers=issuers):
        found.verified += 1
        if [reason.code for reason in report.reasons] == [Reason.NOT_ARCHIVED]:
            found.unarchived += 1
        elif report.verdict != "valid":
            found.note(
                "not_valid" if report.verdict == "invalid" else "undecided",
                version=report.path,
                code=report.code or "",
                reason=_reason(report),
            )


def _reason(report: FileReport) -> str:
    first = first_refusal(report) or next(iter(report.reasons), None)
    return first.code if first is not None else ""


def _read(found: Found, version_id: str, revisions: list[Revision]) -> bytes | None:
    """The version's file from the disk, past every cache; None when a part is damaged."""
    parts: list[bytes] = []
    for revision in revisions:
        part = _check_blob(found, revision.blob_sha256, version=version_id, revision=revision.id)
        if part is None:
            return None
        parts.append(part)
        whole = b"".join(parts)
        parts = [whole]
        if len(whole) != revision.length or hashlib.sha256(whole).hexdigest() != revision.sha256:
            found.note("altered", version=version_id, revision=revision.id)
            return None
    return parts[0] if parts else None


def _check_blob(found: Found, sha256: str, **where: str) -> bytes | None:
    found.files += 1
    try:
        return blobs.get(sha256)
    except HocbaError as error:
        if error.code is not ErrorCode.STORED_FILE_DAMAGED:
            raise
        found.note("altered" if blobs.exists(sha256) else "missing", **where)
    except OSError:
        found.note("unreadable", **where)  # one bad sector must not keep everything behind it from being checked
    return None
