"""Stored values in the words the official forms use. One place, so that a wording is changed once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from hocba_app.domain.circumstances import circumstances, sentence
from hocba_app.domain.levels import LAST_GRADES

LEVEL_NAMES = {
    "primary": "Tiểu học",
    "lower_secondary": "Trung học cơ sở",
    "upper_secondary": "Trung học phổ thông",
}
PROMOTIONS = {
    "promoted": "Được lên lớp",
    "retained": "Không được lên lớp (ở lại lớp)",
    "reassess": "Phải đánh giá lại môn học hoặc rèn luyện trong kỳ nghỉ hè",
}
PROGRAMMES = {
    "primary": "Hoàn thành chương trình tiểu học",
    "lower_secondary": "Hoàn thành chương trình giáo dục trung học cơ sở",
    "upper_secondary": "Hoàn thành chương trình giáo dục phổ thông",
}
OUTCOMES = {"promoted": "Được lên lớp", "retained": "Ở lại lớp", "moved": "Chuyển trường"}
COMMENT_LEVELS = {"Đ": "Đạt", "CĐ": "Chưa đạt"}
_CODES = PROMOTIONS | OUTCOMES | LEVEL_NAMES | {"marked": "chấm điểm", "comment": "nhận xét"}
_MARK = re.compile(r"[0-9]{1,2}\.[0-9]{1,4}")
BLANK = "—"
"""Stands where the school has nothing to say, so that nobody can add it on a print."""


_WORD_BULLETS = str.maketrans(
    {
        "\uf0b7": "•",
        "\uf0a7": "▪",
        "\uf0fc": "✓",
        "\uf0fe": "☑",
        "\uf0a8": "☐",
        "\uf0d8": "➢",
        "\uf076": "❖",
        "\uf0e0": "→",
    }
)
"""What Word pastes for a bullet or tick of its symbol fonts: numbers for private use, the same in every Word."""


def printable(value: Any) -> Any:
    """The same JSON value as it can be printed: NFC, Word's private bullets as the signs they show, without invisible format
    characters pasted from elsewhere."""
    if isinstance(value, str):
        composed = unicodedata.normalize("NFC", value)
        if composed.isascii() or composed.isprintable():  # then it has neither private nor format characters
            return composed
        composed = composed.translate(_WORD_BULLETS)
        return "".join(letter for letter in composed if unicodedata.category(letter) != "Cf")
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [printable(item) for item in value]
    return value


def day(value: str | None) -> str | None:
    """``2014-05-12`` as ``12/05/2014``; anything that is not an ISO date stays as the school wrote it."""
    try:
        return date.fromisoformat(value).strftime("%d/%m/%Y") if value else value
    except ValueError:
        return value


def school_year(value: str | None) -> str:
    """``2025-2026`` with a proper dash."""
    return (value or BLANK).replace("-", " – ")


def mark(value: str | None) -> str:
    """A mark with the decimal comma, or the level of a comment subject in full."""
    return COMMENT_LEVELS.get(value, value.replace(".", ",")) if value else ""


def office_of_head(snapshot: Mapping[str, Any]) -> str:
    """What the form calls who confirms for the institution."""
    return str((snapshot.get("head") or {}).get("office", "Hiệu trưởng"))


def ground_of_head(snapshot: Mapping[str, Any]) -> str:
    """The decision by which somebody signs in the head's place; "" for none."""
    return str((snapshot.get("head") or {}).get("ground", ""))


def stored_value(value: str | None) -> str:
    """A single stored value as people read it: marks with a comma, dates as they are written here, no code in English; "" for none."""
    if not value:
        return ""
    words = _CODES.get(value)
    if words is not None:
        return words
    if _MARK.fullmatch(value) or value in COMMENT_LEVELS:
        return mark(value)
    return day(value) or value


def circumstance_lines(snapshot: Mapping[str, Any]) -> list[str]:
    """The exceptions of the law the pupil was assessed by, a line each, subjects by name."""
    names = {row["code"]: row["name"] for row in snapshot["results"]["subjects"]}
    return [sentence(each, lambda code: names.get(code, code)) for each in circumstances(snapshot.get("circumstances"))]


def programme_finished(level: str) -> str:
    """What a completed level is called (Education Law 43/2019/QH14, Art. 34)."""
    return PROGRAMMES[level]


def primary_completion(grade: int | None, *, finished: bool) -> str:
    """What a primary pupil completed this year: the class, or with the last one the level (TT27, Art. 11)."""
    return PROGRAMMES["primary"] if finished else f"Hoàn thành chương trình lớp {grade}"


def history_outcome(outcome: str | None, level: str, grade: int | None) -> str:
    """The outcome of a year; who is promoted out of the last grade has completed the level."""
    if outcome == "promoted" and grade == LAST_GRADES.get(level):
        return programme_finished(level)
    return OUTCOMES.get(outcome, outcome) if outcome else ""
