"""``hocba verify`` and the upload on the page: needs no database; with one they also know the standing of our own records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, database
from hocba_app.models.schema_check import require_current_schema
from hocba_app.pki.signer_certificate import certificates_of
from hocba_app.services.verification.packages import MAX_SECONDS, Judge, is_archive, verify_package
from hocba_app.services.verification.verify import issuers_beside, verify
from hocba_app.settings import settings
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.report_presentation import simple_report
from hocba_app.verification.sandbox import LIMITS, MAX_BYTES, UPLOAD_LIMITS

log = structlog.get_logger()
CHUNK_SIZE = 40
"""Files held in memory together."""
_VERDICT = {"valid": "HỢP LỆ", "invalid": "KHÔNG HỢP LỆ", "indeterminate": "CHƯA KẾT LUẬN"}
_SIGN = {"yes": "+", "no": "-", "unknown": "?"}


def verify_paths(paths: Sequence[Path], trust: Path | None, *, online: bool = False) -> list[FileReport]:
    """Verify files on disk, and the records in archives among them.

    Args:
        trust: PEM of trusted roots; a list of issuers beside it is binding. None takes the configured ones.
        online: ask the authorities about certificates that a file brings no evidence about.

    Raises:
        HocbaError: INVALID_INPUT when a file or the trust file cannot be read.
    """
    roots, issuers = _trusted(trust or _configured_trust())
    db = _configured_database()

    def judge(files: Sequence[tuple[str, bytes]]) -> list[FileReport]:
        return verify(files, roots=roots, issuers=issuers, db=db, own_trust=trust is None, online=online)

    reports: list[FileReport] = []
    for start in range(0, len(paths), CHUNK_SIZE):
        reports += _in_order(paths[start : start + CHUNK_SIZE], judge)
    return reports


def _in_order(paths: Sequence[Path], judge: Judge) -> Iterator[FileReport]:
    """The reports of files and of the records in archives among them."""
    plain = iter(judge([(str(path), _read(path)) for path in paths if not _is_archive(path)]))
    for path in paths:
        if not _is_archive(path):
            yield next(plain)
            continue
        with path.open("rb") as file:
            yield from verify_package(str(path), file, judge)


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_archive(file)
    except OSError:
        return False  # reported when it is read


def verify_upload(data: bytes, db: Database | None, *, name: str = "") -> FileReport:
    """Verify one uploaded file with the configured roots, and add the version's status here.

    The file is parsed in a process of its own only, and may take up to half a minute: call it from a thread, never on an
    event loop.

    Args:
        data: the file, from anybody.
        db: where standing and issuing schools are looked up; None without a database.
        name: shown in the report.

    Raises:
        HocbaError: INVALID_INPUT when the configured trust file cannot be read; BUSY.
        Abandoned: whoever asked has left.
    """
    return _judge_upload(db)([(name, data)])[0]


def verify_archive(file: BinaryIO, db: Database | None, *, name: str = "") -> list[FileReport]:
    """Verify the records of one uploaded archive, as :func:`verify_upload` does one; somewhat more than a minute at most.

    Args:
        file: an archive (:func:`is_archive`), from anybody.
        name: of the archive.

    Returns:
        As :func:`verify_package`.
    """
    return verify_package(name, file, _judge_upload(db), seconds=MAX_SECONDS)


def verify_stored(files: Sequence[tuple[str, bytes]], db: Database) -> list[FileReport]:
    """Verify files from our own store as :func:`verify_upload` judges anybody's, without the sandbox that strangers' bytes need.

    Raises:
        HocbaError: INVALID_INPUT when the configured trust file cannot be read.
    """
    roots, issuers = _trusted(_configured_trust())
    return verify(files, roots=roots, issuers=issuers, db=db)


def _judge_upload(db: Database | None) -> Judge:
    roots, issuers = _trusted(_configured_trust())
    online = settings().verify_online
    return lambda files: verify(files, roots=roots, issuers=issuers, db=db, limits=UPLOAD_LIMITS, online=online)


def verify_from_elsewhere(files: Sequence[tuple[str, bytes]], db: Database) -> list[FileReport]:
    """Verify records that another school may have issued: the schools of this installation are not the only issuers.

    Args:
        files: ``(name, bytes)``, from anybody. See :func:`verify_upload` for the time it takes.

    Raises:
        HocbaError: INVALID_INPUT when the configured trust file cannot be read.
    """
    roots, issuers = _trusted(_configured_trust())
    return verify(files, roots=roots, issuers=issuers, db=db, own_trust=False, limits=LIMITS)


def report_lines(reports: Sequence[FileReport]) -> list[str]:
    """The simple report, for people. Names come from the files: what does not print is left out."""
    lines = []
    for report in reports:
        simple = simple_report(report)
        lines.append(f"{report.path}: {_VERDICT[report.verdict]}")
        lines += [f"  {_SIGN[answer.reply]} {answer.question} {answer.sentence}" for answer in simple.answers]
        lines += [f"  - {reason}" for reason in simple.reasons]
        lines += [f"  {_SIGN[signer.reply]} {signer.role}: {signer.name} · {signer.when}" for signer in simple.signers]
        if simple.guarantee:
            lines.append(f"  {simple.guarantee}")
        if simple.standing:
            lines.append(f"  {simple.standing}")
    return ["".join(letter for letter in line if letter.isprintable()) for line in lines]


def _read(path: Path) -> bytes:
    """A file to be verified; of one that is too large only enough to see that."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"không đọc được tệp ({type(error).__name__})") from error


def _configured_trust() -> Path | None:
    return Path(settings().trust_roots) if settings().trust_roots else None


def _trusted(source: Path | None) -> tuple[list[bytes], list[dict[str, Any]] | None]:
    if source is None:
        return [], None
    try:
        roots = list(certificates_of(source))
    except (OSError, ValueError) as error:
        raise HocbaError(
            ErrorCode.INVALID_INPUT, detail=f"không đọc được chứng thư gốc ({type(error).__name__})"
        ) from error
    return roots, issuers_beside(source)


def _configured_database() -> Database | None:
    """The configured database when there is one that this version can read; a file says enough without it."""
    try:
        require_current_schema(settings().database_url)
    except HocbaError as error:
        if error.code is not ErrorCode.SCHEMA_MISSING:
            log.warning("verify.without_database", reason=error.code.value, sentence=error.sentence)
        return None
    except SQLAlchemyError as error:
        log.warning("verify.without_database", reason=type(error).__name__)
        return None
    return database()
