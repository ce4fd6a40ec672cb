"""Who keeps an occasion on which day, as SQL: a statement of (customer_id, kept, years, timezone) over all customers.

`years` are those since it happened first (an age); null where that is not known or has no meaning. `timezone` is what
the customer's card says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions import feasts, name_days
from hub.occasions.dates import Birthday, days_kept_on, kept_on
from hub.occasions.easter import easter


@dataclass(frozen=True, slots=True)
class Keeping:
    """The values' names begin with a prefix, so that several stand in one statement."""

    sql: str
    values: Mapping[str, Any]


def keeping(occasion: Occasion, days: Sequence[date], *, prefix: str, zone: str) -> Keeping | None:
    """Who keeps it on one of these days; None when nobody can. `zone`: by whose clock a customer was written down."""
    found = _BY_KIND[occasion.kind](occasion, days)
    if found is None:
        return None
    sql, values = found
    mine = "coalesce(c.culture, c.country) = any(cast(:{p}_keepers as varchar[]))" if occasion.keepers else "true"
    whole = sql.replace("{mine}", mine).replace("{p}", prefix)
    named = {f"{prefix}_{name}": value for name, value in values.items()}
    if occasion.keepers:
        named[f"{prefix}_keepers"] = list(occasion.keepers)
    if ":zone" in whole:
        named["zone"] = zone
    return Keeping(whole, named)


_Found = tuple[str, dict[str, Any]] | None

_BIRTHDAYS = """
select c.id as customer_id, k.kept, extract(year from k.kept)::int - c.birth_year as years, c.timezone
from unnest(cast(:{p}_kept as date[]), cast(:{p}_month as int[]), cast(:{p}_day as int[])) k(kept, month, day)
join customer c on c.birth_month = k.month and c.birth_day = k.day
where (c.birth_year is null or c.birth_year < extract(year from k.kept)) and {mine}"""

# Name by name: the planner takes the spelling of a million names in Latin letters for cheaper than it is.
_NAME_DAYS = """
select c.id as customer_id, k.kept, null::int as years, c.timezone
from unnest(cast(:{p}_kept as date[]), cast(:{p}_word as text[])) k(kept, word)
cross join lateral (
  select c.id, c.timezone from customer c
  where latin_words(split_part(coalesce(nullif(c.given_name, ''), c.name), ' ', 1)) = latin_words(k.word) and {mine}
  offset 0) c"""

_YEARLY = """
select c.id as customer_id, k.kept, k.year - left({date}, 4)::int as years, c.timezone
from unnest(cast(:{p}_kept as date[]), cast(:{p}_source as text[]), cast(:{p}_year as int[])) k(kept, source, year)
{customers}
where substr({date}, 6, 5) = k.source
  and case when {date} ~ '^[0-9]{4}-' then left({date}, 4)::int < k.year end and {mine}"""

_ONCE = """
select c.id as customer_id, k.kept, null::int as years, c.timezone
from unnest(cast(:{p}_kept as date[]), cast(:{p}_source as text[])) k(kept, source)
{customers}
where left({date}, 10) = k.source and {mine}"""

_EVERYBODY = """
select c.id as customer_id, k.kept, null::int as years, c.timezone
from unnest(cast(:{p}_kept as date[])) k(kept) cross join customer c where {mine}"""

# Date by date, by an index of the dates in attributes: the planner knows nothing of how rare one is.
_DATED = """cross join lateral (
  select c.id, c.attributes, c.culture, c.country, c.birth_year, c.timezone from customer c
  where c.attributes <> cast('{}' as jsonb)
    and attribute_dates(c.attributes) @> array[concat(cast(:{p}_attribute as text), '=', right(k.source, 5))]
  offset 0) c"""
_ALL = "cross join customer c"
_CREATED = "to_char(c.created_at at time zone :zone, 'YYYY-MM-DD')"
_ATTRIBUTE = "(c.attributes ->> :{p}_attribute)"


def _birthdays(occasion: Occasion, days: Sequence[date]) -> _Found:
    rows = [(day, *born) for day in days for born in days_kept_on(day, occasion.leap_day)]
    return _BIRTHDAYS, _columns(rows, "kept", "month", "day")


def _name_days(occasion: Occasion, days: Sequence[date]) -> _Found:
    rows = [(day, name) for day in days for name in name_days.names_on(str(occasion.rule.get("calendar")), day)]
    return (_NAME_DAYS, _columns(rows, "kept", "word")) if rows else None


def _anniversaries(occasion: Occasion, days: Sequence[date]) -> _Found:
    away = timedelta(days=int(occasion.rule.get("days", 0)))
    rows = [
        (day, f"{month:02d}-{of_month:02d}", (day - away).year)
        for day in days
        for month, of_month in days_kept_on(day - away, occasion.leap_day)
    ]
    return _of_theirs(_YEARLY, occasion, _columns(rows, "kept", "source", "year"))


def _dates(occasion: Occasion, days: Sequence[date]) -> _Found:
    away = timedelta(days=int(occasion.rule.get("days", 0)))
    return _of_theirs(_ONCE, occasion, _columns([(day, (day - away).isoformat()) for day in days], "kept", "source"))


def _of_theirs(sql: str, occasion: Occasion, values: dict[str, Any]) -> _Found:
    """Of a date that the customer's card tells; without an attribute, the day on which it was made."""
    attribute = str(occasion.rule.get("attribute") or "")
    if not attribute:
        return sql.replace("{customers}", _ALL).replace("{date}", _CREATED), values
    read = sql.replace("{customers}", _DATED).replace("{date}", _ATTRIBUTE)
    return read, {**values, "attribute": attribute}


def _festivals(occasion: Occasion, days: Sequence[date]) -> _Found:
    return _for_everybody(day for day in days if is_festival(occasion, day))


def _feasts(occasion: Occasion, days: Sequence[date]) -> _Found:
    country, key = str(occasion.rule.get("country")), str(occasion.rule.get("feast"))
    return _for_everybody(day for day in days if day in feasts.kept_on(country, key, day.year))


def _for_everybody(days: Iterable[date]) -> _Found:
    kept = list(days)
    return (_EVERYBODY, {"kept": kept}) if kept else None


def is_festival(occasion: Occasion, day: date) -> bool:
    """A day of every year ("05-24"), or so many days from the Easter of one church."""
    if church := occasion.rule.get("church"):
        return easter(day.year, str(church)) + timedelta(days=int(occasion.rule.get("days", 0))) == day
    month, of_month = map(int, str(occasion.rule.get("date", "0-0")).split("-"))
    return kept_on(Birthday(month, of_month), day.year, occasion.leap_day) == day


def _columns(rows: Sequence[tuple[Any, ...]], *names: str) -> dict[str, Any]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


_BY_KIND: Mapping[OccasionKind, Callable[[Occasion, Sequence[date]], _Found]] = {
    OccasionKind.BIRTHDAY: _birthdays,
    OccasionKind.NAME_DAY: _name_days,
    OccasionKind.ANNIVERSARY: _anniversaries,
    OccasionKind.DATE: _dates,
    OccasionKind.FESTIVAL: _festivals,
    OccasionKind.FEAST: _feasts,
}
