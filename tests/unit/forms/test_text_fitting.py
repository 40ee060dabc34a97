"""No line is too wide and no letter is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.text_fitting import fit, fit_line, wrap
from tests.samples import ALL_VIETNAMESE_LETTERS

TEXT = st.text(st.sampled_from(ALL_VIETNAMESE_LETTERS + " .,;–\n"), max_size=300)
SIZES = st.sampled_from([6, 8.5, 10.5, 12])


@settings(max_examples=80, deadline=None)
@given(TEXT, SIZES, st.floats(20, 400))
def test_wrapped_lines_fit_and_hold_every_letter(text: str, size: float, width: float) -> None:
    lines = wrap(text, REGULAR, size, width)
    assert all(REGULAR.width(line, size) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


@settings(max_examples=80, deadline=None)
@given(TEXT, st.floats(40, 300), st.floats(10, 100))
def test_fitting_shrinks_before_it_grows(text: str, width: float, height: float) -> None:
    fitted = fit(text, REGULAR, width, height, 11, 7)
    assert fitted.height <= height or fitted.size == 7
    assert fitted.width <= width
    if fitted.size < 11:
        assert len(wrap(text, REGULAR, fitted.size + 0.5, width)) * (fitted.size + 0.5) * 1.2 > height


def test_a_short_name_keeps_its_size_and_a_long_one_shrinks() -> None:
    assert fit_line("Y Moan Ênuôl", BOLD, 200, 12, 7).size == 12
    long = fit_line("Công Tằng Tôn Nữ Hoàng Ngọc Nguyễn Phước Bảo Quỳnh", BOLD, 200, 12, 7)
    assert len(long.lines) == 1 and long.size < 12


def test_line_ends_of_the_writer_are_kept_and_no_break_spaces_do_not_glue_everything() -> None:
    assert wrap("Một\nHai", REGULAR, 10, 500) == ("Một", "Hai")
    assert wrap("", REGULAR, 10, 500) == () and wrap("\n \n", REGULAR, 10, 500) == ()
