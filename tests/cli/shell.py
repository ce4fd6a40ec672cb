"""A shell in a folder with the shipped configuration on free ports: the real commands, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECONDS = 300  # before a command that hangs fails its test


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, f"nothing was written, exit code {self.code}: {self.err[-2000:]}"
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def words(self) -> str:
        """Standard output with every run of white space as one blank: tables break lines where they like."""
        return " ".join(self.out.split())


@dataclass(frozen=True)
class Shell:
    """A folder with a config.toml in it, and what the environment says above that file."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    async def hub(self, *words: str | Path, typed: str = "", **environment: str) -> Ran:
        """Run `hub WORDS` to its end; `typed` is what somebody answers it."""
        stdin = asyncio.subprocess.PIPE if typed else asyncio.subprocess.DEVNULL
        process = await self.start(words, environment, stderr=asyncio.subprocess.PIPE, stdin=stdin)
        try:
            out, err = await asyncio.wait_for(process.communicate(typed.encode() or None), SECONDS)
        except TimeoutError:
            process.kill()
            raise
        return Ran(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *words: str | Path, until: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """`hub WORDS`, which stays up: inside the block once it said `until`; ended by SIGTERM if it still runs."""
        process = await self.start(words, {}, stderr=None)
        assert process.stdout
        try:
            async with asyncio.timeout(SECONDS):
                while until not in (line := (await process.stdout.readline()).decode()):
                    assert line, f"it ended before it said {until!r}"
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.communicate(), SECONDS)

    def with_(self, **environment: str) -> Shell:
        """The same folder under another environment."""
        return replace(self, environment={**self.environment, **environment})

    async def start(
        self,
        words: tuple[str | Path, ...],
        environment: Mapping[str, str],
        *,
        stderr: int | None,
        stdin: int = asyncio.subprocess.DEVNULL,
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", *map(str, words)),
            cwd=self.folder,
            env={**_outside(), **self.environment, **environment},
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )


def company(folder: Path) -> Shell:
    shutil.copy(ROOT / "config.toml", folder)
    web, smtp, imap, http = free_ports(4)
    return Shell(
        folder,
        {
            "HUB_HUB__PUBLIC_URL": f"http://127.0.0.1:{web}",
            "HUB_WEB__PORT": str(web),
            "HUB_CHANNELS__MAIL__SMTP__PORT": str(smtp),
            "HUB_CHANNELS__MAIL__IMAP__PORT": str(imap),
            "HUB_CHANNELS__SMS__BASE_URL": f"http://127.0.0.1:{http}",
            "HUB_CHANNELS__VOICE__BASE_URL": f"http://127.0.0.1:{http}",
        },
    )


def free_ports(count: int) -> list[int]:
    """Ports that are free now; held together so that none comes twice."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def _outside() -> dict[str, str]:
    """Our environment without the hub's own variables; wide, so that no sentence is broken in the middle.

    Python may keep what it compiled: a start is a third quicker for it.
    """
    apart = ("HUB_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(apart)}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "250"}
