"""The carrier comes again as often, and after what, as the webhook's address asks for behind its `#`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.sandbox.callbacks import Courier, Patience, Posted


class Hook:
    """A webhook that is away for its first `away` requests."""

    def __init__(self) -> None:
        self.away, self.status, self.asked = 0, 503, 0
        self.tokens: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.tokens.add(request.headers["I-Twilio-Idempotency-Token"])
        return web.Response(status=self.status if self.asked <= self.away else 204)


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    known, app = Hook(), web.Application()
    app.router.add_post("/status", known.answer)
    async with TestServer(app) as server:
        yield known, str(server.make_url("/status"))


@pytest.fixture
async def courier() -> AsyncIterator[Courier]:
    known = Courier("token")
    yield known
    await known.close()


async def test_an_answer_of_503_is_final_where_the_address_asks_for_nothing(
    hook: tuple[Hook, str], courier: Courier
) -> None:
    known, url = hook
    known.away = 1
    assert ((await courier.post(url, {"a": "b"})).status, known.asked) == (503, 1)


async def test_the_same_callback_comes_again_after_503_where_the_address_asks_for_it(
    hook: tuple[Hook, str], courier: Courier
) -> None:
    known, url = hook
    known.away = 2
    assert ((await courier.post(f"{url}#rc=3&rp=ct,5xx", {"a": "b"})).status, known.asked) == (204, 3)
    assert len(known.tokens) == 1


async def test_it_gives_up_after_as_many_tries_as_were_asked_for(hook: tuple[Hook, str], courier: Courier) -> None:
    known, url = hook
    known.away = 9
    assert ((await courier.post(f"{url}#rc=1&rp=5xx", {"a": "b"})).status, known.asked) == (503, 2)


@pytest.mark.parametrize(
    ("fragment", "status", "again"),
    [
        ("", 0, True),
        ("", 500, False),
        ("rp=rt", 0, False),
        ("rp=rt", 504, True),
        ("rp=4xx", 404, True),
        ("rp=all", 503, True),
        ("rp=all", 204, False),
    ],
)
def test_after_what_it_comes_again(fragment: str, status: int, again: bool) -> None:
    assert Patience.of(fragment).again(Posted("", {}, status, "")) is again


@pytest.mark.parametrize(("fragment", "tries"), [("", 1), ("rc=0", 0), ("rc=99", 5), ("rc=x", 1), ("rc=²", 1)])
def test_how_often_it_comes_again(fragment: str, tries: int) -> None:
    assert Patience.of(fragment).tries == tries
