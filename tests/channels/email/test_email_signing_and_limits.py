"""What a mail channel does around the mail: DKIM by configuration, sizes, international addresses (M7)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import dkim  # type: ignore[import-untyped]
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels import providers
from channels.email.dkim import Dkim
from channels.email.settings import Settings
from channels.errors import Misconfigured, Refused
from channels.message import Attachment, Kind, Reason

Build = Callable[..., Any]
KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def with_dkim(settings: Settings, **more: str) -> Settings:
    signing = Dkim.model_validate({"selector": "hub", "key": KEY, **more})
    return settings.model_copy(update={"dkim": signing})


async def test_a_channel_with_a_key_signs_what_it_sends_and_says_what_to_publish(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    channel = opened(with_dkim(settings(port)))
    await channel.sender.send(outbound(text=".dot\n..dots\n", unsubscribe_url="https://hub.example/u/abc"))
    finding = next(found for found in await channel.check() if found.step == "dkim for shop.example")
    where, _, record = finding.detail.removeprefix("publish ").partition(" TXT ")
    received = server.mails[0].removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
    assert (finding.ok, where) == (True, "hub._domainkey.shop.example")
    assert dkim.verify(received, dnsfunc=lambda name, timeout=5: record.strip('"').encode())


async def test_a_signature_that_dmarc_would_not_count_is_found(
    fake_smtp: Build, settings: Build, opened: Build
) -> None:
    _, port = await fake_smtp()
    findings = await opened(with_dkim(settings(port), domain="relay.example")).check()
    (found,) = [one for one in findings if one.step.startswith("dkim")]
    assert (found.ok, "sign for shop.example" in found.remedy) == (False, True)


@pytest.mark.parametrize("key", ["/etc/hub/dkim.pem", KEY[:-60]], ids=["a path", "half a key"])
def test_a_wrong_key_is_misconfigured_and_is_not_shown(key: str) -> None:
    table = {"address": "a@shop.example", "smtp": {"host": "127.0.0.1"}, "dkim": {"selector": "hub", "key": key}}
    with pytest.raises(Misconfigured, match=r"\[channels.mail\] dkim.key: .*is no unencrypted private key") as raised:
        providers.settings("mail", Kind.EMAIL, "smtp", table)
    assert KEY.splitlines()[1] not in str(raised.value)


async def test_a_mail_over_our_own_limit_is_refused_before_anybody_is_asked(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    channel = opened(settings(port, smtp={"max_message_bytes": 20_000}))
    with pytest.raises(Refused, match=r"smtp.max_message_bytes allows 20,000\. Send fewer") as refused:
        await channel.sender.send(outbound(attachments=(Attachment("a.bin", "a/b", bytes(18_000)),)))
    assert (refused.value.reason, server.connections) == (Reason.TOO_LONG, [])
    await channel.sender.send(outbound(attachments=(Attachment("a.bin", "a/b", bytes(12_000)),)))


class Taking:
    """An aiosmtpd handler that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 ok"


@pytest.fixture
async def aiosmtpd() -> AsyncIterator[Callable[[bool], Any]]:
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    servers: list[asyncio.Server] = []

    async def start(international: bool) -> tuple[Taking, int]:
        taking, loop = Taking(), asyncio.get_running_loop()
        make = lambda: SMTP(taking, enable_SMTPUTF8=international, hostname="far.example", loop=loop)  # noqa: E731
        servers.append(await loop.create_server(make, "127.0.0.1", 0))
        return taking, int(servers[-1].sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()


async def test_an_independent_server_with_smtputf8_takes_an_international_mail_whole(
    aiosmtpd: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    taking, port = await aiosmtpd(True)
    await opened(settings(port)).sender.send(outbound("żółć@people.example", name="Żółć", subject="Ćma"))
    (envelope,) = taking.taken
    assert envelope.rcpt_tos == ["żółć@people.example"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(envelope.mail_options)
    assert b"<" + "żółć@people.example".encode() + b">\r\n" in envelope.content


async def test_an_independent_server_without_smtputf8_is_not_even_asked(
    aiosmtpd: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    taking, port = await aiosmtpd(False)
    channel = opened(settings(port))
    with pytest.raises(Refused, match="offers no SMTPUTF8"):
        await channel.sender.send(outbound("żółć@people.example"))
    await channel.sender.send(outbound("ana@xn--bcher-kva.example"))
    assert [envelope.rcpt_tos for envelope in taking.taken] == [["ana@xn--bcher-kva.example"]]
