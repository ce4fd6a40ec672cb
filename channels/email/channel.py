"""Opening a mail channel: its settings, and sender, listener and check wired together. Nothing connects here yet."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from channels.adapter import Channel, Finding, TokenSource
from channels.email.authority import MailAuthority
from channels.email.dkim import Signer
from channels.email.imap import ImapListener
from channels.email.imap_wire import Wire
from channels.email.parser import Parser
from channels.email.settings import Imap, Settings
from channels.email.smtp import SmtpSender
from channels.errors import ChannelError
from channels.message import Address, Kind

# Mails under way: one on each connection, the next behind it, those being settled. Who has the server take many at a
# time sends so fast that the database's commit for every few of them would cost more than the mails.
_AT_ONCE, _USUAL, _FOR_EACH_MORE = 20, 4, 40

__all__ = ["Settings", "authority", "open_channel"]


def authority(name: str, settings: Settings) -> MailAuthority | None:
    """Who lets us into the mailbox; None where a password does."""
    return MailAuthority(name, settings.oauth, settings.smtp.username) if settings.oauth else None


def open_channel(name: str, settings: Settings, webhook_base: str, *, tokens: TokenSource | None = None) -> Channel:
    """Inside the running event loop. Mail has no webhooks, so `webhook_base` is not used.

    `tokens` is there when `authority` is; both connections log in with what it gives.
    """
    own = Address(Kind.EMAIL, settings.address, settings.display_name)
    signer = Signer(settings.dkim, settings.address) if settings.dkim else None
    sender = SmtpSender(name, settings.smtp, own, tokens=tokens, signer=signer)
    parser = Parser(settings.address)

    async def check() -> Sequence[Finding]:
        found = await _check_token(tokens, settings)
        if not all(one.ok for one in found):
            return found + _check_dkim(signer, settings)  # both logins would fail for the same reason
        found += _check_dkim(signer, settings) + await _check_smtp(sender, settings)
        return found + (await _check_imap(name, settings.imap, tokens) if settings.imap else [])

    async def close() -> None:
        await sender.close()
        await parser.close()

    listener = ImapListener(name, settings.imap, parser, tokens) if settings.imap else None
    lets_in = authority(name, settings)
    at_once = _AT_ONCE + _FOR_EACH_MORE * max(settings.smtp.connections - _USUAL, 0)
    return Channel(
        name, Kind.EMAIL, own, sender, check, listener=listener, authority=lets_in, close=close, at_once=at_once
    )


async def _check_token(tokens: TokenSource | None, settings: Settings) -> list[Finding]:
    """Nothing to find where a password is used."""
    if tokens is None or settings.oauth is None:
        return []
    step = f"{settings.oauth.name}: an access token for {settings.smtp.username}"
    try:
        await tokens.token()
    except ChannelError as e:
        remedy = getattr(e, "remedy", "") or "Try again; if it goes on, see whether the provider has trouble"
        return [Finding(step, ok=False, detail=_told(e), remedy=remedy)]
    return [Finding(step, ok=True, detail="given")]


def _check_dkim(signer: Signer | None, settings: Settings) -> list[Finding]:
    """What has to stand in the DNS. Receivers ask that the signing domain and that of From agree (RFC 7489 3.1.1)."""
    if signer is None:
        return []
    where, record = signer.record
    domain = settings.address.rpartition("@")[2]
    aligned = f".{domain}".endswith(f".{signer.domain}") or signer.domain.endswith(f".{domain}")
    remedy = "" if aligned else f"Leave dkim.domain out, or sign for {domain}: DMARC counts no other domain's signature"
    return [Finding(f"dkim for {signer.domain}", ok=aligned, detail=f'publish {where} TXT "{record}"', remedy=remedy)]


async def _check_smtp(sender: SmtpSender, settings: Settings) -> list[Finding]:
    smtp = settings.smtp
    step = f"smtp {smtp.host}:{smtp.port}: connect, {_security(smtp.security)}, {_login(smtp.username)}"
    try:
        client = await sender.login.connect()
    except ChannelError as e:
        return [Finding(step, ok=False, detail=_told(e), remedy=_remedy(e, "smtp"))]
    offers = ", ".join(sorted(client.esmtp_extensions)).upper()
    client.close()
    return [Finding(step, ok=True, detail=f"offers {offers or 'no extensions'}")]


async def _check_imap(name: str, imap: Imap, tokens: TokenSource | None) -> list[Finding]:
    wire = Wire(name, imap, tokens)
    at = f"imap {imap.host}:{imap.port}"
    try:
        findings = [await _try(f"{at}: connect, {_security(imap.security)}", wire.connect())]
        if findings[-1].ok:
            findings.append(await _try(f"{at}: {_login(imap.username)}", wire.login()))
        folders = imap.folders if findings[-1].ok else ()
        return findings + [await _try(f"{at}: folder {folder}", wire.select(folder)) for folder in folders]
    finally:
        await wire.close()


async def _try(step: str, attempt: Awaitable[object]) -> Finding:
    try:
        await attempt
    except ChannelError as e:
        return Finding(step, ok=False, detail=_told(e), remedy=_remedy(e, "imap"))
    return Finding(step, ok=True, detail="good")


def _told(error: ChannelError) -> str:
    """What went wrong without what to do about it, which a finding has by itself."""
    return str(error).removesuffix(f". {stated}") if (stated := getattr(error, "remedy", "")) else str(error)


def _remedy(error: ChannelError, part: str) -> str:
    stated = getattr(error, "remedy", "")
    return stated or f"Check {part}.host, {part}.port, {part}.security, and that the server is up and reachable"


def _security(security: str) -> str:
    return {"none": "no TLS", "starttls": "STARTTLS", "tls": "TLS"}[security]


def _login(username: str) -> str:
    return f"login as {username}" if username else "no login"
