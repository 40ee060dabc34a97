"""How a packet is printed: what goes in, on what paper, and how the pages lie on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError

MAX_MARGIN_MM = 20


@dataclass(frozen=True, slots=True)
class PacketOptions:
    """The print configuration. The defaults print each page as it was signed, at its true size."""

    kinds: tuple[str, ...] = KINDS
    """Which documents of a pupil, printed in the order of the book."""
    whole_record: bool = True
    """Results of every school year; False: of the class's year only."""
    paper: str = "A4"
    """``A4``: page by page; ``A3``: a booklet a pupil, folded in the middle."""
    double_sided: bool = True
    """On A4: each document begins on the front of a sheet. Booklets are always printed on both sides, short edge."""
    margin_mm: int = 0
    """The page made smaller by this much on every side, for printers that cannot reach the edge."""
    binding_mm: int = 0
    """The page moved away from the edge where it is bound: left on fronts, right on backs. A4 only."""
    seal_page: bool = False
    """A last page a pupil on which the school certifies the copy by hand and seal ("SAO Y", Decree 30/2020, Art. 25)."""

    @classmethod
    def checked(cls, values: dict[str, Any]) -> PacketOptions:
        """Options from a form or a stored job.

        Raises:
            HocbaError: INVALID_INPUT for an unknown name, kind or paper, or a margin out of range.
        """
        try:
            options = cls(**{**values, "kinds": tuple(kind for kind in KINDS if kind in values.get("kinds", KINDS))})
        except TypeError:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="cấu hình in không hợp lệ") from None
        unknown = set(values.get("kinds", ())) - set(KINDS)
        margins = (options.margin_mm, options.binding_mm)
        switches = (options.whole_record, options.double_sided, options.seal_page)
        if unknown or not options.kinds:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="chọn ít nhất một loại hồ sơ để in")
        if options.paper not in ("A4", "A3") or any(type(switch) is not bool for switch in switches):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="khổ giấy phải là A4 hoặc A3")
        if any(type(margin) is not int or not 0 <= margin <= MAX_MARGIN_MM for margin in margins):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"lề phải từ 0 đến {MAX_MARGIN_MM} mm")
        return options

    def as_json(self) -> dict[str, Any]:
        """The stored form; :meth:`checked` reads it back."""
        return {**asdict(self), "kinds": list(self.kinds)}
