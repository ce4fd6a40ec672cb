"""The pretend mail world behaves as its table says, seen through an ordinary channel on ordinary settings."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Callable
from typing import Any

import pytest

from channels.adapter import Channel
from channels.email.reading import read_events
from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Attachment, Auto, Event, Inbound, Progress, Reason, Receipt
from channels.sandbox.mail import Enclosure, Letter, MailWorld

Build = Callable[..., Any]
OWN = "support@shop.example"


@pytest.fixture
async def channel(world: MailWorld, settings: Build, opened: Build, login: dict[str, Any]) -> Channel:
    channel: Channel = opened(settings(world.smtp_port, world.imap_port, smtp=login))
    return channel


@pytest.fixture
def arriving(channel: Channel) -> Callable[[int], Any]:
    """The events of the next so many mails in the company's mailbox."""
    assert channel.listener is not None
    batches: Any = channel.listener.listen({})

    async def take(count: int) -> list[Event]:
        raws: list[bytes] = []
        async with asyncio.timeout(10):
            while len(raws) < count:
                raws += [raw.content for raw in (await anext(batches)).messages]
        return [event for raw in raws for event in read_events(raw, OWN)]

    return take


async def test_a_letter_lies_in_the_mailbox_as_it_was_sent(channel: Channel, world: MailWorld, outbound: Build) -> None:
    file = Attachment("Żółć.pdf", "application/pdf", b"%PDF")
    accepted = await channel.sender.send(outbound(subject="Привет", html="<p>x</p>", attachments=(file,)))
    (letter,) = world.mailbox("ana@people.example")
    assert (letter.sender, letter.subject, letter.text, letter.html, letter.message_id) == (
        "support+k7x@shop.example",
        "Привет",
        "It is on its way.\n",
        "<p>x</p>",
        accepted.provider_id,
    )
    assert [enclosure.content for enclosure in letter.enclosures] == [b"%PDF"]


@pytest.mark.parametrize(
    ("recipient", "progress", "reason", "hard", "auto"),
    [
        ("bounce-ana", Progress.FAILED, Reason.BAD_ADDRESS, True, Auto.BOUNCE),
        ("full-ana", Progress.FAILED, Reason.MAILBOX_FULL, False, Auto.BOUNCE),
        ("delay-ana", Progress.DELAYED, Reason.UNREACHABLE, False, Auto.BOUNCE),
        ("complain-ana", Progress.DELIVERED, Reason.COMPLAINED, False, Auto.ARF),
    ],
)
async def test_what_comes_back_names_the_message_and_what_became_of_it(
    recipient: str,
    progress: Progress,
    reason: Reason,
    hard: bool,
    auto: Auto,
    channel: Channel,
    arriving: Build,
    outbound: Build,
) -> None:
    accepted = await channel.sender.send(outbound(f"{recipient}@people.example"))
    receipt, message = await arriving(1)
    assert isinstance(receipt, Receipt)
    assert isinstance(message, Inbound)
    assert (receipt.progress, receipt.reason, receipt.hard) == (progress, reason, hard)
    assert (receipt.token, receipt.message_id, receipt.recipient) == (
        "k7x",
        accepted.provider_id,
        f"{recipient}@people.example",
    )
    assert (message.auto, message.answerable) == (auto, False)


async def test_a_delayed_mail_arrives_later(channel: Channel, world: MailWorld, outbound: Build) -> None:
    await channel.sender.send(outbound("delay-ana@people.example"))
    await world.settled()
    assert len(world.mailbox("delay-ana@people.example")) == 1


async def test_a_robot_on_vacation_answers_once(channel: Channel, arriving: Build, outbound: Build) -> None:
    accepted = await channel.sender.send(outbound("vacation-ana@people.example"))
    (answer,) = await arriving(1)
    assert isinstance(answer, Inbound)
    assert (answer.auto, answer.answerable, answer.tokens) == (Auto.AUTO_REPLY, False, ("k7x",))
    assert answer.in_reply_to == (accepted.provider_id,)


@pytest.mark.parametrize("recipient", ["vacation-ana", "bounce-ana", "complain-ana"])
async def test_an_automatic_answer_with_the_empty_sender_ends_every_loop(
    recipient: str, channel: Channel, world: MailWorld, outbound: Build
) -> None:
    """L2, L4."""
    await channel.sender.send(outbound(f"{recipient}@people.example", answers_automatically=True))
    await world.settled()
    await world.write("x@people.example", OWN, "marker", "")
    assert channel.listener is not None
    batches: Any = channel.listener.listen({})
    found = [raw for _ in range(2) for raw in (await anext(batches)).messages]
    assert [event.subject for raw in found for event in read_events(raw.content, OWN)] == ["marker"]  # type: ignore[union-attr]


