"""A level belongs to a grade; a school names one level or several that follow one another."""

from __future__ import annotations

import pytest

from hocba_app.domain.levels import are_levels, level_of_document, level_of_grade, levels_of


def test_the_level_of_each_grade() -> None:
    assert [level_of_grade(grade) for grade in range(1, 13)] == (
        ["primary"] * 5 + ["lower_secondary"] * 4 + ["upper_secondary"] * 3
    )
    assert (level_of_document("cover", 9), level_of_document("results", 9)) == ("lower_secondary", "")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("primary", True),
        ("primary+lower_secondary", True),
        ("primary+lower_secondary+upper_secondary", True),
        ("primary+upper_secondary", False),
        ("lower_secondary+primary", False),
        ("primary+primary", False),
        ("university", False),
        ("", False),
    ],
)
def test_what_a_school_may_teach(text: str, right: bool) -> None:
    assert are_levels(text) is right
    assert not right or "+".join(levels_of(text)) == text
