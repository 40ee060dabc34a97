"""What of a result is not a mark: training, absences, awards, re-assessment, decisions, a primary school's qualities."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hocba_app.simulators.smas import entry
from hocba_app.simulators.smas.generation.marks import empty_row
from hocba_app.simulators.smas.gradebook import TERMS, Books
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules import tt22, tt26, tt27

_TRAINING = {"TT22": tt22.LEVELS, "TT43": tt22.LEVELS, "TT26": tt26.CONDUCT, "TT27": ()}
_MEASURE = re.compile(r"\d{1,3}(\.\d)?")
Change = Callable[[dict[str, Any], str, Any], None]


def change(books: Books, identity: str, result: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Write values into a result and compute it again; known errors in it are mended by that.

    Args:
        values: ``training`` {term1, term2, reassessed}, ``absences`` {term1, term2, unexcused}, ``awards``,
        ``certificates``,
            ``promotion_note``, ``promotion`` (the principal's decision, null: by the rule), ``subjects``: by subject id
            {reassessed, reassessed_test, by_hand: {term1, term2}}, or null where the pupil does not take it; under TT27
            ``qualities``, ``general_competencies``, ``specific_competencies`` {name: level}, their comments,
            ``height_cm``,
            ``weight_kg``, ``outstanding``, ``traits_reassessed`` {name: level after supplementary assessment}; under TT26
            ``training`` also {year}: what the school weighed.

    Raises:
        Refused: a field is wrong.
    """
    changes: dict[str, Change] = {
        "training": _training, "absences": _absences, "awards": _awards, "promotion": _promotion, "certificates": _text,
        "promotion_note": _text,
        "subjects": lambda result, name, value: _subjects(books, result, name, value),
    }  # fmt: skip
    if result["regime"] == "TT27":
        changes |= (
            dict.fromkeys(tt27.TRAITS, _traits)
            | dict.fromkeys(("height_cm", "weight_kg"), _measure)
            | {"outstanding": _outstanding, "traits_reassessed": _traits_reassessed}
        )
        changes |= dict.fromkeys(("qualities_comment", "general_comment", "specific_comment"), _text)
    for name, value in values.items():
        if name not in changes:
            raise Refused.field(name, "unknown", "Không có mục này.")
        changes[name](result, name, value)
    result["wrong"] = {}
    return books.write(identity, result)


def _training(result: dict[str, Any], name: str, value: Any) -> None:
    levels = _TRAINING[result["regime"]]
    for key, level in _object(name, value).items():
        weighed = key == "year" and result["regime"] == "TT26"
        if (key not in ("term1", "term2", "reassessed") and not weighed) or level not in (*levels, None):
            raise Refused.field(f"training.{key}", "unknown", f"Mức rèn luyện là một trong: {', '.join(levels)}.")
        if weighed:
            result["decided_conduct"] = level
            continue
        result["training"][key] = level


def _absences(result: dict[str, Any], name: str, value: Any) -> None:
    for key, count in _object(name, value).items():
        right = count is None or (type(count) is int and 0 <= count <= 200)
        if (
            key not in (("term1", "term2", "unexcused") if result["regime"] == "TT27" else ("term1", "term2"))
            or not right
        ):
            raise Refused.field(f"absences.{key}", "out_of_range", "Số buổi nghỉ của một học kì từ 0 đến 200.")
        result["absences"][key] = count


def _awards(result: dict[str, Any], name: str, value: Any) -> None:
    if (
        not isinstance(value, list)
        or len(value) > 10
        or not all(isinstance(item, str) and 0 < len(item) <= 200 for item in value)
    ):
        raise Refused.field(name, "wrong_type", "Khen thưởng là danh sách tối đa 10 dòng, mỗi dòng tối đa 200 kí tự.")
    result["awards"] = value


def _text(result: dict[str, Any], name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or len(value) > 300):
        raise Refused.field(name, "too_long", "Tối đa 300 kí tự.")
    result[name] = value


def _promotion(result: dict[str, Any], name: str, value: Any) -> None:
    if value not in ("promoted", "retained", None):
        raise Refused.field(name, "unknown", "Quyết định là promoted, retained, hoặc để trống để tính theo quy định.")
    result["decided"] = value


def _subjects(books: Books, result: dict[str, Any], name: str, value: Any) -> None:
    for subject_id, changes in _object(name, value).items():
        if changes is None:
            result["subjects"].pop(subject_id, None)
            continue
        if subject_id not in result["subjects"] and subject_id in books.subjects():
            result["subjects"][subject_id] = empty_row(result["regime"])
        row, subject = books.row(result, {"subject_id": subject_id})
        for key, given in _object(f"subjects.{subject_id}", changes).items():
            path = f"subjects.{subject_id}.{key}"
            if key == "reassessed":
                row[key] = entry.value(given, subject, result["regime"], name=path)
            elif key == "reassessed_test" and result["regime"] == "TT27":
                row[key] = entry.test_mark(given, subject, name=path)
            elif key == "by_hand" and result["regime"] != "TT27":
                for term, mark in _object(path, given).items():
                    if term not in TERMS.values():
                        raise Refused.field(f"{path}.{term}", "unknown", "Học kì là term1 hoặc term2.")
                    row["by_hand"][term] = entry.average(mark, subject, result["regime"], f"{path}.{term}")
            else:
                raise Refused.field(path, "unknown", "Không có mục này.")


def _traits(result: dict[str, Any], name: str, value: Any) -> None:
    known = {trait["name"]: trait for trait in result[name]}
    for trait, level in _object(name, value).items():
        if trait not in known or level not in ("T", "Đ", "C", None):
            raise Refused.field(f"{name}.{trait}", "unknown", "Mức là T (Tốt), Đ (Đạt) hoặc C (Cần cố gắng).")
        known[trait]["level"] = level


def _traits_reassessed(result: dict[str, Any], name: str, value: Any) -> None:
    names = [trait["name"] for group in tt27.TRAITS for trait in result[group]]
    given = _object(name, value)
    for trait, level in given.items():
        if trait not in names or level not in ("T", "Đ", "C", None):
            raise Refused.field(f"{name}.{trait}", "unknown", "Mức là T (Tốt), Đ (Đạt) hoặc C (Cần cố gắng).")
    kept = {row["name"]: row["level"] for row in result.get(name) or ()} | given
    result[name] = [{"name": trait, "level": kept[trait]} for trait in names if kept.get(trait)] or None


def _measure(result: dict[str, Any], name: str, value: Any) -> None:
    if value is not None and not (isinstance(value, str) and value.isascii() and _MEASURE.fullmatch(value)):
        raise Refused.field(name, "wrong_format", 'Viết như "128" hoặc "128.5".')
    result[name] = value


def _outstanding(result: dict[str, Any], name: str, value: Any) -> None:
    if type(value) is not bool:
        raise Refused.field(name, "wrong_type", "Có hoặc không (true, false).")
    result[name] = value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused.field(name, "wrong_type", "Mục này là một đối tượng JSON.")
    return value
