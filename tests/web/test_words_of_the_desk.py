"""Every word has its sign, every sign its icon, every message its place in the catalogues."""

from __future__ import annotations

import re
from collections import Counter
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
from hub.outbound import templates
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
def test_the_catalogue_has_every_word_of_the_desk(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    known = {message: catalogue.get(message) for message in _messages()}
    assert {message for message, found in known.items() if found is None or not found.string} == set()
    assert list(catalogue.check()) == []


@pytest.mark.parametrize("language", ["pl", "bg", "ru"])
def test_a_translation_has_no_gap_that_the_english_words_have_not(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        english, words = (
            " ".join((one,) if isinstance(one, str) else one or ()) for one in (message.id, message.string)
        )
        assert set(_GAP.findall(words)) <= set(_GAP.findall(english)), message.id


@pytest.mark.parametrize("language", ["pl", "bg", "ru"])
def test_a_catalogue_says_nothing_twice(language: str) -> None:
    text = (LOCALE / language / "LC_MESSAGES" / "messages.po").read_text("utf-8")
    said = Counter(re.findall(r'^msgid (".*"(?:\n".*")*)', text, re.MULTILINE))
    assert len(said) > 1_000
    assert {message for message, times in said.items() if times > 1} == set()


_GAP = re.compile(r"%\(\w+\)[a-z]")
# Functions whose argument of that number is a message id: `_` of pages and doors, sentences of the middle.
_KEYWORDS = {
    **dict.fromkeys(("_", "N_", "gettext", "marked", "Sentence")),
    "ngettext": (1, 2),
    "about": (2,),
    "_about": (2,),
    "_require": (3,),
}


_ADDRESSES = {"BadAddress": (1,)}  # channels know nothing of sentences


def _messages() -> set[str]:
    """Whatever is said on the desk; sentences that are made of gaps alone are the same in every language."""
    options = {"**.html": {"trimmed": "true", "extensions": "jinja2.ext.do"}}
    found = [one[2] for one in extract_from_dir(TEMPLATES, [("**.html", "jinja2")], options)]
    found += [one[2] for one in extract_from_dir(ROOT / "hub", [("**.py", "python")], keywords=_KEYWORDS)]
    found += [one[2] for one in extract_from_dir(ROOT / "channels", [("address.py", "python")], keywords=_ADDRESSES)]
    first = {message if isinstance(message, str) else message[0] for message in found}
    return {message for message in first if re.search(r"\w", _GAP.sub("", message))}


def test_bulgarian_speaks_to_its_reader_politely_in_sentences() -> None:
    """Buttons say what they do (“Запази”); a sentence that asks for something says “Запазете”."""
    asked = r"(?:Избери|Зареди|Поправи|Съкрати|Промени|Напиши|Запиши|Използвай|Остави|Изтрий|Кажи|Сподели)"
    with (LOCALE / "bg/LC_MESSAGES/messages.po").open("rb") as file:
        words_ = [one.string for one in read_po(file, locale="bg") if one.id and isinstance(one.string, str)]
    assert [one for one in words_ if re.search(rf"[.:;] {asked} ", one)] == []


@pytest.mark.parametrize("language", ["pl", "bg", "ru"])
def test_no_two_rooms_are_called_the_same(language: str) -> None:
    rooms = set(re.findall(r'\("/[a-z]+", "[a-z-]+", _\("(\w+)"\)', (TEMPLATES / "base.html").read_text("utf-8")))
    with (LOCALE / language / "LC_MESSAGES/messages.po").open("rb") as file:
        called = [str(one.string) for one in read_po(file, locale=language) if one.id in rooms]
    assert len(rooms) > 9
    assert len(set(called)) == len(rooms), called


@pytest.mark.parametrize("language", ["pl", "bg", "ru"])
def test_no_message_is_said_in_english_because_its_translation_is_empty(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    said = {str(one.id): one.string if isinstance(one.string, tuple) else [one.string] for one in catalogue if one.id}
    assert [what for what, forms in said.items() if not all(forms)] == []


def test_every_template_that_comes_with_the_hub_has_a_name_in_each_language() -> None:
    shipped = {templates.title_of(folder.name) for folder in (ROOT / "templates/messages").iterdir()}
    assert shipped == set(words.SHIPPED)


@pytest.mark.parametrize(("language", "word"), [("pl", "rozm"), ("bg", "разговор"), ("ru", "диалог")])
def test_a_conversation_has_one_name_in_each_language(language: str, word: str) -> None:
    """In Russian “разговор” is what is talked on the telephone, and “беседа” nothing at all."""
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        said = {one.id: one.string for one in read_po(file, locale=language) if isinstance(one.id, str) and one.id}
    about = {english: words for english, words in said.items() if "conversation" in english.lower()}
    assert len(about) > 50
    assert [english for english, words in about.items() if word not in str(words).lower()] == []
    assert language != "ru" or not [words for words in said.values() if "бесед" in str(words).lower()]
