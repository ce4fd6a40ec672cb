"""One mail to several people (RFC 5321 3.3): who is told of whom, and what becomes of it when some are refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.email.compose import compose
from channels.errors import Refused, SendError, TryLater, Unknown
from channels.message import Accepted, Address, Email, Kind, NotTaken, Outbound, Reason
from tests.channels.email.conftest import ID

Build = Callable[..., Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = Address(Kind.EMAIL, "support@shop.example", "The Shop")
ANA, BEN, EVA, DAN = (f"{name}@people.example" for name in ("ana", "ben", "eva", "dan"))
BOTH_WAYS = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "line by line"])


@dataclass
class Post:
    """A mail server that answers about each recipient as it is told, and delivers to whom it has taken."""

    pipelining: bool = True
    rules: dict[str, bytes | str] = field(default_factory=dict)  # recipient, or `dot` → its answer, or `drop`
    delivered: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post\r\n")
        taken: list[str] = []
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                self.said.append(line.strip())
                verb = line.split()[0]
                if verb in (b"MAIL", b"RSET"):
                    taken = []
                answer = self._answer(verb, line, taken)
                if isinstance(answer, str):
                    break
                writer.write(answer)
                if verb == b"DATA" and answer[:3] == b"354":
                    body = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                    self.delivered.append((tuple(taken), body))
                    answer = self.rules.get("dot", b"250 queued\r\n")
                    if isinstance(answer, str):
                        break
                    writer.write(answer)
        writer.transport.abort()

    def _answer(self, verb: bytes, line: bytes, taken: list[str]) -> Any:
        if verb == b"EHLO":
            return b"250-post\r\n250-PIPELINING\r\n250 8BITMIME\r\n" if self.pipelining else b"250 post\r\n"
        if verb == b"DATA":
            return b"354 go\r\n" if taken else b"554 nobody\r\n"
        if verb != b"RCPT":
            return b"250 ok\r\n"
        recipient = line.partition(b"<")[2].partition(b">")[0].decode()
        answer = self.rules.get(recipient, b"250 ok\r\n")
        if answer[:1] == b"2":
            taken.append(recipient)
        return answer


def to(*addresses: str) -> tuple[Address, ...]:
    return tuple(Address(Kind.EMAIL, one) for one in addresses)


@pytest.fixture
def post(serving: Any, settings: Build, opened: Build) -> Build:
    """A server, and what sends these mails to it at once over one connection."""

    async def start(pipelining: bool = True, **rules: Any) -> tuple[Post, Callable[..., Any]]:
        server = Post(pipelining, {name.replace("_at_", "@"): answer for name, answer in rules.items()})
        port = await serving(server.serve, limit=2**24)
        sender = opened(settings(port, smtp={"connections": 1, "timeout_seconds": 2})).sender

        async def send(*mails: Outbound[Email]) -> list[Any]:
            return await asyncio.gather(*(sender.send(one) for one in mails), return_exceptions=True)

        return server, send

    return start


def refusing(**rules: bytes | str) -> dict[str, Any]:
    return {f"{name}_at_people.example": answer for name, answer in rules.items()}


@BOTH_WAYS
async def test_one_mail_goes_to_all_and_nobody_reads_who_got_it_blindly(
    pipelining: bool, post: Build, outbound: Build
) -> None:
    server, send = await post(pipelining)
    (answer,) = await send(replace(outbound(), cc=to(BEN, EVA), bcc=to(DAN)))
    assert answer == Accepted(f"<{ID}@shop.example>", "250 queued")
    ((people, body),) = server.delivered
    assert people == (ANA, BEN, EVA, DAN)
    assert body.count(b"\r\nCc: <ben@people.example>,\r\n <eva@people.example>\r\n") == 1
    assert (b"dan@" in body, b"bcc" in body.lower()) == (False, False)
    assert [line.split()[0] for line in server.said].count(b"DATA") == 1


@BOTH_WAYS
async def test_a_copy_that_is_refused_keeps_the_mail_from_nobody_else(
    pipelining: bool, post: Build, outbound: Build
) -> None:
    rules = refusing(ben=b"550 5.1.1 user unknown\r\n", dan=b"450 4.7.1 greylisted, come again\r\n")
    server, send = await post(pipelining, **rules)
    (answer,) = await send(replace(outbound(), cc=to(BEN, EVA), bcc=to(DAN)))
    assert answer.not_taken == (
        NotTaken(BEN, Reason.BAD_ADDRESS, "550 5.1.1 user unknown", "5.1.1"),
        NotTaken(DAN, answer.not_taken[1].reason, "450 4.7.1 greylisted, come again", "4.7.1", later=True),
    )
    assert not answer.not_taken[1].reason.hard
    assert [people for people, _ in server.delivered] == [(ANA, EVA)]


@BOTH_WAYS
async def test_a_copy_that_comes_after_the_others_is_for_one_alone_and_reads_the_same(
    pipelining: bool, post: Build, outbound: Build
) -> None:
    server, send = await post(pipelining)
    whole = replace(outbound(), cc=to(BEN, EVA), bcc=to(DAN))
    await send(whole, replace(whole, only=to(DAN)[0]))
    (first, body), (second, again) = server.delivered
    assert (first, second) == ((ANA, BEN, EVA, DAN), (DAN,))
    assert _undated(again) == _undated(body)


def _undated(mail: bytes) -> list[bytes]:
    return [line for line in mail.splitlines() if not line.startswith(b"Date: ")]


@BOTH_WAYS
@pytest.mark.parametrize(("reply", "kind"), [(b"550 5.1.1 user unknown\r\n", Refused), (b"450 later\r\n", TryLater)])
async def test_who_it_is_for_is_refused_and_nobody_gets_it(
    pipelining: bool, reply: bytes, kind: type[SendError], post: Build, outbound: Build
) -> None:
    """Corrected and sent again, or tried again, it would come to the others twice."""
    server, send = await post(pipelining, **refusing(ana=reply))
    first, second = await send(replace(outbound(), cc=to(BEN)), outbound("eva@people.example"))
    assert (type(first), str(first.stage), type(second)) == (kind, "rcpt", Accepted)
    assert [people for people, _ in server.delivered] == [(EVA,)]


@pytest.mark.parametrize("ending", ["drop", b"421 4.3.2 going down\r\n"], ids=["lost", "421"])
async def test_a_connection_that_ends_among_the_recipients_has_sent_nothing(
    ending: bytes | str, post: Build, outbound: Build
) -> None:
    server, send = await post(True, **refusing(eva=ending))
    (answer,) = await send(replace(outbound(), cc=to(BEN, EVA), bcc=to(DAN)))
    assert (type(answer), server.delivered) == (TryLater, [])


async def test_without_an_answer_to_the_dot_it_is_unknown_for_all_of_them(post: Build, outbound: Build) -> None:
    _, send = await post(True, dot="drop")
    (answer,) = await send(replace(outbound(), cc=to(BEN)))
    assert isinstance(answer, Unknown)


@BOTH_WAYS
async def test_mails_before_and_behind_it_go_out_once_each(pipelining: bool, post: Build, outbound: Build) -> None:
    server, send = await post(pipelining, **refusing(ben=b"550 no\r\n"))
    several = replace(outbound("x@people.example"), cc=to(BEN, EVA))
    mails = [several if n % 3 == 1 else outbound(f"p{n}@people.example") for n in range(12)]
    assert {type(one) for one in await send(*mails)} == {Accepted}
    one_by_one = [(f"p{n}@people.example",) for n in range(12) if n % 3 != 1]
    assert sorted(people for people, _ in server.delivered) == sorted(one_by_one + [("x@people.example", EVA)] * 4)


HOSTILE = [
    "ben@people.example>\r\nRCPT TO:<victim@x.test",
    "ben@people.example\r\nBcc: victim@x.test",
    "ben@people.example>, <victim@x.test",
    "ben@people.example,victim@x.test",
    "Ben <ben@people.example>",
    "=?utf-8?q?ben=40x.test=0d=0aBcc:_victim?=@x.test\n",
    "ben@people.example\0",
    "BEN@people.example",
    "nobody",
    "",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("way", ["cc", "bcc"])
async def test_what_is_no_address_reaches_no_wire(way: str, hostile: str, post: Build, outbound: Build) -> None:
    server, send = await post()
    mail: Any = replace(outbound(), **{way: to(hostile)})
    (answer,) = await send(mail)
    assert (type(answer), answer.reason, server.said) == (Refused, Reason.BAD_ADDRESS, [])


@pytest.mark.parametrize("hostile", [one for one in HOSTILE if set(one) & set(" ,<>\r\n\0") or not one])
def test_proofreading_alone_keeps_it_from_being_written(hostile: str, outbound: Build) -> None:
    with pytest.raises(Refused):
        compose(replace(outbound(), cc=to(hostile)), SHOP, NOW)


async def test_an_address_beyond_ascii_among_the_copies_needs_a_server_that_takes_it(
    post: Build, outbound: Build
) -> None:
    server, send = await post()
    (answer,) = await send(replace(outbound(), cc=to("łukasz@people.example")))
    assert (type(answer), server.delivered) == (Refused, [])
    assert "'łukasz@people.example'" in str(answer)
