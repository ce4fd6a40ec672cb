"""webhook-in: Twilio's status callbacks to `hub web` and PostgreSQL, against an ASGI app that does nothing.

Both are processes of their own, served by uvicorn, and driven by the same client in the same rounds. Every callback
is signed and moves a message forward; at the end the log must say so.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import uvloop

from hub import bootstrap
from hub.models.vocabulary import State
from hub.settings import Settings, load
from hub.signing import Signer
from tests.bench.figures import Figure, compare, say
from tests.bench.posting import Posted, post_all, request
from tests.bench.processes import cpu_seconds, free_port, listening
from tests.bench.rows import add_customer, add_interactions, connected

CONNECTIONS, MESSAGES, BARE = 64, 2000, 10_000
A_SECOND, P99_MS = 3000, 50  # goals
_STEPS = ("queued", "sent", "delivered")
_TOKEN = "bench-auth-token"
_NUMBER, _CUSTOMERS_NUMBER = "+48732230001", "+48601234567"
_numbers = itertools.count(1)

_CONFIG = """
[hub]
name = "Bench"
public_url = "http://127.0.0.1:{port}"
data_dir = "{folder}/data"

[web]
port = {port}

[channels.sms]
kind = "sms"
provider = "twilio"
number = "{number}"
account_sid = "AC00000000000000000000000000000000"
auth_token = "{token}"
base_url = "http://127.0.0.1:9"
"""
_REFERENCES = """
insert into provider_reference (channel, provider_id, interaction_id)
select 'sms', sid, id from unnest($1::text[], $2::uuid[]) as pair(sid, id)
"""


@dataclass(slots=True)
class Costs:
    """Microseconds of processor time for each callback: of `hub web`, of PostgreSQL, and of whoever loads them."""

    web: int  # process numbers
    postmaster: int
    rounds: list[tuple[float, float, float]] = field(default_factory=list)

    @contextmanager
    def counted(self, callbacks: int) -> Iterator[None]:
        before = self._used()
        yield
        spent = [(now - then) / callbacks * 1e6 for now, then in zip(self._used(), before, strict=True)]
        self.rounds.append((spent[0], spent[1], spent[2]))
        say("webhook-in: processor time each: hub {:.0f} µs, PostgreSQL {:.0f} µs, client {:.0f} µs".format(*spent))

    @property
    def figures(self) -> list[Figure]:
        names = ("webhook-cpu-hub", "webhook-cpu-postgres", "webhook-cpu-client")
        columns = zip(*self.rounds, strict=True)
        return [
            Figure(name, "µs each", statistics.median(column), rounds=column)
            for name, column in zip(names, columns, strict=True)
        ]

    def _used(self) -> tuple[float, float, float]:
        return cpu_seconds(self.web), cpu_seconds(self.postmaster, children=True), time.process_time()


def measure() -> Sequence[Figure]:
    """Callbacks a second, checked, stored and answered after the commit (fsync on), and how long each one waited."""
    waits: list[float] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        port, bare_port = free_port(), free_port()
        config = folder / "config.toml"
        config.write_text(_CONFIG.format(port=port, folder=folder, number=_NUMBER, token=_TOKEN), encoding="utf-8")
        settings = load(config)
        url = stack.enter_context(bootstrap.running_database(settings))
        asyncio.run(bootstrap.prepare(url))
        web = stack.enter_context(listening(port, [sys.executable, "-m", "hub", "web", "--config", str(config)]))
        (file,) = (folder / "data" / "postgres").glob("data-*/postmaster.pid")
        costs = Costs(web, int(file.read_text().split()[0]))
        bare = [sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--port", str(bare_port)]
        stack.enter_context(listening(bare_port, [*bare, "--no-access-log", "--log-level", "warning"]))
        figure = compare(
            "webhook-in",
            "callbacks/s",
            "bare ASGI app",
            lambda: uvloop.run(_round(url, settings, waits, costs)),
            lambda: uvloop.run(_bare_round(bare_port)),
        )
        asyncio.run(_all_delivered(url))
        waited = Figure("webhook-wait", "ms p99", statistics.median(waits), most=P99_MS, rounds=tuple(waits))
        return [replace(figure, least=A_SECOND), waited, *costs.figures]


async def _round(url: str, settings: Settings, waits: list[float], costs: Costs) -> float:
    """New messages, then every callback about them: a message's own in order, the messages beside each other."""
    signer, port = Signer(bootstrap.signing_secret(settings)), settings.web.port
    messages = await _messages(url)
    requests = [
        _callback(port, sid, signer.message_token(message), step) for step in _STEPS for sid, message in messages
    ]
    with costs.counted(len(requests)):
        posted = await _posted(port, requests)
    waits.append(posted.wait(99) * 1000)
    say(f"webhook-in: waits: median {posted.wait(50) * 1000:.0f} ms, p99 {waits[-1]:.0f} ms")
    return len(requests) / posted.seconds


async def _bare_round(port: int) -> float:
    body = urlencode({"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered", "To": _CUSTOMERS_NUMBER}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x" * 28}
    one = request(port, "/webhooks/sms/status?m=" + "t" * 42, headers, body)
    return BARE / (await _posted(port, [one] * BARE)).seconds


async def _posted(port: int, requests: Sequence[bytes]) -> Posted:
    posted = await post_all(port, requests, connections=CONNECTIONS)
    if set(posted.statuses) != {204}:
        raise RuntimeError(f"Callbacks were answered {dict(posted.statuses)}; all should be 204")
    return posted


def _callback(port: int, sid: str, token: str, status: str) -> bytes:
    """https://www.twilio.com/docs/messaging/guides/track-outbound-message-status"""
    path = f"/webhooks/sms/status?m={token}"
    form = {
        "AccountSid": "AC" + "0" * 32,
        "ApiVersion": "2010-04-01",
        "From": _NUMBER,
        "MessageSid": sid,
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "To": _CUSTOMERS_NUMBER,
    }
    signed = f"http://127.0.0.1:{port}{path}" + "".join(key + form[key] for key in sorted(form))
    signature = base64.b64encode(hmac.digest(_TOKEN.encode(), signed.encode(), "sha1")).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return request(port, path, headers, urlencode(form).encode())


async def _messages(url: str) -> list[tuple[str, UUID]]:
    """Messages that are just being sent, with the names that Twilio gave them."""
    async with connected(url) as connection:
        customer, state = await add_customer(connection), (State.SENDING.value, State.SENDING.rank)
        ids = await add_interactions(
            connection, customer, MESSAGES, kind="sms", state=state, recipient=_CUSTOMERS_NUMBER
        )
        sids = [f"SM{next(_numbers):032x}" for _ in ids]
        await connection.execute(_REFERENCES, sids, ids)
        return list(zip(sids, ids, strict=True))


async def _all_delivered(url: str) -> None:
    async with connected(url) as connection:
        behind = await connection.fetchval("select count(*) from interaction where state <> 'delivered'")
    if behind:
        raise RuntimeError(f"{behind} messages are not delivered although every callback was answered")
    say("webhook-in: every message is delivered in the log")
