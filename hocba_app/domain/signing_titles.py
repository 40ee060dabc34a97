"""In which words somebody signs at the head's step: who he is, for whom he signs, on what ground.

The head of a school is a principal (Hiệu trưởng), that of a centre a director (Giám đốc). Decree 30/2020/NĐ-CP: a deputy signs "KT." for
the head (article 13), an acting head writes "Q." before the office (annex I). What could not be read in the text itself is listed in
docs/unconfirmed-rules.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OFFICES = {"principal": "Hiệu trưởng", "director": "Giám đốc"}
"""What the head of an institution is called."""
CAPACITIES = ("deputy", "acting", "in_charge")
"""By a decision somebody signs as: deputy for the head (ký thay), acting head (quyền), deputy in charge while there is no head (phụ trách)."""
AS_HEAD = ("acting", "in_charge")
"""They act for the head in everything, covers too; a deputy for what the decision names."""


@dataclass(frozen=True, slots=True)
class Title:
    """How one signature at the head's step is worded."""

    caption: tuple[str, ...]
    """Above the signature; nothing for a principal, whose office the form prints."""
    role: str
    """In the verdict: what the file says its signer is."""


def called(office: str, capacity: str = "") -> str:
    """Who heads the institution: the office, or in which capacity somebody acts for it (:data:`AS_HEAD`)."""
    words = OFFICES[office]
    return {"": words, "acting": f"Quyền {words}", "in_charge": f"Phó {words} phụ trách"}[capacity]


def head_title(office: str) -> Title:
    """Of the head himself."""
    words = OFFICES[office]
    return Title(() if office == "principal" else (words.upper(),), words)


def title_by_decision(office: str, capacity: str, number: str) -> Title:
    """Of who signs by a decision.

    Args:
        capacity: one of :data:`CAPACITIES`.
        number: the decision's, "" where there is none (the signer of covers, named by the school).
    """
    words = OFFICES[office]
    ground = f" (theo {number})" if number else ""
    if capacity == "acting":
        return Title((f"Q. {words.upper()}",), f"{called(office, capacity)}{ground}")
    caption = (f"KT. {words.upper()}", f"PHÓ {words.upper()}")
    role = called(office, capacity) if capacity == "in_charge" else f"Phó {words}, ký thay {words}"
    return Title(caption, f"{role}{ground}")


_CAPACITY_OF = {
    **{head_title(office).caption: "head" for office in OFFICES},
    **{title_by_decision(office, "acting", "").caption: "acting" for office in OFFICES},
    **{title_by_decision(office, "deputy", "").caption: "deputy" for office in OFFICES},
}
"""What a caption makes of its signer, whatever the school calls its head."""


def same_capacity(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two captions differ in nothing but what the head is called: a record locked before keeps its word for him."""
    first, second = tuple(one), tuple(other)
    return _CAPACITY_OF.get(first, first) == _CAPACITY_OF.get(second, second)
