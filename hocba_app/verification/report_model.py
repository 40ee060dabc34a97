"""What a verification says: one shape for the command, the page and the database's checks (docs/interfaces.md)."""

from __future__ import annotations

import dataclasses
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Verdict = Literal["valid", "invalid", "indeterminate"]
FileIntegrity = Literal["intact", "altered", "unknown", "unsigned"]
Integrity = Literal["intact", "altered", "unknown"]
Trust = Literal["trusted", "untrusted", "unknown"]
Order = Literal["ok", "wrong", "unknown"]
Coverage = Literal["whole_file", "revision", "partial"]
Status = Literal["current", "out_of_date", "void", "unknown"]
Revocation = Literal["good", "revoked", "unknown"]


@dataclass(slots=True)
class SignatureDetail:
    """What an expert asks of one signature beyond the verdict."""

    authority: str = ""
    """The authority that issued the signer's certificate."""
    valid_from: str | None = None
    valid_to: str | None = None
    valid_at_signing: bool | None = None
    """Whether the time stamp lies within the certificate's validity; None when there is none or it cannot be determined."""
    timestamp_ok: bool | None = None
    """Whether the time stamp holds and comes from a trusted unit; None without one."""
    revocation: Revocation = "unknown"
    """``good``: the evidence kept in the file says not revoked; ``unknown``: the file carries none."""


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
    detail: SignatureDetail = dataclasses.field(default_factory=SignatureDetail)
    """For experts. Not part of the JSON interface."""


@dataclass(slots=True)
class Origin:
    """Who says to have issued the record: the manifest, which every signature covers."""

    kind: str
    school: str
    school_code: str
    tax_code: str
    version: int


@dataclass(slots=True)
class Finding:
    """One reason, as a code and in words: what was found, what it means for the holder, what to do."""

    code: str
    text: str
    field: str = ""
    """Of the signature it is about; "" for the file as a whole. Not part of the JSON interface, as what follows."""
    what: str = ""
    means: str = ""
    todo: str = ""


@dataclass(slots=True)
class FileReport:
    """The verdict on one file."""

    path: str
    verdict: Verdict = "indeterminate"
    integrity: FileIntegrity = "unknown"
    issued_here: bool = False
    status: Status = "unknown"
    reasons: list[Finding] = dataclasses.field(default_factory=list)
    signatures: list[SignatureReport] = dataclasses.field(default_factory=list)
    guaranteed_until: str | None = None
    """Of a valid record: until when it can be judged as now without a further time stamp, ISO 8601."""
    lacking: list[list[str]] = dataclasses.field(default_factory=list)
    """Certificate paths (hex, root last) about which the file has no answer that counts: what could be asked for. Not part
    of the JSON interface."""
    code: str | None = None
    """The public code the manifest names: how the database finds the version. Not part of the JSON interface."""
    sha256: str = ""
    method: str = ""
    """``replay`` (each update derived again and compared) or ``analysis`` (pyHanko in the sandbox). Not part of it either."""
    slot_words: dict[str, str] = dataclasses.field(default_factory=dict)
    """What each signature field is called before people. Not part of it either."""
    listed_school: str = ""
    """The school's name by the list of issuers, where one was given and it agrees. Not part of it either."""
    origin: Origin | None = None
    """What the manifest says of a record of ours. Not part of it either."""
    copy_code: str | None = None
    """The verification code that a copy of a record still shows: where its original can be asked for. Not part of it either."""

    def as_json(self) -> dict[str, Any]:
        """The fixed JSON shape of ``hocba verify --json``."""
        shape = asdict(self)
        for inner in ("lacking", "code", "sha256", "method", "slot_words", "listed_school", "origin", "copy_code"):
            del shape[inner]
        for finding in shape["reasons"]:
            for inner in ("field", "what", "means", "todo"):
                del finding[inner]
        for signature in shape["signatures"]:
            del signature["detail"]
        return shape

    @classmethod
    def from_dict(cls, shape: dict[str, Any]) -> FileReport:
        """Rebuild a report that crossed a process boundary."""
        return cls(
            **{
                **shape,
                "reasons": [Finding(**item) for item in shape["reasons"]],
                "signatures": [
                    SignatureReport(**{**item, "detail": SignatureDetail(**item["detail"])})
                    for item in shape["signatures"]
                ],
                "origin": Origin(**shape["origin"]) if shape["origin"] else None,
            }
        )


def iso(instant: datetime | None) -> str | None:
    """An aware instant as ISO 8601 in UTC, or None."""
    return instant.isoformat(timespec="seconds") if instant is not None else None
