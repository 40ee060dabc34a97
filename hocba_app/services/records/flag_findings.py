"""What the check before a lock says of the exceptions of the law a pupil is here by: which there are, and what they relax."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hocba_app.domain.assessment.record import Relaxed
from hocba_app.domain.circumstances import (
    DISABILITIES,
    ON_HISTORY,
    ON_RESULTS,
    Circumstance,
    Kind,
    of_year,
    relief,
    sentence,
)
from hocba_app.services.records.finding import Finding
from hocba_app.services.records.snapshot import Sources

_ON_COVER = (Kind.GUARDIAN, Kind.ONE_WORD_NAME, Kind.NO_BIRTH_PLACE)
_ON_FORM = {"results": ON_RESULTS, "history": ON_HISTORY, "cover": _ON_COVER}
_AGAINST_ROWS = (Kind.REPEATS, Kind.SKIPS)


def flag_findings(sources: Sources, student_id: str, kind: str) -> list[Finding]:
    """Each flag that counts for this form with the article it rests on, and what contradicts it."""
    flags = sources.flags.get(student_id, ())
    found = [Finding("warning", _told(sources, flag)) for flag in flags if flag.kind in _ON_FORM[kind]]
    found += [Finding("warning", text) for text in _family(sources, student_id, kind)]
    if kind == "history":
        found += [Finding("warning", text) for text in _path(sources, student_id)]
    if kind == "results":
        found += [Finding("blocking", text) for text in _unfounded(sources, student_id)]
    return found


def relaxed_findings(relaxed: Sequence[Relaxed], field: Callable[[str], str]) -> list[Finding]:
    """What is not asked of this pupil, one line an article."""
    by_article: dict[str, list[str]] = {}
    for each in relaxed:
        by_article.setdefault(each.article, []).append(field(each.field))
    return [
        Finding("warning", f"Không đòi hỏi, không so với quy định ({article}): {'; '.join(dict.fromkeys(places))}.")
        for article, places in by_article.items()
    ]


def _told(sources: Sources, flag: Circumstance) -> str:
    words = sentence(flag, lambda code: sources.subjects[code].name if code in sources.subjects else code)
    if not of_year((flag,), sources.school_class.school_year):
        return f"{words}: đã hết hiệu lực khi tổng kết năm học, không nới kiểm tra nào."
    article = flag.article(sources.school_class.regime)
    return f"{words} – {article}." if article else f"{words}."


def _family(sources: Sources, student_id: str, kind: str) -> list[str]:
    """Who stands for the pupil: a parent, or where there is none a guardian."""
    if kind != "cover":
        return []
    student = sources.students.get(student_id)
    if student is None:
        return []
    details = student.details
    parents = bool(details.get("father_name") or details.get("mother_name"))
    flagged = any(flag.kind == Kind.GUARDIAN for flag in sources.flags.get(student_id, ()))
    if flagged and not details.get("guardian_name"):
        return ["Khai có người giám hộ thay cha mẹ nhưng chưa có họ tên người giám hộ."]
    if not parents and not details.get("guardian_name"):
        return ["Chưa có họ tên cha, mẹ hay người giám hộ."]
    return []


def _path(sources: Sources, student_id: str) -> list[str]:
    """Whether the grades of QTHT follow one another, or a flag says why not."""
    earlier = [
        entry
        for entry in sources.history.get(student_id, ())
        if entry.school_year < sources.school_class.school_year and entry.payload.get("grade")
    ]
    if not earlier:
        return []
    last, grade = earlier[-1].payload, sources.school_class.grade
    step = grade - int(last["grade"])
    kinds = {flag.kind for flag in sources.holding(student_id, ON_HISTORY)}
    if step > 1 and not kinds & {Kind.SKIPS, Kind.FROM_ABROAD}:
        return [f"QTHT đi từ lớp {last['grade']} lên lớp {grade} mà không khai học vượt lớp hay từ nước ngoài về."]
    if step < 1 and last.get("outcome") == "promoted" and Kind.REPEATS not in kinds:
        return [f"QTHT ghi đã lên lớp từ lớp {last['grade']} mà năm nay vẫn học lớp {grade}: kiểm tra lại trên SMAS."]
    if step == 1 and kinds & set(_AGAINST_ROWS):
        return ["Khai học lại hoặc học vượt lớp nhưng QTHT cho thấy học sinh lên đúng lớp kế tiếp."]
    return []


def _unfounded(sources: Sources, student_id: str) -> list[str]:
    """Exemptions no article opens to this pupil: his subjects stay his."""
    flags = of_year(sources.flags.get(student_id, ()), sources.school_class.school_year)
    regime = sources.school_class.regime
    if not any(flag.kind == Kind.EXEMPT for flag in flags) or any(flag.kind in DISABILITIES for flag in flags):
        return []
    if relief(flags, regime, sources.school_class.school_year).exempt:
        return []
    return [f"Khai miễn học môn mà {regime} chỉ mở cho học sinh khuyết tật: sửa trên SMAS, nộp và đồng bộ lại."]
