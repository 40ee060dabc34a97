"""A submitted year against TT22: everything is computed again from the lowest data there is, and compared.

Each step starts from our own values, so that one wrong figure is reported once, where it is wrong, and not again in
everything that follows from it. A value not submitted is a gap, which the check before locking reports; only a title
that is missing is wrong by itself, because "none" is an answer there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hocba_app.domain.assessment import tt22
from hocba_app.domain.assessment.record import TERMS, Marks, Mismatch, SubjectYear, SubmittedYear
from hocba_app.domain.assessment.rounding import mark, mark_text

RULE_MARK = "Điểm là số từ 0 đến 10, lẻ tối đa một chữ số thập phân (TT22, Điều 6)"
RULE_COMMENT = "Môn đánh giá bằng nhận xét chỉ có Đ (Đạt) hoặc CĐ (Chưa đạt) (TT22, Điều 5)"
RULE_TERM = "ĐTB môn học kì = (tổng điểm thường xuyên + 2 × giữa kì + 3 × cuối kì) : (số điểm thường xuyên + 5) (TT22, Điều 9 khoản 1)"
RULE_YEAR = "ĐTB môn cả năm = (học kì I + 2 × học kì II) : 3; môn không học ở học kì I lấy theo học kì II (TT22, Điều 9 khoản 1)"
RULE_COMMENT_TERM = "Học kì Đạt khi đủ số lần kiểm tra và tất cả đều Đạt (TT22, Điều 9 khoản 1)"
RULE_COMMENT_YEAR = "Kết quả cả năm của môn nhận xét là kết quả học kì II (TT22, Điều 9 khoản 1)"
RULE_LEARNING = "Mức kết quả học tập theo ngưỡng điểm các môn, có điều chỉnh khi chỉ một môn kéo xuống (TT22, Điều 9 khoản 2, 3)"
RULE_REASSESSED = "Kết quả học tập sau đánh giá lại tính với kết quả mới của môn được đánh giá lại (TT22, Điều 14)"
RULE_TRAINING = "Kết quả rèn luyện cả năm theo kết quả hai học kì (TT22, Điều 8 khoản 2)"
RULE_PROMOTION = "Lên lớp khi học tập và rèn luyện từ mức Đạt, nghỉ không quá 45 buổi (TT22, Điều 12)"
RULE_TITLE = "Xuất sắc: học tập, rèn luyện Tốt và ít nhất 6 môn từ 9,0; Giỏi: học tập và rèn luyện Tốt (TT22, Điều 15)"

_COMMENT_VALUES = (tt22.PASSED, tt22.NOT_PASSED)
_DISABILITY = "khuyết tật"


class TT22:
    """The regime of grades 6–12."""

    name = "TT22"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return _Check(year).run()


@dataclass(slots=True)
class _Values:
    """Our values of one column (a term, the year, after re-assessment) for all subjects that have one."""

    marked: list[Decimal] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def add(self, value: Decimal | str | None) -> None:
        if isinstance(value, Decimal):
            self.marked.append(value)
        elif value is not None:
            self.comments.append(value)

    def level(self) -> str | None:
        """None where nothing has been assessed yet."""
        return tt22.learning_level(self.marked, self.comments) if self.marked else None


class _Check:
    def __init__(self, year: SubmittedYear) -> None:
        self.year = year
        self.found: list[Mismatch] = []
        self.values = {column: _Values() for column in ("term1", "term2", "year", "reassessed")}
        self.anything_reassessed = any(subject.reassessed is not None for subject in year.subjects)

    def run(self) -> list[Mismatch]:
        for subject in self.year.subjects:
            self._comment_subject(subject) if subject.comment_only else self._marked_subject(subject)
        for column in (*TERMS, "year"):
            self._compare(f"learning.{column}", self.year.learning.get(column), self.values[column].level(), RULE_LEARNING)
        if self.anything_reassessed:
            after = self.values["reassessed"].level()
            self._compare("learning.reassessed", self.year.learning.get("reassessed"), after, RULE_REASSESSED)
        training = self.year.training
        trained = tt22.training_year(training.get("term1"), training.get("term2"))
        self._compare("training.year", training.get("year"), trained, RULE_TRAINING)
        self._promotion_and_title(trained)
        return self.found

    def _promotion_and_title(self, trained: str | None) -> None:
        learnt = self.values["year"].level()
        after = self.values["reassessed"].level() if self.anything_reassessed else None
        decided = tt22.promotion(
            learnt, trained, self.year.absences,
            learning_reassessed=after, training_after_summer=self.year.training.get("reassessed"),
        )  # fmt: skip
        # A pupil due for re-assessment who did not come stays down: the marks cannot tell, the school's word stands.
        did_not_come = decided == tt22.REASSESS and self.year.promotion == tt22.RETAINED
        if not did_not_come and not self._principal_decides():
            self._compare("promotion", self.year.promotion, decided, RULE_PROMOTION)
        if learnt is not None and trained is not None and self.year.learning.get("year") is not None:
            earned = tt22.title(learnt, trained, self.values["year"].marked)
            if earned != self.year.title:
                self.found.append(Mismatch("title", self.year.title, earned, RULE_TITLE))

    def _principal_decides(self) -> bool:
        """Pupils with disabilities: the principal decides on moving up (Art. 12.4); SMAS says so in the note."""
        return _DISABILITY in (self.year.promotion_note or "").casefold()

    def _marked_subject(self, subject: SubjectYear) -> None:
        path = f"subjects.{subject.code}"
        ours: dict[str, Decimal | None] = {}
        for term in TERMS:
            given = self._mark(f"{path}.{term}", getattr(subject, term))
            computed = self._term_average(f"{path}.{term}", subject.marks.get(term))
            self._compare_marks(f"{path}.{term}", given, computed, RULE_TERM)
            # What was not submitted does not exist yet: a term II being marked must not give a level of the year.
            ours[term] = (computed if computed is not None else given) if getattr(subject, term) is not None else None
            self.values[term].add(ours[term])
        given_year = self._mark(f"{path}.year", subject.year)
        computed_year = tt22.year_average(ours["term1"], ours["term2"])
        self._compare_marks(f"{path}.year", given_year, computed_year, RULE_YEAR)
        year = (computed_year if computed_year is not None else given_year) if subject.year is not None else None
        self.values["year"].add(year)
        reassessed = self._mark(f"{path}.reassessed", subject.reassessed)
        self.values["reassessed"].add(reassessed if reassessed is not None else year)

    def _comment_subject(self, subject: SubjectYear) -> None:
        path = f"subjects.{subject.code}"
        ours: dict[str, str | None] = {}
        for term in TERMS:
            given = self._comment(f"{path}.{term}", getattr(subject, term))
            marks = subject.marks.get(term)
            if given is not None and marks is not None and marks.any:
                computed = tt22.comment_term(marks.regular, marks.midterm, marks.final)
                self._compare(f"{path}.{term}", given, computed, RULE_COMMENT_TERM)
                given = computed
            ours[term] = given
            self.values[term].add(given)
        year = self._comment(f"{path}.year", subject.year)
        computed_year = tt22.comment_year(ours["term2"])
        self._compare(f"{path}.year", year, computed_year, RULE_COMMENT_YEAR)
        if year is not None:
            year = computed_year or year
        self.values["year"].add(year)
        self.values["reassessed"].add(self._comment(f"{path}.reassessed", subject.reassessed) or year)

    def _mark(self, path: str, text: str | None) -> Decimal | None:
        try:
            return mark(text)
        except ValueError:
            self.found.append(Mismatch(path, text, None, RULE_MARK))
            return None

    def _comment(self, path: str, text: str | None) -> str | None:
        if text is None or text in _COMMENT_VALUES:
            return text
        self.found.append(Mismatch(path, text, None, RULE_COMMENT))
        return None

    def _term_average(self, path: str, marks: Marks | None) -> Decimal | None:
        if marks is None or not marks.any:
            return None
        regular = [self._mark(f"{path}.regular", text) for text in marks.regular]
        midterm, final = self._mark(f"{path}.midterm", marks.midterm), self._mark(f"{path}.final", marks.final)
        return tt22.term_average([value for value in regular if value is not None], midterm, final)

    def _compare_marks(self, path: str, given: Decimal | None, computed: Decimal | None, rule: str) -> None:
        if given is not None and computed is not None and given != computed:
            self.found.append(Mismatch(path, mark_text(given), mark_text(computed), rule))

    def _compare(self, path: str, given: str | None, computed: str | None, rule: str) -> None:
        if given is not None and computed is not None and given != computed:
            self.found.append(Mismatch(path, given, computed, rule))
