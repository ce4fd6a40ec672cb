"""What was measured, when and where, kept outside the checkout: one JSON object a line, one line a figure.

`BENCH_HISTORY` names the file; without it `contact-hub/bench.jsonl` below $XDG_STATE_HOME, or ~/.local/state.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from tests.bench.figures import Figure


def file(environment: Mapping[str, str]) -> Path:
    """Where the history is kept (https://specifications.freedesktop.org/basedir-spec)."""
    if chosen := environment.get("BENCH_HISTORY"):
        return Path(chosen).expanduser()
    state = Path(environment.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "contact-hub" / "bench.jsonl"


def append(path: Path, figures: Sequence[Figure], *, now: datetime) -> None:
    """A line for each, with its rounds and verdict; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"at": now.isoformat(timespec="seconds"), "commit": _commit(), **machine()}
    lines = [json.dumps(about | document(figure), ensure_ascii=False) + "\n" for figure in figures]
    with path.open("a", encoding="utf-8") as history:
        history.write("".join(lines))


def document(figure: Figure) -> dict[str, object]:
    """All that is known of a figure."""
    return asdict(figure) | {"verdict": figure.verdict}


def machine() -> dict[str, object]:
    """Where this runs, and how busy it is: without these, values of two days say nothing about each other."""
    return {
        "machine": platform.node(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def _commit() -> str:
    """Of the checkout, `-dirty` behind it when something was changed since; nothing where it is no checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
