"""The house's rules, checked: who may import whom, who may commit, which names say nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(p for folder in ("hub", "channels") for p in (ROOT / folder).rglob("*.py"))
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "service",
    "services",
    "handler",
    "base",
    "common",
    "misc",
}


def test_every_import_contract_holds() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_only_the_unit_of_work_commits() -> None:
    committing = [f"{p.relative_to(ROOT)}:{c.lineno}" for p in CODE for c in _calls(p, {"commit", "rollback"})]
    assert committing == []


@pytest.mark.parametrize("word", sorted(EMPTY_NAMES))
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    assert [str(p.relative_to(ROOT)) for p in CODE if p.stem == word or p.parent.name == word] == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [str(p.relative_to(ROOT)) for p in CODE if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert silent == []


def test_nothing_in_the_hub_asks_whether_it_runs_on_the_sandbox() -> None:
    allowed = ROOT / "hub" / "cli"
    asking = [
        str(p.relative_to(ROOT))
        for p in CODE
        if p.is_relative_to(ROOT / "hub") and not p.is_relative_to(allowed) and "sandbox" in _names(p)
    ]
    assert asking == []


def _calls(path: Path, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


def _names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {n.id.lower() for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return names | {n.attr.lower() for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
