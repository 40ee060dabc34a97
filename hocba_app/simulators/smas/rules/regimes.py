"""Which rules a class is assessed by."""

from __future__ import annotations

from hocba_app.simulators.smas.rules import tt22, tt26, tt27

COMPUTE = {"TT22": tt22.compute, "TT26": tt26.compute, "TT27": tt27.compute, "TT43": tt22.compute}
"""TT43 (centres of continuing education) as TT22, with the subjects there are."""
_TT22_SINCE = {6: 2021, 7: 2022, 10: 2022, 8: 2023, 11: 2023, 9: 2024, 12: 2024}
"""The first school year a grade was taught and assessed by the new programme."""


def regime(grade: int, first_year: int, *, centre: bool = False) -> str:
    """The regime of a class: TT22 came grade by grade; a centre of continuing education has TT43 since."""
    if grade <= 5:
        return "TT27"
    if first_year < _TT22_SINCE[grade]:
        return "TT26"
    return "TT43" if centre else "TT22"
