"""A desk that has been worked at for two years, served: how it came to be is not measured."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from hub import bootstrap
from hub.settings import load
from tests.bench import desk_filling
from tests.bench.desk_staff import COOKIE
from tests.bench.figures import say
from tests.bench.processes import free_port, listening
from tests.bench.rows import connected

__all__ = ["COOKIE", "Desk", "desk", "rows"]

_CONFIG = """
[hub]
name = "Bench"
public_url = "http://127.0.0.1:{port}"
data_dir = "{folder}/data"

[web]
port = {port}

[channels.mail]
kind = "email"
provider = "smtp"
address = "support@meadow.example"
smtp = {{ host = "127.0.0.1", port = 9, security = "none" }}

[channels.sms]
kind = "sms"
provider = "twilio"
number = "+48732230001"
account_sid = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
auth_token = "nobody-listens"
base_url = "http://127.0.0.1:9"
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where it is served, and who serves it."""

    url: str
    port: int
    web: int  # process numbers
    postmaster: int


def rows(environment: Mapping[str, str] = os.environ) -> int:
    """How many interactions: BENCH_INTERACTIONS, a million without it."""
    return int(environment.get("BENCH_INTERACTIONS", "1000000"))


@contextmanager
def desk(count: int | None = None) -> Iterator[Desk]:
    """The desk with `count` interactions, or as many as `rows` says, served by `hub web`.

    With BENCH_DESK its folder is kept there, and found filled the next time.
    """
    with ExitStack() as stack:
        kept = os.environ.get("BENCH_DESK")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        port, config = free_port(), folder / "config.toml"
        config.write_text(_CONFIG.format(port=port, folder=folder), encoding="utf-8")
        url = stack.enter_context(bootstrap.running_database(load(config)))
        uvloop.run(_ready(url, count or rows()))
        web = stack.enter_context(listening(port, [sys.executable, "-m", "hub", "web", "--config", str(config)]))
        (file,) = (folder / "data" / "postgres").glob("data-*/postmaster.pid")
        yield Desk(url, port, web, int(file.read_text().split()[0]))


async def _ready(url: str, count: int) -> None:
    """Raises RuntimeError for a kept desk that was not filled to its end."""
    await bootstrap.prepare(url)
    async with connected(url) as connection:
        there = await connection.fetchval("select count(*) from interaction")
        whole = await connection.fetchval("select to_regclass('interaction_timeline') is not null")
    if there and not (there >= count and whole):
        raise RuntimeError(f"BENCH_DESK holds {there:,} interactions of {count:,}. Remove the folder and begin again")
    if not there:
        say(f"A desk with {count:,} interactions is filled ...")
        start = time.perf_counter()
        await desk_filling.fill(url, count)
        say(f"  in {time.perf_counter() - start:.0f} s")
    async with connected(url) as connection:
        await connection.execute("update staff_session set seen_at = now()")  # of a kept desk
