"""imap-fetch: bringing whole mails over from Dovecot, nothing else done with them, against mbsync into a Maildir."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop

from channels.adapter import Batch
from channels.message import Kind
from channels.providers import open_channel
from tests.bench.figures import Figure, compare, unavailable
from tests.bench.letters import received
from tests.dovecot import PASSWORD, PROGRAM, Dovecot, dovecot

NAME, UNIT, AGAINST, GOAL = "imap-fetch", "mails/s", "mbsync", 1.4
MAILS = 2000
_CONF = """
FSync no

IMAPAccount bench
Host 127.0.0.1
Port {port}
User bench
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account bench

MaildirStore near
Inbox {folder}/inbox

Channel all
Far :far:
Near :near:
Sync Pull
Create Near
SyncState *
"""


def measure() -> Figure:
    """Mails a second from the first command to the last mail, logging in included on both sides."""
    mbsync = shutil.which("mbsync")
    if PROGRAM is None or mbsync is None:
        return unavailable(
            NAME, UNIT, AGAINST, "Dovecot or mbsync not found; Debian's dovecot-imapd and isync have them"
        )
    with dovecot() as peer:
        peer.fill("bench", received(MAILS))
        uvloop.run(_fetch(peer))  # Dovecot indexes a maildir when it first sees it
        figure = compare(NAME, UNIT, AGAINST, lambda: uvloop.run(_fetch(peer)), lambda: _mbsync(mbsync, peer))
    return replace(figure, goal=GOAL)


async def _fetch(peer: Dovecot) -> float:
    server = {"host": "127.0.0.1", "security": "none", "username": "bench", "password": PASSWORD}
    imap = {**server, "port": peer.port, "mark_seen": False}
    table = {"address": "support@meadow.example", "smtp": {**server, "port": 1}, "imap": imap}
    channel = open_channel("bench", Kind.EMAIL, "smtp", table, webhook_base="")
    assert channel.listener is not None
    began, count = time.perf_counter(), 0
    async for one in channel.listener.listen({}):
        count += len(one.messages) if isinstance(one, Batch) else 0
        if count >= MAILS:
            break
    seconds = time.perf_counter() - began
    await channel.close()
    return MAILS / seconds


def _mbsync(program: str, peer: Dovecot) -> float:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        conf = Path(folder) / "mbsyncrc"
        conf.write_text(_CONF.format(port=peer.port, password=PASSWORD, folder=folder))
        began = time.perf_counter()
        subprocess.run([program, "-q", "-c", str(conf), "all"], check=True, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        found = sum(1 for part in ("new", "cur") for _ in (Path(folder) / "inbox" / part).iterdir())
    if found != MAILS:
        raise RuntimeError(f"mbsync brought {found} mails of {MAILS}")
    return MAILS / seconds
