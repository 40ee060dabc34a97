"""The long-life matrix: what ends first – unit, responder, root, algorithm –, which year it is, renewed or not; by us and by pyHanko.

The table in docs/verification.md is made here: ``HOCBA_WRITE_TABLES=1`` writes it, otherwise it must be current.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.sealed_record import World
from tests.integration.verification.judging import codes
from tests.integration.verification.long_life import (
    CASES,
    LONG,
    MADE,
    YEARS,
    Case,
    Life,
    analysed,
    ours,
    pyhanko,
    told,
    year,
)

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "verification.md"
BEGIN, END = "<!-- long-life matrix: made by test_long_life_matrix.py -->\n", "<!-- end of the matrix -->\n"
COMPARED = (2033, 2040)
RIGHT = {
    "nothing ends": ("valid", "valid"),
    "unit of 5 years": ("2031", "valid"),
    "responders of 1 year": ("valid", "valid"),
    "root of 8 years": ("2034", "valid"),
    "issuing key RSA-2048": ("2030", "valid"),
    "all of these": ("2030", "valid"),
}
"""By case: until when it can be judged without renewal ("valid": beyond the matrix), and with."""
DIFFER = {
    # pyHanko's engine has no horizon of algorithms.
    *(("issuing key RSA-2048", False, number) for number in COMPARED),
    # pyHanko calls an expired intermediate a general failure and asks for no past validation.
    ("root of 8 years", True, 2040),
    ("all of these", True, 2040),
}
"""Where pyHanko says otherwise; docs/verification.md says who is right."""
Row = tuple[str, bool, list[str], list[str]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Row]]:
    """The whole matrix, judged."""
    other = World(
        tmp_path_factory.mktemp("other"), lifetimes=replace(LONG, unit=5, responder=1), name="khác", today=MADE
    )
    made = [row for case in CASES for row in _rows(Life(tmp_path_factory.mktemp("life"), case, other), case)]
    yield made
    other.close()


def _rows(life: Life, case: Case) -> Iterator[Row]:
    for renewed in (False, True):
        verdicts, opinions = [], []
        for number in YEARS:
            at = year(number)
            file = life.file(at, renewed=renewed)
            report = ours(file, life.roots, at)
            verdicts.append(told(report))
            if number in COMPARED:
                assert told(analysed(file, life.roots, at)) == told(report), "both ways say the same"
                opinions.append(pyhanko(file, life.roots, at, life.fresh(at, renewed=renewed)))
        yield case.name, renewed, verdicts, opinions
    for number in (YEARS[0], 2060):
        assert codes(ours(life.unarchived, life.roots, year(number))) == {"not_archived"}
    life.world.close()


def test_each_proof_is_protected_by_one_that_is_still_good(rows: list[Row]) -> None:
    """Judged in 2047 after the unit had ended in 2031, and never renewed, it used to be valid without a word."""
    for name, renewed, verdicts, _ in rows:
        limit = RIGHT[name][renewed]
        for number, verdict in zip(YEARS, verdicts, strict=True):
            good = limit == "valid" or number <= int(limit)
            assert verdict.startswith("valid" if good else "indeterminate: "), (name, renewed, number, verdict)


def test_pyhanko_says_the_same_or_it_is_written_down(rows: list[Row]) -> None:
    found = {
        (name, renewed, number)
        for name, renewed, verdicts, opinions in rows
        for number, opinion in zip(COMPARED, opinions, strict=True)
        if (opinion == "OK") != verdicts[YEARS.index(number)].startswith("valid")
    }
    assert found == DIFFER


def test_the_table_in_the_documents_is_current(rows: list[Row]) -> None:
    head = [
        "what ends in the first authority",
        "renewed",
        *map(str, YEARS),
        *(f"pyHanko {number}" for number in COMPARED),
    ]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [
        f"| {' | '.join([name, 'in time' if renewed else 'never', *verdicts, *opinions])} |"
        for name, renewed, verdicts, opinions in rows
    ]
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    wanted = f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n\n{END}{rest.split(END)[1]}"
    if os.environ.get("HOCBA_WRITE_TABLES"):
        DOCUMENT.write_text(wanted, encoding="utf-8")
    assert text == wanted or os.environ.get("HOCBA_WRITE_TABLES"), "make it anew with HOCBA_WRITE_TABLES=1"
