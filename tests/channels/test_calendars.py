"""Fetching a calendar whose address somebody typed: the open Internet only, within limits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from channels import calendars
from channels.errors import Unreadable


@pytest.fixture
async def served() -> AsyncIterator[str]:
    """A server on this machine."""

    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/good.ics":
                return web.Response(body=b"BEGIN:VCALENDAR")
            case "/large.ics":
                return web.Response(body=b"x" * (calendars.MAX_BYTES + 1))
            case "/on.ics":
                return web.Response(status=302, headers={"Location": "/good.ics"})
        return web.Response(status=404)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_calendar_on_this_machine_comes_only_where_that_is_allowed(served: str) -> None:
    assert await calendars.fetch(f"{served}/good.ics", loopback=True) == b"BEGIN:VCALENDAR"
    with pytest.raises(Unreadable, match="where we do not go"):
        await calendars.fetch(f"{served}/good.ics")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/large.ics", "larger than 2 MB"),
        ("/none.ics", "HTTP 404"),
        ("/on.ics", "where we do not go"),  # nobody is sent on to this machine, not even from it
    ],
)
async def test_what_is_too_large_missing_or_passed_on_to_us_is_refused(served: str, path: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        await calendars.fetch(served + path, loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x",
        "https://10.0.0.1/x",
        "https://u:p@a.example/x",
        "file:///etc/passwd",
        "https://localhost/x",
        "https://127.1/x",
        "https://127.0.0.1../x",
        "https://127.000.000.001/x",
        "https://127.0.0.1./x",
        "https://0x7f.1/x",
        "https://a.0x7f000001/x",
    ],
)
async def test_addresses_of_other_kinds_are_not_fetched(url: str) -> None:
    with pytest.raises(Unreadable, match="where we do not go"):
        await calendars.fetch(url)
