"""OAuth 2.0 against a provider on loopback: asking for tokens, and mail that goes and comes with them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from channels.adapter import Tokens
from channels.email.authority import MailAuthority
from channels.email.oauth import OAuth
from channels.errors import Misconfigured, NotAllowed, TryLater
from channels.sandbox.authority import App, Authority
from channels.sandbox.mail import Account, MailWorld

Build = Callable[..., Any]
OWN = "support@shop.example"
BACK = "https://hub.example/settings/mailboxes/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Far:
    """An HTTP server on loopback and the table that points to it."""

    def __init__(self, base: str) -> None:
        self.base = base

    def table(self, **more: Any) -> dict[str, Any]:
        urls = {name: f"{self.base}/oauth/{name.partition('_')[0]}" for name in _URLS}
        return {
            "provider": "custom",
            "client_id": "hub",
            "client_secret": "app-secret",
            "scopes": ["mail"],
            **urls,
            **more,
        }

    def asks(self, **more: Any) -> MailAuthority:
        return MailAuthority("mail", OAuth.model_validate(self.table(**more)), OWN)


_URLS = ("authorize_url", "token_url", "device_url", "revoke_url")


@pytest.fixture
async def far() -> AsyncIterator[Build]:
    """Serve these routes; the far side."""
    runners: list[web.AppRunner] = []

    async def start(routes: list[web.AbstractRouteDef]) -> Far:
        app = web.Application()
        app.add_routes(routes)
        runners.append(web.AppRunner(app, access_log=None, shutdown_timeout=0))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return Far(f"http://127.0.0.1:{runners[-1].addresses[0][1]}")

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def provider() -> Authority:
    return Authority([OWN, "other@shop.example"], [App("hub", "app-secret", (BACK,))])


async def allowed(asks: MailAuthority, decision: str = "allow") -> dict[str, str]:
    """What the owner's browser comes back with."""
    url = asks.question(redirect_uri=BACK, state="st", challenge=CHALLENGE)
    words = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    form = words | {"decision": decision, "account": OWN}
    async with aiohttp.ClientSession() as browser:
        assert (await browser.get(url)).status == 200
        answer = await browser.post(url.partition("?")[0], data=form, allow_redirects=False)
    back, _, query = answer.headers["Location"].partition("?")
    assert back == BACK
    return {key: values[0] for key, values in parse_qs(query).items()}


async def granted(asks: MailAuthority) -> Tokens:
    code = (await allowed(asks))["code"]
    return await asks.exchange(code, redirect_uri=BACK, verifier=VERIFIER)


async def test_a_yes_of_the_owner_becomes_tokens_and_a_new_refresh_token_each_time(
    far: Build, provider: Authority
) -> None:
    asks = (await far(provider.routes())).asks()
    first = await granted(asks)
    second = await asks.refresh(first.refresh)
    assert provider.accepts(OWN, first.access)
    assert provider.accepts(OWN, second.access)
    assert len({first.access, second.access, first.refresh, second.refresh}) == 4
    assert second.seconds == 3600
    assert repr(first) == "Tokens(seconds=3600.0)"


async def test_a_code_without_its_verifier_or_used_twice_is_worth_nothing(far: Build, provider: Authority) -> None:
    asks = (await far(provider.routes())).asks()
    code = (await allowed(asks))["code"]
    with pytest.raises(NotAllowed):
        await asks.exchange(code, redirect_uri=BACK, verifier="w" * 64)
    code = (await allowed(asks))["code"]
    await asks.exchange(code, redirect_uri=BACK, verifier=VERIFIER)
    with pytest.raises(NotAllowed):
        await asks.exchange(code, redirect_uri=BACK, verifier=VERIFIER)


async def test_a_no_comes_back_as_access_denied_with_our_state(far: Build, provider: Authority) -> None:
    asks = (await far(provider.routes())).asks()
    assert await allowed(asks, "deny") == {"error": "access_denied", "state": "st"}


async def test_a_permission_that_was_withdrawn_or_given_back_is_to_be_asked_for_again(
    far: Build, provider: Authority
) -> None:
    asks = (await far(provider.routes())).asks()
    tokens = await granted(asks)
    provider.withdraw(OWN)
    with pytest.raises(NotAllowed, match=r"127.0.0.1 no longer accepts the permission.*Connect it again"):
        await asks.refresh(tokens.refresh)
    again = await granted(asks)
    assert await asks.revoke(again.refresh)
    with pytest.raises(NotAllowed):
        await asks.refresh(again.refresh)
    assert not provider.accepts(OWN, again.access)


