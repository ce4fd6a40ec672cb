"""Every word has its sign, every sign its icon, every message its place in the catalogues."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from channels.message import Reason
from hub.models.vocabulary import (
    CampaignState,
    ConversationState,
    IdentityState,
    Origin,
    Purpose,
    Role,
    State,
    Withheld,
)
from hub.web import words

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates" / "web"
LOCALE = ROOT / "hub" / "locale"


def test_every_state_and_every_reason_has_words() -> None:
    tables = {
        State: words.STATES,
        Withheld: words.WITHHELD,
        Reason: words.FAILED,
        Purpose: words.PURPOSES,
        Origin: words.ORIGINS,
        IdentityState: words.HEALTH,
        ConversationState: words.CONVERSATIONS,
        CampaignState: words.CAMPAIGNS,
        Role: words.ROLES,
    }
    for kind, table in tables.items():
        assert {str(member) for member in kind} == set(table), kind


def test_an_unknown_word_is_shown_and_not_hidden() -> None:
    assert words.sign(words.STATES, "teleported").word == "teleported"
    assert words.why("failed", "aliens") == "aliens"


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = set((ROOT / "hub/web/assets/icons.txt").read_text().split())
    signs = {
        s.icon for t in vars(words).values() if isinstance(t, dict) for s in t.values() if isinstance(s, words.Sign)
    }
    pages = "".join(file.read_text("utf-8") for file in TEMPLATES.glob("*.html"))
    used = set(re.findall(r'icon\("([a-z0-9-]+)"', pages)) | set(re.findall(r'empty\("([a-z0-9-]+)"', pages)) | signs
    assert used - sprite == set()


@pytest.mark.parametrize("language", ["pl", "bg", "ru"])
def test_the_catalogue_has_the_navigation_the_inbox_and_the_customer_page(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    pages = ("base.html", "parts.html", "inbox.html", "inbox_parts.html", "bubbles.html", "card.html", "customer.html")
    wanted = {message if isinstance(message, str) else message[0] for message in _messages(pages)}
    known = {message: catalogue.get(message) for message in wanted}
    missing = {message for message, found in known.items() if found is None or not found.string}
    assert missing == set()
    assert list(catalogue.check()) == []


def _messages(pages: tuple[str, ...]) -> list[str | tuple[str, ...]]:
    found = extract_from_dir(TEMPLATES, [("**.html", "jinja2")], {"**.html": {"trimmed": "true"}})
    return [message for file, _line, message, _comments, _context in found if file in pages]
