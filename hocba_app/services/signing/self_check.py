"""No record that our own verifier would refuse is committed or sealed: its rules, asked of what is about to be written."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.process_scope import on_close
from hocba_app.recordfile.demands import Vouched
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage.files import current_file
from hocba_app.settings import settings
from hocba_app.verification.judge_files import judge_files
from hocba_app.verification.own_record import NewSignature, refusal_before_seal, refusal_of_signature
from hocba_app.verification.reasons import first_refusal

_found_good: OrderedDict[tuple[str, tuple[bytes, ...]], None] = OrderedDict()
on_close(_found_good.clear)
_MAX_KEPT = 4096


def handed_out_file(session: Session, version_id: str) -> bytes:
    """The newest bytes of a sealed version, judged before they leave the school.

    The same bytes under the same roots are judged once a process. An installation without roots cannot judge; `doctor` says so.

    Raises:
        HocbaError: RECORD_NOT_VALID, STORED_FILE_DAMAGED, NOT_FOUND.
    """
    file = current_file(session, version_id)
    roots = trust_roots() if settings().trust_roots else ()
    known = hashlib.sha256(file).hexdigest(), roots
    if not roots or known in _found_good:
        return file
    (report,) = judge_files([(version_id, file)], roots=roots)
    if report.verdict == "invalid":
        found = first_refusal(report)
        raise HocbaError(ErrorCode.RECORD_NOT_VALID, reason=found.what if found is not None else "")
    _found_good[known] = None
    while len(_found_good) > _MAX_KEPT:
        _found_good.popitem(last=False)
    return file


def require_sealable(file: bytes, promised: Mapping[str, Vouched]) -> None:
    """Judge a whole record before the school's phone is asked to seal it.

    Raises:
        HocbaError: RECORD_NOT_VALID.
    """
    if reason := refusal_before_seal(file, trust_roots(), promised):
        raise HocbaError(ErrorCode.RECORD_NOT_VALID, reason=reason)


def require_acceptable(new: NewSignature) -> None:
    """Judge one signature before it is embedded for good.

    Raises:
        HocbaError: SIGNATURE_NOT_VALID.
    """
    if reason := refusal_of_signature(new, trust_roots()):
        raise HocbaError(ErrorCode.SIGNATURE_NOT_VALID, reason=reason)
