"""The page docs/forms.md: every word of every version of the forms with the source it was taken from, made from the data.

``python -m hocba_app.forms.sources_page > docs/forms.md``
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from hocba_app.forms.form_version import FOLDER, versions

_HEAD = """\
# The words of the forms, and where they are from

Made from `assets/forms/*.toml`; change it there, in a new version. "Không xác nhận được": the official annex could not be read, and
what was read instead is named. A school's own form wins over ours: send it in, the next version follows it.
"""
_TABLES = ("columns", "summary", "facts", "measurements")


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(line for version in sorted(versions()) for line in _version(version))])


def _version(version: int) -> Iterator[str]:
    shape = tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8"))
    yield f"## Version {version}" + (f" (what it changes in version {shape['extends']})" if "extends" in shape else "")
    for key, source in shape["sources"].items():
        yield f"- **{key}**: {source['law']}; {source['place']}. {source['read']}"
    yield ""
    for name, table in shape.items():
        rows = list(_rows(table)) if isinstance(table, dict) and name != "sources" else []
        if rows:
            yield f"### {name}\n\n| word | text | source |\n|---|---|---|"
            yield from (f"| {key} | {text.replace('|', '/')} | {source} |" for key, text, source in rows)
            yield ""


def _rows(table: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Words and titles of one form, each with the name of its source."""
    cited = table.get("sources", {})
    for key, text in table.get("words", {}).items():
        yield key, text, cited.get(key, table["source"])
    for key in _TABLES:
        for each in table.get(key, ()):
            text = each.get("label") or " – ".join(filter(None, [each.get("group"), each["title"]]))
            yield f"{key}.{each.get('key') or each['value']}", text, cited.get(key, table["source"])
    if order := table.get("order"):
        yield "order", ", ".join(order), cited.get("order", table["source"])


if __name__ == "__main__":
    sys.stdout.write(page())
