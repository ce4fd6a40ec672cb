"""A pretend telephone company that speaks Twilio's API on loopback, with the pretend people who hold its telephones.

`channels.sandbox.magic` says which numbers misbehave, and how.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import web

from channels.sandbox import player
from channels.sandbox.api import Api, Books
from channels.sandbox.callbacks import Courier, Posted
from channels.sandbox.errands import Errands
from channels.sandbox.exchange import Exchange
from channels.sandbox.messages import Messages
from channels.sandbox.resources import Call, CompanyNumber, File, Message
from channels.sandbox.telephone import Behaviour, Held, Scripted, by_number

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Carrier:
    """One account with its numbers. `pace` is how many seconds each step of a message or call takes (0 in tests).

    With `lose_every`, one in so many messages and calls is created, but the connection breaks before the answer.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        numbers: Sequence[CompanyNumber],
        *,
        pace: float = 0.0,
        lose_every: int = 0,
    ) -> None:
        self.numbers = tuple(numbers)
        self.base_url = ""
        self._pace = pace
        self._errands = Errands()
        self._courier = Courier(auth_token)
        self._listeners: list[Callable[[str], None]] = []
        self.messages = Messages(account_sid, self._courier, self._errands, pace=pace, tell=self._tell)
        self.exchange = Exchange(
            account_sid, self._courier, self._errands, pace=pace, play=player.play, tell=self._tell
        )
        self._api = Api(Books(account_sid, auth_token, self.numbers, self.messages, self.exchange), lose_every)
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0, routes: Sequence[web.AbstractRouteDef] = ()) -> None:
        """Listen on loopback; `routes` are served beside the API. Port 0 takes a free one: see `base_url`."""
        app = web.Application(middlewares=[_only_loopback], client_max_size=2 * 1024 * 1024)
        app.add_routes([*self._api.routes(), *routes])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.messages.base = self.exchange.base = self.base_url

    async def stop(self) -> None:
        await self._errands.stop()
        await self._courier.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    # ---- playing the people -----------------------------------------------------------------

    def texts(self, number: str) -> list[Message]:
        """What arrived on a pretend telephone, oldest first."""
        return self.messages.texts(number)

    def calls(self, number: str = "") -> list[Call]:
        """Every call, or those of one pretend telephone, oldest first."""
        return [c for c in self.exchange.all.values() if not number or number in (c.sender, c.recipient)]

    def text(self, sender: str, body: str, media: Sequence[File] = (), to: str = "") -> Message:
        """Somebody writes to the company (its first number, if `to` is empty)."""
        return self.messages.arrive(sender, self._number(to), body, media)

    def dial(self, sender: str, behaviour: Behaviour | None = None, to: str = "") -> Call:
        """Somebody calls the company and behaves so (by the caller's number, if not told)."""
        return self.exchange.dial(sender, self._number(to), Scripted(behaviour or by_number(sender), self._pace))

    def dial_by_hand(self, sender: str, to: str = "") -> Call:
        """Somebody calls the company; what they do comes from `Held`, the call's telephone."""
        return self.exchange.dial(sender, self._number(to), Held("listening"))

    def behave(self, number: str, behaviour: Behaviour) -> None:
        """From now on, whoever is called at this number behaves so."""
        self.exchange.behave(number, behaviour)

    async def release(self) -> int:
        """Send the callbacks that numbers ending in 0007 held back; how many there were."""
        return await self.messages.release()

    # ---- watching ---------------------------------------------------------------------------

    @property
    def log(self) -> Sequence[Posted]:
        """Every request made to the company's webhooks, with its answer."""
        return self._courier.log

    async def settled(self) -> None:
        """Wait until every message is carried, every call over and every callback answered."""
        await self._errands.settled()

    async def until(self, happened: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until something is true that a message or a call brings about. Raises TimeoutError."""
        changed = asyncio.Event()
        stop = self.subscribe(lambda _: changed.set())
        try:
            async with asyncio.timeout(seconds):
                while not happened():
                    await changed.wait()
                    changed.clear()
        finally:
            stop()

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hear the number of every telephone that something happens on; call what comes back to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, number: str) -> None:
        for listener in list(self._listeners):
            listener(number)

    def _number(self, number: str) -> CompanyNumber:
        """Raises LookupError when the company has no such number."""
        for one in self.numbers:
            if number in ("", one.number):
                return one
        raise LookupError(f"{number} is none of the company's numbers")


@web.middleware
async def _only_loopback(request: web.Request, handler: Callable[[web.Request], object]) -> web.StreamResponse:
    """A page elsewhere that points its own name at this machine (DNS rebinding) is turned away."""
    if urlsplit(f"//{request.host}").hostname not in _LOOPBACK:
        return web.Response(status=421, text="The sandbox answers on this machine only")
    answer = await handler(request)  # type: ignore[misc]
    assert isinstance(answer, web.StreamResponse)
    return answer
