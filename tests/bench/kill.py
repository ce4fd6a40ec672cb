"""`python -m tests.bench.kill`: campaigns whose workers are killed at random, longer than in the suite (F1, F2).

20,000 mails to a server that counts before it answers, and 2,000 SMS to a carrier that loses one answer in a hundred.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from channels.message import Kind
from channels.sandbox.carrier import Carrier
from channels.sandbox.resources import CompanyNumber
from hub import clock
from hub.bootstrap import Hub
from hub.database import embedded
from tests.bench import history
from tests.bench.figures import Figure, say
from tests.bench.processes import free_port, listening
from tests.counting import counting
from tests.killing import CONCURRENCY, Havoc, Killed, campaign, company, evenly, hub_command, send

SID, TOKEN, NUMBER = "AC" + "0123456789abcdef" * 2, "the sandbox's token", "+48220000000"
PATIENCE, SETTLED = 1_800.0, 300.0  # seconds
LOSES = 100  # one answer in so many


@dataclass(frozen=True, slots=True)
class Asked:
    """`rate` is of each channel, messages a second."""

    mails: int
    texts: int
    workers: int
    kills: int
    rate: float
    seed: int


def main(words: Sequence[str] | None = None) -> int:
    """Exit 0 when every promise was kept, 1 when not."""
    asked = _arguments(words)
    figures: list[Figure] = []
    if asked.mails:
        figures += asyncio.run(_mails(asked))
    if asked.texts:
        figures += asyncio.run(_texts(asked))
    print("\n".join(one.line for one in figures), flush=True)
    history.append(history.file(os.environ), figures, now=clock.now())
    return int(any(one.verdict == "short" for one in figures))


# ---- mails ----------------------------------------------------------------------------------


async def _mails(asked: Asked) -> list[Figure]:
    quiet, _ = await _mail_run(asked, kills=0)
    killed, taken = await _mail_run(asked, kills=asked.kills)
    return [
        *_promises("mail", killed, killed.lost(taken, "message_id"), taken),
        _promise("kill-mail-unknown", "mails", killed.states["unknown"], CONCURRENCY * killed.kills),
        Figure("kill-mail-time", "s", killed.seconds, "undisturbed", most=2 * quiet.seconds),
    ]


async def _mail_run(asked: Asked, *, kills: int) -> tuple[Killed, Counter[str]]:
    """How it ended, and how often the server took each mail."""
    with tempfile.TemporaryDirectory(prefix="hub-kill-") as name, embedded.server(Path(name) / "postgres") as url:
        async with counting() as (counts, port):
            smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
            mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp}
            async with company(Path(name), url, {"mail": mail | _allowed(asked)}) as hub:
                number = await campaign(hub, asked.mails, Kind.EMAIL)
                at = evenly(asked.mails, kills)
                havoc = Havoc(counts.taken.total, at, random.Random(asked.seed))
                ended = await send(hub, Path(name), number, havoc, workers=asked.workers, patience=PATIENCE)
    say(f"kill: {asked.mails} mails, {kills} kills: {ended.seconds:.1f} s, {asked.mails / ended.seconds:.0f} mails/s")
    return ended, counts.taken


# ---- SMS ------------------------------------------------------------------------------------


async def _texts(asked: Asked) -> list[Figure]:
    """The unknown ones are settled by what the carrier calls back, or by its list."""
    carrier, port = Carrier(SID, TOKEN, [CompanyNumber(NUMBER)], lose_every=LOSES), free_port()
    await carrier.start()
    try:
        with tempfile.TemporaryDirectory(prefix="hub-kill-") as name, embedded.server(Path(name) / "postgres") as url:
            account = {"account_sid": SID, "auth_token": TOKEN, "base_url": carrier.base_url, "number": NUMBER}
            sms = {"kind": "sms", "provider": "twilio", **account} | _allowed(asked)
            async with company(Path(name), url, {"sms": sms}, port=port) as hub:
                killed = await _text_run(hub, Path(name), port, carrier, asked)
    finally:
        await carrier.stop()
    taken = Counter(message.recipient for message in carrier.messages.all.values())
    return [
        *_promises("text", killed, killed.lost(taken, "recipient"), taken),
        _promise("kill-text-unknown", "texts", killed.states["unknown"], CONCURRENCY * killed.kills),
        _promise("kill-text-unsettled", "texts", len(killed.unsettled), killed.doubted // 100),
        _promise("kill-text-slandered", "texts", len(killed.slandered(taken)), 0),
    ]


async def _text_run(hub: Hub, folder: Path, port: int, carrier: Carrier, asked: Asked) -> Killed:
    number = await campaign(hub, asked.texts, Kind.SMS)
    havoc = Havoc(lambda: len(carrier.messages.all), evenly(asked.texts, asked.kills), random.Random(asked.seed))
    with listening(port, hub_command(folder, "web")):
        return await send(hub, folder, number, havoc, workers=asked.workers, patience=PATIENCE, settled=SETTLED)


# ---- what is told ---------------------------------------------------------------------------


def _promises(what: str, killed: Killed, lost: Sequence[str], taken: Counter[str]) -> list[Figure]:
    say(f"kill: {dict(killed.states)}, {killed.kills} kills, doctor: {list(killed.doctor) or 'healthy'}")
    return [
        _promise(f"kill-{what}-lost", f"{what}s", len(lost), 0),
        _promise(f"kill-{what}-doubled", f"{what}s", sum(times > 1 for times in taken.values()), 0),
        _promise(f"kill-{what}-doctor", "findings", len(killed.doctor), 0),
    ]


def _promise(name: str, unit: str, value: float, most: float) -> Figure:
    return Figure(name, unit, value, most=most)


def _allowed(asked: Asked) -> dict[str, object]:
    return {"rate": asked.rate, "burst": max(asked.rate / 10, 1)}


def _arguments(words: Sequence[str] | None) -> Asked:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.kill", description="Campaigns whose workers are killed."
    )
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", type=float, default=500.0, help="messages a second that each channel may send")
    parser.add_argument("--seed", type=int, default=1)
    return Asked(**vars(parser.parse_args(words)))


if __name__ == "__main__":
    sys.exit(main())
