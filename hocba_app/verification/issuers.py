"""The list of schools that may issue records: whether name, code, tax code and seal agree with the same entry of it.

An entry is ``{"tax_code", "name", "code", "certificate_name", "from", "until", "former": [...]}``; all but the tax code may be
missing. ``certificate_name`` (a text or several) says how the seal's certificate writes the school's name. Each item of
``former`` says what was otherwise between two days (``from``, ``until``, ISO, both included, either may be missing).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hocba_app.domain.person_names import normal_name
from hocba_app.domain.school_calendar import VIETNAM
from hocba_app.domain.school_names import school_key
from hocba_app.recordfile.manifest import ManifestSchool

_KEYS = ("tax_code", "code", "name")


@dataclass(frozen=True, slots=True)
class Listed:
    """The school as the list has it: what is shown instead of what the file says."""

    name: str
    code: str
    tax_code: str
    certificate_names: tuple[str, ...]
    """Names its seal's certificate may carry; none where the list does not say."""

    def agrees(self, holders: Iterable[str]) -> bool:
        """Whether a certificate under these names is this school's, as far as the list says."""
        known = {school_key(name) for name in self.certificate_names}
        return not known or any(school_key(holder) in known for holder in holders)


def listed_school(
    issuers: Sequence[Mapping[str, Any]], school: ManifestSchool, sealed_at: datetime | None
) -> Listed | None:
    """The one entry that says all the record says: its tax code, and where the list names them its name and code.

    Args:
        issuers: the list.
        school: as the record names it.
        sealed_at: when it was sealed, by its time stamp; former names and codes count only for their days.

    Returns:
        None where no entry agrees.
    """
    day = sealed_at.astimezone(VIETNAM).date() if sealed_at is not None else None
    for entry in issuers:
        for state in _states(entry, day):
            if _is(state, school):
                return Listed(
                    str(state.get("name") or school.name),
                    str(state.get("code") or school.code),
                    school.tax_code,
                    tuple(_certificate_names(entry)),
                )
    return None


def _states(entry: Mapping[str, Any], day: date | None) -> Iterator[Mapping[str, Any]]:
    """What the entry says for a day: as it is now, and as it was then."""
    if _covers(entry, day):
        yield entry
    for former in _former(entry):
        if _covers(former, day):
            yield {**entry, **former}


def _former(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = entry.get("former")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _covers(state: Mapping[str, Any], day: date | None) -> bool:
    """Whether a state held on a day. Its dates are checked when the list is read (`issuer_list_fault`)."""
    first, last = state.get("from"), state.get("until")
    if not first and not last:
        return True
    if day is None:
        return False
    return (not first or date.fromisoformat(first) <= day) and (not last or day <= date.fromisoformat(last))


def _is(state: Mapping[str, Any], school: ManifestSchool) -> bool:
    if state.get("tax_code") != school.tax_code:
        return False
    said = {"code": school.code, "name": school.name}
    return all(normal_name(str(state[key])) == normal_name(said[key]) for key in said if state.get(key))


def _certificate_names(entry: Mapping[str, Any]) -> Iterator[str]:
    """Every name the school has had: a certificate outlives a change of name."""
    for state in (entry, *_former(entry)):
        given = state.get("certificate_name") or state.get("name") or ()
        yield from [given] if isinstance(given, str) else [str(name) for name in given]


def issuer_list_fault(listed: object) -> str:
    """Why a list of issuers cannot be used; "" for a good one."""
    if not isinstance(listed, list):
        return "phải là danh sách"
    for number, entry in enumerate(listed, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("tax_code"), str) or not entry["tax_code"]:
            return f"mục {number} phải có tax_code"
        former = entry.get("former", [])
        if not isinstance(former, list) or not all(isinstance(item, dict) for item in former):
            return f"mục {number}: former phải là danh sách"
        if not all(_is_state(state) for state in (entry, *former)):
            return f"mục {number}: name, code, certificate_name phải là chữ; from, until phải là ngày dạng 2025-07-01"
    return ""


def _is_state(state: Mapping[str, Any]) -> bool:
    names = state.get("certificate_name") or []
    names = names if isinstance(names, list) else [names]
    texts = [*names, *(state[key] for key in _KEYS if state.get(key) is not None)]
    return all(isinstance(text, str) for text in texts) and all(
        _is_day(state[key]) for key in ("from", "until") if state.get(key)
    )


def _is_day(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(date.fromisoformat(text))
    except ValueError:
        return False
