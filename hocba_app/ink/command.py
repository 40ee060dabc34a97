"""``hocba signature-image``: one photo, cleaned as an upload is, for support and for trying what people send."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.signature_image import MAX_BYTES, STRENGTHS, Adjust, seal_image, signature_image
from hocba_app.recordfile.appearance import InkImage

_UNREADABLE = (ErrorCode.FILE_TYPE, ErrorCode.FILE_TOO_LARGE, ErrorCode.IMAGE_TOO_LARGE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the photo."""

    width: int = 0
    """Of the cleaned image, in pixels; 0 when it was refused."""
    height: int = 0
    colour: tuple[int, int, int] | None = None
    ink: float = 0.0
    """Share of the cleaned image that is ink, 0 to 1."""
    error: HocbaError | None = None

    @property
    def exit_code(self) -> int:
        """0 cleaned, 1 refused, 2 no readable picture."""
        if self.error is None:
            return 0
        return 2 if self.error.code in _UNREADABLE else 1

    def as_json(self) -> dict[str, Any]:
        """``ok``, ``width``, ``height``, ``colour`` (``#rrggbb``), ``ink``, and ``reason`` (``code``, ``text``) or None."""
        return {
            "ok": self.error is None,
            "width": self.width,
            "height": self.height,
            "colour": _hex(self.colour) if self.colour else None,
            "ink": round(self.ink, 4),
            "reason": {"code": self.error.code.value, "text": self.error.sentence} if self.error is not None else None,
        }

    def line(self) -> str:
        """The same for people."""
        if self.error is not None:
            return self.error.sentence
        return (
            f"{self.width} × {self.height} điểm ảnh, màu mực {_hex(self.colour or (0, 0, 0))}, nét mực {self.ink:.1%}"
        )


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + bytes(colour).hex()


def clean_file(file: Path, out: Path, *, strength: str = "normal", seal: bool = False) -> Outcome:
    """Clean the photo and write the preview.

    Raises:
        HocbaError: INVALID_INPUT for a file that is not there, a strength nobody knows, or a place that cannot be written.
    """
    if strength not in STRENGTHS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"--strength là một trong: {', '.join(STRENGTHS)}")
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"không đọc được tệp ({type(error).__name__})") from error
    try:
        image, preview = (seal_image if seal else signature_image)(data, Adjust(strength=strength))
    except HocbaError as error:
        return Outcome(error=error)
    try:
        out.write_bytes(preview)
    except OSError as error:
        raise HocbaError(
            ErrorCode.INVALID_INPUT, detail=f"không ghi được {out.name} ({type(error).__name__})"
        ) from error
    return Outcome(image.width, image.height, image.colour, _ink_share(image))


def _ink_share(image: InkImage) -> float:
    """Share of the dots that are at least a quarter ink."""
    dots = [level for byte in zlib.decompress(image.mask) for level in (byte >> 4, byte & 15)]
    return sum(level >= 4 for level in dots) / (image.width * image.height)
