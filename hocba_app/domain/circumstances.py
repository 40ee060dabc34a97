"""Pupils by the law's exceptions: what the source flags for one school year, from when to when, and which article says so.

A flag is never taken from a free text. It relaxes checks only while it holds, each by an article that is named; the words the
forms print are here, so that they do not depend on what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Kinds of exceptions, as the contract names them (docs/smas-contract.md)."""

    NOT_ASSESSED = "disability_not_assessed"
    LESS_DEMANDS = "disability_less_demands"
    OWN_PLAN = "disability_own_plan"
    EXEMPT = "exempt_subjects"
    FROM_ABROAD = "from_abroad"
    REPEATS = "repeats_grade"
    SKIPS = "skips_grade"
    GUARDIAN = "guardian_only"
    ONE_WORD_NAME = "one_word_name"
    NO_BIRTH_PLACE = "birth_place_unknown"


KINDS = tuple(kind.value for kind in Kind)
WORDS: Mapping[str, str] = {
    Kind.NOT_ASSESSED: "Học sinh khuyết tật học hòa nhập, không đánh giá",
    Kind.LESS_DEMANDS: "Học sinh khuyết tật học hòa nhập, đánh giá với yêu cầu được giảm nhẹ",
    Kind.OWN_PLAN: "Học sinh khuyết tật học hòa nhập, đánh giá theo kế hoạch giáo dục cá nhân",
    Kind.EXEMPT: "Miễn học",
    Kind.FROM_ABROAD: "Học sinh từ nước ngoài về nước",
    Kind.REPEATS: "Học lại lớp",
    Kind.SKIPS: "Học vượt lớp",
    Kind.GUARDIAN: "Có người giám hộ thay cha mẹ",
    Kind.ONE_WORD_NAME: "Họ và tên chỉ có một chữ",
    Kind.NO_BIRTH_PLACE: "Không rõ nơi sinh",
}
"""What the forms print and the screens show."""
DISABILITIES = (Kind.NOT_ASSESSED, Kind.LESS_DEMANDS, Kind.OWN_PLAN)
ON_RESULTS = (*DISABILITIES, Kind.EXEMPT)
ON_HISTORY = (Kind.FROM_ABROAD, Kind.REPEATS, Kind.SKIPS)
UNKNOWN = "Không rõ"
"""What the personal page says of a birthplace nobody knows."""
DISABILITY_ARTICLES: Mapping[str, str] = {
    "TT22": "TT22, Điều 11",
    "TT26": "TT58, Điều 14",
    "TT27": "TT27, Điều 8",
}  # TT43: not found (docs/unconfirmed-rules.md)
EXEMPTION_ARTICLES: Mapping[str, str] = {"TT26": "TT58, Điều 12"}
"""Where a pupil without a disability may be exempt from a subject; under TT22 and TT27 nobody else may."""
AGE_ARTICLE = "Luật Giáo dục, Điều 28 khoản 2"
_OF_PERSON: Mapping[str, str] = {
    Kind.FROM_ABROAD: AGE_ARTICLE,
    Kind.REPEATS: AGE_ARTICLE,
    Kind.SKIPS: AGE_ARTICLE,
    Kind.GUARDIAN: "Bộ luật Dân sự, Điều 47",
    Kind.ONE_WORD_NAME: "Bộ luật Dân sự, Điều 26",
    Kind.NO_BIRTH_PLACE: "Nghị định 123/2015/NĐ-CP, Điều 14",
}
_ENOUGH_TO_COUNT = "05-15"
"""A flag that ends before the year's results are made says nothing of them."""


@dataclass(frozen=True, slots=True)
class Circumstance:
    """One flag of one pupil's school year."""

    kind: str
    from_date: str = ""  # ISO; "" for ever
    to_date: str = ""
    decision: str = ""  # "12/QĐ-THCS"
    subjects: tuple[str, ...] = ()
    """Codes of the subjects he is exempt from."""

    def holds_on(self, day: str) -> bool:
        """Whether it holds on an ISO day."""
        return (not self.from_date or self.from_date <= day) and (not self.to_date or day <= self.to_date)

    def article(self, regime: str) -> str:
        """The article it rests on under a regime; "" where none was found."""
        if self.kind in DISABILITIES:
            return DISABILITY_ARTICLES.get(regime, "")
        if self.kind == Kind.EXEMPT:
            return EXEMPTION_ARTICLES.get(regime, "")
        return _OF_PERSON.get(self.kind, "")


def circumstances(stored: Iterable[Mapping[str, Any]] | None) -> tuple[Circumstance, ...]:
    """Flags as a pupil-year or a snapshot keeps them."""
    return tuple(
        Circumstance(
            row["kind"],
            row.get("from_date") or "",
            row.get("to_date") or "",
            row.get("decision") or "",
            tuple(row.get("subjects") or ()),
        )
        for row in stored or ()
    )


def of_year(found: Iterable[Circumstance], school_year: str) -> tuple[Circumstance, ...]:
    """Those that hold when the results of a school year are made."""
    day = f"{school_year[5:]}-{_ENOUGH_TO_COUNT}"
    return tuple(each for each in found if each.holds_on(day))


def sentence(found: Circumstance, subject_name: Callable[[str], str] = str) -> str:
    """What the form prints: the kind, the subjects, the decision and the days."""
    words = WORDS[found.kind]
    if found.subjects:
        words += f": {', '.join(subject_name(code) for code in found.subjects)}"
    grounds = [found.decision, _span(found)]
    told = "; ".join(part for part in grounds if part)
    return f"{words} ({told})" if told else words


def _span(found: Circumstance) -> str:
    parts = [
        f"{word} {day[8:]}/{day[5:7]}/{day[:4]}"
        for word, day in (("từ ngày", found.from_date), ("đến ngày", found.to_date))
        if day
    ]
    return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Relief:
    """What a pupil's flags relax in the assessment of one year, each by its article; "" for nothing."""

    not_assessed: str = ""
    own_plan: str = ""
    head_decides: str = ""
    exempt: Mapping[str, str] = field(default_factory=dict)
    """Article by subject code."""


def relief(found: Iterable[Circumstance], regime: str, school_year: str) -> Relief:
    """What the flags that hold for a year's results relax under its regime."""
    holding = of_year(found, school_year)
    disability = DISABILITY_ARTICLES.get(regime, "")
    kinds = {each.kind for each in holding}
    disabled = disability if kinds & set(DISABILITIES) else ""
    by = disabled or EXEMPTION_ARTICLES.get(regime, "")
    exempt = {code: by for each in holding if each.kind == Kind.EXEMPT for code in each.subjects if by}
    return Relief(
        not_assessed=disabled if Kind.NOT_ASSESSED in kinds else "",
        own_plan=disabled if Kind.OWN_PLAN in kinds else "",
        head_decides=disabled,
        exempt=exempt,
    )
