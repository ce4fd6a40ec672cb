"""Coming in and going out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.models.vocabulary import Role


async def test_before_anybody_has_an_account_the_page_tells_the_command(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/sign-in")
    assert "hub users add" in answer.text


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(empty: Any, visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post(
        "/sign-in", data={"email": "Admin@Meadow.example", "password": "correct horse battery staple"}
    )
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303
    assert cookie.startswith("hub_session=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_a_wrong_password_is_said_and_the_address_stays_in_the_form(
    empty: Any, visitor: httpx.AsyncClient
) -> None:
    answer = await visitor.post("/sign-in", data={"email": "admin@meadow.example", "password": "no"})
    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert 'value="admin@meadow.example"' in answer.text


async def test_after_five_wrong_passwords_one_has_to_wait(empty: Any, visitor: httpx.AsyncClient) -> None:
    wrong = {"email": "admin@meadow.example", "password": "no"}
    codes = [(await visitor.post("/sign-in", data=wrong)).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


async def test_another_site_cannot_sign_somebody_in(empty: Any, visitor: httpx.AsyncClient) -> None:
    data = {"email": "admin@meadow.example", "password": "correct horse battery staple"}
    answer = await visitor.post("/sign-in", data=data, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "hub_session" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("goal", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_the_way_back_after_signing_in_never_leaves_the_site(
    goal: str, empty: Any, visitor: httpx.AsyncClient
) -> None:
    data = {"email": "admin@meadow.example", "password": "correct horse battery staple", "next": goal}
    assert (await visitor.post("/sign-in", data=data)).headers["location"] == "/"


async def test_signing_out_ends_the_session_and_not_only_the_cookie(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    cookies = dict(desk.client.cookies)
    assert (await desk.send("/sign-out")).headers["location"] == "/sign-in"
    desk.client.cookies.update(cookies)
    assert (await desk.client.get("/tasks")).status_code == 303


async def test_the_look_is_kept_and_an_unknown_one_is_not(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send("/me", theme="dark", back="/tasks")
    assert (await desk.see("/tasks")).html["data-bs-theme"] == "dark"
    await desk.send("/me", theme='"><script>', back="/tasks")
    assert (await desk.see("/tasks")).html["data-bs-theme"] == "dark"


@pytest.mark.parametrize(("language", "word"), [("pl", "Zadania"), ("bg", "Задачи"), ("ru", "Задачи"), ("en", "Tasks")])
async def test_the_desk_speaks_the_language_that_its_owner_chose(
    language: str, word: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send("/me", language=language, back="/tasks")
    seen = await desk.see("/tasks")
    assert (seen.html["lang"], seen.h1.text) == (language, word)


async def test_an_agent_says_that_no_calls_shall_ring(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send("/me", available="0", back="/tasks")
    assert "I take no calls now" in (await desk.see("/tasks")).select_one(".me").text


async def test_an_address_that_leads_nowhere_is_said_in_words(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    for path in ("/inbox/nowhere", "/customers/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "/customers/xyz", "/nowhere"):
        assert "There is nothing here" in (await desk.see(path, status=404)).text


async def test_an_address_that_only_takes_forms_leads_to_the_page_above_when_it_is_loaded_again(
    world: Any, signed_in: Any
) -> None:
    desk, talk = await signed_in(Role.AGENT), f"/inbox/all/{world.conversations['stranger']}"
    for path, above in (
        (f"{talk}/snooze", talk),
        ("/settings/tokens/7/revoke", "/settings"),
        ("//hub.example/x/snooze", ""),
    ):
        answer = await desk.client.get(path)
        assert answer.headers.get("location", "") == above, path


async def test_a_marketer_starts_among_the_campaigns_and_an_agent_in_the_inbox(empty: Any, signed_in: Any) -> None:
    places = [
        (await (await signed_in(role)).client.get("/")).headers["location"] for role in (Role.MARKETER, Role.AGENT)
    ]
    assert places == ["/campaigns", "/inbox"]