async def test_the_wrong_secret_of_the_app_is_ours_to_mend(far: Build, provider: Authority) -> None:
    asks = (await far(provider.routes())).asks(client_secret="guessed")
    with pytest.raises(Misconfigured, match=r"oauth.client_secret.*invalid_client.*may have expired") as failure:
        await asks.refresh("a-refresh-token")
    assert not isinstance(failure.value, NotAllowed)


async def test_a_device_code_is_typed_elsewhere_and_polled_for(far: Build, provider: Authority) -> None:
    asks = (await far(provider.routes())).asks()
    code = await asks.device()
    assert code.device_code not in repr(code)
    assert await asks.poll(code.device_code) is None
    async with aiohttp.ClientSession() as browser:
        form = {"user_code": code.user_code.lower(), "account": OWN, "decision": "allow"}
        assert (await browser.post(code.url, data=form)).status == 200
    tokens = await asks.poll(code.device_code)
    assert tokens is not None
    assert provider.accepts(OWN, tokens.access)


def test_google_is_asked_for_lasting_access_to_mail_and_has_no_device_flow_for_it() -> None:
    asks = MailAuthority("mail", OAuth(provider="google", client_id="an-app"), OWN)
    url = urlsplit(asks.question(redirect_uri=BACK, state="st", challenge="ch"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://accounts.google.com/o/oauth2/v2/auth"
    assert {key: values[0] for key, values in parse_qs(url.query).items()} == {
        "response_type": "code",
        "client_id": "an-app",
        "redirect_uri": BACK,
        "scope": "https://mail.google.com/",
        "state": "st",
        "code_challenge": "ch",
        "code_challenge_method": "S256",
        "login_hint": OWN,
        "access_type": "offline",
        "prompt": "consent",
    }
    assert not asks.has_device_flow


def test_microsoft_is_asked_in_its_tenant_for_imap_smtp_and_offline_access() -> None:
    table = OAuth(provider="microsoft", client_id="an-app", tenant="shop.example")
    asks = MailAuthority("mail", table, OWN)
    url = urlsplit(asks.question(redirect_uri=BACK, state="st", challenge="ch"))
    assert url.path == "/shop.example/oauth2/v2.0/authorize"
    assert parse_qs(url.query)["scope"] == [
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"
    ]
    assert (asks.has_device_flow, table.endpoints.tokens) == (
        True,
        "https://login.microsoftonline.com/shop.example/oauth2/v2.0/token",
    )


GOOD = {"access_token": "at", "token_type": "bearer", "expires_in": "3599"}


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (500, "oops", TryLater, "HTTP 500"),
        (503, json.dumps({"error": "temporarily_unavailable"}), TryLater, "temporarily_unavailable"),
        (429, "", TryLater, "HTTP 429"),
        (200, "<html>Welcome to the hotel's network", TryLater, "HTTP 200"),
        (200, json.dumps(["a list"]), TryLater, "HTTP 200"),
        (200, json.dumps({"access_token": "a b", "token_type": "Bearer"}), TryLater, "cannot be understood"),
        (200, json.dumps({"access_token": "x\r\nA1 LOGOUT", "token_type": "Bearer"}), TryLater, "cannot be understood"),
        (200, json.dumps(GOOD | {"token_type": "mac"}), TryLater, "cannot be understood"),
        (200, "[" * 60_000, TryLater, "HTTP 200"),
        (200, " " * 70_000, TryLater, "could not be asked"),
        (302, "", TryLater, "HTTP 302"),
        (400, json.dumps({"error": "invalid_grant"}), NotAllowed, "no longer accepts"),
        (400, json.dumps({"error": "interaction_required"}), NotAllowed, "no longer accepts"),
        (400, json.dumps({"error": "invalid_scope"}), Misconfigured, "oauth.scopes"),
        (400, json.dumps({"error": "authorization_pending"}), TryLater, "cannot be understood"),
        (404, "nothing here", Misconfigured, "HTTP 404"),
        (400, json.dumps({"error": 7, "error_description": {"a": 1}}), Misconfigured, "HTTP 400"),
    ],
)
async def test_every_bad_answer_says_what_to_do(
    status: int, body: str, error: type[Exception], words: str, far: Build
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "/elsewhere"})

    asks = (await far([web.post("/oauth/token", answer)])).asks()
    with pytest.raises(error, match=words) as failure:
        await asks.refresh("a-refresh-token")
    assert type(failure.value) is error


