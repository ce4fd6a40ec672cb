"""Nothing that a customer writes becomes markup of ours (requirement W)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import pytest

from hub.models.vocabulary import Role
from hub.web.environment import environment
from hub.web.messages import markup

XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"


async def test_hostile_names_subjects_texts_labels_and_files_are_only_text(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    customer, conversation = world.customers["evil"], world.conversations["xss"]
    paths = [
        f"/inbox/all/{conversation}",
        f"/inbox/all/{conversation}?q={XSS}",
        f"/customers/{customer}",
        "/customers",
        f"/customers?q={XSS}",
        "/campaigns",
        f"/campaigns/{world.campaigns['draft']}",
        f"/campaigns/{world.campaigns['running']}?shown=withheld",
        f"/appointments?customer={customer}",
        "/settings",
    ]
    for path in paths:
        seen = await desk.see(path)
        assert [
            script.get("src", "inline") for script in seen("script") if "/static/" not in script.get("src", "")
        ] == []
        assert [tag for tag in seen(True) if any(name.startswith("on") for name in tag.attrs)] == [], path
        assert seen.find("img", src="x") is None
    assert XSS in (await desk.see(f"/inbox/all/{conversation}")).select_one(".bubble .subject").text


async def test_pages_carry_no_inline_script_or_style_so_that_the_policy_can_forbid_them(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.ADMIN)
    for path in ("/inbox/all", f"/customers/{world.customers['ana']}", "/campaigns/new", "/occasions", "/settings"):
        answer = await desk.client.get(path)
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        seen = await desk.see(path)
        assert seen("style") == []
        assert [tag.name for tag in seen(True) if "style" in tag.attrs] == []


async def test_a_mails_html_is_shown_in_a_frame_without_scripts_forms_or_pictures_from_elsewhere(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{world.conversations['invoice']}")
    frame = page.select_one("iframe")
    assert "allow-scripts" not in frame["sandbox"]
    assert "allow-same-origin" not in frame["sandbox"]
    answer = await desk.client.get(frame["src"])
    assert "default-src 'none'; img-src data:" in answer.headers["content-security-policy"]
    for forbidden in (
        "<script",
        "onclick",
        "onerror",
        "track.example",
        "javascript:",
        "<form",
        "<input",
        "display:none",
    ):
        assert forbidden not in answer.text
    assert "[evil.example]" in answer.text


def test_a_link_shows_the_host_it_really_leads_to() -> None:
    shown = markup.document('<a href="https://bank.example@evil.example/login">bank.example</a>')
    assert "[evil.example]" in shown
    assert 'rel="noopener noreferrer nofollow"' in shown


def test_pictures_that_the_mail_carries_stay_and_svg_does_not() -> None:
    shown = markup.document('<img src="data:image/png;base64,AAAA"><img src="data:image/svg+xml;base64,AAAA">')
    assert "data:image/png" in shown
    assert "svg" not in shown


async def test_a_hostile_file_is_only_ever_saved(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{world.conversations['xss']}")
    answer = await desk.client.get(page.select_one(".files a")["href"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "script" in unquote(answer.headers["content-disposition"])
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_files_and_frames_are_for_those_who_may_read_the_inbox(world: Any, signed_in: Any) -> None:
    agent, marketer = await signed_in(Role.AGENT), await signed_in(Role.MARKETER)
    page = await agent.see(f"/inbox/all/{world.conversations['invoice']}")
    for path in (page.select_one(".files a")["href"], page.select_one("iframe")["src"]):
        assert (await agent.client.get(path)).status_code == 200
        assert (await marketer.client.get(path)).status_code == 403


async def test_a_link_from_outside_puts_no_markup_into_a_page_by_a_word_that_is_looked_up(
    world: Any, signed_in: Any
) -> None:
    """htmx would follow it with the reader's own token."""
    desk = await signed_in(Role.ADMIN)
    words = "<b hx-post='/settings/people' hx-trigger='load'>100% {} %(x)s</b>"
    for shown in ("withheld", "failed"):
        page = await desk.see(f"/campaigns/{world.campaigns['running']}?shown={shown}&reason={quote(words)}")
        assert page.find(attrs={"hx-post": "/settings/people"}) is None
        assert words in page.text
        again = page.select_one("#listed a[href*=csv]")["href"]
        assert unquote(again.partition("reason=")[2]) == words


@pytest.mark.parametrize("call", ["_(said)", "_(said, name=said)", "_('%(name)s', name=said)"])
def test_what_is_translated_is_never_taken_for_markup(call: str) -> None:
    shown = environment().from_string("{{ " + call + " }}").render(said=XSS)
    assert "<" not in shown
    assert '"' not in shown
