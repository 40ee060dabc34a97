"""Pieces of pages. Everything that comes from outside goes through :func:`esc`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

PARTS = (
    ("", "Tổng quan"), ("students", "Học sinh"), ("staff", "Cán bộ"), ("classes", "Lớp"), ("assignments", "Phân công"),
    ("marks", "Điểm"), ("traits", "Phẩm chất"),
    ("comments", "Nhận xét"), ("outcomes", "Tổng kết"), ("awards", "Khen thưởng"), ("summer", "Đánh giá lại"),
    ("arrivals", "Chuyển đến"),
    ("year", "Năm học"), ("submissions", "Nộp dữ liệu"),
)  # fmt: skip
FOR_TEACHERS = ("", "marks", "comments", "traits")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
}  # fmt: skip
_VIETNAM = timezone(timedelta(hours=7))
Errors = list[dict[str, str]]


def esc(value: Any) -> str:
    """A value as text inside HTML, attributes too."""
    return "" if value is None else escape(str(value))


def page(
    title: str,
    body: str,
    *,
    school: str = "",
    who: str = "",
    part: str = "",
    teacher: bool = False,
    primary: bool = False,
    ministry: bool = False,
    status: int = 200,
    refresh: bool = False,
) -> HTMLResponse:
    """A whole page.

    Args:
        school: name in the header; "" before login.
        part: the entry of the navigation that is current.
        primary: the school is one: it has qualities and competencies.
        refresh: the page asks for itself again in two seconds.
    """
    navigation = ""
    if school and not ministry:
        parts = [
            (path, label)
            for path, label in PARTS
            if (not teacher or path in FOR_TEACHERS) and (primary or path != "traits")
        ]
        links = "".join(
            f'<a href="/console/{path}"{" aria-current=page" if path == part else ""}>{label}</a>'
            for path, label in parts
        )
        navigation = f"<nav aria-label='Mục'>{links}{'' if teacher else '<a href=/ministry>Bộ GDĐT ↗</a>'}</nav>"
    elif school:
        navigation = "<nav><a href=/console/>← SMAS</a></nav>"
    system = "Nền tảng của Bộ (mô phỏng)" if ministry else "SMAS (mô phỏng)"
    leave = '<form method=post action="/console/logout"><button>Thoát</button></form>' if school else ""
    again = "<meta http-equiv=refresh content=2>" if refresh else ""
    return HTMLResponse(
        f"<!doctype html><html lang=vi><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>{again}"
        f"<title>{esc(title)} – SMAS</title><link rel=stylesheet href=/console/style.css></head><body{' class=ministry' if ministry else ''}>"
        f"<header><b>{system}</b><span>{esc(school)}</span><span>{esc(who)}</span>{leave}</header>{navigation}"
        f"<main><h1>{esc(title)}</h1>{body}</main></body></html>",
        status, _HEADERS,
    )  # fmt: skip


def comma(mark: Any) -> str:
    """A mark as it is written here: 8,5."""
    return esc(mark).replace(".", ",") or "–"


def day(text: str | None) -> str:
    """An ISO date as 05/09/2025."""
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}" if text else "–"


def moment(text: str) -> str:
    """An instant in Vietnam's time."""
    local = datetime.fromisoformat(text).astimezone(_VIETNAM)
    return local.strftime("%H:%M ngày %d/%m/%Y")


def notice(text: str) -> str:
    """What has been done."""
    return f"<p class=note role=status>{esc(text)}</p>" if text else ""


def problems(errors: Errors, names: Mapping[str, str] | None = None) -> str:
    """What was refused, field by field."""
    if not errors:
        return ""
    items = "".join(
        f"<li>{esc((names or {}).get(error['field'], error['field']))}: {esc(error['message'])}</li>"
        for error in errors
    )
    return f'<div class="note bad" role=alert>Chưa lưu. Sửa các mục sau rồi lưu lại:<ul>{items}</ul></div>'


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "cards") -> str:
    """A table of cells that are HTML already; on a phone each row is a card."""
    names = list(heads)
    head = "".join(f"<th>{esc(name)}</th>" for name in names)
    lines = "".join(
        f"<tr>{''.join(_cell(name, cell, place) for place, (name, cell) in enumerate(zip(names, row, strict=True)))}</tr>"
        for row in rows
    )
    return f'<div class=scroll><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cell(name: str, cell: str, place: int) -> str:
    label = f' data-label="{esc(name)}"' if name and place else ""
    return f"<td{label}>{cell}</td>"


def select(
    name: str, choices: Iterable[tuple[str, str]], chosen: str | None, *, empty: str | None = None, label: str = ""
) -> str:
    """A list to choose from."""
    options = [] if empty is None else [("", empty)]
    options.extend(choices)
    lines = "".join(
        f'<option value="{esc(value)}"{" selected" if value == (chosen or "") else ""}>{esc(text)}</option>'
        for value, text in options
    )
    return (
        f'<select name="{esc(name)}"{f" aria-label={chr(34)}{esc(label)}{chr(34)}" if label else ""}>{lines}</select>'
    )


def chooser(*selects: tuple[str, str], button: str = "Xem") -> str:
    """A row of lists that opens another view of the page."""
    fields = "".join(f"<label>{esc(label)}{control}</label>" for label, control in selects)
    return f"<form class=bar method=get>{fields}<button class=plain>{esc(button)}</button></form>"


def text_input(
    name: str, value: Any, *, label: str = "", wrong: bool = False, kind: str = "text", mode: str = ""
) -> str:
    """One line to write in."""
    marks = (
        (" class=wrong aria-invalid=true" if wrong else "")
        + (f' inputmode="{mode}"' if mode else "")
        + (f' aria-label="{esc(label)}"' if label else "")
    )
    return f'<input type="{kind}" name="{esc(name)}" value="{esc(value)}" autocomplete=off{marks}>'
