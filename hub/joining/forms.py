"""The sign-up forms: what they ask for, in which words, and how many came of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.links import is_page
from hub.customers import topics, wordings
from hub.joining.words import WORDS
from hub.languages import in_language
from hub.models import SignUpDay, SignUpForm, Topic
from hub.models.vocabulary import Kind, Purpose
from hub.sentences import Sentence

LONGEST_KEY, LONGEST_NAME, LONGEST_URL, MOST_A_DAY = 40, 100, 500, 100_000
LONGEST: Mapping[str, int] = {"title": 100, "intro": 600, "consent": 600}  # of its words
KINDS = (Kind.EMAIL, Kind.SMS)
PURPOSES = (Purpose.MARKETING, Purpose.GREETINGS)
NAMES = ("no", "optional", "required")
_KEY = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_KEY - 1}}}")
_TAKEN = frozenset({"yes"})  # what else lies below /join/
_TOPIC = "topic:"
_NO_WAY = Sentence("A form needs a way to confirm. Choose mail or SMS")
_NOTHING = Sentence("A form that asks for nothing is none. Choose a purpose or a topic")


class FormProblem(ValueError):
    """A form that cannot be kept. Says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A form as its maker wants it."""

    name: str
    kinds: Sequence[str]
    items: Sequence[str]
    asks_name: str = "optional"
    asks_language: bool = True
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    after_url: str = ""
    most_a_day: int = 500
    active: bool = True


async def listing(session: AsyncSession) -> list[SignUpForm]:
    """In the order they were made."""
    return list(await session.exec(select(SignUpForm).order_by(col(SignUpForm.id))))


async def get(session: AsyncSession, form_id: int) -> SignUpForm:
    """Raises LookupError."""
    form = await session.get(SignUpForm, form_id)
    if form is None:
        raise LookupError(f"There is no sign-up form {form_id}")
    return form


async def find(session: AsyncSession, key: str) -> SignUpForm | None:
    return (await session.exec(select(SignUpForm).where(col(SignUpForm.key) == key))).first()


async def add(session: AsyncSession, key: str, wanted: Wanted, *, now: datetime) -> SignUpForm:
    """Raises FormProblem."""
    if not _KEY.fullmatch(key) or key in _TAKEN:
        raise FormProblem(
            Sentence("“%(key)s” is no short name. Use small Latin letters, digits and dashes", {"key": key[:80]})
        )
    if await find(session, key) is not None:
        raise FormProblem(Sentence("There is a form “%(key)s” already. Choose another name", {"key": key}))
    form = SignUpForm(key=key, created_at=now, **await _checked(session, wanted))
    session.add(form)
    await session.flush()
    return form


async def change(session: AsyncSession, form_id: int, wanted: Wanted) -> SignUpForm:
    """Its former words stand in the ledger: others get another number. Raises FormProblem, LookupError."""
    form = await get(session, form_id)
    fresh = await _checked(session, wanted)
    if (form.words, form.items) != (fresh["words"], fresh["items"]):
        form.number += 1
    for name, value in fresh.items():
        setattr(form, name, value)
    session.add(form)
    await session.flush()
    return form


async def days(session: AsyncSession, form_id: int, *, most: int) -> list[SignUpDay]:
    """How many asked and confirmed, the newest day first."""
    mine = select(SignUpDay).where(col(SignUpDay.form_id) == form_id).order_by(col(SignUpDay.day).desc())
    return list(await session.exec(mine.limit(most)))


async def totals(session: AsyncSession, since: date) -> dict[int, tuple[int, int]]:
    """Asked and confirmed since a day, by form."""
    found: dict[int, tuple[int, int]] = {}
    for row in await session.exec(select(SignUpDay).where(col(SignUpDay.day) >= since)):
        asked, confirmed = found.get(row.form_id, (0, 0))
        found[row.form_id] = (asked + row.asked, confirmed + row.confirmed)
    return found


async def offered(session: AsyncSession, form: SignUpForm, language: str) -> dict[str, str]:
    """Each item that may be ticked now, and what stands beside it in this language. A topic that is not offered any
    more is not asked for either."""
    known = {topic.key: topic for topic in await topics.listing(session)}
    said = in_language(WORDS, language)
    found: dict[str, str] = {}
    for item in form.items:
        if not item.startswith(_TOPIC):
            found[item] = said.purposes[Purpose(item)]
        elif topic := known.get(item.removeprefix(_TOPIC)):
            found[item] = f"{said.purposes[Purpose.MARKETING]}: {topics.title(topic, language)}"
    return found


def own(form: SignUpForm, name: str, language: str) -> str:
    """The form's own title, intro or consent in this language; empty where it has none."""
    return form.words.get(language, {}).get(name, "")


