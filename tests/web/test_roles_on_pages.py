"""Who may open what: the server decides on every route, whatever the page shows."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from hub import web
from hub.conversations import inbox
from hub.models.vocabulary import Role

A, M, S, D = Role.AGENT, Role.MARKETER, Role.SUPERVISOR, Role.ADMIN
PAGES: dict[str, set[Role]] = {
    "/inbox/all": {A, S, D},
    "/inbox/all/{conversation}": {A, S, D},
    "/customers": {A, M, S, D},
    "/customers/new": {A, S, D},
    "/customers/{customer}": {A, M, S, D},
    "/customers/{customer}/consent/proof": {A, M, S, D},
    "/customers/{customer}/purchases": {A, M, S, D},
    "/customers/same": {A, M, S, D},
    "/imports/purchases": {M, S, D},
    "/imports/purchases/{purchases}": {M, S, D},
    "/imports/purchases/{imported}": {M, S, D},
    "/imports/purchases/{imported}/rejected.csv": {M, S, D},
    "/imports/customers": {M, S, D},
    "/imports/customers/{people}": {M, S, D},
    "/imports/customers/{brought}": {M, S, D},
    "/imports/customers/{brought}/rejected.csv": {M, S, D},
    "/customers/{customer}/merge": {A, S, D},
    "/tasks": {A, S, D},
    "/tasks?state=done&whose=all": {A, S, D},
    "/tasks/1": {A, S, D},
    "/tasks/calendar": {A, S, D},
    "/tasks/late": {A, S, D},
    "/calls/now": {A, S, D},
    "/calls/bar": {A, S, D},
    "/calls/missed": {A, S, D},
    "/calls/voicemail": {A, S, D},
    "/customers/{customer}/log": {A, S, D},
    "/outcomes": {S, D},
    "/segments": {M, S, D},
    "/segments/new": {M, S, D},
    "/segments/{segment}": {M, S, D},
    "/lists/new": {M, S, D},
    "/lists/{list}": {M, S, D},
    "/call-lists": {A, M, S, D},
    "/call-lists/new": {M, S, D},
    "/call-lists/{call_list}": {A, M, S, D},
    "/call-lists/{call_list}?shown=everybody": {A, M, S, D},
    "/call-lists/{call_list}/work": {A, S, D},
    "/call-lists/{call_list}/people.csv": {S, D},
    "/campaigns": {M, S, D},
    "/campaigns/new": {M, S, D},
    "/campaigns/{draft}": {M, S, D},
    "/campaigns/{running}?shown=withheld": {M, S, D},
    "/campaigns/{draft}/edit": {M, S, D},
    "/campaigns/{draft}/people?reason=no_consent": {M, S, D},
    "/campaigns/{draft}/people.csv": {S, D},
    "/campaigns/{draft}/preview": {M, S, D},
    "/campaigns/{running}/results.csv": {S, D},
    "/campaigns/{running}/over-time": {M, S, D},
    "/campaigns/{running}/answers": {M, S, D},
    "/campaigns/calendar": {M, S, D},
    "/campaigns/{draft}/steps": {M, S, D},
    "/appointments": {A, S, D},
    "/appointments?span=day&whose=mine": {A, S, D},
    "/appointments/1": {A, S, D},
    "/appointments/calendars": {A, S, D},
    "/events": {A, M, S, D},
    "/events?past=1": {A, M, S, D},
    "/events/new": {M, S, D},
    "/events/{event}": {A, M, S, D},
    "/events/{event}/edit": {M, S, D},
    "/events/{event}/cancel": {M, S, D},
    "/occasions": {M, S, D},
    "/templates": {M, S, D},
    "/templates/new": {M, S, D},
    "/templates/spring-offer": {M, S, D},
    "/templates/spring-offer/edit": {M, S, D},
    "/templates/spring-offer/frame?language=en": {M, S, D},
    "/templates/campaign-spring/versions/1": {M, S, D},
    "/occasions/feasts": {M, S, D},
    "/occasions/year": {M, S, D},
    "/occasions/days/2030-05-01": {M, S, D},
    "/occasions/rules/new?kind=festival": {M, S, D},
    "/reports": {M, S, D},
    "/reports/mail": {M, S, D},
    "/reports/answers?days=7": {M, S, D},
    "/reports/satisfaction": {M, S, D},
    "/reports/segments?days=7": {M, S, D},
    "/reports/deliverability?days=month": {M, S, D},
    "/reports/promises": {S, D},
    "/reports/now": {S, D},
    "/reports/agents": {S, D},
    "/reports/calls?days=7": {M, S, D},
    "/reports/consents": {M, S, D},
    "/reports/loyalty": {M, S, D},
    "/reports/volume.csv": {M, S, D},
    "/uncertain": {A, M, S, D},
    "/settings": {D},
    "/settings/webhooks": {D},
    "/settings/channels/sms": {D},
    "/settings/roles": {D},
    "/settings/people/1": {D},
    "/settings/brand": {D},
    "/settings/erasures": {D},
    "/customers/{customer}/erase": {D},
    "/customers/{customer}/personal-data": {S, D},
    "/settings/topics": {M, S, D},
    "/settings/sign-up-forms": {M, S, D},
    "/settings/sign-up-forms/{form}": {M, S, D},
    "/teams": {S, D},
    "/canned": {A, S, D},
    "/macros": {A, S, D},
    "/labels": {S, D},
    "/hours": {S, D},
    "/service-levels": {S, D},
    "/satisfaction": {S, D},
    "/hand-over": {S, D},
    "/inbox/late": {A, S, D},
    "/views": {A, S, D},
    "/account": {A, M, S, D},
    "/palette": {A, M, S, D},
    "/search": {A, M, S, D},
    "/audit": {S, D},
    "/audit.csv": {S, D},
}


def names(world: Any) -> dict[str, object]:
    """What the paths above leave open."""
    return {
        "conversation": world.conversations["invoice"],
        "customer": world.customers["ana"],
        "draft": world.campaigns["draft"],
        "running": world.campaigns["running"],
        "segment": world.segment,
        "list": world.list,
        "form": world.form,
        "call_list": world.call_list,
        "event": world.event,
        "purchases": world.purchases["waiting"],
        "imported": world.purchases["done"],
        "people": world.people["waiting"],
        "brought": world.people["done"],
    }


@pytest.mark.parametrize("role", list(Role))
async def test_every_page_opens_for_the_roles_that_may_and_for_nobody_else(
    role: Role, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(role)
    answers = {path: (await desk.client.get(path.format(**names(world)))).status_code for path in PAGES}
    assert answers == {path: 200 if role in roles else 403 for path, roles in PAGES.items()}


@pytest.mark.parametrize(("role", "first"), [(A, "/canned"), (M, "/settings/topics"), (S, "/teams"), (D, "/settings")])
async def test_the_rail_leads_everybody_to_what_they_may_set(
    role: Role, first: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(role)
    rooms = {chip["href"] for chip in (await desk.see(first)).select(".rules a")}
    assert len(rooms) > 1 or role is M
    for room in {first} | rooms:
        assert (await desk.see(room)).select_one('.rail [aria-current="page"]')["href"] == first, room


async def test_each_group_of_settings_says_what_it_is_for_and_only_on_their_own_page(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(D)
    groups = (await desk.see("/settings")).select(".rules section")
    assert [bool(one.p.text) for one in groups] == [True] * 6
    assert (await desk.see("/teams")).select(".rules p") == []


async def test_a_marketer_sees_the_customer_and_not_what_they_wrote(world: Any, signed_in: Any) -> None:
    desk = await signed_in(M)
    seen = await desk.see(f"/customers/{world.customers['ana']}")
    assert "Ana Nowak" in seen.text
    assert "invoice 118" not in seen.text
    assert seen.select_one("form.composer") is None


async def test_an_agent_gives_a_conversation_to_nobody_but_themselves(world: Any, signed_in: Any) -> None:
    desk = await signed_in(A)
    path = f"/inbox/all/{world.conversations['sms']}/assign"
    assert (await desk.send(path, assignee=world.staff[S])).status_code == 403
    assert (await desk.send(path, assignee=world.staff[A])).status_code == 303


async def test_a_conversation_goes_to_nobody_who_may_not_answer_it(world: Any, signed_in: Any) -> None:
    desk, talk = await signed_in(Role.SUPERVISOR), world.conversations["sms"]
    seen = await desk.see(f"/inbox/all/{talk}")
    offered = {option["value"] for option in seen.select("[name=assignee] option")}
    marketer, agent = str(world.staff[Role.MARKETER]), str(world.staff[Role.AGENT])
    assert agent in offered
    assert marketer not in offered
    assert (await desk.send(f"/inbox/all/{talk}/assign", assignee=agent)).status_code == 303
    assert (await desk.send(f"/inbox/all/{talk}/assign", assignee=marketer)).status_code == 303
    async with world.hub.database.unit() as session:
        assert (await inbox.conversation(session, talk)).assignee_id == int(agent)


async def test_without_a_session_every_page_leads_to_the_sign_in(world: Any, visitor: httpx.AsyncClient) -> None:
    for path in PAGES:
        plain = path.replace("{conversation}", str(world.conversations["invoice"])).replace("{customer}", "1")
        answer = await visitor.get(re.sub(r"\{.*?\}", "1", plain))
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?next=/"), path


def _posts() -> list[str]:
    """Every address of the desk that changes something, with numbers or ids filled in."""
    routes = [route for room in web.PAGES for route in room.router.routes if isinstance(route, APIRoute)]
    return sorted({_filled(route.path) for route in routes if "POST" in (route.methods or ())} - {"/sign-in"})


def _filled(path: str) -> str:
    some = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    filled = path.replace("{customer_id}", some).replace("{conversation_id}", some).replace("{view}", "all")
    return re.sub(r"\{\w+\}", "1", filled.replace("{step}", "cancel"))


async def test_no_form_is_taken_without_the_token_of_the_session(world: Any, signed_in: Any) -> None:
    desk = await signed_in(D)
    posts = _posts()
    assert len(posts) > 25
    for token in ("", "wrong", "x" * len(desk.csrf)):
        answers = {path: (await desk.client.post(path, data={"csrf": token})).status_code for path in posts}
        assert set(answers.values()) <= {403, 422}, answers


async def test_a_form_that_another_site_sends_is_refused_even_with_the_token(world: Any, signed_in: Any) -> None:
    desk = await signed_in(D)
    path, data = "/tasks", {"csrf": desk.csrf, "title": "x"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await desk.client.post(path, data=data, headers=headers)).status_code == 403
    assert (await desk.client.post(path, data=data, headers={"origin": "http://127.0.0.1:8000"})).status_code == 303
