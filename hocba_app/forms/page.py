"""One page being drawn: rules, pictures, text and the signature fields on it.

Text is kept in the order in which it is drawn, because that is the order in which it is read out and extracted.
Coordinates are points from the lower left corner, as in PDF.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.fonts import Face
from hocba_app.forms.text_fitting import LEADING, Fitted

MM = 72 / 25.4
PAGE_WIDTH, PAGE_HEIGHT = 210 * MM, 297 * MM

INK = (0.08, 0.08, 0.12)
SOFT_INK = (0.36, 0.36, 0.40)
RULE = (0.30, 0.30, 0.34)
PALE_RULE = (0.62, 0.62, 0.66)
TINT = (0.955, 0.955, 0.945)
STATE_RED = (0.62, 0.09, 0.11)

Colour = tuple[float, float, float]
Align = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One drawn line of text and the box it takes: what tests compare for overlap."""

    text: str
    left: float
    baseline: float
    width: float
    size: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def inset(self, horizontal: float, vertical: float) -> Box:
        """The box without a margin on each side."""
        return Box(self.left + horizontal, self.bottom + vertical, self.right - horizontal, self.top - vertical)

    def moved(self, right: float) -> Box:
        """The box further to the right."""
        return Box(self.left + right, self.bottom, self.right + right, self.top) if right else self

    @property
    def rect(self) -> tuple[float, float, float, float]:
        """As a PDF rectangle, to a hundredth of a point."""
        return round(self.left, 2), round(self.bottom, 2), round(self.right, 2), round(self.top, 2)


@dataclass(slots=True)
class Page:
    """What has been drawn on one page so far."""

    shift: float = 0.0
    """Points by which everything is drawn further to the right than it is told: the margin for binding."""
    drawing: list[str] = field(default_factory=list)
    showing: list[str] = field(default_factory=list)
    lines: list[TextLine] = field(default_factory=list)
    letters: dict[Face, set[str]] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)
    fields: dict[str, Box] = field(default_factory=dict)
    _font: tuple[Face, float] | None = None
    _colour: Colour | None = None
    _at: tuple[float, float] = (0.0, 0.0)

    def text(
        self,
        text: str,
        x: float,
        baseline: float,
        face: Face,
        size: float,
        *,
        align: Align = "left",
        colour: Colour = INK,
    ) -> None:
        """Draw one line whose ``x`` is its left end, middle or right end."""
        if not text:
            return
        width = face.width(text, size)
        left = x - (width / 2 if align == "centre" else width if align == "right" else 0) + self.shift
        if self._font != (face, size):
            self.showing.append(f"/{face.key} {_n(size)} Tf")
            self._font = (face, size)
        if self._colour != colour:
            self.showing.append(f"{colour_operands(colour)} rg")
            self._colour = colour
        left, baseline = round(left, 2), round(baseline, 2)
        self.showing.append(f"{_n(left - self._at[0])} {_n(baseline - self._at[1])} Td <{face.encode(text)}> Tj")
        self._at = (left, baseline)
        self.letters.setdefault(face, set()).update(face.letters(text))
        self.lines.append(TextLine(text, left, baseline, width, size))

    def fitted(
        self, fitted: Fitted, box: Box, *, align: Align = "left", middle: bool = True, colour: Colour = INK
    ) -> None:
        """Draw fitted lines in ``box``, in its vertical middle or from its top."""
        slack = (box.height - fitted.height) / 2 if middle else 0.0
        x = {"left": box.left, "centre": (box.left + box.right) / 2, "right": box.right}[align]
        # The baseline lies 0.93 em under the line's top: marks above capitals stay inside the line.
        baseline = box.top - max(slack, 0.0) - 0.93 * fitted.size
        for line in fitted.lines:
            self.text(line, x, baseline, fitted.face, fitted.size, align=align, colour=colour)
            baseline -= fitted.size * LEADING

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        width: float = 0.5,
        colour: Colour = RULE,
        dotted: bool = False,
    ) -> None:
        """Draw a straight rule."""
        dash = "[0.6 1.8] 0 d 1 J " if dotted else ""
        x1, x2 = x1 + self.shift, x2 + self.shift
        self.drawing.append(
            f"q {dash}{_n(width)} w {colour_operands(colour)} RG {_n(x1)} {_n(y1)} m {_n(x2)} {_n(y2)} l S Q"
        )

    def box(
        self, box: Box, *, width: float = 0.5, colour: Colour = RULE, fill: Colour | None = None, stroke: bool = True
    ) -> None:
        """Draw a rectangle."""
        shape = f"{_n(box.left + self.shift)} {_n(box.bottom)} {_n(box.width)} {_n(box.height)} re"
        if fill:
            self.drawing.append(f"q {colour_operands(fill)} rg {shape} f Q")
        if stroke:
            self.drawing.append(f"q {_n(width)} w {colour_operands(colour)} RG {shape} S Q")

    def picture(self, name: str, box: Box) -> None:
        """Place the picture the document holds under ``name``, stretched to the box."""
        self.pictures.add(name)
        self.drawing.append(
            f"q {_n(box.width)} 0 0 {_n(box.height)} {_n(box.left + self.shift)} {_n(box.bottom)} cm /{name} Do Q"
        )

    def sign_here(self, name: str, box: Box) -> None:
        """Leave the place of a signature field.

        Raises:
            HocbaError: FORM_SLOT_MISMATCH when the page has a field of that name already.
        """
        if name in self.fields:
            raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH, detail=f"ô {name} có hai lần")
        self.fields[name] = box.moved(self.shift)

    def content(self) -> bytes:
        """The page's content stream: rules and pictures first, text above them."""
        return "\n".join([*self.drawing, "BT", *self.showing, "ET"]).encode("ascii")


def _n(value: float) -> str:
    """A number as PDF writes it: at most two decimals, no exponent, no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def colour_operands(colour: Colour) -> str:
    """A colour as the operands of ``rg`` and ``RG``."""
    return " ".join(f"{part:.3g}" for part in colour)