def consent(form: SignUpForm, language: str) -> str:
    """What whoever ticks something agrees to."""
    return own(form, "consent", language) or usual_consent(language)


def usual_consent(language: str) -> str:
    """Of a form that has no words of its own for it."""
    return in_language(WORDS, language).consent


def version(form: SignUpForm, language: str) -> str:
    """Of the words, for the ledger, such as `join/1/pl/spring/3`."""
    return f"{wordings.version('join', in_language(WORDS, language).language)}/{form.key}/{form.number}"


def about(item: str) -> tuple[Purpose, str]:
    """The purpose that an item speaks of, and the topic."""
    if item.startswith(_TOPIC):
        return Purpose.MARKETING, item.removeprefix(_TOPIC)
    return Purpose(item), ""


def choices(known: Sequence[Topic]) -> list[str]:
    """What forms may ask for."""
    return [*(purpose.value for purpose in PURPOSES), *(f"{_TOPIC}{topic.key}" for topic in known)]


async def _checked(session: AsyncSession, wanted: Wanted) -> dict[str, Any]:
    may = choices(await topics.listing(session, inactive=True))
    return {
        "name": _line(wanted.name),
        "kinds": _some([kind.value for kind in KINDS], wanted.kinds, _NO_WAY),
        "items": _some(may, wanted.items, _NOTHING),
        "asks_name": wanted.asks_name if wanted.asks_name in NAMES else "optional",
        "asks_language": wanted.asks_language,
        "words": _words(wanted.words),
        "after_url": after(wanted.after_url.strip()),
        "most_a_day": _number(wanted.most_a_day),
        "active": wanted.active,
    }


def _some(known: Sequence[str], wanted: Sequence[str], problem: Sentence) -> list[str]:
    kept = [one for one in known if one in wanted]
    if not kept:
        raise FormProblem(problem)
    return kept


def _line(name: str) -> str:
    line = " ".join(name.split())
    if not line:
        raise FormProblem(Sentence("The form needs a name. It is for colleagues only"))
    if len(line) > LONGEST_NAME:
        raise FormProblem(_too_long(len(line), LONGEST_NAME))
    return line


def _words(wanted: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    kept = {
        code: {name: text.strip() for name, text in said.items() if name in LONGEST and text.strip()}
        for code, said in wanted.items()
    }
    for said in kept.values():
        for name, text in said.items():
            if len(text) > LONGEST[name]:
                raise FormProblem(_too_long(len(text), LONGEST[name]))
    return {code: said for code, said in kept.items() if said}


def after(url: str) -> str:
    """Where the browser goes afterwards: the form says, never its visitor. Raises FormProblem."""
    if url and (len(url) > LONGEST_URL or not is_page(url)):
        raise FormProblem(
            Sentence("“%(url)s” is no address to go to. Write one that begins with https://", {"url": url[:80]})
        )
    return url


def _number(most: int) -> int:
    if not 1 <= most <= MOST_A_DAY:
        raise FormProblem(Sentence("So many a day cannot be. Write a number from 1 to %(most)s", {"most": MOST_A_DAY}))
    return most


def _too_long(length: int, most: int) -> Sentence:
    return Sentence("%(length)s characters are too many. Write at most %(most)s.", {"length": length, "most": most})
