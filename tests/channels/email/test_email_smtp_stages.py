"""Requirement 3.2 and F5: what became of a mail is known exactly, at every stage, for every kind of trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from channels.email.channel import Settings, open_channel
from channels.email.smtp import SmtpSender
from channels.errors import Misconfigured, Refused, SendError, TryLater, Unknown
from channels.message import Address, Kind, Reason

Start = Callable[..., Any]
Build = Callable[..., Any]


async def outcome(fake_smtp: Start, settings: Build, opened: Build, message: Any, **answers: Any) -> Exception:
    _, port = await fake_smtp(answers)
    channel = opened(settings(port, smtp={"timeout_seconds": 0.3}))
    with pytest.raises((SendError, Misconfigured)) as failure:
        await channel.sender.send(message)
    return failure.value


@pytest.mark.parametrize(
    ("answers", "stage"),
    [
        ({"greeting": "drop"}, "connect"),
        ({"greeting": "hang"}, "connect"),
        ({"greeting": b"hello\r\n"}, "connect"),
        ({"EHLO": "drop"}, "connect"),
        ({"MAIL": "drop"}, "mail"),
        ({"MAIL": "hang"}, "mail"),
        ({"MAIL": b"hello\r\n"}, "mail"),
        ({"RCPT": "drop"}, "rcpt"),
        ({"RCPT": "hang"}, "rcpt"),
        ({"DATA": "drop"}, "data"),
        ({"DATA": "hang"}, "data"),
    ],
)
async def test_trouble_before_the_dot_means_that_nothing_was_sent(
    answers: dict[str, Any], stage: str, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), **answers)
    assert (type(error), getattr(error, "stage", "")) == (TryLater, stage)


async def test_a_drop_while_the_mail_is_still_being_written_means_that_nothing_was_sent(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    big = "y" * 70 + "\n"
    error = await outcome(fake_smtp, settings, opened, outbound(text=big * 100_000), body="drop")
    assert (type(error), getattr(error, "stage", "")) == (TryLater, "data")


@pytest.mark.parametrize("dot", ["drop", "hang", b"hello\r\n", b"354 what?\r\n"])
async def test_no_reply_after_the_dot_means_unknown(
    dot: Any, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), dot=dot)
    assert (type(error), getattr(error, "stage", "")) == (Unknown, "dot")


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "dot"])
async def test_a_4xx_at_any_verb_is_tried_later(
    verb: str, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), **{verb: b"451 4.3.0 not now\r\n"})
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_sender) == ("4.3.0", False)


@pytest.mark.parametrize("verb", ["greeting", "MAIL", "RCPT", "DATA", "dot"])
async def test_a_421_is_about_the_whole_sender(
    verb: str, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), **{verb: b"421 4.7.0 too many connections\r\n"})
    assert isinstance(error, TryLater)
    assert error.whole_sender


@pytest.mark.parametrize(
    ("verb", "reply", "reason"),
    [
        ("RCPT", b"550 5.1.1 unknown\r\n", Reason.BAD_ADDRESS),
        ("RCPT", b"550 no such user here\r\n", Reason.BAD_ADDRESS),
        ("RCPT", b"550 5.7.1 blocked\r\n", Reason.BLOCKED),
        ("RCPT", b"552 5.2.2 over quota\r\n", Reason.MAILBOX_FULL),
        ("RCPT", b"554 go away\r\n", Reason.BLOCKED),
        ("RCPT", b"550 5.2.1 disabled\r\n", Reason.UNREACHABLE),
        ("MAIL", b"552 5.3.4 too big\r\n", Reason.TOO_LONG),
        ("MAIL", b"550 5.1.8 bad sender\r\n", Reason.BLOCKED),
        ("DATA", b"554 transaction failed\r\n", Reason.BLOCKED),
        ("dot", b"550 5.7.1 spam\r\n", Reason.BLOCKED),
        ("dot", b"552 message too large\r\n", Reason.TOO_LONG),
        ("dot", b"550 5.6.0 broken mime\r\n", Reason.REJECTED),
        ("dot", b"550 5.1.1 changed my mind\r\n", Reason.REJECTED),
    ],
)
async def test_a_5xx_is_refused_with_its_reason(
    verb: str, reply: bytes, reason: Reason, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), **{verb: reply})
    assert isinstance(error, Refused)
    assert error.reason is reason


async def test_a_server_that_turns_us_away_at_the_door_fails_no_message(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), greeting=b"554 5.7.1 your network is listed\r\n")
    assert isinstance(error, TryLater)
    assert error.whole_sender
    assert error.after is not None


async def test_a_server_that_wants_a_login_names_the_setting(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), MAIL=b"530 5.7.0 authentication required\r\n")
    assert isinstance(error, Misconfigured)
    assert "smtp.username" in str(error)


async def test_a_closed_port_is_tried_later(settings: Build, opened: Build, outbound: Build) -> None:
    with pytest.raises(TryLater) as failure:
        await opened(settings(1)).sender.send(outbound())
    assert (failure.value.stage, failure.value.whole_sender) == ("connect", True)


async def test_a_drop_at_quit_is_a_success(fake_smtp: Start, settings: Build, opened: Build, outbound: Build) -> None:
    _, port = await fake_smtp({"QUIT": "drop"})
    channel = opened(settings(port))
    accepted = await channel.sender.send(outbound())
    await channel.close()
    assert accepted.detail == "250 2.0.0 queued"


async def test_after_a_refusal_the_connection_carries_the_next_mail(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp({"RCPT": b"550 5.1.1 unknown\r\n"})
    channel = opened(settings(port))
    with pytest.raises(Refused):
        await channel.sender.send(outbound())
    del server.answers["RCPT"]
    await channel.sender.send(outbound())
    assert [line.split(b" ")[0] for line in server.connections[0]] == [
        *(b"EHLO", b"MAIL", b"RCPT", b"RSET", b"MAIL", b"RCPT", b"DATA")
    ]


async def test_a_cancelled_conversation_never_gives_its_late_reply_to_the_next_mail(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp({"dot": "hang"})
    channel = opened(settings(port))
    first = asyncio.create_task(channel.sender.send(outbound()))
    await server.reached.wait()
    first.cancel()
    await asyncio.wait([first])
    server.answers = {"MAIL": b"550 5.7.1 refused\r\n"}
    with pytest.raises(Refused):
        await channel.sender.send(outbound())
    assert len(server.connections) == 2


async def test_a_garbled_reply_poisons_only_its_own_connection(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp({"MAIL": b"hello\r\n"})
    channel = opened(settings(port))
    with pytest.raises(TryLater):
        await channel.sender.send(outbound())
    server.answers = {}
    await channel.sender.send(outbound())
    assert len(server.connections) == 2


async def test_a_kept_connection_that_died_meanwhile_is_replaced_unnoticed(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    channel = opened(settings(port))
    await channel.sender.send(outbound())
    server.answers = {"MAIL": "drop"}
    server.on_connect = lambda: server.answers.clear()
    assert (await channel.sender.send(outbound())).provider_id
    assert len(server.mails) == 2


async def test_no_more_connections_are_open_than_are_allowed(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    channel = opened(settings(port, smtp={"connections": 2}))
    await asyncio.gather(*(channel.sender.send(outbound()) for _ in range(20)))
    assert (len(server.connections), len(server.mails)) == (2, 20)


async def test_a_mail_over_the_servers_size_is_refused_before_it_is_offered(
    fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp(offers=b"250-fake\r\n250 SIZE 1000\r\n")
    with pytest.raises(Refused) as failure:
        await opened(settings(port)).sender.send(outbound(text="x" * 2000))
    assert failure.value.reason is Reason.TOO_LONG
    assert b"DATA" not in server.said


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "a@x.org>",
        "a@x.org\r\nRCPT TO:<e@v.il>",
        "a b@x.org",
        "a@x.org,b@x.org",
        "alice@example.org)bob@example.com",
    ],
)
async def test_what_is_no_address_never_reaches_the_wire(
    recipient: str, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    with pytest.raises(Refused) as failure:
        await opened(settings(port)).sender.send(outbound(recipient))
    assert failure.value.reason is Reason.BAD_ADDRESS
    assert server.connections == []


async def test_a_password_is_never_sent_in_clear_to_another_machine(settings: Build) -> None:
    with pytest.raises(ValueError, match="in clear"):
        Settings.model_validate(
            {
                "address": "a@b.example",
                "smtp": {"host": "mail.b.example", "security": "none", "username": "a", "password": "b"},
            }
        )


@pytest.mark.parametrize("verb", ["greeting", "MAIL", "RCPT", "dot"])
async def test_a_refusal_that_no_text_can_hold_is_made_readable(
    verb: str, fake_smtp: Start, settings: Build, opened: Build, outbound: Build
) -> None:
    error = await outcome(fake_smtp, settings, opened, outbound(), **{verb: b"550 \xed\xe5\xf2 \0 here\r\n"})
    assert str(error).encode().endswith(b" here")
    assert "\0" not in str(error)


@pytest.mark.parametrize(
    ("answers", "error", "stage"),
    [
        ({"greeting": "hang"}, TryLater, "connect"),
        ({"RCPT": "hang"}, TryLater, "rcpt"),
        ({"DATA": "hang"}, TryLater, "data"),
        ({"dot": "hang"}, Unknown, "dot"),
    ],
)
async def test_a_mail_that_takes_too_long_in_all_is_judged_by_its_stage(
    answers: dict[str, Any],
    error: type[SendError],
    stage: str,
    fake_smtp: Start,
    settings: Build,
    outbound: Build,
) -> None:
    _, port = await fake_smtp(answers)
    sender = SmtpSender("mail", settings(port).smtp, Address(Kind.EMAIL, "support@shop.example"), longest_seconds=0.3)
    with pytest.raises(error) as failure:
        await sender.send(outbound())
    assert failure.value.stage == stage


async def test_mails_that_wait_for_a_free_connection_to_a_server_that_hangs_are_known_not_to_have_gone(
    fake_smtp: Start, settings: Build, outbound: Build
) -> None:
    """Fault F5: one hanging server must not turn a whole campaign into "unknown", which is never sent again."""
    _, port = await fake_smtp({"MAIL": "hang"})
    one = settings(port, smtp={"connections": 1}).smtp
    sender = SmtpSender("mail", one, Address(Kind.EMAIL, "support@shop.example"), longest_seconds=0.3)
    ended = await asyncio.gather(*(sender.send(outbound()) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in ended] == [TryLater] * 5


@pytest.mark.parametrize(("body", "error"), [("drop", TryLater), (None, Unknown)])
def test_the_dot_divides_known_from_unknown_on_uvloop_too(
    body: str | None, error: type[Exception], settings: Build, outbound: Build, fake_smtp_server: Build
) -> None:
    """Its transports are of classes of their own."""

    async def story() -> None:
        fake = fake_smtp_server({"body": body, "dot": "drop"} if body else {"dot": "drop"})
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0, limit=2**24)
        channel = open_channel("mail", settings(server.sockets[0].getsockname()[1]), "")
        with pytest.raises(error):
            await channel.sender.send(outbound(text=("y" * 70 + "\n") * 100_000))
        await channel.close()
        server.close()

    uvloop.run(story())