async def test_a_greylisting_server_takes_the_second_try(channel: Channel, world: MailWorld, outbound: Build) -> None:
    with pytest.raises(TryLater):
        await channel.sender.send(outbound("greylist-ana@people.example"))
    assert await channel.sender.send(outbound("greylist-ana@people.example"))


async def test_an_unknown_recipient_is_refused(channel: Channel, outbound: Build) -> None:
    with pytest.raises(Refused) as failure:
        await channel.sender.send(outbound("refuse-ana@people.example"))
    assert failure.value.reason is Reason.BAD_ADDRESS


async def test_a_server_that_hangs_up_after_the_dot_leaves_us_in_doubt_though_it_kept_the_mail(
    channel: Channel, world: MailWorld, outbound: Build
) -> None:
    with pytest.raises(Unknown):
        await channel.sender.send(outbound("drop-ana@people.example"))
    assert len(world.mailbox("drop-ana@people.example")) == 1


async def test_a_customer_writes_and_answers_with_a_file(world: MailWorld, arriving: Build) -> None:
    file = Enclosure("Снимка.png", "image/png", b"\x89PNG")
    await world.write(
        "ana@people.example",
        "support+k7x@shop.example",
        "Re: Żółć",
        "See the picture.",
        in_reply_to="<our@shop.example>",
        html="<p>See the picture.</p>",
        attachments=[file],
    )
    (event,) = await arriving(1)
    assert isinstance(event, Inbound)
    assert (event.subject, event.text.strip(), event.tokens, event.in_reply_to) == (
        "Re: Żółć",
        "See the picture.",
        ("k7x",),
        ("<our@shop.example>",),
    )
    assert event.attachments == (Attachment("Снимка.png", "image/png", b"\x89PNG"),)


async def test_a_raw_mail_arrives_unchanged_under_its_trace_fields(world: MailWorld, arriving: Build) -> None:
    await world.write("ana@people.example", OWN, "", "", raw=b"Subject: raw\r\nFrom: a@b.example\r\n\r\nx\r\n")
    (event,) = await arriving(1)
    assert isinstance(event, Inbound)
    assert (event.subject, event.sender.value) == ("raw", "a@b.example")


async def test_whoever_watches_hears_of_every_letter(channel: Channel, world: MailWorld, outbound: Build) -> None:
    heard: list[Letter] = []

    async def hear(letter: Letter) -> None:
        heard.append(letter)

    world.on_letter.append(hear)
    await channel.sender.send(outbound())
    assert heard == world.mailbox("ana@people.example")


async def test_nobody_sends_to_strangers_without_a_login(
    world: MailWorld, settings: Build, opened: Build, outbound: Build
) -> None:
    with pytest.raises(Misconfigured, match=r"smtp\.username"):
        await opened(settings(world.smtp_port)).sender.send(outbound())


async def test_a_wrong_password_is_a_fault_of_the_settings(
    world: MailWorld, settings: Build, opened: Build, outbound: Build
) -> None:
    channel = opened(settings(world.smtp_port, smtp={"username": "support", "password": "wrong"}))
    with pytest.raises(Misconfigured, match=r"smtp\.username"):
        await channel.sender.send(outbound())
    (finding,) = await channel.check()
    assert (finding.ok, finding.remedy) == (False, "Check username and password")


async def test_headers_on_the_wire_are_the_ones_meant(channel: Channel, world: MailWorld, outbound: Build) -> None:
    """F23, end to end: a reply to a hostile subject, name and file name goes out, to one recipient."""
    evil = "=?utf-8?q?hi=0d=0aBcc=3a_victim=40x.test=0d=0a?="
    file = Attachment(f'{evil}"\r\nBcc: z@z.z\r\n.txt', "text/plain", b"x")
    await channel.sender.send(outbound(name=evil, subject=f"Re: {evil}", attachments=(file,)))
    assert world.addresses() == ["ana@people.example"]
    (letter,) = world.mailbox("ana@people.example")
    mail = email.message_from_bytes(letter.raw)
    assert not any(part["Bcc"] for part in mail.walk())
    assert letter.subject == f"Re: {evil}"
