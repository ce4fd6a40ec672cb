"""Which fields of a customer people may set, and what each may hold. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hub.sentences import Sentence

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LONGEST_NAME = 200
LABELS: Mapping[str, Sentence] = {
    "name": Sentence("Name"),
    "given_name": Sentence("Given name, for greetings"),
    "language": Sentence("Language"),
    "timezone": Sentence("Time zone"),
    "birthday": Sentence("Birthday"),
    "labels": Sentence("Labels"),
    "paused_until": Sentence("Pause until"),
    "quiet_from": Sentence("Quiet from"),
    "quiet_until": Sentence("Quiet until"),
}


class BadField(ValueError):
    """A field that may not be set, or a value it cannot hold. The message names both: to programs by the field's own
    name, to people by what their page calls it.
    """

    def __init__(self, field: str, problem: Sentence) -> None:
        super().__init__(Sentence("%(field)s: %(problem)s", {"field": LABELS.get(field, field), "problem": problem}))
        self.field, self.problem = field, problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


def checked(changes: Mapping[str, object]) -> dict[str, Any]:
    """Columns and their values, every value checked; a birthday becomes its three columns. Raises BadField."""
    columns: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in CHANGEABLE:
            raise BadField(name, Sentence("cannot be set. These can: %(names)s", {"names": ", ".join(CHANGEABLE)}))
        columns |= _birthday(value) if name == "birthday" else {name: CHANGEABLE[name](name, value)}
    return columns


def plain(text: str) -> str:
    """One line without control characters."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _line(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _unfit(name, value, Sentence("“%(value)s” is not text"))
    line = plain(value)
    if len(line) > _LONGEST_NAME:
        gaps = {"length": len(line), "most": _LONGEST_NAME}
        raise BadField(name, Sentence("%(length)s characters are too many. Write at most %(most)s.", gaps))
    return line


def _name(name: str, value: object) -> str:
    line = _line(name, value)
    if not line:
        raise BadField(name, Sentence("must not be empty"))
    return line


def _optional(name: str, value: object) -> str | None:
    return None if value is None else _line(name, value) or None


def _language(name: str, value: object) -> str:
    code = _line(name, value).lower()
    if not re.fullmatch(r"[a-z]{2}", code):
        raise _unfit(name, value, Sentence("“%(value)s” is not a two-letter language code, such as pl"))
    return code


def _country(name: str, value: object) -> str | None:
    code = (_optional(name, value) or "").upper()
    if code and not re.fullmatch(r"[A-Z]{2}", code):
        raise _unfit(name, value, Sentence("“%(value)s” is not a two-letter country code, such as PL"))
    return code or None


def _culture(name: str, value: object) -> str | None:
    word = _optional(name, value)
    return word.lower() if word and word.lower() in CULTURES else _country(name, value)


def _zone(name: str, value: object) -> str | None:
    zone = _optional(name, value)
    try:
        return ZoneInfo(zone).key if zone else None
    except (KeyError, ValueError, OSError) as e:  # zoneinfo raises each of them
        raise _unfit(name, value, Sentence("“%(value)s” is not an IANA time zone, such as Europe/Warsaw")) from e


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _unfit(name, value, Sentence("“%(value)s” is neither true nor false"))
    return value


def _labels(name: str, value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise _unfit(name, value, Sentence("“%(value)s” is not a list"))
    return list(dict.fromkeys(label for label in (_line(name, one) for one in value) if label))


def _attributes(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _unfit(name, value, Sentence("“%(value)s” is not a table of names and values"))
    return {_name(name, key): _attribute(name, one) for key, one in value.items()}


def _attribute(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return _line(name, value)


def _staff(name: str, value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise _unfit(name, value, Sentence("“%(value)s” is not the number of a member of staff"))
    return value


def _time(name: str, value: object) -> time | None:
    if value is not None and not isinstance(value, time):
        raise _unfit(name, value, Sentence("“%(value)s” is not a time of day"))
    return value


def _moment(name: str, value: object) -> datetime | None:
    if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
        raise _unfit(name, value, Sentence("“%(value)s” is not a moment with its zone"))
    return value


def _birthday(value: object) -> dict[str, int | None]:
    """None, or (year or None, month, day). 29 February without a year is a date too."""
    if value is None:
        return {"birth_year": None, "birth_month": None, "birth_day": None}
    shown = value
    match value:
        case (int() | None as year, int() as month, int() as day):
            if _is_date(year, month, day):
                return {"birth_year": year, "birth_month": month, "birth_day": day}
            shown = "-".join(f"{part:02d}" for part in (year, month, day) if part is not None)
    no_date = Sentence("“%(value)s” is not a date. Write 1984-02-29, or 02-29 without the year")
    raise _unfit("birthday", shown, no_date)


def _unfit(name: str, value: object, problem: Sentence) -> BadField:
    return BadField(name, Sentence(problem.words, {"value": str(value)[:_LONGEST_NAME]}))


def _is_date(year: int | None, month: int, day: int) -> bool:
    known = 2000 if year is None else year
    return 1800 <= known <= 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(known, month)[1]


CULTURES = ("catholic", "orthodox", "none")  # beside countries: whose feasts a customer keeps

CHANGEABLE: Mapping[str, Callable[[str, object], Any]] = {
    "name": _name,
    "given_name": _line,
    "language": _language,
    "timezone": _zone,
    "country": _country,
    "culture": _culture,
    "birthday": lambda _name, value: _birthday(value),
    "labels": _labels,
    "attributes": _attributes,
    "external_id": _optional,
    "owner_id": _staff,
    "provisional": _flag,
    "vip": _flag,
    "deceased": _flag,
    "do_not_contact": _flag,
    "untracked": _flag,
    "paused_from": _moment,
    "paused_until": _moment,
    "quiet_from": _time,
    "quiet_until": _time,
}
