"""The product's rules and the simulator's, written apart from the same sources, on the same random pupils."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.assessment import tt22, tt26, tt27
from hocba_app.simulators.smas.rules import tt22 as smas22
from hocba_app.simulators.smas.rules import tt26 as smas26
from hocba_app.simulators.smas.rules import tt27 as smas27

CODES = ("TOAN", "VAN", "NN1", "VL", "HH", "SH", "LS", "DL")
TENTHS = st.lists(st.integers(15, 100), min_size=8, max_size=8)
COMMENTS = st.lists(st.sampled_from(["Đ", "Đ", "Đ", "CĐ"]), min_size=2, max_size=4)
LEVEL = st.sampled_from(tt22.LEVELS)
AFTER = st.none() | LEVEL
SHORT = {"TB": "Trung bình"}


def decimals(tenths: list[int]) -> list[Decimal]:
    return [Decimal(value) / 10 for value in tenths]


@given(TENTHS, COMMENTS)
def test_tt22_level(tenths: list[int], comments: list[str]) -> None:
    theirs = smas22.LEVELS[smas22.level(tenths, comments.count("CĐ"))]
    assert tt22.learning_level(decimals(tenths), comments) == theirs


@given(LEVEL, LEVEL, st.none() | st.integers(0, 60), AFTER, AFTER)
def test_tt22_promotion(
    learning: str, training: str, absences: int | None, again: str | None, summer: str | None
) -> None:
    # What a pupil passed is not assessed again: Art. 13, 14.
    again, summer = again if learning == tt22.FAIL else None, summer if training == tt22.FAIL else None
    theirs = smas22.promotion(
        {"year": learning, "reassessed": again}, {"year": training, "reassessed": summer}, absences
    )
    ours = tt22.promotion(learning, training, absences, learning_reassessed=again, training_after_summer=summer)
    assert ours == theirs


@given(TENTHS, COMMENTS, st.sampled_from([("2018-2019", tt26.KEY_SUBJECTS_TT58), ("2020-2021", tt26.KEY_SUBJECTS)]))
def test_tt58_level_before_and_since_the_amendment(
    tenths: list[int], comments: list[str], regime: tuple[str, tuple[str, ...]]
) -> None:
    year, keys = regime
    values = decimals(tenths)
    average = tt26.mean(values)
    assert average is not None
    ours = tt26.learning_level(average, dict(zip(CODES, values, strict=True)), comments, keys=keys)
    theirs = smas26.level(list(zip(CODES, tenths, strict=True)), comments.count("CĐ"), smas26.leading(year))
    assert SHORT.get(ours, ours) == theirs


@given(
    st.lists(st.sampled_from("TTTHC"), min_size=1, max_size=9), st.lists(st.sampled_from("TTTĐC"), min_size=1, max_size=9),
    st.lists(st.integers(0, 10), max_size=5),
)  # fmt: skip
def test_tt27_level(subjects: list[str], traits: list[str], tests: list[int]) -> None:
    assert tt27.year_level(subjects, traits, tests) == smas27.year_level(subjects, traits, tests)
