"""/join/{key}: strangers sign up, and only who has the address says yes. Looking, guessing, flooding give nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub
from hub.customers import consent, directory, topics
from hub.customers.consent import Statement
from hub.joining import asking, confirming, forms
from hub.joining.forms import FormProblem, Wanted
from hub.models import Consent, Customer, Identity, Interaction, Outbox, SignUp, SignUpDay, SignUpForm
from hub.models.vocabulary import AddressKind, Purpose
from hub.outbound import confirmations

WANTED = Wanted("Newsletter", ["email", "sms"], ["marketing", "topic:garden"])
EVA = "eva@example.org"


@pytest.fixture
async def form(hub: Hub) -> SignUpForm:
    return await _form(hub, WANTED)


async def _form(hub: Hub, wanted: Wanted, key: str = "news") -> SignUpForm:
    async with hub.database.unit() as session:
        if not await topics.is_known(session, "garden"):
            await topics.add(session, "garden", {"en": "Garden", "pl": "Ogród"})
        return await forms.add(session, key, wanted, now=clock.now())


async def _send(client: httpx.AsyncClient, key: str = "news", **fields: object) -> httpx.Response:
    """The form filled in as a browser would."""
    language = str(fields.get("language", "en"))
    page = (await client.get(f"/join/{key}", params={"language": language})).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    return await client.post(f"/join/{key}", data={**hidden, "language": language, "item": "marketing", **fields})


async def _messages(hub: Hub) -> list[Interaction]:
    async with hub.database.unit() as session:
        mine = select(Interaction).where(Interaction.occasion == confirmations.OCCASION)
        return list(await session.exec(mine.order_by(col(Interaction.id))))


async def _ledger(hub: Hub) -> list[Consent]:
    async with hub.database.unit() as session:
        return list(await session.exec(select(Consent).order_by(col(Consent.id))))


async def _find(hub: Hub, value: str) -> Customer | None:
    kind = AddressKind.EMAIL if "@" in value else AddressKind.PHONE
    async with hub.database.unit() as session:
        return await directory.find(session, kind, value)


async def _counted(hub: Hub) -> tuple[int, int]:
    async with hub.database.unit() as session:
        rows = list(await session.exec(select(SignUpDay)))
    return sum(row.asked for row in rows), sum(row.confirmed for row in rows)


def _link(hub: Hub, message: Interaction) -> str:
    """As it stands in what leaves, below the public address."""
    link = confirmations.address(hub.gate, message.id, message.kind or Kind.EMAIL)
    return link.removeprefix(hub.settings.hub.public_url)


async def test_who_confirms_by_the_mail_s_link_is_a_customer_with_a_yes_in_the_ledger(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    answer = await _send(client, email=" Eva@Example.ORG ", name="Eva  Lis", language="pl", item=["topic:garden"])
    assert (answer.status_code, "Prawie gotowe" in answer.text) == (200, True)
    assert await _find(hub, EVA) is None
    assert await _ledger(hub) == []
    (message,) = await _messages(hub)
    looked = await client.get(_link(hub, message))
    scanned = await client.head(_link(hub, message))
    assert (looked.status_code, scanned.status_code, await _find(hub, EVA)) == (200, 200, None)
    assert "Nowości i oferty: Ogród · Możecie do mnie pisać" in looked.text
    said = await client.post(_link(hub, message))
    assert (said.status_code, "Potwierdzone" in said.text) == (200, True)
    eva = await _find(hub, EVA)
    assert eva is not None
    assert (eva.name, eva.language, eva.provisional) == ("Eva Lis", "pl", False)
    (row,) = await _ledger(hub)
    assert (row.customer_id, row.purpose, row.channel, row.topic, row.granted, row.source, row.wording_version) == (
        *(eva.id, Purpose.MARKETING, Kind.EMAIL, "garden", True),
        *("sign-up form", "join/1/pl/news/1"),
    )
    assert row.wording.startswith("Nowości i oferty: Ogród · Możecie do mnie pisać")
    pattern = r"form news; asked \S+ from 203\.0\.113\.9; confirmed \S+ from 203\.0\.113\.9; message .{36}"
    assert re.fullmatch(pattern, row.evidence)
    assert (await _messages(hub))[0].customer_id == eva.id
    assert await _counted(hub) == (1, 1)


async def test_who_chooses_another_language_agreed_to_the_words_they_read(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    page = (await client.get("/join/news?language=pl")).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    answer = await client.post("/join/news", data={**hidden, "language": "ru", "item": "marketing", "email": EVA})
    assert "Prawie gotowe" in answer.text
    (message,) = await _messages(hub)
    assert message.subject.startswith("Пожалуйста, подтвердите")
    await client.post(_link(hub, message))
    eva, (row,) = await _find(hub, EVA), await _ledger(hub)
    assert eva is not None
    assert (eva.language, row.wording_version, row.wording[:15]) == ("ru", "join/1/pl/news/1", "Nowości i ofert")


async def test_twice_is_the_same_as_once_and_keeps_nothing_of_the_person(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    await _send(client, email=EVA, name="Eva")
    (message,) = await _messages(hub)
    pages = [await client.post(_link(hub, message)) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert len(await _ledger(hub)) == 1
    assert await _counted(hub) == (1, 1)
    async with hub.database.unit() as session:
        (row,) = await session.exec(select(SignUp))
    assert (row.address, row.name, row.ip) == ("", "", "")


async def test_the_link_stands_in_the_message_and_not_in_the_log(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    """Colleagues read the log: nobody there can say yes for somebody else."""
    await _send(client, email=EVA, name="Buy pills at evil.example")
    (message,) = await _messages(hub)
    assert confirmations.PLACE in message.body_text
    assert "/join/yes/" not in message.body_text
    assert "evil.example" not in message.body_text + message.subject


async def test_an_sms_is_confirmed_as_an_sms_and_as_nothing_else(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    await _send(client, phone="601 999 000")
    (message,) = await _messages(hub)
    assert (message.kind, message.recipient) == (Kind.SMS, "+48601999000")
    await client.post(_link(hub, message))
    assert [(row.channel, row.purpose) for row in await _ledger(hub)] == [(Kind.SMS, Purpose.MARKETING)]


async def test_nobody_hears_whether_an_address_is_known_suppressed_or_was_asked_today(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        await consent.suppress(
            session, Kind.EMAIL, "shut@example.org", purpose=None, reason="x", source="x", now=clock.now()
        )
    addresses = ("new@example.org", "ana@example.org", "shut@example.org", "new@example.org")
    answers = [await _send(client, email=address) for address in addresses]
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert [row.recipient for row in await _messages(hub)] == ["new@example.org", "ana@example.org"]


async def test_a_known_customer_gets_the_yes_and_keeps_their_name(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        no = Statement(ana.id, None, None, granted=False, source="shop")
        await consent.record(session, no, now=clock.now())
    await _send(client, email="ana@example.org", name="Somebody Else", language="en")
    assert [row.granted for row in await _ledger(hub)] == [False]  # asking overrides nothing
    (message,) = await _messages(hub)
    await client.post(_link(hub, message))
    after = await _find(hub, "ana@example.org")
    assert after is not None
    assert (after.id, after.name, after.language) == (ana.id, ana.name, ana.language)
    rows = await _ledger(hub)
    latest = consent.standing(rows, Purpose.MARKETING, Kind.EMAIL)
    assert latest is not None
    assert latest.granted
    assert [row.granted for row in rows] == [False, True]


async def test_one_message_a_day_and_none_after_three_that_were_ignored(hub: Hub, form: SignUpForm) -> None:
    asked = asking.Asked(Kind.EMAIL, EVA, {"marketing": "News"}, "en", "203.0.113.9", "203.0.113.9")
    start, sent = clock.now(), []
    for hours in (0, 1, 25, 26, 51, 77, 102):
        async with hub.database.unit() as session:
            now = start + timedelta(hours=hours)
            sent.append(await asking.ask(session, form, asked, gate=hub.gate, now=now))
    assert sent == [True, False, True, False, True, False, False]


async def test_a_form_asks_for_no_more_than_its_day_allows(hub: Hub) -> None:
    form, now = await _form(hub, Wanted("Small", ["email"], ["marketing"], most_a_day=2), "small"), clock.now()
    sent = []
    for number in range(4):
        asked = asking.Asked(Kind.EMAIL, f"a{number}@example.org", {"marketing": "News"}, "en", f"n{number}", "")
        async with hub.database.unit() as session:
            sent.append(await asking.ask(session, form, asked, gate=hub.gate, now=now))
    assert sent == [True, True, False, False]


async def test_a_network_that_sends_over_and_over_is_told_to_wait(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    answers = [await _send(client, email=f"a{number}@example.org") for number in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert len(await _messages(hub)) == 10


async def test_who_fills_in_the_field_that_nobody_sees_hears_the_same_and_gets_nothing(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    person, robot = await _send(client, email=EVA), await _send(client, email="r@example.org", website="http://x")
    assert (robot.status_code, robot.text) == (person.status_code, person.text)
    assert [row.recipient for row in await _messages(hub)] == [EVA]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Write where the messages should go"),
        ({"email": "no-address"}, "“no-address” is not an email address"),
        ({"email": "a@b." + "x" * 300}, "is not an email address"),
        ({"phone": "12"}, "“12” is not a telephone number"),
        ({"email": EVA, "phone": "+48601999000"}, "not both"),
        ({"email": EVA, "item": "service"}, "Tick at least one"),
        ({"email": EVA, "item": "topic:other"}, "Tick at least one"),
        ({"email": EVA, "name": "x" * 101}, "The name is too long"),
        ({"email": EVA, "words": "join/1/en/news/0"}, "have changed"),
    ],
    ids=["nowhere", "mail", "long mail", "phone", "both", "no such purpose", "no such topic", "name", "old words"],
)
async def test_what_cannot_be_comes_back_with_what_was_typed(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm, fields: dict[str, str], told: str
) -> None:
    answer = await _send(client, **fields)
    assert (answer.status_code, told in answer.text) == (422, True)
    typed = [value for name, value in fields.items() if name in ("email", "phone", "name")]
    assert [value for value in typed if f'value="{value}"' not in answer.text] == []
    assert await _messages(hub) == []


async def test_afterwards_leads_where_the_form_says_and_nowhere_else(client: httpx.AsyncClient, hub: Hub) -> None:
    await _form(hub, Wanted("Own", ["email"], ["marketing"], after_url="https://meadow.example/thanks"), "own")
    shown = await client.get("/join/own?next=https://evil.example")
    answer = await _send(client, "own", email=EVA, after_url="https://evil.example", next="https://evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "https://meadow.example/thanks")
    assert "form-action 'self' https://meadow.example;" in shown.headers["content-security-policy"]
    for url in (
        "http://a.example",
        "https://u:p@a.example",
        "javascript:alert(1)",
        "//a.example",
        "https://a;b.example",
    ):
        with pytest.raises(FormProblem):
            forms.after(url)


async def test_a_link_is_over_after_days_and_a_forged_one_is_none(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    await _send(client, email=EVA)
    (message,) = await _messages(hub)
    link = _link(hub, message)
    assert (await client.post(link[:-1] + ("A" if link[-1] != "A" else "B"))).status_code == 404
    async with hub.database.unit() as session:
        late = clock.now() + asking.HOLDS + timedelta(minutes=1)
        assert await confirming.confirm(session, message.id, ip="", gate=hub.gate, now=late) is None
        row = await session.get(SignUp, message.id)
        assert row is not None
        row.asked_at -= asking.HOLDS + timedelta(minutes=1)
    assert [(await client.get(link)).status_code, (await client.post(link)).status_code] == [410, 410]
    assert await _ledger(hub) == []


async def test_what_nobody_confirms_vanishes_with_its_message(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    await _send(client, email=EVA)
    await _send(client, email="kai@example.org")
    _, kept = await _messages(hub)
    await client.post(_link(hub, kept))
    async with hub.database.unit() as session:
        assert await confirming.forget(session, now=clock.now() + timedelta(days=13)) == 0
        assert await confirming.forget(session, now=clock.now() + timedelta(days=15)) == 2
    assert [row.id for row in await _messages(hub)] == [kept.id]
    async with hub.database.unit() as session:
        assert list(await session.exec(select(SignUp))) == []
        assert [one.value for one in await session.exec(select(Identity))] == ["kai@example.org"]


async def test_a_form_that_is_closed_or_was_never_there_says_so(client: httpx.AsyncClient, hub: Hub) -> None:
    form = await _form(hub, WANTED)
    async with hub.database.unit() as session:
        await forms.change(session, form.id or 0, Wanted("Newsletter", ["email"], ["marketing"], active=False))
    answers = [await client.get(f"/join/{key}") for key in ("news", "other", "x" * 300)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await client.post("/join/news", data={"email": EVA})).status_code == 404


async def test_no_page_has_a_script_and_every_word_of_a_form_is_text(client: httpx.AsyncClient, hub: Hub) -> None:
    evil = {"en": {"title": "<script>x</script>", "intro": "<img src=x>", "consent": '"><b>'}}
    await _form(hub, Wanted("Evil", ["email", "sms"], ["marketing"], words=evil), "evil")
    page = await client.get("/join/evil?language=en")
    assert [tag for tag in ("<script", "<img", "<b>") if tag in page.text] == []
    assert "&lt;script&gt;" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    for language in ("en", "pl", "bg", "ru"):
        assert f'<html lang="{language}">' in (await client.get(f"/join/evil?language={language}")).text


async def test_changed_words_get_another_number(hub: Hub, form: SignUpForm) -> None:
    async with hub.database.unit() as session:
        same = await forms.change(session, form.id or 0, WANTED)
        assert same.number == 1
        other = Wanted("Newsletter", ["email"], WANTED.items, words={"en": {"consent": "Yes, write to me."}})
        changed = await forms.change(session, form.id or 0, other)
        assert (changed.number, forms.version(changed, "en")) == (2, "join/1/en/news/2")


async def test_the_ticket_is_before_everything_that_nobody_waits_for_and_ends_within_the_hour(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm
) -> None:
    await _send(client, phone="+48601999000")
    async with hub.database.unit() as session:
        (ticket,) = await session.exec(select(Outbox))
    assert (ticket.priority, ticket.expires_at - ticket.due_at if ticket.expires_at else None) == (
        1,
        timedelta(hours=1),
    )
    assert ticket.cost > 1  # of the text with its link, not with the place where it stands


async def test_what_was_asked_for_with_an_erased_person_s_address_goes(
    client: httpx.AsyncClient, hub: Hub, form: SignUpForm, ana: Customer
) -> None:
    await _send(client, email="ana@example.org")
    async with hub.database.unit() as session:
        assert await confirming.forget_addresses(session, ["ana@example.org"]) == 1
    assert await _messages(hub) == []
