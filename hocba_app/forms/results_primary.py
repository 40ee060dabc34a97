"""Year results of primary pupils under Circular 27/2020/TT-BGDĐT: subjects, qualities, competencies, the year's level."""

from __future__ import annotations

from dataclasses import replace

from hocba_app.domain.snapshot import Results, Snapshot, SubjectRow, Trait
from hocba_app.forms.fonts import BOLD, ITALIC
from hocba_app.forms.form_blocks import (
    facts_line,
    gap,
    kept_together,
    labelled,
    paragraph,
    signing_pair,
    together,
    under_heading,
)
from hocba_app.forms.form_version import Form, form_of
from hocba_app.forms.header_footer import ROOM
from hocba_app.forms.page import MM, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.results_pages import circumstance_facts, departure_fact, results_pages, with_note
from hocba_app.forms.signature_layout import RowSigning, row_signing
from hocba_app.forms.subject_table import table_blocks
from hocba_app.forms.traits_table import TraitColumns, traits_block
from hocba_app.forms.wording import BLANK


def draw_results(snapshot: Snapshot) -> list[Page]:
    """The pages of one school year's results.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    form, results = form_of(snapshot), snapshot["results"]
    signing = row_signing(snapshot["slots"], results["subjects"])
    rows = [_with_summer(form, row) for row in form.ordered(results["subjects"])]
    head, *table = table_blocks(form, rows, signing)
    unsigned = [paragraph("ghi chú chữ ký", form.word("homeroom_rows"), face=ITALIC, size=9)]
    subjects = [
        *_measurements(form, results),
        under_heading(form.word("subjects"), head),
        *table,
        gap(1 * MM),
        paragraph("ghi chú mức đạt được", form.word("subject_key"), face=ITALIC, size=9),
        *(unsigned if _has_unsigned(signing) else []),
    ]
    qualities = _traits(form, "qualities", "quality", results.get("qualities"), results.get("qualities_comment"))
    general, specific = (
        _traits(form, key, "competency", results.get(f"{key}_competencies"), results.get(f"{key}_comment"))  # type: ignore[arg-type] # a key of the row by its name
        for key in ("general", "specific")
    )
    told = [*departure_fact(form, results), *circumstance_facts(form, snapshot)]
    conclusion = [*told, _completion(form, snapshot)]
    closing = [*conclusion, gap(2 * MM), signing_pair(snapshot)]
    confirmed = together("xác nhận của Hiệu trưởng", closing)
    competencies = [
        *general,
        *specific,
        paragraph("ghi chú mức đạt được", form.word("trait_key"), face=ITALIC, size=9),
        gap(1.5 * MM),
        *kept_together(form, *_facts(form, results), confirmed),
    ]
    return results_pages(snapshot, _on_two_pages(subjects, qualities, competencies))


def _on_two_pages(subjects: list[Block], qualities: list[Block], competencies: list[Block]) -> list[Block]:
    """The second page begins with a section, the third or as on the official form the second, where two pages are enough."""
    for first, second in (([*subjects, *qualities], competencies), (subjects, [*qualities, *competencies])):
        if all(sum(block.height for block in page) <= ROOM for page in (first, second)):
            return [*first, replace(second[0], starts_page=True), *second[1:]]
    return [*subjects, *qualities, *competencies]


def _has_unsigned(signing: dict[str, RowSigning]) -> bool:
    """Whether some row is signed by the homeroom teacher's one signature only."""
    return any(not row.fields and not row.signed_at for row in signing.values())


def _with_summer(form: Form, row: SubjectRow) -> SubjectRow:
    """The official form has no column for what was assessed again: it is added as a note, the original stays."""
    again = [form.word("again_level", level=row["reassessed"])] if row["reassessed"] else []
    again += [form.word("again_test", test=row["reassessed_test"])] if row.get("reassessed_test") else []
    if not again:
        return row
    note = form.word("supplementary", again=", ".join(again))
    return row | {"note": f"{row['note']}. {note}" if row["note"] else note}


def _measurements(form: Form, results: Results) -> list[Block]:
    """Height, weight and absences: short facts side by side, as many on a line as their shares allow."""
    absences = results["absences"]
    values = {
        "height_cm": _amount(results.get("height_cm"), "cm"),
        "weight_kg": _amount(results.get("weight_kg"), "kg"),
        "excused": _days(absences.get("excused")),
        "unexcused": _days(absences.get("unexcused")),
    }
    lines: list[list[tuple[str, float]]] = [[]]
    for fact in form.measurements:
        if sum(share for _, share in lines[-1]) + fact.share > 1:
            lines.append([])
        lines[-1].append((fact.label.format(**values), fact.share))
    return [facts_line("chiều cao, cân nặng, số ngày nghỉ", line) for line in lines]


def _amount(value: str | None, unit: str) -> str:
    return f"{value.replace('.', ',')} {unit}" if value else BLANK


def _days(value: int | None) -> str:
    return BLANK if value is None else str(value)


def _traits(form: Form, heading: str, name: str, traits: list[Trait] | None, comment: str | None) -> list[Block]:
    if not traits:
        return []
    title = form.word(heading)
    columns = TraitColumns(form.word(name), form.word("level"), form.word("comment"))
    table = traits_block(title.split(". ", 1)[1].lower(), columns, traits, comment)
    return [under_heading(title, table), gap(1 * MM)]


def _facts(form: Form, results: Results) -> list[Block]:
    awards = "; ".join(filter(None, [results["title"], *results["awards"]])) or BLANK
    facts = [
        labelled(form.word("result"), _level(form, results), face=BOLD, label_face=BOLD),
        labelled(form.word("awards"), awards, label_face=BOLD),
    ]
    if results["homeroom_comment"]:
        facts.append(labelled(form.word("homeroom_comment"), results["homeroom_comment"], label_face=BOLD))
    return facts


def _level(form: Form, results: Results) -> str:
    """The year's level. After supplementary assessment both levels stand there, each with its time, so that it does not contradict
    the programme completed below it."""
    level, again = results["learning"]["year"], results["learning"]["reassessed"]
    if again and form.has("level_again"):
        return form.word("level_again", again=again, level=level or BLANK)
    if level and is_made_up(results) and form.has("level_before"):
        return form.word("level_before", level=level)
    return level or BLANK


def is_made_up(results: Results) -> bool:
    """Whether the class was completed by what was assessed again, of whatever kind (TT27, Art. 11.1)."""
    rows = results["subjects"]
    return results["promotion"] == "promoted" and (
        results["learning"]["year"] == "Chưa hoàn thành"
        or any(row["reassessed"] or row.get("reassessed_test") for row in rows)
    )


def _completion(form: Form, snapshot: Snapshot) -> Block:
    """The class completed or the programme completed, with the decision's note."""
    results, decided = snapshot["results"], snapshot["results"]["promotion"] or ""
    if decided == "promoted":
        finished = bool(results["programme_completed"])
        words = form.word("programme_primary") if finished else form.word("class_completed", grade=snapshot["grade"])
        if is_made_up(results) and form.has("made_up"):
            words = form.word("made_up", words=words)
    else:
        words = form.word(decided) if form.has(decided) else BLANK
    return labelled(form.word("completion"), with_note(words, results), face=BOLD, label_face=BOLD)
