"""The company's brand: set by programs of administrators, seen on every public page and in the hub's own mails."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from hub import clock
from hub.bootstrap import Hub
from hub.branding import brands
from hub.conversations import appointment_links, appointments
from hub.gatherings import inviting, links, plans
from hub.gatherings.plans import Plan
from hub.joining import forms
from hub.models import Audit, Customer, Interaction
from hub.models.vocabulary import Kind, Purpose, Role
from hub.outbound import confirmations, preference_links, renewing, unsubscribe_links
from hub.outbound.rendering import Rendered
from hub.personal import files
from tests import drawn
from tests.api.conftest import Bearer, Headers

PRIVACY = "https://meadow.example/privacy?a=1&b=2"
BRAND = {
    "accent": "#FFD400",
    "footers": {"en": "Meadow & <Sons> Ltd., Main St 4", "pl": "Łąka sp. z o.o."},
    "privacy_url": PRIVACY,
}


@pytest.fixture
async def admin(bearer: Bearer) -> Headers:
    return await bearer(Role.ADMIN)


@pytest.fixture
async def branded(client: httpx.AsyncClient, admin: Headers) -> None:
    assert (await client.put("/api/v1/brand", json=BRAND, headers=admin)).status_code == 200
    assert (await client.put("/api/v1/brand/logo", content=drawn.png(), headers=admin)).status_code == 200


async def _pages(hub: Hub, ana: Customer) -> list[str]:
    """One page of each sort."""
    now = clock.now()
    async with hub.database.unit() as session:
        await forms.add(session, "news", forms.Wanted("News", ["email"], ["marketing"]), now=now)
        booked = await appointments.book(session, ana.id, "Fitting", now + timedelta(days=3), "UTC", now=now)
        event = await plans.create(session, Plan("Garden", now + timedelta(days=3), "UTC"), staff_id=None, now=now)
        await inviting.choose(session, event.id or 0, [ana.id], now=now)
        (seen,) = await inviting.guests(session, event.id or 0)
    found = [
        preference_links.address(hub.gate, ana.id, now=now),
        unsubscribe_links.address(hub.gate, ana.id, Purpose.MARKETING, Kind.EMAIL),
        appointment_links.address(hub.gate, booked.id or 0),
        links.address(hub.gate, seen.guest.id or 0),
    ]
    return ["/join/news", "/survey/wrong", *(one.removeprefix(hub.settings.hub.public_url) for one in found)]


async def test_every_public_page_wears_the_brand_and_asks_nobody_else(
    hub: Hub, client: httpx.AsyncClient, ana: Customer, branded: None
) -> None:
    for path in await _pages(hub, ana):
        seen = await client.get(path, headers={"Accept-Language": "pl"})
        addresses = re.findall(r'(?:href|src)="([^"]*)"', seen.text)
        (logo,) = [one for one in addresses if one.startswith("/brand/logo/")]
        assert {"/api/plain.css", "/brand/ffd400.css"} <= set(addresses), path
        assert 'alt="Meadow &amp; &lt;Sons&gt;"' in seen.text, path
        assert "<p>Łąka sp. z o.o.</p>" in seen.text, path
        assert 'href="https://meadow.example/privacy?a=1&amp;b=2"' in seen.text, path
        assert "img-src 'self'" in seen.headers["content-security-policy"], path
        assert seen.text.count("<h1>") == 1, path
    shown = await client.get(logo)
    assert (shown.content, shown.headers["content-type"]) == (drawn.png(), "image/png")
    assert "immutable" in shown.headers["cache-control"]
    assert shown.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_a_language_without_a_line_has_the_company_s_own(
    hub: Hub, client: httpx.AsyncClient, branded: None
) -> None:
    seen = await client.get("/survey/wrong", headers={"Accept-Language": "bg"})
    assert "Meadow &amp; &lt;Sons&gt; Ltd., Main St 4" in seen.text
    assert ">Поверителност</a>" in seen.text


async def test_without_a_brand_the_company_s_name_stands_there_and_nothing_else(client: httpx.AsyncClient) -> None:
    seen = await client.get("/survey/wrong")
    assert "<header><p>Meadow &amp; &lt;Sons&gt;</p></header>" in seen.text
    assert "<footer>" not in seen.text
    assert re.findall(r'(?:href|src)="([^"]*)"', seen.text) == ["/api/plain.css", "/brand/0054a6.svg"]


async def test_the_colour_is_a_style_sheet_of_its_own_and_nothing_else_can_be_one(client: httpx.AsyncClient) -> None:
    sheet = await client.get("/brand/ffd400.css")
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "--fill: #ffd400; --on-fill: #000000" in sheet.text
    icon = await client.get("/brand/ffd400.svg")
    assert ('fill="#ffd400"' in icon.text, icon.headers["content-security-policy"]) == (
        True,
        "sandbox; default-src 'none'",
    )
    for wrong in ("red", "ffd40", "ffd400%7D", "%7Bx", "ffd400ff"):
        assert [(await client.get(f"/brand/{wrong}.{end}")).status_code for end in ("css", "svg")] == [404, 404]


async def test_a_logo_is_fetched_by_the_hub_s_own_signature_alone(
    hub: Hub, client: httpx.AsyncClient, branded: None
) -> None:
    secret = await hub.storage.put(drawn.png(60, 60))
    other = hub.signer.sign("mail picture", secret)
    for wrong in (secret, other, "x" * 300):
        assert (await client.get(f"/brand/logo/{wrong}")).status_code == 404
    assert (await client.get(f"/brand/logo/{hub.signer.sign('logo', '0' * 64)}")).status_code == 404


async def test_only_administrators_change_it_and_every_change_is_in_the_trail(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, admin: Headers, branded: None
) -> None:
    lead = await bearer(Role.SUPERVISOR)
    refused = [
        (await client.put("/api/v1/brand", json=BRAND, headers=lead)).status_code,
        (await client.put("/api/v1/brand/logo", content=drawn.png(), headers=lead)).status_code,
        (await client.delete("/api/v1/brand/logo", headers=lead)).status_code,
    ]
    assert refused == [403, 403, 403]
    kept = (await client.get("/api/v1/brand", headers=lead)).json()
    assert (kept["accent"], kept["logo"]["width"], kept["logo"]["height"]) == ("#ffd400", 120, 40)
    assert kept["logo"]["url"].startswith("https://hub.example/desk/brand/logo/")
    assert (await client.delete("/api/v1/brand/logo", headers=admin)).status_code == 204
    assert (await client.get("/api/v1/brand", headers=admin)).json()["logo"] is None
    async with hub.database.unit() as session:
        said = select(Audit.action).where(col(Audit.action).startswith("brand.")).order_by(col(Audit.id))
        assert (await session.exec(said)).all() == ["brand.change", "brand.logo", "brand.no_logo"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"accent": "tomato"},
        {"accent": "#fff}a{"},
        {"privacy_url": "http://meadow.example/privacy"},
        {"privacy_url": "https://me:secret@meadow.example/"},
        {"privacy_url": "javascript:alert(1)"},
        {"privacy_url": 'https://meadow.example/"><script>'},
        {"footers": {"en": "x" * 301}},
        {"footers": {"de": "Wiese"}},
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    hub: Hub, client: httpx.AsyncClient, admin: Headers, branded: None, wrong: dict[str, object]
) -> None:
    answer = await client.put("/api/v1/brand", json=BRAND | wrong, headers=admin)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    assert (await client.put("/api/v1/brand/logo", content=svg, headers=admin)).status_code == 422
    async with hub.database.unit() as session:
        kept = await brands.read(session)
    assert (kept.accent, kept.privacy_url, kept.logo is None) == ("#ffd400", PRIVACY, False)


@pytest.mark.parametrize(("language", "button"), [("en", "Yes, that was me"), ("ru", "Да, это моя просьба")])
async def test_the_mail_that_asks_who_signs_up_wears_it_and_the_log_keeps_no_link(
    hub: Hub, client: httpx.AsyncClient, branded: None, language: str, button: str
) -> None:
    async with hub.database.unit() as session:
        await forms.add(session, "news", forms.Wanted("News", ["email"], ["marketing"]), now=clock.now())
    page = (await client.get(f"/join/news?language={language}")).text
    (version,) = re.findall(r'name="words" value="([^"]+)"', page)
    form = {"email": "eva@example.org", "item": "marketing", "language": language, "words": version}
    assert (await client.post("/join/news", data=form)).status_code == 200
    async with hub.database.unit() as session:
        mine = select(Interaction).where(Interaction.occasion == confirmations.OCCASION)
        row = (await session.exec(mine)).one()
    link = confirmations.address(hub.gate, row.id, Kind.EMAIL)
    assert (confirmations.PLACE in row.body_html, link in row.body_html + row.body_text) == (True, False)
    kept = Rendered(row.subject, row.body_text + row.closing, row.body_html, language)
    leaves = confirmations.written(kept, Kind.EMAIL, row.id, hub.gate)
    assert f'href="{link}"' in leaves.html
    assert f">{button}</a>" in leaves.html
    assert 'src="https://hub.example/desk/brand/logo/' in leaves.html
    assert "background:#ffd400;color:#000000" in leaves.html
    assert leaves.text.rstrip().endswith(PRIVACY)
    assert "Meadow & <Sons> Ltd., Main St 4" in leaves.text
    assert "Meadow &amp; &lt;Sons&gt; Ltd., Main St 4" in leaves.html


async def test_an_old_link_s_new_one_comes_in_the_brand_and_by_sms_as_words_alone(
    hub: Hub, client: httpx.AsyncClient, ana: Customer, branded: None
) -> None:
    said = renewing.Said("en", "New: {company}", "Hello {company}\n\n{link}\n", "Choose")
    async with hub.database.unit() as session:
        assert await renewing.send(session, ana.id, said, gate=hub.gate, now=clock.now())
        mine = select(Interaction).where(Interaction.occasion == "new-link")
        row = (await session.exec(mine)).one()
    assert (row.kind, ">Choose</a>" in row.body_html, PRIVACY in row.closing) == (Kind.EMAIL, True, True)


async def test_a_customer_who_is_erased_takes_no_logo_along(hub: Hub, branded: None) -> None:
    """The same bytes may be an attachment of theirs."""
    digest = await hub.storage.put(drawn.png())
    async with hub.database.unit() as session:
        assert await files.nobodys(session, [digest]) == []
