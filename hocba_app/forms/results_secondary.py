"""Year results of lower and upper secondary: TT22, and the years before it under TT58 as amended by TT26. Two A4 pages, more where
texts need it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hocba_app.domain.levels import LAST_GRADES
from hocba_app.domain.snapshot import Results, Snapshot, SubjectRow
from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.form_blocks import (
    approval_section,
    gap,
    homeroom_section,
    kept_together,
    labelled,
    word_of_office,
)
from hocba_app.forms.form_version import Form, form_of
from hocba_app.forms.header_footer import ROOM
from hocba_app.forms.page import MM, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.results_pages import (
    approval_statements,
    circumstance_facts,
    count,
    departure_fact,
    homeroom_comments,
    promotion,
    results_pages,
    under_the_marks,
    with_note,
)
from hocba_app.forms.signature_layout import RowSigning, row_signing
from hocba_app.forms.subject_table import table_blocks
from hocba_app.forms.summary_table import summary_block
from hocba_app.forms.wording import BLANK, LEVEL_NAMES

AVERAGES = "AVERAGES"
"""Stands for the row "ĐTB các môn", which no teacher signs."""
TERMS: tuple[tuple[Literal["term1", "term2", "year"], str], ...] = (
    ("term1", "term1"),
    ("term2", "term2"),
    ("year", "whole_year"),
)
"""Key of the results, key of the form's word."""


def draw_results(snapshot: Snapshot) -> list[Page]:
    """The pages of one school year's results.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    form, results = form_of(snapshot), snapshot["results"]
    signing = row_signing(snapshot["slots"], results["subjects"])
    rows = [*form.ordered(results["subjects"]), *_averages(form, results)]
    table = table_blocks(form, rows, signing | {AVERAGES: RowSigning()})
    subjects = [*table, gap(2 * MM), *under_the_marks(snapshot, form)]
    # The official form begins the summary on its second page; a table that needs that page itself shares it.
    opens_page = sum(block.height for block in subjects) <= ROOM
    heading = word_of_office(form, "approval_heading", snapshot)
    return results_pages(
        snapshot,
        [
            *subjects,
            *([] if opens_page else [gap(3 * MM)]),
            replace(summary_block(form.summary, summary_rows(form, results)), starts_page=opens_page),
            gap(4 * MM),
            *_facts(form, snapshot),
            *departure_fact(form, results),
            *circumstance_facts(form, snapshot),
            gap(2 * MM),
            *kept_together(
                form,
                homeroom_section(form, homeroom_comments(form, results)),
                gap(4 * MM),
                approval_section(heading, snapshot, approval_statements(snapshot, form)),
            ),
        ],
    )


def summary_rows(form: Form, results: Results) -> list[dict[str, str | None]]:
    """Levels and absences by term, as the summary table shows them."""
    return [
        {
            "period": form.word(word),
            "training": results["training"][key],
            "learning": results["learning"][key],
            "absences": count(results["absences"].get(key)),
            "training_after": results["training"]["reassessed"] if key == "year" else None,
            "learning_after": results["learning"]["reassessed"] if key == "year" else None,
        }
        for key, word in TERMS
    ]


def _averages(form: Form, results: Results) -> list[SubjectRow]:
    means = results.get("averages")
    if means is None or not form.has("averages"):
        return []
    return [
        SubjectRow(
            code=AVERAGES,
            name=form.word("averages"),
            kind="marked",
            term1=means["term1"],
            term2=means["term2"],
            year=means["year"],
            reassessed=means.get("reassessed"),
            comment=None,
            note=None,
        )
    ]


def _facts(form: Form, snapshot: Snapshot) -> list[Block]:
    """The lines under the summary, in the form's order."""
    values, level = _values(form, snapshot), LEVEL_NAMES[snapshot["school"]["level"]].lower()
    return [
        labelled(fact.label.format(level=level), values[fact.value] or BLANK, face=BOLD if fact.bold else REGULAR)
        for fact in form.facts
    ]


def _values(form: Form, snapshot: Snapshot) -> dict[str, str | None]:
    """What the lines of every version print, by the keys their data name."""
    level, results = snapshot["school"]["level"], snapshot["results"]
    contests, rewards = form.sorted_awards(results["awards"])
    return {
        "decision": promotion(form, results, level),
        "title": results["title"],
        "certificates": results["certificates"],
        "awards": "; ".join(results["awards"]),
        "title_and_awards": "; ".join(filter(None, [results["title"], *results["awards"]])),
        "contests": "; ".join(contests),
        "rewards": "; ".join(filter(None, [results["title"], *rewards])),
        "other_rewards": "; ".join(rewards),
        **_decided(form, snapshot),
    }


def _decided(form: Form, snapshot: Snapshot) -> dict[str, str | None]:
    """The decision of the year on the one line of several that it belongs to; the others stay empty."""
    results, grade = snapshot["results"], snapshot["grade"] or 0
    decided, completed = results["promotion"], results["programme_completed"]
    found: dict[str, str | None] = dict.fromkeys(("promoted", "promoted_after", "retained", "programme"))
    if completed is not None:
        words = form.word(f"programme_{snapshot['school']['level']}")
        small = f"{words[0].lower()}{words[1:]}"
        found["programme"] = words if completed else form.word("no_programme", programme_small=small)
    if decided == "promoted":
        line = "promoted_after" if is_after_summer(results) else "promoted"
        found[line] = with_note(form.word("to_grade", grade=grade + 1), results)
        if grade == LAST_GRADES.get(snapshot["school"]["level"]):
            found[line], found["programme"] = None, with_note(found["programme"] or BLANK, results)
    elif decided == "retained":
        found["retained"] = with_note(form.word("stays", grade=grade), results)
    elif decided == "reassess":
        found["promoted_after"] = with_note(form.word("reassess"), results)
    return found


def is_after_summer(results: Results) -> bool:
    """Whether something was assessed again, or training made up for, before the decision."""
    again = (results["learning"]["reassessed"], results["training"]["reassessed"])
    return any(again) or any(row["reassessed"] for row in results["subjects"])
