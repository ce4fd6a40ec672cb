"""What the pages load from npm: exact versions, no registry's address, and every icon the desk names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "hub" / "web" / "assets"


def manifest(name: str) -> Any:
    return json.loads((ASSETS / name).read_text())


def icons() -> list[str]:
    return (ASSETS / "icons.txt").read_text().split()


def test_every_package_is_wanted_in_one_exact_version() -> None:
    wanted = manifest("package.json")["dependencies"]
    assert {name: version for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert manifest("package-lock.json")["packages"][""]["dependencies"] == wanted


def test_the_lock_file_names_no_registry_and_pins_every_package_by_its_hash() -> None:
    packages = {name: about for name, about in manifest("package-lock.json")["packages"].items() if name}
    assert [name for name, about in packages.items() if "resolved" in about] == []
    assert [name for name, about in packages.items() if not about["integrity"].startswith("sha512-")] == []


def test_the_icons_are_listed_once_each_in_order() -> None:
    assert icons() == sorted(set(icons()))


def test_every_icon_a_page_uses_is_in_the_sprite() -> None:
    pages = [page.read_text() for page in (ROOT / "templates" / "web").rglob("*.html")]
    used = {name for page in pages for name in re.findall(r"""icon\(["']([a-z0-9-]+)["']""", page)}
    assert used
    assert used - set(icons()) == set()
