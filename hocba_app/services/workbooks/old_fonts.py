"""Workbooks in letters of old fonts: turned into Unicode before anything is understood, and somebody is asked whether that is right."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hocba_app.domain.old_letters import NAMES, coding_of, examples, is_unicode, is_vietnamese, to_unicode
from hocba_app.services.workbooks.excel_reading import CellProblem, Sheet
from hocba_app.services.workbooks.near_matches import OTHER, SAME, Question

_TELLING = 3
"""Letters of a text from which a coding can be told."""


def turn(sheets: list[Sheet], kept: Collection[str] = ()) -> dict[str, CellProblem]:
    """Turn what is in an old coding into Unicode, column by column.

    Args:
        kept: codings that somebody has said these are not.

    Returns:
        Coding → its first cell, with examples of what became of it.
    """
    found: dict[str, tuple[Sheet, int, str, list[str]]] = {}
    columns = [(sheet, letter, column) for sheet in sheets for letter, column in _columns(sheet).items()]
    codings = [coding_of(column.values()) for _, _, column in columns]
    used = [coding for coding in codings if coding]
    for (sheet, letter, column), own in zip(columns, codings, strict=True):
        # A column of letters alone tells no coding: it has that of the others.
        coding = own or (used[0] if used and max(map(len, column.values())) < _TELLING else "")
        if not coding or coding in kept:
            continue
        mixed = any(map(is_unicode, column.values()))
        for number, text in column.items():
            turned = text if mixed and is_vietnamese(text) else to_unicode(text, coding)
            if turned != text:
                sheet.rows[number][letter] = turned
                found.setdefault(coding, (sheet, number, letter, []))[3].append(text)
    return {coding: _told(coding, *where) for coding, where in found.items()}


def _columns(sheet: Sheet) -> dict[str, dict[int, str]]:
    """Column → row → text that is not of plain letters."""
    found: dict[str, dict[int, str]] = {}
    for number, cells in sheet.rows.items():
        for letter, text in cells.items():
            if not text.isascii():
                found.setdefault(letter, {})[number] = text
    return found


def questions(turned: Mapping[str, CellProblem], answers: Mapping[str, str]) -> list[Question]:
    """What has still to be asked about codings."""
    return [
        Question(key_of(coding), "letters", "workbook", problem)
        for coding, problem in turned.items()
        if answers.get(key_of(coding)) != SAME
    ]


def kept(answers: Mapping[str, str]) -> set[str]:
    """Codings that somebody has said a workbook is not in."""
    return {coding for coding in NAMES if answers.get(key_of(coding)) == OTHER}


def key_of(coding: str) -> str:
    return f"letters:workbook:{coding}"


def _told(coding: str, sheet: Sheet, number: int, letter: str, texts: list[str]) -> CellProblem:
    shown = "; ".join(examples(texts, coding))
    reason = f"{len(texts)} ô viết bằng bảng mã cũ {NAMES[coding]}, được đổi sang Unicode: {shown}. Đổi như vậy có đúng không?"
    return CellProblem(sheet.name, number, letter, reason, "old_letters")
