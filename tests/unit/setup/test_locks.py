"""The locks are complete, name no registry, and the first of them is enough to run the product."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
RUN, TEST, INSTALLER = "requirements.lock", "requirements-test.lock", "requirements-uv.lock"
ENVIRONMENTS = [
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.0",
        "sys_platform": system,
        "platform_system": name,
        "os_name": family,
    }
    for minor in (11, 12, 13, 14)
    for system, name, family in (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))
]


def locked(*names: str) -> dict[str, Requirement]:
    """What locks hold."""
    lines = re.findall(
        r"^(\S+==[^\\\n]+)", "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names), re.MULTILINE
    )
    return {canonicalize_name(each.name): each for each in map(Requirement, lines)}


def needed(wanted: list[Requirement], environment: dict[str, str]) -> Iterator[Requirement]:
    """Everything a list asks for, and what that asks for."""
    todo, seen = [(each, "") for each in wanted], set[tuple[str, str]]()
    while todo:
        requirement, extra = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
            continue
        yield requirement
        for asked in ("", *requirement.extras):
            if (requirement.name, asked) not in seen:
                seen.add((requirement.name, asked))
                todo += [(Requirement(each), asked) for each in _requires(requirement.name)]


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # for another system
        return []


@pytest.mark.parametrize(("locks", "groups"), [((RUN,), ()), ((RUN, TEST), ("dev",))])
def test_nothing_that_is_needed_is_missing_from_the_lock(locks: tuple[str, ...], groups: tuple[str, ...]) -> None:
    """Set-up resolves nothing (--no-deps), so that an incomplete lock would only be noticed at an import."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(each) for each in project["project"]["dependencies"]]
    wanted += [Requirement(each) for group in groups for each in project["dependency-groups"][group]]
    pins = locked(*locks)
    for environment in ENVIRONMENTS:
        for requirement in needed(wanted, environment):
            pin = pins.get(canonicalize_name(requirement.name))
            assert pin is not None, f"{requirement} is not locked"
            assert requirement.specifier.contains(str(pin.specifier).removeprefix("=="), prereleases=True), (
                f"{requirement}: {pin}"
            )
            assert pin.marker is None or pin.marker.evaluate(environment), (
                f"{requirement}: {pin} is left out on {environment}"
            )


def test_every_requirement_has_a_hash_and_no_registry_is_named() -> None:
    for name in (RUN, TEST, INSTALLER):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        for entry in re.findall(r"^\S.*\n(?:[ ].*\n)*", text, re.MULTILINE):
            assert re.match(r"[a-z0-9-]+==\S+ (; [^\\]+)?\\\n    --hash=sha256:[0-9a-f]{64}", entry), entry


def test_the_product_imports_nothing_of_the_second_lock() -> None:
    for_tests = set(locked(TEST)) - set(locked(RUN))
    modules = {
        module
        for module, names in packages_distributions().items()
        if {canonicalize_name(each) for each in names} <= for_tests
    }
    assert "pytest" in modules
    for file in sorted((ROOT / "hocba_app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            assert not modules & {each.partition(".")[0] for each in names}, f"{file}: {names}"
