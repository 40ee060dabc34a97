"""What a comment or a document refers to is in the repository: a stranger can read it."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NUMBERED = {"workflow rule": "docs/workflow.md", "core decision": "docs/core-decisions.md"}
_NUMBERED = re.compile(r"(workflow rule|core decision)s? (\d+)(?:(?: and |[–-])(\d+))?")
_FILE = re.compile(r"\b(?:docs|tests|hocba_app|bench|migrations)/[\w./-]*\w\.(?:py|md|json|toml|pdf|png)\b")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@cache
def tracked() -> list[Path]:
    """Sources and documents under version control, or all of them where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = (
        listed.stdout.splitlines()
        if listed.returncode == 0
        else [str(path.relative_to(ROOT)) for path in ROOT.rglob("*.*")]
    )
    return [
        ROOT / name
        for name in names
        if name.endswith((".py", ".md")) and (ROOT / name).is_file() and name != "tests/unit/docs/test_references.py"
    ]


@cache
def items_of(document: str) -> frozenset[int]:
    return frozenset(
        int(number) for number in re.findall(r"^(\d+)\. ", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("kind", NUMBERED)
def test_every_numbered_rule_that_is_cited_stands_in_its_document(kind: str) -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        for match in _NUMBERED.finditer(re.sub(r"\n\s*#?\s*", " ", path.read_text(encoding="utf-8")))
        if match[1] == kind and not {int(number) for number in match.groups()[1:] if number} <= items_of(NUMBERED[kind])
    ]
    assert missing == []


def test_every_file_that_is_named_exists() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked()
        for name in _FILE.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name).exists() and not (path.parent.name == "versions" and is_numbered_since(ROOT / name))
    ]
    assert missing == []


def is_numbered_since(decision: Path) -> bool:
    """A frozen revision names a decision as it was called before decisions had numbers."""
    return len(list(decision.parent.glob(f"[0-9][0-9][0-9][0-9]-{decision.name}"))) == 1


def test_every_link_of_a_document_leads_somewhere() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target in _LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert missing == []


def test_no_comment_cites_what_only_its_author_has() -> None:
    private = re.compile(
        r"engineering/signing\.md|core-decisions'|\bdesign §|shared/(?:domain|engineering|cases|house)|\(design\b"
    )
    found = [
        f"{path.relative_to(ROOT)}: {private.search(text)[0]}"
        for path in tracked()
        if private.search(text := path.read_text(encoding="utf-8"))
    ]  # type: ignore[index]
    assert found == []


def test_every_module_the_architecture_names_is_there() -> None:
    modules = ["/" + path.relative_to(ROOT).as_posix() for path in (ROOT / "hocba_app").rglob("*.py")]
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text)) - {"pages/x.py", "state/x.py"}
    assert [name for name in sorted(named) if not any(module.endswith("/" + name) for module in modules)] == []


def test_the_architecture_names_every_package_of_services() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = text.split("## The packages of services", 1)[1].split("\n## ", 1)[0]
    packages = {path.parent.name for path in (ROOT / "hocba_app/services").glob("*/__init__.py")}
    assert packages - set(re.findall(r"`(\w+)`", section)) == set()


def test_the_drawn_rooms_are_the_ones_the_build_checks() -> None:
    drawn = re.search(r"```\n(.*?)```", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.DOTALL)
    layers = re.search(
        r"^layers = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert drawn and layers
    built = [sorted(re.findall(r"hocba_app\.(\w+)", line)) for line in layers[1].splitlines() if "hocba_app" in line]
    rows = [sorted(re.findall(r"(\w+)/", line[:29])) for line in drawn[1].splitlines() if re.match(r"  \w+/", line)]
    assert rows[: len(built)] == built
