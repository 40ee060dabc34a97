"""A submitted historic year against TT58 as amended by TT26."""

from __future__ import annotations

from collections.abc import Sequence

from hocba_app.domain.assessment import tt22, tt26
from hocba_app.domain.assessment.record import TERMS, Judgement, Mismatch, SubmittedYear
from hocba_app.domain.assessment.result_gaps import note_result_gaps, principal_decides
from hocba_app.domain.assessment.subject_check import Column, SubjectCheck, SubjectRules

RULE_MEAN = "ĐTB các môn là trung bình cộng điểm trung bình của các môn (TT58 sửa đổi bởi TT26, Điều 11)"
RULE_LEARNING = "Xếp loại học lực theo ĐTB các môn, điểm một trong {keys} và môn thấp nhất, có điều chỉnh khi chỉ một môn kéo xuống ({law}, Điều 13)"
RULE_REASSESSED = "Học lực sau thi lại tính với kết quả mới của môn thi lại (TT58, Điều 16)"
RULE_CONDUCT = "Hạnh kiểm là Tốt, Khá, Trung bình hoặc Yếu (TT58, Điều 4)"
RULE_REASSESS = "Chỉ được kiểm tra lại khi hạnh kiểm cả năm từ Trung bình, học lực Yếu, ở môn có ĐTB cả năm dưới 5,0 hoặc môn nhận xét CĐ (TT58, Điều 16)"
RULE_SUMMER = "Chỉ rèn luyện hạnh kiểm trong hè khi hạnh kiểm cả năm Yếu (TT58, Điều 17)"
RULE_PROMOTION = "Lên lớp khi học lực và hạnh kiểm từ Trung bình, nghỉ không quá 45 buổi (TT58, Điều 15)"
RULE_TITLE = "Học sinh giỏi: hạnh kiểm Tốt, học lực Giỏi; Học sinh tiên tiến: cả hai từ Khá (TT58, Điều 18)"


def comment_term(regular: Sequence[str], midterm: str | None, final: str | None) -> str:
    """A comment subject's term: all assessments made, two thirds of them Đ, the last among them (Art. 10.1; unconfirmed: tt58_comment_term)."""
    assessed = [*regular, midterm, final]
    passed = sum(value == tt22.COMMENT_PASSED for value in assessed)
    enough = regular and None not in assessed and final == tt22.COMMENT_PASSED and 3 * passed >= 2 * len(assessed)
    return tt22.COMMENT_PASSED if enough else tt22.COMMENT_FAILED


_SUBJECTS = SubjectRules(
    mark="Điểm là số từ 0 đến 10, lẻ tối đa một chữ số thập phân (TT58, Điều 5)",
    comment="Môn đánh giá bằng nhận xét chỉ có Đ hoặc CĐ (TT58, Điều 6)",
    term="ĐTB môn học kì = (tổng điểm thường xuyên + 2 × giữa kì + 3 × cuối kì) : (số điểm thường xuyên + 5) (TT26, Điều 10)",
    year="ĐTB môn cả năm = (học kì I + 2 × học kì II) : 3; môn không học ở học kì I lấy theo học kì II (TT58, Điều 10)",
    comment_term="Học kì Đ khi đủ bài kiểm tra, từ 2/3 số bài đạt Đ, trong đó có bài cuối kì (TT58, Điều 10)",
    comment_year="Kết quả cả năm của môn nhận xét là kết quả học kì II (TT58, Điều 10)",
    reassess=RULE_REASSESS,
    complete="mỗi học kì: điểm thường xuyên, giữa kì, cuối kì – TT58, Điều 7, 8",
    judge_comment_term=comment_term,
    regular_needed=lambda _: 2,
    one_term="Môn chỉ dạy trong một học kì lấy kết quả học kì đó làm kết quả cả năm (TT58, Điều 10 khoản 3)",
)


