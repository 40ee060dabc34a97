"""Readings of the circulars that no source confirmed: the one place that says so.

`docs/unconfirmed-rules.md` is made from here: ``python -m hocba_app.domain.assessment.unconfirmed > docs/unconfirmed-rules.md``.
Code that follows one of them names it ("unconfirmed: moved_in").
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One open question."""

    name: str
    article: str
    not_found: str
    """What the sources do not say, or say differently."""
    meanwhile: str
    """What the product does until it is known."""


READINGS: tuple[Reading, ...] = (
    Reading(
        "one_subject", "TT22 Art. 9.3; TT58 Art. 13.6",
        'How "because of one subject only" is tested: one public implementation leaves the subject out (eight marks, five of 8.5, '
        "two of 7.9, one of 4.9: Đạt), another reading sets it to 10 (Khá). No worked example of the Ministry was found.",
        "The subject is set to 10 (a comment subject to Đạt) and the level looked at again: Khá in the example.",
    ),
    Reading(
        "moved_in", "TT22 Art. 9.1, 8.2; TT58 Art. 10, 3",
        "What the year is for a pupil with no term I in a subject or in training. TT58 Art. 10.3 speaks of subjects taught in one term "
        "only; TT22 has no article.",
        "Term II counts as the year. In the record of a pupil who was here in term I, a missing term I is reported as not checkable.",
    ),
    Reading(
        "one_term_subject", "TT22 Art. 9.1",
        "What the year is of a subject taught in one term only; TT58 Art. 10.3 takes that term, TT22 has no article.",
        "The year that was submitted stands, the other term is reported as not checkable; such a class locks with a reason.",
    ),
    Reading(
        "both_failed", "TT22 Art. 12–14",
        'The end of the Ministry\'s answer of November 2025 on pupils whose learning and training are both Chưa đạt; its headline says "phải ở lại lớp".',
        "Such a pupil is retained; Art. 14 opens re-assessment only to pupils whose training is at least Đạt.",
    ),
    Reading(
        "excellent_but_poor", "TT58 Art. 13.6",
        "The level of a pupil who but for one subject would be Giỏi and is Kém; the article lists Giỏi with Trung bình and Yếu, Khá with Yếu and Kém.",
        "Yếu: a mean that reaches Giỏi reaches Khá as well.",
    ),
    Reading(
        "tt58_promotion", "TT58 Art. 15–17",
        "The official text was not read again for pupils who are Yếu in both, and for re-assessment of conduct beside that of subjects.",
        "Summer training is open to who is Yếu in conduct. Yếu in both and Kém in learning stay down at once; every other Yếu is due for re-assessment.",
    ),
    Reading(
        "tt58_comment_term", "TT58 Art. 10.1, as amended by TT26/2020",
        "Whether the count of assessments is that of Art. 8 by periods a week; no source here submits periods.",
        "All assessments submitted, two thirds of them Đ, the last among them; no count of regular ones is asked for.",
    ),
    Reading(
        "tt58_several_tests", "TT58 Art. 7, 10.1 (to the school year 2019-2020)",
        "Several 45-minute tests a term (coefficient 2) need several columns; the contract has one mid-term column.",
        "With one such test TT58's formula is that of today; a school with several sees a mismatch and locks with a reason.",
    ),
    Reading(
        "specialised_class", "TT58 Art. 13.1a–3a",
        "No source says which class is specialised, and in which subject.",
        "The rules take the môn chuyên (at least 8.0, 6.5, 5.0) but are given none; such a class locks with a reason.",
    ),
    Reading(
        "periods", "TT22 Art. 6.2",
        "No source submits a subject's periods a year, on which the number of regular marks depends.",
        "Four a term in Toán, Ngữ văn, Ngoại ngữ 1, Lịch sử và Địa lí, Khoa học tự nhiên; two in every other subject, two in comment subjects; more than four nowhere.",
    ),
    Reading(
        "tt27_supplementary", "TT27 Art. 11.1b–c",
        "Whether the level of the year after supplementary assessment of qualities and competencies is written again as for subjects; "
        "which levels and marks open it, word for word.",
        "It is open to subjects at C or with a test below 5, to qualities and competencies at C. The level is computed again where the source submits it. Where it does not, and these alone hold the pupil, the principal's "
        "decision is taken and reported as not checkable.",
    ),
    Reading(
        "exceptions", "TT22 Art. 11; TT27 Art. 8; TT58 Art. 12, 14; Education Law Art. 28.2; Civil Code Art. 26, 47; Decree 123/2015 Art. 14",
        "The articles' texts were not at hand: which subjects an inclusive pupil may be exempt from under TT22, whether levels under lesser "
        "demands have thresholds of their own, and what the form prints in the cells of who is not assessed.",
        "Under TT22 and TT27 only a disabled pupil may be exempt from a subject; marks under lesser demands are judged by the usual "
        "thresholds, the principal decides on moving up; cells without a mark stay empty, an exempt subject says Miễn, and a line of the "
        "form names the exception with its days and decision (domain/circumstances.py).",
    ),
    Reading(
        "gdtx", "TT43/2021",
        "How many subjects the levels and titles count at a centre of continuing education, which teaches fewer than six may be asked of; "
        "its articles on averages, on exemptions and on disabled learners; the forms' own names (học viên, the level on the cover) and "
        "whether the table of results is that of TT22; which subjects a centre teaches below grade 10.",
        "Averages, comment subjects and training are judged as under TT22, promotion and re-assessment by TT43 Art. 11, 13. A level or title "
        "that some count from three to six gives is not called wrong, and the year says so (domain/assessment/tt43_check.py). The form is "
        "TT22's with the director's title. No flag of an exception relaxes a check there.",
    ),
    Reading(
        "deputy_in_charge", "Decree 30/2020/NĐ-CP Art. 13.1, Annex I",
        "The text itself: that a deputy in charge signs as one who signs for the head (KT.), and that an acting head writes Q. before the office. "
        "Whether a học bạ may be signed TM., TL. or TUQ.",
        "So they sign (domain/signing_titles.py), with the decision named on the form and in the file; TM., TL. and TUQ. are not offered.",
    ),
)  # fmt: skip

_HEAD = """# Readings that are not confirmed

Made from `hocba_app/domain/assessment/unconfirmed.py`; change it there. Each is an article of which the sources at hand do not
say enough, and what the product does meanwhile. A school's own reading wins: it locks with a reason.
"""


def page() -> str:
    """The page in `docs/`."""
    parts = [
        f"\n## {reading.name}\n- **Article:** {reading.article}\n- **Not found:** {reading.not_found}\n- **Meanwhile:** {reading.meanwhile}\n"
        for reading in READINGS
    ]
    return _HEAD + "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
