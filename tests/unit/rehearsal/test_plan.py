"""Which year a rehearsal plays, and what does not go together."""

from __future__ import annotations

import pytest

from hocba_app.domain.assessment.regimes import regime_in_force
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.rehearsal.plan import year_played
from hocba_app.simulators.smas.rules.regimes import regime as simulated


@pytest.mark.parametrize(
    ("level", "regime", "year", "played"),
    [
        ("primary", "", "", "2025-2026"),
        ("primary", "tt27", "", "2025-2026"),
        ("lower_secondary", "", "", "2025-2026"),
        ("lower_secondary", "tt22", "", "2025-2026"),
        ("lower_secondary", "tt26", "", "2020-2021"),
        ("upper_secondary", "TT26", "", "2020-2021"),
        ("upper_secondary", "tt26", "2021-2022", "2021-2022"),
        ("lower_secondary", "", "2022-2023", "2022-2023"),
    ],
)
def test_a_regime_or_a_year_implies_the_other(level: str, regime: str, year: str, played: str) -> None:
    assert year_played(level, regime, year) == played


@pytest.mark.parametrize(
    ("level", "regime", "year", "words"),
    [
        ("primary", "tt26", "", "cấp tiểu học không đánh giá theo TT26"),
        ("lower_secondary", "tt27", "", "cấp THCS không đánh giá theo TT27"),
        ("lower_secondary", "tt58", "", "tt22, tt26, tt27 hoặc tt43"),
        ("lower_secondary", "tt26", "2025-2026", "đánh giá theo TT22, không phải theo TT26"),
        ("lower_secondary", "tt26", "2022-2023", "đánh giá theo TT22 và TT26"),
        ("primary", "", "2020-2021", "từ năm học 2024-2025"),
        ("university", "", "", "cấp học"),
        ("lower_secondary", "", "2020-2022", "dạng 2025-2026"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(level: str, regime: str, year: str, words: str) -> None:
    with pytest.raises(HocbaError) as refused:
        year_played(level, regime, year)
    assert refused.value.code is ErrorCode.REHEARSAL_IMPOSSIBLE
    assert words in refused.value.sentence


def test_the_simulator_has_every_grade_assessed_as_it_was() -> None:
    for first_year in range(2015, 2030):
        for grade in range(6, 13):
            assert regime_in_force(grade, first_year) == simulated(grade, first_year)
    assert [regime_in_force(grade, 2022) for grade in range(1, 6)] == ["TT27", "TT27", "TT27", None, None]
    assert regime_in_force(9, 2010) is None
