"""Noting reasons in a report: a code, and its sentences with the signature named as a person would."""

from __future__ import annotations

from hocba_app.verification.reason_codes import ABOUT_ISSUER, ALTERS, INVALIDATES, UNCLEAR, Reason
from hocba_app.verification.reason_wording import WORDING
from hocba_app.verification.report_model import FileReport, Finding
from hocba_app.verification.slot_words import slot_words

__all__ = ["ABOUT_ISSUER", "ALTERS", "INVALIDATES", "UNCLEAR", "Reason", "add", "first_refusal", "has", "what"]


def add(report: FileReport, reason: Reason, *, field: str = "", **params: str) -> None:
    """Note a reason once.

    Args:
        field: of the signature it is about; "" for the file as a whole.
        params: what else its sentences name.
    """
    words = (report.slot_words.get(field) or slot_words(field)) if field else ""
    parts = [part.format(field=words, **params) for part in WORDING[reason]]
    finding = Finding(reason.value, " ".join(parts), field, *parts)
    if finding not in report.reasons:
        report.reasons.append(finding)


def what(reason: Reason, *, field: str = "", **params: str) -> str:
    """Only what was found, for a message that says itself what it means and what to do."""
    return WORDING[reason].what.format(field=slot_words(field) if field else "", **params)


def has(report: FileReport, reasons: frozenset[Reason]) -> bool:
    """Whether any of these reasons was noted."""
    values = {reason.value for reason in reasons}
    return any(finding.code in values for finding in report.reasons)


def first_refusal(report: FileReport) -> Finding | None:
    """The first reason that makes a record of ours invalid; None when there is none."""
    values = {reason.value for reason in INVALIDATES}
    return next((finding for finding in report.reasons if finding.code in values), None)