async def test_nothing_that_we_asked_with_comes_back_in_the_words_of_an_error(far: Build) -> None:
    async def echo(request: web.Request) -> web.Response:
        sent = dict(await request.post())
        words = f"bad: {sent}\nSet-Cookie: x"
        return web.json_response({"error": str(sent["refresh_token"]), "error_description": words}, status=400)

    asks = (await far([web.post("/oauth/token", echo)])).asks()
    with pytest.raises(Misconfigured) as failure:
        await asks.refresh("very-secret-refresh")
    told = f"{failure.value} {failure.value!r}"
    assert "bad" in told
    assert "very-secret" not in told
    assert "app-secret" not in told
    assert "\n" not in str(failure.value)


async def test_a_provider_that_does_not_answer_is_a_passing_trouble(far: Build) -> None:
    released = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    there = await far([web.post("/oauth/token", hang)])
    with pytest.raises(TryLater, match="no answer in time") as failure:
        await there.asks(timeout_seconds=0.05).refresh("a-refresh-token")
    released.set()
    assert failure.value.whole_sender
    with pytest.raises(TryLater, match="could not be asked"):
        await Far("http://127.0.0.1:9").asks().refresh("a-refresh-token")


async def test_an_answer_that_claims_a_year_is_believed_for_a_day_and_digits_are_a_number(far: Build) -> None:
    said = dict(GOOD)

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(said)

    asks = (await far([web.post("/oauth/token", answer)])).asks()
    assert (await asks.refresh("a-refresh-token")).seconds == 3599
    for claimed, believed in (("1e99", 86_400), ("nan", 3600), (-5, 3600), (True, 3600), ("soon", 3600)):
        said["expires_in"] = claimed  # type: ignore[assignment]
        assert (await asks.refresh("a-refresh-token")).seconds == believed


async def test_an_hour_of_access_without_a_refresh_token_is_told_as_what_it_is(far: Build) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(GOOD)

    asks = (await far([web.post("/oauth/token", answer)])).asks()
    with pytest.raises(NotAllowed, match=r"no refresh token.*offline_access"):
        await asks.exchange("c", redirect_uri=BACK, verifier=VERIFIER)


# ---- with the sandbox's mail servers --------------------------------------------------------


class Renewing:
    """A token source that asks the provider each time one is refused."""

    def __init__(self, asks: MailAuthority, tokens: Tokens) -> None:
        self._asks, self._tokens, self.renewed = asks, tokens, 0

    async def token(self, *, refused: str = "") -> str:
        if refused == self._tokens.access:
            self.renewed += 1
            self._tokens = await self._asks.refresh(self._tokens.refresh)
        return self._tokens.access


@pytest.fixture
async def tokens_only(provider: Authority) -> AsyncIterator[MailWorld]:
    world = MailWorld({OWN: Account(OWN, "")}, delay_seconds=0, authority=provider)
    await world.start()
    yield world
    await world.stop()


async def test_mail_goes_and_comes_with_tokens_also_after_they_have_ended(
    far: Build, provider: Authority, tokens_only: MailWorld, settings: Build, opened: Build, outbound: Build
) -> None:
    there = await far(provider.routes())
    source = Renewing(there.asks(), await granted(there.asks()))
    table = settings(tokens_only.smtp_port, tokens_only.imap_port, oauth=there.table())
    channel = opened(table, source)
    assert [finding.ok for finding in await channel.check()] == [True] * 5
    provider.expire()
    await channel.sender.send(outbound("ana@people.example"))
    assert len(tokens_only.mailbox("ana@people.example")) == 1
    provider.expire()
    await tokens_only.write("ana@people.example", OWN, "Hello", "Are you there?")
    batches = channel.listener.listen({})
    got = [raw for _ in range(2) for raw in (await anext(batches)).messages]
    await batches.aclose()
    assert b"Subject: Hello" in got[0].content
    assert source.renewed == 2


async def test_the_sandbox_s_servers_refuse_an_ended_token_and_another_s_mailbox(
    far: Build, provider: Authority, tokens_only: MailWorld, settings: Build, opened: Build, wallet: Any
) -> None:
    there = await far(provider.routes())
    good = (await granted(there.asks())).access
    others = {"username": "other@shop.example"}
    table = settings(tokens_only.smtp_port, tokens_only.imap_port, oauth=there.table(), smtp=others, **others)
    findings = await opened(table, wallet(good, "nonsense", "more")).check()
    assert [finding.ok for finding in findings] == [True, False, True, False]
    assert all("does not let us in as other@shop.example" in f.detail for f in findings if not f.ok)
