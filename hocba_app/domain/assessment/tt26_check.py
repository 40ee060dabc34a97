"""A submitted historic year against TT58 as amended by TT26."""

from __future__ import annotations

from collections.abc import Sequence

from hocba_app.domain.assessment import tt22, tt26
from hocba_app.domain.assessment.record import TERMS, Mismatch, SubmittedYear
from hocba_app.domain.assessment.subject_check import Column, SubjectCheck, SubjectRules
from hocba_app.domain.assessment.tt22_check import principal_decides

RULE_MEAN = "ĐTB các môn là trung bình cộng điểm trung bình của các môn (TT58 sửa đổi bởi TT26, Điều 11)"
RULE_LEARNING = "Xếp loại học lực theo ĐTB các môn, điểm môn Toán, Văn hoặc Ngoại ngữ và môn thấp nhất, có điều chỉnh khi chỉ một môn kéo xuống (TT58, Điều 13)"
RULE_REASSESSED = "Học lực sau thi lại tính với kết quả mới của môn thi lại (TT58, Điều 16)"
RULE_CONDUCT = "Hạnh kiểm cả năm chủ yếu căn cứ hạnh kiểm học kì II (TT58, Điều 4)"
RULE_PROMOTION = "Lên lớp khi học lực và hạnh kiểm từ Trung bình, nghỉ không quá 45 buổi (TT58, Điều 15)"
RULE_TITLE = "Học sinh giỏi: hạnh kiểm Tốt, học lực Giỏi; Học sinh tiên tiến: cả hai từ Khá (TT58, Điều 18)"


def comment_term(regular: Sequence[str], midterm: str | None, final: str | None) -> str:
    """A comment subject's term: all assessments made, two thirds of them Đ, the last among them (Art. 10.1, verify)."""
    assessed = [*regular, midterm, final]
    passed = sum(value == tt22.PASSED for value in assessed)
    enough = regular and None not in assessed and final == tt22.PASSED and 3 * passed >= 2 * len(assessed)
    return tt22.PASSED if enough else tt22.NOT_PASSED


_SUBJECTS = SubjectRules(
    mark="Điểm là số từ 0 đến 10, lẻ tối đa một chữ số thập phân (TT58, Điều 5)",
    comment="Môn đánh giá bằng nhận xét chỉ có Đ hoặc CĐ (TT58, Điều 6)",
    term="ĐTB môn học kì = (tổng điểm thường xuyên + 2 × giữa kì + 3 × cuối kì) : (số điểm thường xuyên + 5) (TT26, Điều 10)",
    year="ĐTB môn cả năm = (học kì I + 2 × học kì II) : 3; môn không học ở học kì I lấy theo học kì II (TT58, Điều 10)",
    comment_term="Học kì Đ khi đủ bài kiểm tra, từ 2/3 số bài đạt Đ, trong đó có bài cuối kì (TT58, Điều 10)",
    comment_year="Kết quả cả năm của môn nhận xét là kết quả học kì II (TT58, Điều 10)",
    judge_comment_term=comment_term,
)


class TT26:
    """The regime of secondary classes before TT22 reached their grade."""

    name = "TT26"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return _Check(year, _SUBJECTS).run()


def _level(column: Column) -> str | None:
    average = tt26.mean(list(column.marked.values()))
    return tt26.learning_level(average, column.marked, column.comments) if average is not None else None


class _Check(SubjectCheck):
    def run(self) -> list[Mismatch]:
        self.subjects()
        for column in (*TERMS, "year", *(("reassessed",) if self.anything_reassessed else ())):
            given = self.mark(f"averages.{column}", self.year.averages.get(column))
            self.compare_marks(f"averages.{column}", given, tt26.mean(list(self.columns[column].marked.values())), RULE_MEAN)
        for column in (*TERMS, "year"):
            self.compare(f"learning.{column}", tt26.canonical(self.year.learning.get(column)), _level(self.columns[column]), RULE_LEARNING)
        after = _level(self.columns["reassessed"]) if self.anything_reassessed else None
        self.compare("learning.reassessed", tt26.canonical(self.year.learning.get("reassessed")), after, RULE_REASSESSED)
        training = {column: tt26.canonical(value) for column, value in self.year.training.items()}
        learnt, conduct = _level(self.columns["year"]), tt26.conduct_year(training.get("term2")) or training.get("year")
        self.compare("training.year", training.get("year"), conduct, RULE_CONDUCT)
        decided = tt26.promotion(
            learnt, conduct, self.year.absences, learning_reassessed=after, conduct_after_summer=training.get("reassessed")
        )
        did_not_come = decided == tt22.REASSESS and self.year.promotion == tt22.RETAINED
        if not did_not_come and not principal_decides(self.year):
            self.compare("promotion", self.year.promotion, decided, RULE_PROMOTION)
        if learnt is not None and conduct is not None and self.year.learning.get("year") is not None:
            earned = tt26.title(learnt, conduct)
            if earned != self.year.title:
                self.found.append(Mismatch("title", self.year.title, earned, RULE_TITLE))
        return self.found
