"""The occasions that are greeted: what there is, and what may be said of each kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.customers.fields import CULTURES
from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions import feasts, looks, name_days, wording
from hub.occasions.dates import FEBRUARY
from hub.occasions.easter import CHURCHES
from hub.outbound import templates
from hub.sentences import LONG_TITLE, Sentence, too_long

BIRTHDAY = "birthday"
LANGUAGES = ("en", "pl", "bg", "ru")
_ORDER = list(OccasionKind)
FARTHEST = 366  # days before or after
MOST_LATE = 14  # days
LONGEST_TITLE = 200
_NAMED_BY = {OccasionKind.NAME_DAY: "calendar", OccasionKind.FEAST: "feast"}  # the field that no two may share


class NoSuchOccasion(LookupError):
    """There is no such occasion."""


class OccasionProblem(ValueError):
    """What keeps an occasion from being saved. `field`: the one that is wrong."""

    def __init__(self, field: str, problem: Sentence) -> None:
        super().__init__(problem)
        self.field = field


@dataclass(frozen=True, slots=True)
class Wish:
    """An occasion as somebody wants it. `rule`, by kind:

    name_day {"calendar": "PL"} · anniversary and date {"attribute": "" (the day the card was made), "days": -3} ·
    festival {"date": "05-24"} or {"church": "orthodox", "days": -7} ·
    feast {"country": "BG", "feast": "liberation-day"}.
    Any may have "titles": {"pl": "…"}, what it is called in messages of a language.
    """

    kind: OccasionKind
    title: str
    template: str
    rule: Mapping[str, Any] = field(default_factory=dict)
    keepers: tuple[str, ...] = ()
    enabled: bool = True
    at_hour: time = time(10)
    late_days: int = 2
    leap_day: str = FEBRUARY


async def listing(session: AsyncSession, *, enabled: bool = False) -> list[Occasion]:
    """All of them, or those that are switched on, in the order in which one gives way to the other."""
    query = select(Occasion).where(col(Occasion.enabled).is_(True)) if enabled else select(Occasion)
    return sorted(await session.exec(query), key=lambda one: (_ORDER.index(one.kind), one.id or 0))


async def get(session: AsyncSession, occasion_id: int) -> Occasion | None:
    return await session.get(Occasion, occasion_id) if 0 < occasion_id < 2**31 else None


async def hold(session: AsyncSession, occasion_id: int) -> Occasion | None:
    """As it is now, and nobody changes or drops it until the transaction ends."""
    return await session.get(Occasion, occasion_id, populate_existing=True, with_for_update={"read": True})


async def birthday(session: AsyncSession) -> Occasion:
    """The rule of birthdays."""
    found = (await session.exec(select(Occasion).where(Occasion.name == BIRTHDAY))).one_or_none()
    return found or Occasion(name=BIRTHDAY, template=BIRTHDAY)


async def save(session: AsyncSession, wish: Wish, *, occasion_id: int | None = None, now: datetime) -> Occasion:
    """Make it, or change the one with this number; of birthdays there is one rule, which is changed.

    Raises OccasionProblem, NoSuchOccasion, hub.outbound.templates.NoSuchTemplate.
    """
    values = await _checked(session, wish, now)
    occasion = await _meant(session, wish, occasion_id)
    for name, value in {**values, "name": _name(wish)}.items():
        setattr(occasion, name, value)
    session.add(occasion)
    try:
        await session.flush()
    except IntegrityError as e:
        taken = Sentence(
            "“%(name)s” is greeted already. Change that one, or choose another name.", {"name": wish.title[:200]}
        )
        raise OccasionProblem(_NAMED_BY.get(wish.kind, "title"), taken) from e
    await looks.begin_anew(session)
    await live.publish(session, "greeting")
    return occasion


async def drop(session: AsyncSession, occasion_id: int) -> None:
    """Nobody is greeted for it any more; what was sent stays in the log. Birthdays can only be switched off."""
    await session.exec(delete(Occasion).where(col(Occasion.id) == occasion_id, col(Occasion.name) != BIRTHDAY))
    await looks.begin_anew(session)
    await live.publish(session, "greeting")


async def change_birthdays(
    session: AsyncSession,
    *,
    enabled: bool = True,
    template: str = BIRTHDAY,
    at_hour: time = time(10),
    late_days: int = 2,
    leap_day: str = FEBRUARY,
    now: datetime,
) -> None:
    """Set the whole rule of birthdays. Raises as `save`."""
    wish = Wish(
        OccasionKind.BIRTHDAY,
        "",
        template,
        enabled=enabled,
        at_hour=at_hour,
        late_days=late_days,
        leap_day=leap_day,
    )
    await save(session, wish, now=now)


def title_in(occasion: Occasion, language: str) -> str:
    """What it is called in this language, as far as somebody said so."""
    return str((occasion.rule.get("titles") or {}).get(language) or occasion.title)


async def _meant(session: AsyncSession, wish: Wish, occasion_id: int | None) -> Occasion:
    if wish.kind is OccasionKind.BIRTHDAY:
        return await birthday(session)
    if occasion_id is None:
        return Occasion(name="", template=wish.template)
    found = await session.get(Occasion, occasion_id)
    if found is None or found.kind is not wish.kind:
        raise NoSuchOccasion(f"there is no {wish.kind} {occasion_id}")
    return found


async def _checked(session: AsyncSession, wish: Wish, now: datetime) -> dict[str, Any]:
    if wish.kind is not OccasionKind.BIRTHDAY and not wish.title.strip():
        raise OccasionProblem("title", Sentence("Say what the occasion is called."))
    if long := too_long(LONG_TITLE, wish.title.strip(), LONGEST_TITLE):
        raise OccasionProblem("title", long)
    rule = _feast(wish.rule, now) if wish.kind is OccasionKind.FEAST else _CHECKS[wish.kind](wish.rule)
    if titles := _titles(wish.rule.get("titles")):
        rule["titles"] = titles
    version = await templates.current(session, wish.template, now=now)
    if found := wording.unguarded(version.variants):
        raise OccasionProblem("template", wording.refusal(wish.template, found[0]))
    return {
        "kind": wish.kind,
        "title": wish.title.strip(),
        "template": wish.template,
        "rule": rule,
        "keepers": _keepers(wish.keepers),
        "enabled": wish.enabled,
        "at_hour": wish.at_hour,
        "late_days": wish.late_days,
        "leap_day": wish.leap_day,
    }


def _name(wish: Wish) -> str:
    """One rule for each name-day calendar and each feast; others as many as there are titles."""
    match wish.kind:
        case OccasionKind.BIRTHDAY:
            return BIRTHDAY
        case OccasionKind.NAME_DAY:
            return f"name day {wish.rule['calendar']}"
        case OccasionKind.FEAST:
            return f"feast {wish.rule['country']} {wish.rule['feast']}"
    return f"{wish.kind} {wish.title.strip()}"


def _keepers(words: Collection[str]) -> list[str]:
    found = []
    for word in filter(None, (one.strip() for one in words)):
        known = word.lower() if word.lower() in CULTURES else word.upper()
        if known not in CULTURES and not re.fullmatch(r"[A-Z]{2}", known):
            raise OccasionProblem(
                "keepers",
                Sentence(
                    "“%(word)s” is neither a two-letter country code, such as PL, nor %(known)s.",
                    {"word": word[:40], "known": CULTURES},
                ),
            )
        found.append(known)
    return list(dict.fromkeys(found))


def _titles(raw: object) -> dict[str, str]:
    known = raw if isinstance(raw, Mapping) else {}
    return {code: str(known[code]).strip()[:200] for code in LANGUAGES if str(known.get(code) or "").strip()}


def _nothing(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _name_day(rule: Mapping[str, Any]) -> dict[str, Any]:
    if rule.get("calendar") not in name_days.CALENDARS:
        raise OccasionProblem("calendar", Sentence("Choose one of the calendars of name days."))
    return {"calendar": rule["calendar"]}


def _of_theirs(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"attribute": str(rule.get("attribute") or "").strip()[:100], "days": _days(rule)}


def _own_date(rule: Mapping[str, Any]) -> dict[str, Any]:
    checked = _of_theirs(rule)
    if not checked["attribute"]:
        raise OccasionProblem("attribute", Sentence("Say which attribute of the customer holds the date."))
    return checked


def _festival(rule: Mapping[str, Any]) -> dict[str, Any]:
    if rule.get("church") in CHURCHES:
        return {"church": rule["church"], "days": _days(rule)}
    day = str(rule.get("date") or "")
    try:
        date.fromisoformat(f"2000-{day}")
    except ValueError as e:
        raise OccasionProblem("date", Sentence("Write the day as month and day, 05-24, or count from Easter.")) from e
    return {"date": day}


def _feast(rule: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    country, key = str(rule.get("country") or ""), str(rule.get("feast") or "")
    known = [one for n in (0, 1) for one in feasts.feasts(country, now.year + n) if one.key == key]
    if not known:
        raise OccasionProblem("feast", Sentence("The calendar of that country has no such feast."))
    if known[0].solemn:
        raise OccasionProblem("feast", Sentence("“%(name)s” is a day of mourning.", {"name": known[0].title}))
    return {"country": country, "feast": key}


def _days(rule: Mapping[str, Any]) -> int:
    try:
        days = int(rule.get("days") or 0)
    except (TypeError, ValueError) as e:
        raise OccasionProblem("days", Sentence("Write a number of days, such as -3.")) from e
    if abs(days) > FARTHEST:
        raise OccasionProblem("days", Sentence("At most a year before or after."))
    return days


_CHECKS = {
    OccasionKind.BIRTHDAY: _nothing,
    OccasionKind.NAME_DAY: _name_day,
    OccasionKind.ANNIVERSARY: _of_theirs,
    OccasionKind.DATE: _own_date,
    OccasionKind.FESTIVAL: _festival,
}
