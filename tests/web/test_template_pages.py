"""The room of templates: the list, the editor that keeps while one types, the preview, versions, the archive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bs4 import BeautifulSoup
from playwright.async_api import Page, expect
from sqlmodel import col, select

from hub.models import Audit, Interaction
from hub.models.vocabulary import Origin, Role
from hub.outbound import templates
from hub.texts import drafts

Opening = Callable[..., Awaitable[Page]]
OUT = "Out: {{ unsubscribe_url }}"
EDIT = "/templates/campaign-spring/edit"
SECTION = "<mj-section><mj-column><mj-text>Hi {{ customer.name }}</mj-text></mj-column></mj-section>"
MJML = f"<mjml><mj-body>{SECTION}</mj-body></mjml>"


async def draft_of(world: Any, name: str = "campaign-spring") -> drafts.Draft:
    async with world.hub.database.unit() as session:
        return await drafts.read(session, name)


async def test_the_list_tells_languages_channels_and_what_uses_each(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see("/templates?q=birthday")
    (row,) = seen.select("#shelf tbody tr")
    assert "en · pl · bg · ru" in row.text
    assert "Birthdays" in row.select("td")[2].text
    own = await desk.see("/templates?shown=campaigns")
    assert [a.text for a in own.select("#shelf td:first-child a")] == ["Campaign spring"]
    assert "Spring offer" in own.select_one("#shelf").text


async def test_what_came_with_the_hub_is_called_and_sorted_in_the_readers_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send("/me", language="pl")
    called = [one.text for one in (await desk.see("/templates")).select("#shelf td:first-child a")]
    assert {"Urodziny", "Imieniny", "Nowy Rok"} < set(called)
    assert called == sorted(called, key=str.casefold)
    assert (await desk.see("/templates/birthday")).h1.text == "Urodziny"


async def test_a_message_that_is_designed_is_shown_on_its_page(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    (frame,) = (await desk.see("/templates/birthday")).select("iframe.preview")
    assert "allow-scripts" not in frame["sandbox"]
    assert "<html" in (await desk.client.get(frame["src"])).text
    assert not (await desk.see("/templates/satisfaction")).select("iframe")


async def test_a_new_message_is_written_published_and_offered_to_campaigns(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    made = await desk.send("/templates/new", title="Summer", purpose="marketing")
    assert made.headers["location"] == "/templates/summer/edit"
    fields = {"language": "en", "text.en.subject": "Summer", "text.en.body": f"Hello\r\n{OUT}", "act": "publish"}
    assert (await desk.send("/templates/summer/edit", **fields)).headers["location"] == "/templates/summer"
    form = await desk.see("/campaigns/new")
    assert ("summer", "Summer") in [(one["value"], one.text) for one in form.select("#template option")]
    async with world.hub.database.unit() as session:
        variants, version = await templates.standing(session, "summer")
        told = (await session.exec(select(Audit.action).where(col(Audit.subject) == "template:summer"))).all()
    assert variants == {"en": {"subject": "Summer", "body": f"Hello\n{OUT}"}}
    assert version is not None
    assert (version.number, version.put_by) == (1, world.staff[Role.MARKETER])
    assert told == ["template.create", "template.publish"]


async def test_what_must_be_mended_stops_publishing_and_every_word_comes_back(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    words = f"Dear {{{{ custmer.name }}}} <b>\n{OUT}"
    answer = await desk.send(
        EDIT, **{"language": "pl", "text.pl.subject": "Lato", "text.pl.body": words, "act": "publish"}
    )
    assert answer.status_code == 422
    assert "Mail, Polish, line 1: “custmer” is not known. Did you mean “customer”?" in answer.text
    seen = await desk.see(EDIT + "?language=pl")
    assert seen.find(id="text.pl.body").text == f"\n{words}"
    async with world.hub.database.unit() as session:
        assert "pl" not in (await templates.standing(session, "campaign-spring"))[0]


async def test_a_text_that_is_too_long_is_refused_and_comes_back_whole(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send(EDIT, **{"language": "en", "text.en.body": "y" * 100_001})
    assert answer.status_code == 422
    assert "100001 characters are too many" in answer.text
    assert "y" * 100_001 in answer.text
    assert (await draft_of(world)).revision == 0


async def test_the_preview_shows_a_chosen_customer_in_each_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {"text.en.sms": "Hello {{ customer.name }}", "text.pl.sms": "Witaj {{ customer.name }}", "language": "en"}
    await desk.send(EDIT, **fields)
    ana = world.customers["ana"]
    for language, said in (("en", "Hello Ana Nowak"), ("pl", "Witaj Ana Nowak"), ("bg", "Hello Ana Nowak")):
        seen = await desk.see(f"{EDIT}?language={language}&customer={ana}")
        assert seen.select_one("#said-sms .sample").text.strip() == said
    found = await desk.see(f"{EDIT}?q=Nowak")
    assert str(ana) in [one["value"] for one in found.select("[name=customer]")]


async def test_the_mail_is_shown_under_a_policy_of_its_own_with_its_styles(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send(EDIT, **{"language": "en", "text.en.subject": "x", "text.en.mjml": MJML})
    answer = await desk.client.get(f"/templates/campaign-spring/frame?language=en&customer={world.customers['ana']}")
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "Hi Ana Nowak" in answer.text
    assert "@media" in answer.text


async def test_whoever_is_overtaken_keeps_their_words_and_chooses(world: Any, signed_in: Any) -> None:
    marek, sofia = await signed_in(Role.MARKETER), await signed_in(Role.SUPERVISOR)
    await marek.send(EDIT, **{"language": "en", "text.en.sms": "Marek's", "seen": "0"})
    mine = {"language": "en", "text.en.sms": "Sofia's", "seen": "0"}
    answer = await sofia.send(EDIT, **mine)
    assert answer.status_code == 422
    assert "Marek Market has changed this text meanwhile" in answer.text
    assert "Sofia&#39;s" in answer.text
    assert (await draft_of(world)).variants == {"en": {"sms": "Marek's"}}
    assert (await sofia.send(EDIT, **mine, anyway="1")).status_code == 303
    assert (await draft_of(world)).variants == {"en": {"sms": "Sofia's"}}


async def test_publishing_is_refused_when_the_text_changed_since_the_page_was_loaded(
    world: Any, signed_in: Any
) -> None:
    mine, theirs = await signed_in(Role.MARKETER), await signed_in(Role.SUPERVISOR)

    def hidden(page: Any) -> dict[str, str]:
        return {name: page.select_one(f"[name={name}]")["value"] for name in ("seen", "begun_at")}

    loaded = hidden(await mine.see(EDIT))
    other = {"language": "en", "text.en.sms": "Words of the other. STOP ends this."}
    await theirs.send(EDIT, **other, **hidden(await theirs.see(EDIT)), act="show")
    words = {"language": "en", "text.en.sms": "My own words. STOP ends this.", "act": "publish"}
    async with world.hub.database.unit() as session:
        before = (await templates.standing(session, "campaign-spring"))[0]
    for act in ("publish", "show"):
        refused = await mine.send(EDIT, **words | loaded | {"act": act})
        page = BeautifulSoup(refused.text, "html.parser")
        assert (refused.status_code, "has changed this text meanwhile" in refused.text) == (422, True)
        (said,), (typed,) = page.select("#said-sms"), page.select("[name='text.en.sms']")
        assert "Words of the other" in said.text, "the text as it stands"
        assert "My own words" in typed.text, "nothing typed is lost"
    async with world.hub.database.unit() as session:
        assert (await templates.standing(session, "campaign-spring"))[0] == before

    assert (await theirs.send(EDIT, **other, **hidden(await theirs.see(EDIT)), act="publish")).status_code == 303
    late = await mine.send(EDIT, **words | loaded)
    assert (late.status_code, "has published another text meanwhile" in late.text) == (422, True)
    again = hidden(BeautifulSoup(late.text, "html.parser"))
    assert (await mine.send(EDIT, **words | again, anyway="1")).status_code == 303
    async with world.hub.database.unit() as session:
        assert (await templates.standing(session, "campaign-spring"))[0]["en"]["sms"].startswith("My own words")


async def test_blocks_make_a_mail_and_the_footer_stays_at_its_end(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    source = ""
    for name in ("footer", "heading", "columns", "button", "text"):
        await desk.send(
            EDIT, **{"language": "pl", "text.pl.subject": "Lato", "text.pl.mjml": source, "act": f"block.{name}"}
        )
        source = (await draft_of(world)).variants["pl"]["mjml"]
    made = (await draft_of(world)).variants["pl"]
    assert made["mjml"].index("mj-button href") < made["mjml"].index("Wypisz się")
    assert "{{ unsubscribe_url }}" in made["html"]
    assert made["mjml"].count("<mj-section") == 5


async def test_a_version_is_compared_and_brought_back_as_a_draft(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        before = (await templates.standing(session, "campaign-spring"))[0]
    fields = {"language": "en", "text.en.sms": "Other words. STOP ends this.", "act": "publish"}
    assert (await desk.send(EDIT, **fields)).status_code == 303
    seen = await desk.see("/templates/campaign-spring/versions/2")
    assert "Other words. STOP ends this." in [one.text for one in seen.select("ins")]
    assert seen.select("del")
    assert (await desk.send("/templates/campaign-spring/versions/1/restore")).headers["location"] == EDIT
    assert (await draft_of(world)).variants == before
    again = await desk.send("/templates/campaign-spring/versions/2/restore")
    assert again.status_code == 422
    assert "There is a draft already" in again.text


async def test_an_archived_template_is_offered_no_more(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send("/templates/spring-offer/archive")
    form = await desk.see("/campaigns/new")
    assert "spring-offer" not in [one["value"] for one in form.select("#template option")]
    await desk.send("/templates/spring-offer/unarchive")
    form = await desk.see("/campaigns/new")
    assert "spring-offer" in [one["value"] for one in form.select("#template option")]


async def test_a_test_goes_to_oneself_by_the_way_of_every_message(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {
        "language": "en",
        "text.en.subject": "Summer",
        "text.en.body": f"Hello {{{{ customer.given_name }}}}. {OUT}",
    }
    answer = await desk.send(EDIT, **fields, **{"act": "test.email", "to.email": "marketer@meadow.example"})
    assert answer.status_code == 303
    async with world.hub.database.unit() as session:
        (sent,) = (await session.exec(select(Interaction).where(Interaction.origin == Origin.TEST))).all()
    assert (sent.recipient, sent.subject) == ("marketer@meadow.example", "[Test] Summer")
    assert sent.body_text.startswith("Hello Ana. Out: http://127.0.0.1:8000/u/test")


async def test_a_test_never_goes_to_a_customer_and_the_words_come_back(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {"language": "en", "text.en.subject": "Summer", "text.en.body": "My words", "act": "test.email"}
    answer = await desk.send(EDIT, **fields, **{"to.email": "ana@nowak.example"})
    assert answer.status_code == 422
    assert "is a customer’s" in answer.text or "is a customer&#39;s" in answer.text
    assert "My words" in answer.text


async def test_while_one_types_the_draft_is_kept_and_the_preview_follows(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(EDIT, Role.MARKETER)
    await page.fill("[id='text.en.subject']", "Summer for {{ customer.name }}")
    await expect(page.locator("#said-email .subject strong")).to_have_text("Summer for Ana Nowak")
    await expect(page.locator("#findings")).to_contain_text("Polish")
    await page.locator(".tab > .chip", has_text="Polish").click()
    await expect(page.locator("[id='text.en.subject']")).to_be_hidden()
    await page.fill("[id='text.pl.sms']", "Lato już – dziś")
    await expect(page.locator("#said-sms .sample")).to_have_text("Lato już – dziś")
    await expect(page.locator("#said-sms")).to_contain_text("UCS-2")
    await page.get_by_role("button", name="Replace by plain signs").click()
    await expect(page.locator("#said-sms .sample")).to_have_text("Lato już - dziś")
    await page.fill("[type=search]", "Петров")
    await page.locator("#preview").get_by_text("Георги Петров").click()
    await page.locator(".tab > .chip", has_text="English").click()
    await expect(page.locator("#said-email .subject strong")).to_have_text("Summer for Георги Петров")
    await page.reload()
    await expect(page.locator("[id='text.en.subject']")).to_have_value("Summer for {{ customer.name }}")
    assert complaints == []


async def test_a_name_is_put_where_the_cursor_is(world: Any, opening: Opening) -> None:
    page = await opening(EDIT, Role.MARKETER)
    await page.fill("[id='text.en.sms']", "Hello !")
    await page.locator("[id='text.en.sms']").press("ArrowLeft")
    await page.get_by_role("button", name="{{ customer.name }}").click()
    await expect(page.locator("[id='text.en.sms']")).to_have_value("Hello {{ customer.name }}!")
    await expect(page.locator("#said-sms .sample")).to_have_text("Hello Ana Nowak!")


async def test_a_test_by_a_way_that_there_is_not_is_only_a_draft(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send("/templates/campaign-spring/edit", act="test.pigeon")
    assert answer.status_code == 303
