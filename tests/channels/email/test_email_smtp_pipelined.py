"""RFC 2920: several mails on their way over one connection, and each knows its own fate whatever happens to it (F5)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from channels.email.envelope import Envelope, Mail, wire_form
from channels.email.pool import Pool
from channels.email.replies import Stage
from channels.email.smtp_login import Login
from channels.errors import Refused, SendError, TryLater, Unknown
from channels.message import Accepted, Reason
from tests.bench.processes import free_port

Build = Callable[..., Any]
OFFERS = b"250-fake\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n"
BODY = b"Subject: hi\r\n\r\nhello\r\n"
SINK = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/sbin")


@dataclass
class Script:
    """A server that reads ahead as pipelining servers do. `rules`: (recipient, verb) → its answer, `drop` or `hang`."""

    rules: dict[tuple[str, str], bytes | str] = field(default_factory=dict)
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    connections: list[list[bytes]] = field(default_factory=list)
    hung: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append([])
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer, self.connections[-1])
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lines: list[bytes]) -> None:
        writer.write(b"220 fake\r\n")
        recipient, good = "", True
        while line := await reader.readline():
            lines.append(line.strip())
            verb = line.split()[0].decode()
            if verb == "RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0].decode()
            answer = self.rules.get((recipient if verb != "MAIL" else "", verb), self._usual(verb, good))
            good = verb == "RSET" or (good and answer[:1] in (b"2", b"3", b""))
            if verb == "MAIL":
                good = True
            await self._say(answer, writer)
            if verb == "RCPT" and answer[:1] in (b"4", b"5"):
                good = False
            if verb == "DATA" and answer[:3] == b"354":
                await self._take(recipient if good else "", reader, writer)

    async def _take(self, recipient: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b""
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionError
            body += line
        if recipient:
            self.mails.append((recipient, body))
        await self._say(self.rules.get((recipient, "dot"), b"250 2.0.0 queued\r\n" if recipient else b"554 nobody\r\n"),
                        writer)  # fmt: skip

    def _usual(self, verb: str, good: bool) -> bytes:
        if verb == "DATA":
            return b"354 go\r\n" if good else b"554 no valid recipients\r\n"
        return {"EHLO": OFFERS, "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")

    async def _say(self, answer: bytes | str, writer: asyncio.StreamWriter) -> None:
        if answer == "drop":
            writer.transport.abort()
            raise ConnectionError
        if answer == "hang":
            self.hung.set()
            await asyncio.Event().wait()
        assert isinstance(answer, bytes)
        writer.write(answer)
        await writer.drain()


Started = Callable[..., Any]


@pytest.fixture
def start(serving: Any, settings: Build) -> Started:
    """A Script that listens, and what sends one mail to each of these people at once, over one connection."""

    async def started(rules: Any = None, **smtp: Any) -> tuple[Script, Callable[..., Any]]:
        script = Script(dict(rules or {}))
        port = await serving(script.serve, limit=2**24)
        return script, lambda *people, body=BODY: carried(port, settings, people, body, smtp)

    return started


async def carried(port: int, settings: Build, people: Any, body: bytes, smtp: dict[str, Any]) -> list[Any]:
    table = settings(port, smtp={"connections": 1, "timeout_seconds": 0.5, **smtp}).smtp
    pool = Pool(table, Login("mail", table, "shop.example"))
    mails = [Mail(Envelope("a@shop.example", one), body, asyncio.get_running_loop().create_future()) for one in people]
    ended = await asyncio.gather(*(pool.carry(mail) for mail in mails), return_exceptions=True)
    await pool.close()
    return ended


def fates(ended: list[Any]) -> list[Any]:
    return [(type(one), str(one.stage)) if isinstance(one, SendError) else one for one in ended]


async def test_the_next_mails_envelope_leaves_with_the_body_before_it(serving: Any, settings: Build) -> None:
    """The server answers the first dot only when it has read the second DATA: a client that waits would hang."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 fake\r\n")
        await reader.readline()
        writer.write(OFFERS)
        await reader.readuntil(b"DATA\r\n")
        writer.write(b"250 ok\r\n250 ok\r\n354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        await reader.readuntil(b"DATA\r\n")
        writer.write(b"250 first\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 second\r\n")

    port = await serving(serve)
    assert await carried(port, settings, ["a@x.example", "b@x.example"], BODY, {}) == ["250 first", "250 second"]


async def test_many_mails_go_over_few_connections_and_each_arrives_once(start: Started) -> None:
    script, send = await start(connections=3)
    people = [f"p{n}@x.example" for n in range(200)]
    assert set(await send(*people)) == {"250 2.0.0 queued"}
    assert sorted(who for who, _ in script.mails) == sorted(people)
    assert len(script.connections) == 3


async def test_a_mail_whose_time_to_begin_has_passed_is_not_begun_and_holds_up_nobody(
    serving: Any, settings: Build
) -> None:
    script = Script()
    table = settings(await serving(script.serve, limit=2**24), smtp={"connections": 1}).smtp
    pool, loop = Pool(table, Login("mail", table, "shop.example")), asyncio.get_running_loop()
    late = Mail(Envelope("a@shop.example", "late@x.example"), BODY, loop.create_future(), begin_by=time.monotonic() - 1)
    timely = Mail(Envelope("a@shop.example", "timely@x.example"), BODY, loop.create_future())
    stale, taken = await asyncio.gather(pool.carry(late), pool.carry(timely), return_exceptions=True)
    await pool.close()
    assert (isinstance(stale, TryLater) and stale.stale, taken) == (True, "250 2.0.0 queued")
    assert [who for who, _ in script.mails] == ["timely@x.example"]


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_body_that_is_late_because_of_the_answer_before_it_leaves_only_if_it_still_may(
    allowed: bool, serving: Any, settings: Build
) -> None:
    """F17: its envelope left in time, behind a body whose answer then took seconds."""

    class Slow(Script):
        """While the answer to the first dot is awaited, the time of the second mail passes."""

        async def _take(self, recipient: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if recipient == "first@x.example":
                await has_left.wait()
                second.begin_by = time.monotonic() - 1
            await super()._take(recipient, reader, writer)

    script, asked, has_left = Slow(), [], asyncio.Event()
    table = settings(await serving(script.serve, limit=2**24), smtp={"connections": 1}).smtp
    pool, loop = Pool(table, Login("mail", table, "shop.example")), asyncio.get_running_loop()

    async def still() -> bool:
        asked.append("second")
        return allowed

    def mail(name: str) -> Mail:
        return Mail(Envelope("a@shop.example", f"{name}@x.example"), BODY, loop.create_future())

    first, second, third = mail("first"), mail("second"), mail("third")
    second.still = still
    carried = asyncio.gather(*(pool.carry(one) for one in (first, second, third)), return_exceptions=True)
    while second.stage is Stage.CONNECT:  # noqa: ASYNC110
        await asyncio.sleep(0)
    has_left.set()
    answers = await asyncio.wait_for(carried, 10)
    await pool.close()
    assert asked == ["second"]
    assert [who for who, _ in script.mails] == [f"{one}@x.example" for one in ("first", "second", "third")
                                                if allowed or one != "second"]  # fmt: skip
    assert [isinstance(one, TryLater) and one.stale for one in answers] == [False, not allowed, False]


class Crawling(Script):
    """Takes bulk without ever answering, until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.told, self.held = asyncio.Event(), 0

    async def _take(self, recipient: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if recipient.startswith("bulk"):
            self.held += 1
            await self.told.wait()
        await super()._take(recipient, reader, writer)


async def test_a_connection_is_kept_for_who_waits_while_bulk_crawls(serving: Any, settings: Build) -> None:
    script = Crawling()
    table = settings(await serving(script.serve, limit=2**24), smtp={"connections": 4}).smtp
    pool, loop = Pool(table, Login("mail", table, "shop.example")), asyncio.get_running_loop()

    def mail(name: str, *, bulk: bool) -> Mail:
        return Mail(Envelope("a@shop.example", f"{name}@x.example"), BODY, loop.create_future(), bulk=bulk)

    bulk = [asyncio.create_task(pool.carry(mail(f"bulk{n}", bulk=True))) for n in range(20)]
    while script.held < 3:  # noqa: ASYNC110
        await asyncio.sleep(0)
    for name in ("ana", "bo"):
        assert await asyncio.wait_for(pool.carry(mail(name, bulk=False)), 10) == "250 2.0.0 queued"
    assert (script.held, len(script.connections), [who for who, _ in script.mails]) == (
        3,
        4,
        ["ana@x.example", "bo@x.example"],
    )
    script.told.set()
    assert await asyncio.wait_for(asyncio.gather(*bulk), 20) == ["250 2.0.0 queued"] * 20
    await pool.close()


async def test_over_its_only_connection_a_mail_somebody_waits_for_goes_before_the_bulk_that_waits(
    serving: Any, settings: Build
) -> None:
    script = Crawling()
    table = settings(await serving(script.serve, limit=2**24), smtp={"connections": 1}).smtp
    pool, loop = Pool(table, Login("mail", table, "shop.example")), asyncio.get_running_loop()
    mails = [Mail(Envelope("a@shop.example", f"bulk{n}@x.example"), BODY, loop.create_future(), bulk=True)
             for n in range(5)]  # fmt: skip
    bulk = [asyncio.create_task(pool.carry(one)) for one in mails]
    while not script.held:  # noqa: ASYNC110
        await asyncio.sleep(0)
    hers = Mail(Envelope("a@shop.example", "ana@x.example"), BODY, loop.create_future())
    ana = asyncio.create_task(pool.carry(hers))
    await asyncio.sleep(0)
    script.told.set()
    await asyncio.wait_for(asyncio.gather(ana, *bulk), 20)
    await pool.close()
    assert [who for who, _ in script.mails].index("ana@x.example") <= 2


async def test_no_answer_to_a_dot_is_unknown_for_that_mail_and_nothing_sent_for_the_one_behind_it(
    start: Started,
) -> None:
    _, send = await start({("a@x.example", "dot"): "hang"})
    assert fates(await send("a@x.example", "b@x.example", "c@x.example")) == [
        (Unknown, "dot"),
        (TryLater, "mail"),
        "250 2.0.0 queued",
    ]


async def test_a_drop_at_a_dot_sends_the_mail_behind_it_over_a_new_connection(start: Started) -> None:
    """Nothing was said about it yet: servers close connections after so many mails."""
    script, send = await start({("a@x.example", "dot"): "drop"})
    assert fates(await send("a@x.example", "b@x.example")) == [(Unknown, "dot"), "250 2.0.0 queued"]
    assert len(script.connections) == 2


@pytest.mark.parametrize(
    ("verb", "answer", "fate"),
    [
        ("RCPT", b"550 5.1.1 nobody\r\n", (Refused, "rcpt")),
        ("RCPT", b"450 4.2.0 later\r\n", (TryLater, "rcpt")),
        ("DATA", b"451 4.3.0 later\r\n", (TryLater, "data")),
        ("dot", b"554 5.7.1 spam\r\n", (Refused, "dot")),
        ("dot", b"452 4.3.1 full\r\n", (TryLater, "dot")),
    ],
)
async def test_one_refusal_among_many_is_about_that_mail_alone(
    verb: str, answer: bytes, fate: Any, start: Started
) -> None:
    script, send = await start({("b@x.example", verb): answer})
    ended = fates(await send("a@x.example", "b@x.example", "c@x.example", "d@x.example"))
    assert ended == ["250 2.0.0 queued", fate, "250 2.0.0 queued", "250 2.0.0 queued"]
    assert len(script.connections) == 1


async def test_a_server_that_wants_a_body_for_nobody_gets_an_empty_one(start: Started) -> None:
    """RFC 2920 3.1: 354 although the recipient was refused. A body here would be read as a mail, or as commands."""
    script, send = await start({("b@x.example", "RCPT"): b"550 5.1.1 no\r\n", ("b@x.example", "DATA"): b"354 go\r\n"})
    ended = fates(await send("a@x.example", "b@x.example", "c@x.example"))
    assert ended == ["250 2.0.0 queued", (Refused, "rcpt"), "250 2.0.0 queued"]
    assert [who for who, _ in script.mails] == ["a@x.example", "c@x.example"]


async def test_421_to_a_dot_is_about_the_sender_and_tells_every_mail_on_the_connection(start: Started) -> None:
    _, send = await start({("a@x.example", "dot"): b"421 4.3.2 shutting down\r\n"})
    ended = await send("a@x.example", "b@x.example")
    assert [(type(one), one.whole_sender, str(one.stage)) for one in ended] == [
        (TryLater, True, "dot"),
        (TryLater, True, "mail"),
    ]


@pytest.mark.parametrize(
    ("garbage", "fate"),
    [
        (b"hello\r\n", (Unknown, "dot")),
        (b"\0\0\0\0\n", (Unknown, "dot")),
        (b"250-one\r\n550 other\r\n", (Unknown, "dot")),
        (b"250-" + b"x" * 70_000 + b"\r\n", (Unknown, "dot")),
        (b"x" * 70_000, (Unknown, "dot")),
        (b"2", (Unknown, "dot")),
        (b"999 what\r\n", (Unknown, "dot")),
    ],
)
async def test_garbage_after_a_dot_is_no_answer_and_poisons_nobody_elses(
    garbage: bytes, fate: Any, start: Started
) -> None:
    script, send = await start({("a@x.example", "dot"): garbage})
    ended = fates(await send("a@x.example", "b@x.example", "c@x.example"))
    assert (ended[0], ended[2]) == (fate, "250 2.0.0 queued")
    assert ended[1] in ((TryLater, "mail"), "250 2.0.0 queued")
    assert len(script.connections) == 2


async def test_a_long_reply_and_one_that_comes_byte_by_byte_are_understood(serving: Any, settings: Build) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def drip(data: bytes) -> None:
            for byte in data:
                writer.write(bytes((byte,)))
                await writer.drain()

        writer.write(b"220 fake\r\n")
        await reader.readline()
        writer.write(OFFERS)
        await reader.readuntil(b"DATA\r\n")
        await drip(b"250-long\r\n250-longer\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        await drip(b"250-2.0.0 taken\r\n250 as 17\r\n")

    port = await serving(serve)
    assert await carried(port, settings, ["a@x.example"], BODY, {}) == ["250 2.0.0 taken\nas 17"]


async def test_a_reply_that_trickles_has_no_more_time_than_another_and_holds_up_no_other_channel(
    serving: Any, settings: Build, start: Started
) -> None:
    """F6: a server of a few bytes a second."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 fake\r\n")
        await reader.readline()
        writer.write(OFFERS)
        while True:
            writer.write(b"2")
            await asyncio.sleep(0.1)  # it *is* the slowness

    slow = asyncio.create_task(carried(await serving(serve), settings, ["a@x.example"], BODY, {}))
    _, send = await start()
    others = asyncio.create_task(send(*(f"p{n}@x.example" for n in range(50))))
    await asyncio.wait([slow, others], return_when=asyncio.FIRST_COMPLETED)
    assert others.done()
    assert fates(await slow) == [(TryLater, "mail")]


async def test_a_connection_carries_only_so_many_mails_and_says_goodbye(start: Started) -> None:
    script, send = await start(mails_per_connection=2)
    assert set(await send(*(f"p{n}@x.example" for n in range(6)))) == {"250 2.0.0 queued"}
    assert [lines[-1] for lines in script.connections] == [b"QUIT"] * 3


async def test_a_mail_given_up_before_its_body_never_leaves(start: Started, settings: Build, serving: Any) -> None:
    script = Script({("a@x.example", "dot"): "hang"})
    table = settings(await serving(script.serve), smtp={"connections": 1, "timeout_seconds": 0.5}).smtp
    pool, loop = Pool(table, Login("mail", table, "shop.example")), asyncio.get_running_loop()
    first, second = (Mail(Envelope("", who), BODY, loop.create_future()) for who in ("a@x.example", "b@x.example"))
    tasks = [asyncio.create_task(pool.carry(first)), asyncio.create_task(pool.carry(second))]
    await script.hung.wait()
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert (first.stage, second.stage, second.done.cancelled()) == ("dot", "mail", True)
    assert [who for who, _ in script.mails] == ["a@x.example"]
    await pool.close()


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\n"])
async def test_no_line_end_of_any_kind_smuggles_a_second_mail(end: bytes, start: Started) -> None:
    """CVE-2023-51764 and its kin: only CRLF dot CRLF ends a mail, and ours contains it once, at its end."""
    evil = BODY + b"x" + end + b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<victim@x.example>\r\nDATA\r\n\r\nhaha\r\n"
    script, send = await start()
    assert await send("a@x.example", "b@x.example", body=wire_form(evil)) == ["250 2.0.0 queued"] * 2
    assert [who for who, _ in script.mails] == ["a@x.example", "b@x.example"]
    (body,) = {body for _, body in script.mails}
    assert body.count(b"\r\n") == body.count(b"\r") == body.count(b"\n")
    assert b"\r\n.\r\n" not in body


async def test_bytes_over_127_are_announced_or_refused(start: Started, serving: Any, settings: Build) -> None:
    script, send = await start()
    await send("a@x.example", body="Subject: hi\r\n\r\nżółć\r\n".encode())
    assert b"BODY=8BITMIME" in script.connections[0][1]
    plain = Script({("", "EHLO"): b"250 fake\r\n"})
    port = await serving(plain.serve)
    (refused,) = await carried(port, settings, ["a@x.example"], "Subject: hi\r\n\r\nżółć\r\n".encode(), {})
    assert (type(refused), refused.reason) == (Refused, Reason.REJECTED)


# ---- Postfix's sink -------------------------------------------------------------------------


@asynccontextmanager
async def sink(*options: str) -> AsyncIterator[int]:
    if not SINK:
        pytest.skip("smtp-sink is not installed (apt-get install postfix)")
    port, as_nobody = free_port(), ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [SINK, *as_nobody, *options, f"127.0.0.1:{port}", "64"]
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    try:
        await _listens(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "error", "stage"),
    [
        (("-f", "MAIL"), Refused, "mail"),
        (("-f", "RCPT"), Refused, "rcpt"),
        (("-f", "DATA"), Refused, "data"),
        (("-f", "."), Refused, "dot"),
        (("-r", "MAIL"), TryLater, "mail"),
        (("-r", "RCPT"), TryLater, "rcpt"),
        (("-r", "DATA"), TryLater, "data"),
        (("-r", "."), TryLater, "dot"),
        (("-q", "MAIL"), TryLater, "mail"),
        (("-q", "RCPT"), TryLater, "rcpt"),
        (("-q", "DATA"), TryLater, "data"),
    ],
)
async def test_what_postfixs_sink_refuses_is_told_with_its_stage(
    options: tuple[str, ...], error: type[SendError], stage: str, settings: Build, opened: Build, outbound: Build
) -> None:
    async with sink(*options) as port:
        channel = opened(settings(port))
        ended = await asyncio.gather(*(channel.sender.send(outbound()) for _ in range(6)), return_exceptions=True)
    assert fates(ended) == [(error, stage)] * 6


async def test_a_thousand_mails_go_into_postfixs_sink_over_four_connections(
    settings: Build, opened: Build, outbound: Build
) -> None:
    async with sink() as port:
        channel = opened(settings(port))
        ended = await asyncio.gather(*(channel.sender.send(outbound()) for _ in range(1000)))
    assert {type(one) for one in ended} == {Accepted}
