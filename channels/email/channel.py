"""Opening a mail channel: its settings, and sender, listener and check wired together. Nothing connects here yet."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from channels.adapter import Channel, Finding
from channels.email.imap import ImapListener
from channels.email.imap_wire import Wire
from channels.email.parser import Parser
from channels.email.settings import Imap, Settings
from channels.email.smtp import SmtpSender
from channels.errors import ChannelError
from channels.message import Address, Kind

__all__ = ["Settings", "open_channel"]


def open_channel(name: str, settings: Settings, webhook_base: str) -> Channel:
    """Inside the running event loop. Mail has no webhooks, so `webhook_base` is not used."""
    own = Address(Kind.EMAIL, settings.address, settings.display_name)
    sender = SmtpSender(name, settings.smtp, own)
    parser = Parser(settings.address)

    async def check() -> Sequence[Finding]:
        found = await _check_smtp(sender, settings)
        return found + (await _check_imap(name, settings.imap) if settings.imap else [])

    async def close() -> None:
        await sender.close()
        await parser.close()

    listener = ImapListener(name, settings.imap, parser) if settings.imap else None
    return Channel(name, Kind.EMAIL, own, sender, check, listener=listener, close=close)


async def _check_smtp(sender: SmtpSender, settings: Settings) -> list[Finding]:
    smtp = settings.smtp
    step = f"smtp {smtp.host}:{smtp.port}: connect, {_security(smtp.security)}, {_login(smtp.username)}"
    try:
        client = await sender.pool.connect()
    except ChannelError as e:
        return [Finding(step, ok=False, detail=str(e), remedy=_remedy(e, "smtp"))]
    offers = ", ".join(sorted(client.esmtp_extensions)).upper()
    client.close()
    return [Finding(step, ok=True, detail=f"offers {offers or 'no extensions'}")]


async def _check_imap(name: str, imap: Imap) -> list[Finding]:
    wire = Wire(name, imap)
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
        return Finding(step, ok=False, detail=str(e), remedy=_remedy(e, "imap"))
    return Finding(step, ok=True, detail="good")


def _remedy(error: ChannelError, part: str) -> str:
    stated = getattr(error, "remedy", "")
    return stated or f"Check {part}.host, {part}.port and {part}.security, and that the server is up and reachable"


def _security(security: str) -> str:
    return {"none": "no TLS", "starttls": "STARTTLS", "tls": "TLS"}[security]


def _login(username: str) -> str:
    return f"login as {username}" if username else "no login"
