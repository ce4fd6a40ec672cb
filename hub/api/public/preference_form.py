"""What comes back from the preference centre's page. Pure: text in, wishes or what is wrong with them out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.api.public.preference_words import Words
from hub.customers.wishes import NO, Choice
from hub.models import Customer
from hub.models.vocabulary import Kind, Purpose

FIELDS = ("language", "pause_from", "pause_until", "quiet_from", "quiet_until")
MOST = 400  # fields: twelve choices, twelve that were shown, two of each topic, and a few more
_PLACES = {"no": NO, "1": 1, "2": 2, "3": 3}

Fields = Mapping[str, str]


class Wrong(ValueError):
    """A field that says nothing usable; the words are for the customer."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


def choice(fields: Fields, purpose: Purpose) -> Choice:
    """Of the channels that came with both what was shown and what is wanted."""
    was, wanted = dict[Kind, int](), dict[Kind, int]()
    for kind in Kind:
        name = f"{purpose.value}.{kind.value}"
        shown, chosen = _PLACES.get(fields.get(f"was.{name}", "")), _PLACES.get(fields.get(name, ""))
        if shown is not None and chosen is not None:
            was[kind], wanted[kind] = shown, chosen
    return Choice(was, wanted)


def made_room(fields: Fields) -> list[Purpose]:
    """Purposes in which a place was given to a second way."""
    chosen = {
        purpose: [place for place in choice(fields, purpose).wanted.values() if place != NO] for purpose in Purpose
    }
    return [purpose for purpose, places in chosen.items() if len(set(places)) < len(places)]


def touched_topics(fields: Fields) -> dict[str, bool]:
    """Topics of which something else is wanted than was shown."""
    keys = [name.removeprefix("topic.") for name in fields if name.startswith("topic.")]
    chosen = {key: fields[f"topic.{key}"] for key in keys if fields.get(f"was.topic.{key}") != fields[f"topic.{key}"]}
    return {key: value == "1" for key, value in chosen.items() if value in ("1", "no")}


def shown(customer: Customer, zone: ZoneInfo, now: datetime) -> dict[str, str]:
    """The fields as they stand for this customer. A pause that is over is none."""
    over = customer.paused_until is not None and customer.paused_until <= now
    last = customer.paused_until and customer.paused_until - timedelta(microseconds=1)
    return {
        "language": customer.language,
        "pause_from": "" if over else _day(customer.paused_from, zone),
        "pause_until": "" if over else _day(last, zone),
        "quiet_from": _hour(customer.quiet_from),
        "quiet_until": _hour(customer.quiet_until),
    }


def changes(fields: Fields, before: Fields, zone: ZoneInfo, said: Words, now: datetime) -> dict[str, object]:
    """Columns of the customer that are to be others than before. Raises Wrong."""
    touched = {name for name in FIELDS if fields.get(name, before[name]) != before[name]}
    found: dict[str, object] = {}
    if "language" in touched:
        found["language"] = fields["language"]
    if touched & {"pause_from", "pause_until"}:
        found |= _pause({**before, **fields}, zone, said, now)
    if touched & {"quiet_from", "quiet_until"}:
        found |= _quiet({**before, **fields}, said)
    return found


def _pause(fields: Fields, zone: ZoneInfo, said: Words, now: datetime) -> dict[str, object]:
    first, last = (_read_day(name, fields[name], said) for name in ("pause_from", "pause_until"))
    if first and last and last < first:
        raise Wrong("pause_until", said.ends_first)
    if last and last < now.astimezone(zone).date():
        raise Wrong("pause_until", said.past_date)
    begins = datetime.combine(first, time(), zone) if first else None
    ends = datetime.combine(last + timedelta(days=1), time(), zone) if last else None
    return {"paused_from": begins, "paused_until": ends}


def _quiet(fields: Fields, said: Words) -> dict[str, object]:
    begins, ends = (_read_hour(name, fields[name], said) for name in ("quiet_from", "quiet_until"))
    if (begins is None) != (ends is None):
        raise Wrong("quiet_from" if begins is None else "quiet_until", said.half_hours)
    if begins is not None and begins == ends:
        raise Wrong("quiet_until", said.same_hours)
    return {"quiet_from": begins, "quiet_until": ends}


def _read_day(name: str, text: str, said: Words) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as e:
        raise Wrong(name, said.bad_date.format(value=text[:40])) from e
    if day is not None and not 2000 <= day.year <= 2200:
        raise Wrong(name, said.bad_date.format(value=text[:40]))
    return day


def _read_hour(name: str, text: str, said: Words) -> time | None:
    try:
        hour = time.fromisoformat(text) if text else None
    except ValueError as e:
        raise Wrong(name, said.bad_hour.format(value=text[:40])) from e
    if hour is not None and hour.tzinfo is not None:
        raise Wrong(name, said.bad_hour.format(value=text[:40]))
    return hour


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat() if at else ""


def _hour(at: time | None) -> str:
    return at.strftime("%H:%M") if at else ""
