"""Whatever stands in a field of a form or in an address: it is kept, or refused with a page, and nothing breaks."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from hub import clock, web
from hub.models.vocabulary import Role

FORM = {"content-type": "application/x-www-form-urlencoded"}
SENSIBLE = {
    "kind": "note",
    "language": "en",
    "timezone": "UTC",
    "zone": "UTC",
    "at": f"{clock.now().year + 1}-01-01T10:00",
    "starts_at": "2099-01-01T10:00",
    "due_at": "2099-01-01T10:00",
    "at_hour": "10:00",
    "purpose": "marketing",
    "remind": "1440",
    "value": "somebody@example.net",
    "way": "up",
    "granted": "1",
    "move": "up",
}
HOSTILE = {
    "a megabyte of words": "".join(f" {number:x}ą" for number in range(150_000)),
    "nothing that a column holds": "a\0b\ud800c",
    "a number that no column holds": "9" * 5000,
    "a number that is none": "²",
    "a way out of a page": "\"'><script>alert(1)</script>{{ 7*7 }}{% raw %}\r\nSet-Cookie: a=b",
    "a way out of a folder or a query": "../../etc/passwd%00'; drop table customer; --",
    "a date that is none": "99999-99-99T99:99",
    "an hour somewhere else": "10:00+05:00",
    "the last moment of all": "9999-12-31T23:59",
    "the first moment of all": "0001-01-01T00:00",
}


def _routes(method: str) -> Iterator[APIRoute]:
    for one in web.PAGES:
        for route in one.router.routes:
            if isinstance(route, APIRoute) and method in (route.methods or ()) and route.path != "/sign-out":
                yield route


def _params(dependant: Any, kind: str) -> Iterator[Any]:
    yield from getattr(dependant, f"{kind}_params")
    for inner in dependant.dependencies:
        yield from _params(inner, kind)


def _sensible(name: str, annotation: Any) -> object:
    if get_origin(annotation) is list:
        return [_sensible(name, get_args(annotation)[0])]
    inner = next((one for one in get_args(annotation) if one is not type(None)), annotation)
    if isinstance(inner, type) and issubclass(inner, enum.Enum):
        return next(iter(inner)).value
    if inner is UUID:
        return str(UUID(int=7))
    return SENSIBLE.get(name, "1")


def _path(route: APIRoute, world: Any) -> str:
    known = {
        "customer_id": world.customers["ana"],
        "conversation_id": world.conversations["invoice"],
        "campaign_id": world.campaigns["draft"],
        "segment_id": world.segment,
        "event_id": world.event,
        "form_id": world.form,
        "view": "all",
        "name": "birthday",
        "step": "cancel",
    }
    filled = {
        one.name: str(known.get(one.name, _sensible(one.name, one.field_info.annotation)))
        for one in route.dependant.path_params
    }
    return route.path_format.format(**filled)


def _spelt(fields: dict[str, object]) -> str:
    return urlencode(fields, doseq=True, encoding="utf-8", errors="surrogatepass")


TURNS = range(0, len(HOSTILE), 4)


@pytest.mark.parametrize("turn", TURNS)
async def test_no_form_of_the_desk_breaks(turn: int, world: Any, signed_in: Any) -> None:
    """Each field once in each turn, all others as they should be."""
    desk, came, number = await signed_in(Role.ADMIN), dict[str, int](), turn
    for route in _routes("POST"):
        path = _path(route, world)
        fields = {one.alias: one.field_info.annotation for one in _params(route.dependant, "body")}
        typed = {name: annotation for name, annotation in fields.items() if "UploadFile" not in str(annotation)}
        usual = {name: _sensible(name, annotation) for name, annotation in typed.items()}
        for name in usual:
            number += 1
            what = list(HOSTILE)[number % len(HOSTILE)]
            body = _spelt({**usual, name: HOSTILE[what], "csrf": desk.csrf})
            answer = await desk.client.post(path, content=body, headers=FORM)
            came[f"{route.path} {name}: {what}"] = answer.status_code
            assert not answer.headers.get("location", "").startswith("/sign-in"), route.path
    assert {one: code for one, code in came.items() if code >= 500 or code == 403} == {}
    assert len(came) > 300
    assert {303, 422} <= set(came.values())


@pytest.mark.parametrize("turn", TURNS)
async def test_no_address_of_the_desk_breaks(turn: int, world: Any, signed_in: Any) -> None:
    desk, came, number = await signed_in(Role.ADMIN), dict[str, int](), turn
    short = {what: value for what, value in HOSTILE.items() if len(value) < 10_000}
    for route in _routes("GET"):
        if route.path == "/live":  # it never ends
            continue
        path, asked = _path(route, world), [one.alias for one in _params(route.dependant, "query")]
        for name in (*asked, *(one.alias for one in route.dependant.path_params)):
            number += 1
            what = list(short)[number % len(short)]
            if name in asked:
                wanted = f"{path}?{_spelt({name: short[what]})}"
            else:
                spelt = quote(short[what], safe="", errors="surrogatepass")
                wanted = re.sub(r"\{\w+\}", "1", route.path_format.replace("{" + name + "}", spelt))
            answer = await desk.client.get(wanted)
            came[f"{route.path} {name}: {what}"] = answer.status_code
    assert {one: code for one, code in came.items() if code >= 500} == {}
    assert len(came) > 100
