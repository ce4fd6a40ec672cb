"""TLS, logins, tokens and international addresses, over real servers with certificates of our own."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from channels.errors import Misconfigured, NotAllowed, Refused, TryLater
from channels.message import Reason
from channels.sandbox.mail import Account, MailWorld

Build = Callable[..., Any]
OFFERS = b"250-fake\r\n250-AUTH PLAIN XOAUTH2\r\n250 SMTPUTF8\r\n"


CUSTOM = {
    "provider": "custom",
    "client_id": "a",
    "authorize_url": "https://login.example/authorize",
    "token_url": "https://login.example/token",
    "scopes": ["mail"],
}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def server_context(authority: trustme.CA, host: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


@pytest.fixture
async def secure(authority: trustme.CA) -> AsyncIterator[MailWorld]:
    world = MailWorld({"support@shop.example": Account("support", "s3cret")}, ssl_context=server_context(authority))
    await world.start()
    yield world
    await world.stop()


async def test_mail_goes_out_over_starttls_and_comes_in_over_tls(
    secure: MailWorld, ca_file: str, settings: Build, opened: Build, outbound: Build, login: dict[str, Any]
) -> None:
    tls = {"host": "localhost", "ca_file": ca_file}
    smtp = {**login, **tls, "security": "starttls"}
    channel = opened(settings(secure.smtp_port, secure.imap_port, smtp=smtp, **tls, security="tls"))
    assert [finding.ok for finding in await channel.check()] == [True, True, True, True]
    assert await channel.sender.send(outbound())


@pytest.mark.parametrize("part", ["smtp", "imap"])
async def test_a_certificate_nobody_vouches_for_fails_closed(
    part: str, secure: MailWorld, settings: Build, opened: Build, login: dict[str, Any]
) -> None:
    """F22."""
    smtp = {**login, "host": "localhost", "security": "starttls"}
    channel = opened(settings(secure.smtp_port, secure.imap_port, smtp=smtp, host="localhost", security="tls"))
    findings = [finding for finding in await channel.check() if finding.step.startswith(part)]
    assert (findings[0].ok, "trusted TLS" in findings[0].detail) == (False, True)


async def test_a_certificate_for_another_name_fails_closed(
    authority: trustme.CA, serving: Build, ca_file: str, settings: Build, opened: Build, outbound: Build
) -> None:
    async def nothing(reader: Any, writer: Any) -> None:
        await reader.read()

    port = await serving(nothing, ssl=server_context(authority, "other.example"))
    smtp = {"host": "localhost", "security": "tls", "ca_file": ca_file}
    with pytest.raises(Misconfigured, match="trusted TLS"):
        await opened(settings(port, smtp=smtp)).sender.send(outbound())


async def test_a_server_without_starttls_is_never_spoken_to_in_clear(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build, login: dict[str, Any]
) -> None:
    server, port = await fake_smtp()
    with pytest.raises(Misconfigured):
        await opened(settings(port, smtp={**login, "security": "starttls"})).sender.send(outbound())
    assert not any(line.startswith((b"AUTH", b"MAIL")) for line in server.said)


def presented(server: Any) -> list[bytes]:
    """The initial responses of XOAUTH2, as the server got them."""
    said = [line for line in server.said if line.startswith(b"AUTH XOAUTH2 ")]
    return [base64.b64decode(line.split()[-1]) for line in said]


async def test_a_token_is_given_as_xoauth2_for_the_mailbox_s_own_address(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build, oauth: dict[str, Any], wallet: Any
) -> None:
    server, port = await fake_smtp({"AUTH": b"235 2.7.0 ok\r\n"}, offers=OFFERS)
    await opened(settings(port, oauth=oauth), wallet("tok")).sender.send(outbound())
    assert presented(server) == [b"user=support@shop.example\x01auth=Bearer tok\x01\x01"]


async def test_a_shared_mailbox_is_named_by_its_username(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build, oauth: dict[str, Any], wallet: Any
) -> None:
    server, port = await fake_smtp({"AUTH": b"235 2.7.0 ok\r\n"}, offers=OFFERS)
    table = settings(port, oauth=oauth, smtp={"username": "ana@shop.example"})
    await opened(table, wallet("tok")).sender.send(outbound())
    assert presented(server) == [b"user=ana@shop.example\x01auth=Bearer tok\x01\x01"]


class Choosy:
    """An SMTP server as Gmail speaks: a token it does not like gets a challenge, then 535, then the end."""

    def __init__(self, good: bytes) -> None:
        self.good, self.said = good, list[bytes]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 choosy ESMTP\r\n")
        while line := await reader.readline():
            self.said.append(line.rstrip())
            if line.startswith(b"AUTH") and self.good not in base64.b64decode(line.split()[-1]):
                writer.write(b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n")
                assert await reader.readline() == b"\r\n"
                writer.write(b"535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 see the help\r\n")
                break
            answer = {b"AUTH": b"235 2.7.0 Accepted\r\n", b"DATA": b"354 go\r\n", b"EHLO": OFFERS}
            writer.write(answer.get(line[:4], b"250 2.0.0 ok\r\n"))
            if line.startswith(b"DATA"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 2.0.0 queued\r\n")
        writer.close()


async def test_a_refused_token_is_changed_for_another_once_and_the_mail_goes_out(
    serving: Build, settings: Build, opened: Build, outbound: Build, oauth: dict[str, Any], wallet: Any
) -> None:
    server, source = Choosy(b"Bearer new"), wallet("old", "new")
    channel = opened(settings(await serving(server.serve), oauth=oauth), source)
    await channel.sender.send(outbound())
    assert [line.rpartition(b"Bearer ")[2] for line in presented(server)] == [b"old\x01\x01", b"new\x01\x01"]
    assert source.refused == ["old"]


async def test_a_server_that_refuses_every_token_is_something_to_mend_and_is_not_asked_for_ever(
    serving: Build, settings: Build, opened: Build, outbound: Build, oauth: dict[str, Any], wallet: Any
) -> None:
    server = Choosy(b"Bearer none")
    channel = opened(settings(await serving(server.serve), oauth=oauth), wallet("secret-one", "secret-two", "3", "4"))
    with pytest.raises(NotAllowed, match=r"support@shop.example: 535.*Connect it again") as failure:
        await channel.sender.send(outbound())
    assert len(presented(server)) == 2
    assert "secret" not in f"{failure.value!r} {failure.value.__cause__!r}"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"smtp": {"password": "x"}}, "password is not used beside oauth"),
        ({"smtp": {"host": "mail.example"}}, "would send tokens to mail.example in clear"),
        ({"oauth": {"provider": "custom", "client_id": "a"}}, "needs authorize_url, token_url and scopes"),
        ({"oauth": {"provider": "google", "client_id": "a", "token_url": "https://x.example"}}, "is for provider"),
        ({"oauth": {"provider": "microsoft", "client_id": "a", "tenant": "a/../b"}}, "tenant"),
        (
            {"oauth": CUSTOM | {"token_url": "http://login.example/token"}},
            "must be an https:// address",
        ),
    ],
)
def test_settings_that_would_give_a_token_away_are_refused(
    wrong: dict[str, Any], words: str, settings: Build, oauth: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(1, **{"oauth": oauth, **wrong})


@pytest.mark.parametrize(("reply", "error"), [(b"535 5.7.8 no\r\n", Misconfigured), (b"454 4.7.0 later\r\n", TryLater)])
async def test_a_refused_login_is_told_from_a_passing_trouble(
    reply: bytes,
    error: type[Exception],
    fake_smtp: Build,
    settings: Build,
    opened: Build,
    outbound: Build,
    login: dict[str, Any],
) -> None:
    _, port = await fake_smtp({"AUTH": reply}, offers=OFFERS)
    with pytest.raises(error):
        await opened(settings(port, smtp=login)).sender.send(outbound())


async def test_a_password_appears_in_no_message_and_no_repr(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    secret = {"username": "support", "password": "hunter2-very-secret"}
    _, port = await fake_smtp({"AUTH": b"535 5.7.8 no\r\n"}, offers=OFFERS)
    table = settings(port, smtp=secret)
    with pytest.raises(Misconfigured) as failure:
        await opened(table).sender.send(outbound())
    assert "hunter2" not in f"{table!r} {failure.value}"


async def test_an_international_address_goes_where_it_is_understood(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    """M7: RFC 6531."""
    server, port = await fake_smtp(offers=OFFERS)
    await opened(settings(port)).sender.send(outbound("żółć@people.example"))
    said = b"\n".join(server.said)
    assert b"MAIL FROM:<support+k7x@shop.example> SMTPUTF8 BODY=8BITMIME" in said
    assert "RCPT TO:<żółć@people.example>".encode() in said
    assert "<żółć@people.example>".encode() in server.mails[0]


async def test_an_international_address_is_refused_in_plain_words_elsewhere(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    channel = opened(settings(port))
    with pytest.raises(Refused, match="SMTPUTF8") as failure:
        await channel.sender.send(outbound("żółć@people.example"))
    assert failure.value.reason is Reason.REJECTED
    await channel.sender.send(outbound())
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("how", "mail", "notify"),
    [
        ({}, b"<support+k7x@shop.example>", b"NOTIFY=FAILURE,DELAY"),
        ({"answers_automatically": True}, b"<>", b"NOTIFY=NEVER"),
    ],
)
async def test_the_envelope_asks_for_the_reports_that_name_the_message(
    how: dict[str, bool],
    mail: bytes,
    notify: bytes,
    fake_smtp: Build,
    settings: Build,
    opened: Build,
    outbound: Build,
) -> None:
    """B3 and RFC 3461; an automatic answer has the empty sender and wants none (L2)."""
    server, port = await fake_smtp(offers=b"250-fake\r\n250 DSN\r\n")
    await opened(settings(port)).sender.send(outbound(**how))
    assert [line for line in server.said if line[:4] in (b"MAIL", b"RCPT")] == [
        b"MAIL FROM:" + mail + b" RET=HDRS ENVID=0192f3a400007000800000000000002a",
        b"RCPT TO:<ana@people.example> " + notify,
    ]


async def test_a_line_that_is_a_dot_does_not_end_the_mail(
    fake_smtp: Build, settings: Build, opened: Build, outbound: Build
) -> None:
    server, port = await fake_smtp()
    await opened(settings(port)).sender.send(outbound(text="a\n.\n..\nb\n"))
    assert b"\r\n\r\na\r\n..\r\n...\r\nb\r\n" in server.mails[0]
