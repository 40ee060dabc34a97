"""A submitted year against TT22: everything is computed again from the lowest data there is, and compared.

A value not submitted is a gap; only a title that is missing is wrong by itself, because "none" is an answer there.
"""

from __future__ import annotations

from decimal import Decimal

from hocba_app.domain.assessment import tt22
from hocba_app.domain.assessment.record import TERMS, Judgement, Mismatch, SubmittedYear
from hocba_app.domain.assessment.result_gaps import note_result_gaps, principal_decides
from hocba_app.domain.assessment.subject_check import SubjectCheck, SubjectRules

RULE_MARK = "Điểm là số từ 0 đến 10, lẻ tối đa một chữ số thập phân (TT22, Điều 6)"
RULE_COMMENT = "Môn đánh giá bằng nhận xét chỉ có Đ (Đạt) hoặc CĐ (Chưa đạt) (TT22, Điều 5)"
RULE_TERM = "ĐTB môn học kì = (tổng điểm thường xuyên + 2 × giữa kì + 3 × cuối kì) : (số điểm thường xuyên + 5) (TT22, Điều 9 khoản 1)"
RULE_YEAR = "ĐTB môn cả năm = (học kì I + 2 × học kì II) : 3; môn không học ở học kì I lấy theo học kì II (TT22, Điều 9 khoản 1)"
RULE_COMMENT_TERM = "Học kì Đạt khi đủ số lần kiểm tra và tất cả đều Đạt (TT22, Điều 9 khoản 1)"
RULE_COMMENT_YEAR = "Kết quả cả năm của môn nhận xét là kết quả học kì II (TT22, Điều 9 khoản 1)"
RULE_LEARNING = (
    "Mức kết quả học tập theo ngưỡng điểm các môn, có điều chỉnh khi chỉ một môn kéo xuống (TT22, Điều 9 khoản 2, 3)"
)
RULE_REASSESSED = "Kết quả học tập sau đánh giá lại tính với kết quả mới của môn được đánh giá lại (TT22, Điều 14)"
RULE_TRAINING = "Kết quả rèn luyện cả năm theo kết quả hai học kì (TT22, Điều 8 khoản 2)"
RULE_PROMOTION = "Lên lớp khi học tập và rèn luyện từ mức Đạt, nghỉ không quá 45 buổi (TT22, Điều 12)"
RULE_TITLE = "Xuất sắc: học tập, rèn luyện Tốt và ít nhất 6 môn từ 9,0; Giỏi: học tập và rèn luyện Tốt (TT22, Điều 15)"

RULE_REASSESS = "Chỉ được đánh giá lại khi rèn luyện cả năm từ mức Đạt, học tập Chưa đạt, ở môn nhận xét Chưa đạt hoặc môn có ĐTB cả năm dưới 5,0 (TT22, Điều 14)"
RULE_SUMMER = "Chỉ rèn luyện trong hè khi kết quả rèn luyện cả năm Chưa đạt (TT22, Điều 13)"
RULE_COMPLETE = "mỗi học kì: điểm thường xuyên theo số tiết, một giữa kì, một cuối kì – TT22, Điều 6, 7"
RULE_NO_EXEMPTION = (
    "Chỉ được miễn phần thực hành, đánh giá thay thế bằng lý thuyết nên môn học vẫn có kết quả (TT22, Điều 10)"
)

SUBJECTS = SubjectRules(
    RULE_MARK,
    RULE_COMMENT,
    RULE_TERM,
    RULE_YEAR,
    RULE_COMMENT_TERM,
    RULE_COMMENT_YEAR,
    RULE_REASSESS,
    RULE_COMPLETE,
    judge_comment_term=tt22.comment_term,
    regular_needed=tt22.least_regular_marks,
    no_exemption=RULE_NO_EXEMPTION,
    most_regular=tt22.MAX_REGULAR_MARKS,
)


class TT22:
    """The regime of grades 6–12."""

    name = "TT22"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return list(self.judge(year).mismatches)

    def judge(self, year: SubmittedYear) -> Judgement:
        """What the rules do not give, and what they cannot be applied to."""
        return Check(year, SUBJECTS).run()


class Check(SubjectCheck):
    """One year against the articles; a text that counts other numbers of subjects changes :attr:`counts`."""

    counts: tuple[int, ...] = (tt22.SUBJECTS_NEEDED,)
    """Marked subjects that must reach the higher threshold; where several may be meant, a value any of them gives is right."""

    def level(self, name: str) -> str | None:
        """The level of a column; None where nothing has been assessed yet."""
        column = self.columns[name]
        if not column.marked:
            return None
        marked = list(column.marked.values())
        levels = [tt22.learning_level(marked, column.comments, needed) for needed in self.counts]
        given = self.year.learning.get(name)
        return given if given in levels else levels[0]

    def _title(self, learnt: str | None, trained: str | None, marked: list[Decimal]) -> str | None:
        titles = [tt22.title(learnt, trained, marked, needed) for needed in self.counts]
        return self.year.title if self.year.title in titles else titles[0]

    def run(self) -> Judgement:
        self.subjects()
        training = self.year.training
        trained = tt22.training_year(training.get("term1"), training.get("term2"))
        is_open = tt22.may_be_reassessed(self.level("year"), trained or training.get("year"))
        self.reassessments(is_open)
        for column in (*TERMS, "year"):
            self.compare(f"learning.{column}", self.year.learning.get(column), self.level(column), RULE_LEARNING)
        if self.anything_reassessed:
            after = self.level("reassessed")
            self.compare("learning.reassessed", self.year.learning.get("reassessed"), after, RULE_REASSESSED)
        self.level_without_reassessment(is_open, RULE_REASSESS)
        self.compare("training.year", training.get("year"), trained, RULE_TRAINING)
        after_summer = self.summer(trained or training.get("year"), training.get("reassessed"), tt22.FAIL, RULE_SUMMER)
        self._promotion_and_title(trained, after_summer)
        note_result_gaps(self, learning="TT22, Điều 9", training="TT22, Điều 8", absences="TT22, Điều 12")
        return self.judgement()

    def _promotion_and_title(self, trained: str | None, after_summer: str | None) -> None:
        learnt = self.level("year")
        after = self.level("reassessed") if self.anything_reassessed else None
        decided = tt22.promotion(
            learnt, trained, self.year.absences,
            learning_reassessed=after, training_after_summer=after_summer,
        )  # fmt: skip
        # A pupil due for re-assessment who did not come stays down: the marks cannot tell, the school decides.
        did_not_come = decided == tt22.REASSESS and self.year.promotion == tt22.RETAINED
        if not did_not_come and not principal_decides(self.year):
            self.compare("promotion", self.year.promotion, decided, RULE_PROMOTION)
        marked = list(self.columns["year"].marked.values())
        if learnt is not None and trained is not None and self.year.learning.get("year") is not None:
            earned = self._title(learnt, trained, marked)
            if earned != self.year.title:
                self.found.append(Mismatch("title", self.year.title, earned, RULE_TITLE))
        elif (
            self.year.title is not None
            and marked
            and self.year.title != (best := self._title(learnt, tt22.GOOD, marked))
            and (best is None or self.year.title == tt22.EXCELLENT_PUPIL)
        ):
            # Whatever the results that are missing say, these marks do not earn it.
            self.found.append(Mismatch("title", self.year.title, None, RULE_TITLE))
