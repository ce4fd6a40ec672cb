"""The page of a campaign's steps, test and hour, as a browser without scripts uses it."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from bs4 import BeautifulSoup

from hub import clock
from hub.campaigns import lifecycle, steps, variants
from hub.campaigns.lifecycle import Plan
from hub.campaigns.steps import Step
from hub.campaigns.variants import Score
from hub.models.vocabulary import CampaignState, Goal, Role, When
from hub.outbound import templates

FORM = {
    "tracked": "1",
    "local_time": "10:30",
    "step.0.wait": "3",
    "step.0.unit": "days",
    "step.0.when": "not_opened",
    "step.0.template": "second",
    "step.0.late": "1",
    "step.1.wait": "1,5",
    "step.1.unit": "hours",
    "step.1.when": "not_delivered",
    "step.1.next_channel": "1",
}
TEST = {"testing": "1", "variant": ("first", "second", ""), "weight": ("1", "2", "1"), "share": "25", "hours": "6"}


@pytest.fixture
async def campaign(world: Any) -> int:
    async with world.hub.database.unit() as session:
        now = clock.now()
        first = await templates.save(
            session, "first", {"en": {"subject": "One", "body": "One {{ unsubscribe_url }}"}}, now=now
        )
        await templates.save(
            session, "second", {"en": {"subject": "Two", "body": "Two {{ unsubscribe_url }}"}}, now=now
        )
        made = await lifecycle.create(session, Plan("Spring <b>", first.id), staff_id=None, now=now)
    return made.id or 0


async def test_what_the_form_says_is_arranged_and_comes_back(world: Any, signed_in: Any, campaign: int) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{campaign}/steps"
    answer = await desk.send(path, **FORM, **TEST, goal="event", event="bought")
    assert answer.headers["location"] == path
    async with world.hub.database.unit() as session:
        found = [steps.read(one) for one in await steps.of(session, campaign)]
        test, tried = await variants.of(session, campaign)
        kept = await lifecycle.get(session, campaign)
    second = found[0].template_version_id
    day = timedelta(days=1)
    assert found == [
        Step(3 * day, When.NOT_OPENED, second, late=day),
        Step(timedelta(minutes=90), When.NOT_DELIVERED, next_channel=True),
    ]
    assert test is not None
    assert (test.share, test.goal, test.event, [one.weight for one in tried]) == (0.25, Goal.EVENT, "bought", [1, 2])
    assert (str(kept.local_time), kept.tracked) == ("10:30:00", True)
    page = await desk.see(path)
    assert page.select_one("#wait1")["value"] == "1.5"
    assert page.select_one("#template0 option[selected]").text == "Second"
    assert [one.text for one in page.select("#template0 option")].count("Second") == 1, "chosen already, offered once"
    assert page.select_one("#local_time")["value"] == "10:30"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step.0.wait": "soon"}, "How long to wait: write a number."),
        ({"step.0.template": "", "step.0.next_channel": ""}, "would say the same again"),
        ({"step.0.template": "<script>"}, "<script>"),
        ({"local_time": "25:99"}, "Write the hour as 10:00."),
        ({**TEST, "variant": ("first", "first", "")}, "say the same"),
        ({**TEST, "share": "nan"}, "write a number"),
        ({**TEST, "weight": ("1.5", "1", "1")}, "Weight: write a whole number."),
        ({**TEST, "goal": "event", "event": "b" * 201}, "The name has 201 characters and takes at most 200."),
        ({**TEST, "variant": ("", "", "")}, "two to 5 texts"),
        ({**TEST, "testing": ""}, "Texts for a test are chosen, but not that they are tried."),
    ],
)
async def test_what_is_wrong_is_said_and_the_form_stays_as_it_was_typed(
    world: Any, signed_in: Any, campaign: int, change: dict[str, Any], said: str
) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send(f"/campaigns/{campaign}/steps", **{**FORM, **change})
    assert answer.status_code == 422
    page = BeautifulSoup((answer).text, "html.parser")
    assert said in page.get_text(" ")
    assert [one["value"] for one in page.select("#late0")] == ["1"]
    async with world.hub.database.unit() as session:
        assert await steps.of(session, campaign) == []


async def test_one_more_row_and_one_row_less(world: Any, signed_in: Any, campaign: int) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{campaign}/steps"
    more = BeautifulSoup((await desk.send(path, **FORM, more="1")).text, "html.parser")
    assert len(more.select("input[name$='.remove']")) == 3
    await desk.send(path, **FORM, **{"step.0.remove": "1"})
    async with world.hub.database.unit() as session:
        assert [one.condition for one in await steps.of(session, campaign)] == [When.NOT_DELIVERED]


async def test_a_running_campaign_is_only_looked_at(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    page = await desk.see(f"/campaigns/{world.campaigns['running']}/steps")
    assert page.select_one("main form > fieldset").has_attr("disabled")
    assert "Pause the campaign first" in page.get_text()
    refused = await desk.send(f"/campaigns/{world.campaigns['running']}/steps", **FORM)
    assert refused.status_code == 422


async def test_a_decided_test_shows_its_numbers_and_how_sure_they_are(
    world: Any, signed_in: Any, campaign: int
) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{campaign}/steps"
    await desk.send(path, **TEST)
    assert "The test of words begins with the campaign." in (await desk.see(path)).get_text(" ")
    async with world.hub.database.unit() as session:
        test, _ = await variants.of(session, campaign)
        assert test is not None
        finding = variants.judged([Score(0, 200, 10), Score(1, 400, 24)])
        test.winner, test.decided_at, test.finding = 1, clock.now(), asdict(finding)
    said = " ".join((await desk.see(path)).get_text(" ").split())
    assert "24 · 6 % goes to the others" in said
    assert (
        "The difference may be chance: in 95 of 100 such tests it lies between -3.4 and 4.6 percentage points" in said
    )


async def test_a_test_that_goes_on_says_when_it_is_decided_and_one_that_never_will_says_so(
    world: Any, signed_in: Any, campaign: int
) -> None:
    desk = await signed_in(Role.MARKETER)
    path, now = f"/campaigns/{campaign}", clock.now()
    await desk.send(f"{path}/steps", **TEST)
    said: list[str] = []
    for state, tried_at in (
        (CampaignState.RUNNING, None),
        (CampaignState.RUNNING, now),
        (CampaignState.PAUSED, now),
        (CampaignState.CANCELLED, now),
    ):
        async with world.hub.database.unit() as session:
            test, _ = await variants.of(session, campaign)
            kept = await lifecycle.get(session, campaign)
            assert test is not None
            test.tried_at, kept.state, kept.started_at = tried_at, state, now
            session.add_all([test, kept])
        told = (await desk.see(path)).select_one("#test")
        assert told is not None
        said.append(" ".join(told.get_text(" ").split()))
        again = await desk.see(f"{path}/steps")
        assert said[-1].removesuffix(" Look at the test") in " ".join(again.get_text(" ").split())
        assert bool(again.select("form[action$='/winner']")) is (state is not CampaignState.CANCELLED)
    begin = (
        *("The test of words goes on", "The test of words is decided on ", "The test of words is not decided"),
        "The campaign ended before its test of words was decided",
    )
    assert [told.startswith(first) for told, first in zip(said, begin, strict=True)] == [True] * 4


async def test_texts_that_do_equally_well_are_not_called_a_best_and_the_page_says_who_wins(
    world: Any, signed_in: Any, campaign: int
) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{campaign}/steps"
    await desk.send(path, **TEST)
    async with world.hub.database.unit() as session:
        test, _ = await variants.of(session, campaign)
        assert test is not None
        test.winner, test.decided_at = 0, clock.now()
        test.finding = asdict(variants.judged([Score(0, 20, 0), Score(1, 40, 0)]))
    said = (await desk.see(path)).get_text(" ")
    assert "No text did better than the others; of the best the first was taken: “First”." in said
    assert "percentage points" not in said


@pytest.mark.parametrize(
    ("by_hand", "state", "told"),
    [
        (
            False,
            CampaignState.RUNNING,
            "“Second” won the test: 24 of 400 reached its goal, with the next best 10 of 200. Everybody else gets it.",
        ),
        (True, CampaignState.FINISHED, "“Second” was taken by a colleague, not by the numbers. Everybody else got it."),
    ],
)
async def test_a_decided_test_names_the_text_that_won_and_why(
    world: Any, signed_in: Any, campaign: int, by_hand: bool, state: CampaignState, told: str
) -> None:
    desk = await signed_in(Role.MARKETER)
    path, now = f"/campaigns/{campaign}", clock.now()
    await desk.send(f"{path}/steps", **TEST)
    async with world.hub.database.unit() as session:
        test, _ = await variants.of(session, campaign)
        kept = await lifecycle.get(session, campaign)
        assert test is not None
        finding = replace(variants.judged([Score(0, 200, 10), Score(1, 400, 24)]), by_hand=by_hand)
        test.winner, test.decided_at, test.finding = 1, now, asdict(finding)
        kept.state, kept.started_at = state, now
        session.add_all([test, kept])
    for page in (path, f"{path}/steps"):
        assert told in " ".join((await desk.see(page)).get_text(" ").split())
    doubt = "The difference may be chance." in (await desk.see(path)).get_text(" ")
    assert doubt is not by_hand


async def test_a_test_of_everybody_lets_nobody_wait(world: Any, signed_in: Any, campaign: int) -> None:
    desk = await signed_in(Role.MARKETER)
    path, now = f"/campaigns/{campaign}", clock.now()
    await desk.send(f"{path}/steps", **TEST | {"share": "100"})
    async with world.hub.database.unit() as session:
        test, _ = await variants.of(session, campaign)
        kept = await lifecycle.get(session, campaign)
        assert test is not None
        test.tried_at, kept.state, kept.started_at = now, CampaignState.RUNNING, now
        session.add_all([test, kept])
    told: Any = (await desk.see(path)).select_one("#test")
    said = " ".join(told.get_text(" ").split())
    assert ("Everybody has one of its texts already." in said, "everybody else" in said) == (True, False)


async def test_a_share_that_is_nobody_is_told_before_it_starts(signed_in: Any, campaign: int) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{campaign}"
    await desk.send(f"{path}/steps", tracked="1", **TEST | {"share": "1"})
    await desk.send(f"{path}/dry-run")
    told: Any = (await desk.see(path)).select_one("#test")
    assert "Too few for a test of words" in told.get_text(" ")


@pytest.mark.parametrize("state", [CampaignState.DRAFT, CampaignState.PAUSED])
async def test_while_a_test_tries_its_words_all_else_of_a_campaign_is_changed(
    world: Any, signed_in: Any, campaign: int, state: CampaignState
) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{campaign}"
    await desk.send(f"{path}/steps", tracked="1", **TEST)
    async with world.hub.database.unit() as session:
        before = await lifecycle.get(session, campaign)
        before.state, words = state, before.template_version_id
        session.add(before)
    form = await desk.see(f"{path}/edit")
    assert "A test tries its words" in form.get_text(" ")
    assert form.select("[name='template'], [name^='text.']") == []
    answer = await desk.send(f"{path}/edit", name="Summer", purpose="marketing", per_hour="5")
    assert answer.headers["location"] == path
    async with world.hub.database.unit() as session:
        after = await lifecycle.get(session, campaign)
    assert (after.name, after.per_hour, after.template_version_id) == ("Summer", 5, words)
    refused = await desk.send(f"{path}/edit", name="Winter", purpose="marketing", template="second")
    assert refused.status_code == 422
    assert "tests its words" in refused.text


async def test_who_only_answers_customers_sees_no_campaign(world: Any, signed_in: Any, campaign: int) -> None:
    desk = await signed_in(Role.AGENT)
    assert (await desk.client.get(f"/campaigns/{campaign}/steps")).status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_the_page_is_fit_for_everybody(
    opening: Any, signed_in: Any, campaign: int, complaints: list[str], width: int, dark: bool
) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send(f"/campaigns/{campaign}/steps", **FORM, **TEST)
    page = await opening(f"/campaigns/{campaign}/steps", Role.MARKETER, width=width, dark=dark)
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
