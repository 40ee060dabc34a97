"""What a verification says: one shape for the command, the page and the database's checks (design §4)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

Verdict = Literal["valid", "invalid", "indeterminate"]
FileIntegrity = Literal["intact", "altered", "unknown", "unsigned"]
Integrity = Literal["intact", "altered", "unknown"]
Trust = Literal["trusted", "untrusted", "unknown"]
Order = Literal["ok", "wrong", "unknown"]
Coverage = Literal["whole_file", "revision", "partial"]
Status = Literal["current", "out_of_date", "void", "unknown"]


@dataclass(slots=True)
class SignatureReport:
    """One signature of a file, in the order of its revisions."""

    field: str
    role: str
    signer: str
    subject: str
    signing_time: str | None
    """The claimed time, ISO 8601; only a claim."""
    timestamp_time: str | None
    """The time of the time stamp, ISO 8601: the time that is judged."""
    coverage: Coverage
    integrity: Integrity
    trust: Trust
    order: Order


@dataclass(slots=True)
class Finding:
    """One reason, as a code and as a sentence."""

    code: str
    text: str


@dataclass(slots=True)
class FileReport:
    """The verdict on one file."""

    path: str
    verdict: Verdict = "indeterminate"
    integrity: FileIntegrity = "unknown"
    issued_here: bool = False
    status: Status = "unknown"
    reasons: list[Finding] = field(default_factory=list)
    signatures: list[SignatureReport] = field(default_factory=list)
    code: str | None = None
    """The public code the manifest names: how the database finds the version. Not part of the JSON interface."""
    sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fixed JSON shape of ``hocba verify --json``."""
        shape = asdict(self)
        del shape["code"], shape["sha256"]
        return shape

    @classmethod
    def from_dict(cls, shape: dict[str, Any]) -> FileReport:
        """Rebuild a report that crossed a process boundary."""
        return cls(
            **{
                **shape,
                "reasons": [Finding(**item) for item in shape["reasons"]],
                "signatures": [SignatureReport(**item) for item in shape["signatures"]],
            }
        )


def iso(instant: datetime | None) -> str | None:
    """An aware instant as ISO 8601 in UTC, or None."""
    return instant.isoformat(timespec="seconds") if instant is not None else None
