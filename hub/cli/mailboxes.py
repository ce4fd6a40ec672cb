"""`hub mailboxes`: letting the hub into mailboxes whose providers want the owner's word, without a browser at hand."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import typer

from channels.adapter import Authority, Channel
from channels.errors import ChannelError, TryLater
from channels.message import Kind
from hub import bootstrap, clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.mailboxes import connecting, listing, questions
from hub.mailboxes.connecting import By

app = typer.Typer(no_args_is_help=True, help="Mailboxes: how they are, connecting them, letting go of them.")
T = TypeVar("T")


class Way(StrEnum):
    """How the owner is asked."""

    DEVICE = "device"
    BROWSER = "browser"


class Trouble(Exception):
    """Told to whoever typed the command; the mailbox is as it was."""


@app.command("list")
def list_(config: options.Config = None, json: options.Json = False) -> None:
    """List the mail channels: through whom they are open, since when, and what to do."""

    async def find(hub: Hub) -> list[listing.Mailbox]:
        async with hub.database.unit() as session:
            return await listing.listing(session, hub.channels)

    boxes = options.with_hub(config, find)
    if json:
        options.print_json([asdict(box) for box in boxes])
        return
    for box in boxes:
        state = box.trouble or ("open" if box.is_open else "not connected")
        options.out.print(options.shown(f"{box.name}  {box.address}  {box.provider or 'password'}  {state}"))


@app.command()
def connect(
    name: Annotated[str, typer.Argument(help="The channel: support for [channels.support].")],
    by: Annotated[
        Way | None, typer.Option(help="How to ask the owner; default: device where the provider has that.")
    ] = None,
    config: options.Config = None,
) -> None:
    """Let the hub into a mailbox: shows where its owner says yes, and waits for it."""

    async def ask(hub: Hub) -> None:
        authority = _authority(hub, name)
        way = by or (Way.DEVICE if authority.has_device_flow else Way.BROWSER)
        await (_by_device if way is Way.DEVICE else _by_browser)(hub, name, authority)

    _do(config, ask)
    options.out.print(options.shown(f"{name} is connected. Try it: hub check"))


@app.command()
def disconnect(name: str, config: options.Config = None) -> None:
    """Forget what the owner of a mailbox allowed, and give it back where the provider takes it."""

    async def let_go(hub: Hub) -> bool:
        authority = _authority(hub, name)
        return await connecting.disconnect(hub.database, hub.sealer, name, authority, by=By(), now=clock.now())

    gone = _do(config, let_go)
    rest = "" if gone else " At the provider the permission may still be listed: remove it there."
    options.out.print(options.shown(f"{name} is disconnected.{rest}"))


def _do(config: Any, body: Callable[[Hub], Coroutine[Any, Any, T]]) -> T:
    try:
        return options.with_hub(config, body)
    except (ChannelError, Trouble) as e:
        options.err.print(f"[red]error[/] {options.shown(str(e))}")
        raise typer.Exit(1) from e


def _authority(hub: Hub, name: str) -> Authority:
    channel: Channel | None = hub.channels.get(name)
    if channel is None or channel.kind is not Kind.EMAIL:
        known = ", ".join(one.name for one in hub.channels.values() if one.kind is Kind.EMAIL)
        raise Trouble(f"there is no mailbox {name}. Known: {known or 'none'}")
    if channel.authority is None:
        raise Trouble(f"[channels.{name}] has a password in the configuration: there is nothing to connect")
    return channel.authority


async def _by_device(hub: Hub, name: str, authority: Authority) -> None:
    """RFC 8628 3.3-3.5."""
    code = await authority.device()
    options.out.print(options.shown(f"Open {code.url} as {authority.account} and type {code.user_code}"))
    pause, clock_now = code.interval, asyncio.get_running_loop().time
    ends = clock_now() + code.seconds
    while clock_now() < ends:
        await asyncio.sleep(pause)
        try:
            tokens = await authority.poll(code.device_code)
        except TryLater as e:
            pause += e.after.total_seconds() if e.after else 5.0
            continue
        if tokens is not None:
            now = clock.now()
            await connecting.keep(hub.database, hub.sealer, name, tokens.refresh, by=By(), now=now)
            return
    raise Trouble("nobody typed the code in time. Start again")


async def _by_browser(hub: Hub, name: str, authority: Authority) -> None:
    back = f"{bootstrap.mailboxes_page(hub.settings)}/callback"
    state, proof = questions.FOR_COMMAND_LINE + secrets.token_urlsafe(24), questions.proof()
    url = authority.question(redirect_uri=back, state=state, challenge=proof.challenge)
    options.out.print(f"Open this address as {authority.account}:", markup=False)
    options.out.print(url, markup=False, soft_wrap=True)
    pasted = await asyncio.to_thread(typer.prompt, "Paste the address that the browser ends at (or the code)")
    code = _code(str(pasted).strip(), state)
    await connecting.with_code(
        hub.database, hub.sealer, name, authority, code, proof, redirect_uri=back, by=By(), now=clock.now()
    )


def _code(pasted: str, state: str) -> str:
    """From an address, which must carry our state, or the code itself. The sign-in page wraps it in `next`."""
    if "?" not in pasted:
        return pasted
    words = parse_qs(urlsplit(pasted).query)
    words = parse_qs(urlsplit(words["next"][0]).query) if "next" in words else words
    if not hmac.compare_digest(words.get("state", [""])[0].encode(), state.encode()):
        raise Trouble("this address is the answer to another question. Start again")
    if "code" not in words:
        raise Trouble(f"the provider did not give the permission: {words.get('error', ['no code'])[0][:100]}")
    return words["code"][0]
