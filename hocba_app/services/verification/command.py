"""``hocba verify``: needs no database; with one it also knows the standing of our own records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.exc import SQLAlchemyError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, database
from hocba_app.services.verification.report import FileReport
from hocba_app.services.verification.verdict import issuers_beside, verify
from hocba_app.settings import settings

_VERDICT = {"valid": "HỢP LỆ", "invalid": "KHÔNG HỢP LỆ", "indeterminate": "CHƯA KẾT LUẬN"}


def verify_paths(paths: Sequence[Path], trust: Path | None) -> list[FileReport]:
    """Verify files on disk.

    Args:
        trust: PEM of trusted roots; a list of issuers beside it is binding. None takes the configured ones.

    Raises:
        HocbaError: INVALID_INPUT when a file or the trust file cannot be read.
    """
    roots: list[bytes] = []
    issuers = None
    source = trust or (Path(settings().trust_roots) if settings().trust_roots else None)
    try:
        if source is not None:
            roots = [item.public_bytes(Encoding.DER) for item in x509.load_pem_x509_certificates(source.read_bytes())]
            issuers = issuers_beside(source)
        files = [(str(path), path.read_bytes()) for path in paths]
    except (OSError, ValueError) as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"không đọc được tệp ({type(error).__name__})") from error
    return verify(files, roots=roots, issuers=issuers, db=None if trust is not None else _configured_database())


def _configured_database() -> Database | None:
    """The configured database when there is one; looking must not create an empty file."""
    url = settings().database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return None
    try:
        with database().installation():
            return database()
    except SQLAlchemyError:
        return None


def report_lines(reports: Sequence[FileReport]) -> list[str]:
    """The simple report, for people."""
    lines = []
    for report in reports:
        lines.append(f"{report.path}: {_VERDICT[report.verdict]}")
        lines += [f"  - {reason.text}" for reason in report.reasons]
        lines += [
            f"  {signature.field}: {signature.signer} · {signature.timestamp_time or signature.signing_time or '?'} · {signature.integrity}, {signature.trust}"
            for signature in report.signatures
        ]
    return lines