class TT26:
    """The regime of secondary classes before TT22 reached their grade.

    Args:
        keys: the subjects of which one must reach a level's key threshold, which the amendment of 2020 changed.
        law: the text in force, as the school reads it; ``key_names`` the subjects.
    """

    name = "TT26"

    def __init__(
        self,
        keys: Sequence[str] = tt26.KEY_SUBJECTS,
        law: str = "TT58 sửa đổi bởi TT26",
        key_names: str = "ba môn Toán, Ngữ văn, Ngoại ngữ",
    ) -> None:
        self.keys = tuple(keys)
        self.rule_learning = RULE_LEARNING.format(keys=key_names, law=law)

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return list(self.judge(year).mismatches)

    def judge(self, year: SubmittedYear) -> Judgement:
        """What the rules do not give, and what they cannot be applied to."""
        return _Check(year, self).run()


class _Check(SubjectCheck):
    def __init__(self, year: SubmittedYear, regime: TT26) -> None:
        super().__init__(year, _SUBJECTS)
        self._regime = regime

    def run(self) -> Judgement:
        self.subjects()
        learnt, conduct = self._level("year"), self._conduct("year")
        for term in TERMS:
            self._conduct(term)
        is_open = tt26.may_be_reassessed(learnt, conduct)
        self.reassessments(is_open)
        for column in (*TERMS, "year", *(("reassessed",) if self.anything_reassessed else ())):
            given = self.mark(f"averages.{column}", self.year.averages.get(column))
            computed = tt26.mean(list(self.columns[column].marked.values()))
            self.compare_marks(f"averages.{column}", given, computed, RULE_MEAN)
            if given is None and computed is not None and self.year.learning.get(column) is not None:
                self.gap(f"averages.{column}", "còn trống (TT58, Điều 11)")
        for column in (*TERMS, "year"):
            self.compare(
                f"learning.{column}",
                tt26.canonical(self.year.learning.get(column)),
                self._level(column),
                self._regime.rule_learning,
            )
        after = self._level("reassessed") if self.anything_reassessed else None
        self.compare(
            "learning.reassessed", tt26.canonical(self.year.learning.get("reassessed")), after, RULE_REASSESSED
        )
        self.level_without_reassessment(is_open, RULE_REASSESS)
        if not self.anything_reassessed and self.year.averages.get("reassessed") is not None:
            self.gap("averages.reassessed", "có ĐTB sau kiểm tra lại nhưng không có kết quả kiểm tra lại của môn nào")
        after_summer = self.summer(
            conduct, tt26.canonical(self.year.training.get("reassessed")), tt26.WEAK, RULE_SUMMER
        )
        decided = tt26.promotion(
            learnt, conduct, self.year.absences, learning_reassessed=after,
            conduct_after_summer=after_summer,
        )  # fmt: skip
        did_not_come = decided == tt22.REASSESS and self.year.promotion == tt22.RETAINED
        if not did_not_come and not principal_decides(self.year):
            self.compare("promotion", self.year.promotion, decided, RULE_PROMOTION)
        if learnt is not None and conduct is not None and self.year.learning.get("year") is not None:
            earned = tt26.title(learnt, conduct)
            if earned != self.year.title:
                self.found.append(Mismatch("title", self.year.title, earned, RULE_TITLE))
        note_result_gaps(self, learning="TT58, Điều 13", training="TT58, Điều 3", absences="TT58, Điều 15")
        return self.judgement()

    def _conduct(self, column: str) -> str | None:
        """What the school decided: the year weighs both terms, term II and progress above all (Art. 3.2); no formula gives it."""
        given = tt26.canonical(self.year.training.get(column))
        if given is None or given in tt26.CONDUCT:
            return given
        self.found.append(Mismatch(f"training.{column}", given, None, RULE_CONDUCT))
        return None

    def _level(self, column: str) -> str | None:
        return _level(self.columns[column], self._regime.keys, self.year.specialised_subject)


def _level(column: Column, keys: Sequence[str], specialised: str | None) -> str | None:
    average = tt26.mean(list(column.marked.values()))
    if average is None:
        return None
    return tt26.learning_level(average, column.marked, column.comments, keys=keys, specialised=specialised)
