"""What one customer can send must not keep the desk from the others: giant texts, tangled HTML (requirement M8)."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest

from channels.message import Address, Inbound, Kind
from hub import clock
from hub.conversations import inbox
from hub.inbound import receive
from hub.interactions import history
from hub.models.vocabulary import Role
from hub.web.messages import frames, markup

DEEP = "<div>" * 100_000  # half a megabyte that keeps an HTML parser busy for more than a minute
FONTS = "".join(f"<font color={n}>" for n in range(20_000)) + "<p>x" * 20_000  # each p opens every font again


def mail(name: str, **words: str) -> Inbound:
    return Inbound(
        kind=Kind.EMAIL,
        provider_id=f"<{name}@giant.example>",
        sender=Address(Kind.EMAIL, "giant@giant.example", "Giant"),
        recipients=(Address(Kind.EMAIL, "support@meadow.example"),),
        subject="Giant",
        message_id=f"<{name}@giant.example>",
        **words,  # type: ignore[arg-type]
    )


async def arrive(world: Any, event: Inbound) -> tuple[UUID, UUID]:
    """It comes in by the ordinary way; the conversation and the customer it made."""
    async with world.hub.database.unit() as session:
        await receive.receive(session, world.hub.channels["mail"], event, world.hub.reception, now=clock.now())
    async with world.hub.database.unit() as session:
        line = (await inbox.lines(session, "all", staff_id=0, limit=1))[0]
    return line.id, line.customer_id


@pytest.mark.parametrize("html", [DEEP, FONTS], ids=["deep", "fonts"])
async def test_html_that_would_busy_the_server_is_given_up_while_others_are_answered(html: str) -> None:
    task = asyncio.create_task(frames.document(html))
    longest, last = 0.0, time.monotonic()
    while not task.done():
        await asyncio.wait({task}, timeout=0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert task.result() is None
    assert longest < 1


async def test_a_large_but_honest_newsletter_is_shown_whole() -> None:
    shown = await frames.document("<table>" + "<tr><td>Hello</td></tr>" * 5_000 + "</table>")
    assert shown is not None
    assert shown.count("Hello") == 5_000


async def test_a_tangled_mail_opens_with_a_sentence_inside_its_frame(world: Any, signed_in: Any) -> None:
    conversation, _customer = await arrive(world, mail("deep", text="The words", html=DEEP))
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{conversation}")
    answer = await desk.client.get(page.select_one("iframe")["src"])
    assert "too tangled" in answer.text
    assert answer.headers["content-security-policy"] == markup.POLICY


async def test_giant_texts_are_cut_in_the_thread_and_whole_behind_a_link(world: Any, signed_in: Any) -> None:
    text = "first " + "x" * 3_000_000 + " last"
    conversation, customer = await arrive(world, mail("giant", text=text))
    desk = await signed_in(Role.AGENT)
    for path in (f"/inbox/all/{conversation}", f"/customers/{customer}"):
        answer = await desk.client.get(path)
        assert "first " in answer.text
        assert len(answer.text) < history.LONGEST * 10
    page = await desk.see(f"/inbox/all/{conversation}")
    whole = await desk.client.get(page.find("a", href=lambda to: to and to.endswith("/text"))["href"])
    assert (whole.text, whole.headers["content-type"]) == (text, "text/plain; charset=utf-8")
    marketer = await signed_in(Role.MARKETER)
    assert (await marketer.client.get(whole.request.url.path)).status_code == 403


@pytest.mark.parametrize(
    "link",
    [
        '<a lang="en" href="https://evil.example/x">https://bank.example</a>',
        '<a dir=">" href="https://evil.example/x">https://bank.example</a>',
        '<a title="x" align=left href="https://evil.example/x">https://bank.example</a>',
        '<a style="color:red" href="https://evil.example/x">https://bank.example</a>',
        '<a href="https://bank.example"><table><td><a href="https://evil.example/">https://bank.example</a></table></a>',
    ],
)
def test_no_other_attribute_hides_the_host_a_link_leads_to(link: str) -> None:
    assert "[evil.example]" in markup.document(link)


@pytest.mark.parametrize(
    "to",
    [
        r"http://evil.example\@bank.example/",
        "https:///evil.example/",
        "https://bank.example@evil.example:8443/",
        "https://%65vil.example/",
        "https://ｅvil.example/",
        "https://evil&#173;.example/",
        "https://evil&#9;.example/",
        "https://evil.example?@bank.example",
        "https://evil.example#@bank.example",
    ],
)
def test_the_host_told_is_the_one_that_a_browser_goes_to(to: str) -> None:
    shown = markup.document(f'<a href="{to}">x</a>')
    assert "href" not in shown.partition("<body>")[2] or "[evil.example]</span>" in shown


def test_letters_that_look_like_others_are_told_in_both_spellings() -> None:
    assert "[\u0430pple.example = xn--pple-43d.example]" in markup.document(
        '<a href="https://\u0430pple.example/">x</a>'
    )


def test_each_of_two_links_in_one_another_tells_its_own_host() -> None:
    inner = '<a href="https://evil.example/">in</a>'
    shown = markup.document(f'<a href="https://bank.example/">out<table><td>{inner}</table></a>')
    assert 'in</a> <span class="host">[evil.example]</span>' in shown
    assert shown.count('rel="noopener noreferrer nofollow"') == shown.count("<a ") == 2


@pytest.mark.parametrize("to", ["/sign-out", "//evil.example", "customers", "?q=x", "data:text/html,x", "vbscript:x"])
def test_a_link_leads_out_of_the_hub_or_nowhere(to: str) -> None:
    assert "href" not in markup.document(f'<a href="{to}">x</a>').partition("<body>")[2]


async def test_a_mail_taller_than_the_page_is_opened_at_its_beginning(world: Any, opening: Any) -> None:
    tall = "\n".join(f"Line {n}" for n in range(200))
    conversation, _ = await arrive(world, mail("tall", text=tall))
    page = await opening(f"/inbox/all/{conversation}")
    top = "e => e.getBoundingClientRect().top - e.closest('#messages').getBoundingClientRect().top"
    assert -1 <= await page.locator("#messages article").last.evaluate(top) <= 1


async def test_a_mail_without_words_says_so(world: Any, signed_in: Any) -> None:
    conversation, _ = await arrive(world, mail("none", text=""))
    page = await (await signed_in(Role.AGENT)).see(f"/inbox/all/{conversation}")
    assert page.select_one("article.bubble p").text == "(no words)"
