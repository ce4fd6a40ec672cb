"""`hub sandbox`: the pretend outside world alone, as the configuration expects it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from channels.message import Kind
from channels.sandbox.authority import App
from channels.sandbox.carrier import Carrier
from channels.sandbox.mail import Account, MailWorld
from channels.sandbox.resources import CompanyNumber
from channels.sandbox.telephone import Answer, Behaviour
from channels.sandbox.world import SandboxSettings, World
from hub.cli import options
from hub.cli.running import stop_signal
from hub.settings import ConfigurationError, Settings

__all__ = ["Answer", "Behaviour", "Carrier", "MailWorld", "World", "running_world", "sandbox", "sandbox_settings"]

_LOOPBACK = ("127.0.0.1", "localhost")


def sandbox(config: options.Config = None) -> None:
    """Run the sandbox alone: pretend mailboxes and telephones, speaking SMTP, IMAP and Twilio's API on loopback."""
    options.set_up_logs(name="sandbox")
    options.run(_until_stopped(options.settings(config)))


async def _until_stopped(settings: Settings) -> None:
    async with running_world(settings) as world:
        options.out.print(f"Play the customers at [bold]{world.page_url}[/]  (Ctrl-C stops)")
        await stop_signal().wait()


@asynccontextmanager
async def running_world(settings: Settings) -> AsyncIterator[World]:
    """The outside world that the configured channels speak to. Raises ConfigurationError when a port is taken."""
    world = World(sandbox_settings(settings))
    try:
        await world.start()
    except OSError as e:
        raise ConfigurationError(f"the sandbox cannot listen: {e.strerror}. Is another one running?") from e
    try:
        yield world
    finally:
        await world.stop()


def sandbox_settings(settings: Settings) -> SandboxSettings:
    """What the channels of the configuration expect of the other side. Raises ConfigurationError if none is local."""
    mail = dict(_mail_tables(settings))
    phone = list(_phone_tables(settings))
    if not mail and not phone:
        raise ConfigurationError("no channel of the configuration points to this machine: there is nothing to pretend")
    smtp = next((t["smtp"]["port"] for t in mail.values()), 0)
    imap = next((t["imap"]["port"] for t in mail.values() if t.get("imap")), 0)
    return SandboxSettings(
        account_sid=phone[0][1]["account_sid"] if phone else "",
        auth_token=phone[0][1]["auth_token"] if phone else "",
        mailboxes={t["address"]: _account(t) for t in mail.values()},
        numbers=tuple(_numbers(settings, phone)),
        http_port=_http_port(mail.values(), phone),
        smtp_port=int(smtp),
        imap_port=int(imap),
        apps=tuple(_apps(settings, mail.values())),
    )


def _account(table: dict[str, Any]) -> Account:
    smtp = table["smtp"]
    return Account(smtp.get("username") or table["address"], smtp.get("password", ""))


def _http_port(mail: Iterable[dict[str, Any]], phone: list[tuple[str, dict[str, Any], Kind]]) -> int:
    """The telephones' port, which the pretend provider of the mailboxes shares; 0 is any free one."""
    urls = [t["base_url"] for _, t, _ in phone] + [t["oauth"].get("token_url", "") for t in mail if t.get("oauth")]
    return next((port for url in urls if (port := urlsplit(url).port)), 0)


def _apps(settings: Settings, mail: Iterable[dict[str, Any]]) -> Iterator[App]:
    """The hub as the pretend provider knows it."""
    for oauth in (t["oauth"] for t in mail if t.get("oauth")):
        back = f"{settings.hub.public_url}/settings/mailboxes/callback"
        yield App(oauth["client_id"], oauth.get("client_secret", ""), (back,))


def _mail_tables(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, table in settings.channels.items():
        provider: dict[str, Any] = table.provider_settings
        if table.kind is Kind.EMAIL and provider.get("smtp", {}).get("host") in _LOOPBACK:
            yield name, provider


def _phone_tables(settings: Settings) -> Iterator[tuple[str, dict[str, Any], Kind]]:
    for name, table in settings.channels.items():
        provider: dict[str, Any] = table.provider_settings
        if table.kind is not Kind.EMAIL and urlsplit(str(provider.get("base_url", ""))).hostname in _LOOPBACK:
            yield name, provider, table.kind


def _numbers(settings: Settings, phone: list[tuple[str, dict[str, Any], Kind]]) -> Iterator[CompanyNumber]:
    """One per number; a number that takes both texts and calls has two tables."""
    urls: dict[str, Mapping[str, str]] = {}
    for name, provider, kind in phone:
        base = f"{settings.hub.public_url}/webhooks/{name}"
        mine = (
            {"sms_url": f"{base}/message"}
            if kind is Kind.SMS
            else {"voice_url": f"{base}/incoming", "status_callback": f"{base}/call-status"}
        )
        urls[provider["number"]] = {**urls.get(provider["number"], {}), **mine}
    for number, hooks in urls.items():
        yield CompanyNumber(number, **hooks)
