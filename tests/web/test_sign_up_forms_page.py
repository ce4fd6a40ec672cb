"""Sign-up forms at the desk: made by marketers, copied into a site of their own, counted by day."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup

from hub import clock
from hub.joining import asking, forms
from hub.models.vocabulary import Kind, Role

HERE = "/settings/sign-up-forms"
FIELDS: dict[str, object] = {
    "name": "Spring fair",
    "kinds": ("email",),
    "items": ("marketing", "greetings"),
    "most_a_day": "50",
    "asks_name": "required",
    "active": "1",
    "title.en": "Come along",
    "consent.pl": "Zgadzam się.",
}


async def test_a_form_is_made_and_its_page_shows_address_and_html(
    world: Any, signed_in: Any, visitor: httpx.AsyncClient
) -> None:
    desk = await signed_in(Role.MARKETER)
    made = await desk.send(HERE, key="fair", **FIELDS)
    assert made.status_code == 303
    seen = await desk.see(made.headers["location"])
    assert seen.find(id="form-url")["value"] == "http://127.0.0.1:8000/join/fair"
    html = seen.find(id="html-en").text
    assert 'action="http://127.0.0.1:8000/join/fair"' in html
    assert "<script" not in html
    assert "Come along" in (await visitor.get("/join/fair?language=en")).text
    async with world.hub.database.unit() as session:
        form = await forms.find(session, "fair")
    assert form is not None
    assert (form.kinds, form.items, form.asks_name, form.most_a_day) == (
        *(["email"], ["marketing", "greetings"]),
        *("required", 50),
    )


async def test_the_html_as_it_is_copied_signs_somebody_up(
    world: Any, signed_in: Any, visitor: httpx.AsyncClient
) -> None:
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see(f"{HERE}/{world.form}")
    html = seen.find(id="html-bg").text
    copied = BeautifulSoup(html, "html.parser")
    data = {
        str(one["name"]): str(one.get("value", "")) for one in copied("input") if one["name"] not in ("phone", "email")
    }
    answer = await visitor.post("/join/newsletter", data={**data, "email": "eva@example.org"})
    assert (answer.status_code, "Почти готово" in answer.text) == (200, True)
    line = (await desk.see(f"{HERE}/{world.form}")).select("table tbody tr")[0]
    assert [cell.text for cell in line.select("td.num")] == ["1", "0"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"key": "Fair!"}, "is no short name"),
        ({"key": "yes"}, "is no short name"),
        ({"key": "newsletter"}, "already"),
        ({"kinds": ()}, "way to confirm"),
        ({"items": ("service",)}, "asks for nothing"),
        ({"after_url": "http://meadow.example"}, "is no address to go to"),
        ({"most_a_day": "0"}, "So many a day cannot be"),
        ({"most_a_day": "9" * 30}, "So many a day cannot be"),
        ({"name": "x" * 101}, "characters are too many"),
        ({"consent.en": "x" * 601}, "characters are too many"),
    ],
    ids=["key", "taken word", "known", "no way", "nothing", "http", "none", "endless", "long name", "long words"],
)
async def test_what_cannot_be_a_form_comes_back_with_what_was_typed(
    world: Any, signed_in: Any, wrong: dict[str, object], told: str
) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send(HERE, **{"key": "fair", **FIELDS, **wrong})
    assert (answer.status_code, told in answer.text, "Come along" in answer.text) == (422, True, True)
    assert (await desk.send(f"{HERE}/999", **FIELDS)).status_code == 404
    assert (await desk.client.get(f"{HERE}/999")).status_code == 404


async def test_a_form_is_changed_and_closed(world: Any, signed_in: Any, visitor: httpx.AsyncClient) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {name: value for name, value in FIELDS.items() if name != "active"}
    assert (await desk.send(f"{HERE}/{world.form}", **fields)).status_code == 303
    assert (await visitor.get("/join/newsletter")).status_code == 404
    assert "accepts none" in (await desk.see(HERE)).text


async def test_a_question_that_waits_is_on_nobodys_card_and_cannot_be_answered_from_the_desk(
    world: Any, signed_in: Any
) -> None:
    asked = asking.Asked(Kind.EMAIL, "eva@example.org", {"marketing": "News"}, "en", "n", "203.0.113.9")
    async with world.hub.database.unit() as session:
        form = await forms.get(session, world.form)
        assert await asking.ask(session, form, asked, gate=world.hub.gate, now=clock.now())
        card = await asking.card(session, now=clock.now())
    desk = await signed_in(Role.ADMIN)
    seen = await desk.see(f"/customers/{card.id}")
    assert "eva@example.org" in seen.text
    assert "/join/yes/" not in str(seen)
