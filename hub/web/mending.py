"""What somebody typed into a form and cannot be: which field, why, and what to write instead. Nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from hub.sentences import Sentence
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

_SHOWN = 60  # letters of what was typed, in a sentence about it
_LINE = 80  # a longer text comes back in a box of several lines
_SECRET = frozenset({"password", "current", "fresh", "again"})  # never sent back to a browser

# What fields are called that people type into; one that is not here is chosen, or not seen at all.
FIELDS: Mapping[str, str] = {
    "add": N_("Put these labels on, with commas"),
    "again_hours": N_("Try again after hours"),
    "attempts": N_("Tries at most"),
    "held_minutes": N_("Minutes kept for an agent"),
    "again_days": N_("Nobody twice within days"),
    "at": N_("When"),
    "at_hour": N_("At, their time"),
    "bcc": N_("Bcc"),
    "birthday": N_("Birthday"),
    "call_back_at": N_("When to call back"),
    "capacity": N_("Most conversations at once"),
    "cc": N_("Cc"),
    "closed": N_("Closed days"),
    "days": N_("Days"),
    "delay_minutes": N_("Minutes after it was resolved"),
    "description": N_("Description"),
    "due_at": N_("Until"),
    "email": N_("Email"),
    "first": N_("First answer"),
    "given_name": N_("Given name"),
    "keepers": N_("For customers of these countries or cultures"),
    "label": N_("Label"),
    "labels": N_("Labels"),
    "late_days": N_("Days late at most"),
    "later_at": N_("When"),
    "low_days": N_("No offers to the dissatisfied for days"),
    "minutes": N_("Minutes"),
    "name": N_("Name"),
    "next": N_("Next answer"),
    "note": N_("Note for colleagues"),
    "number": N_("Number"),
    "phone": N_("Phone"),
    "place": N_("Place"),
    "position": N_("Place in the order"),
    "recipient": N_("To"),
    "remove": N_("Take these labels off, with commas"),
    "resolution": N_("To be settled"),
    "seconds": N_("Seconds in which you can take back what you sent"),
    "shortcut": N_("Shortcut"),
    "signature": N_("Your signature"),
    "snooze_hours": N_("snoozed for so many hours"),
    "starts_at": N_("When"),
    "subject": N_("Subject"),
    "subdivision": N_("Region"),
    "task": N_("Task for whoever has the conversation"),
    "task_days": N_("due in so many days"),
    "text": N_("Text"),
    "timezone": N_("Time zone"),
    "title": N_("Title"),
    "to": N_("To"),
    "url": N_("Address"),
    "warn": N_("Warn so long before"),
    "words": N_("Words"),
    "zone": N_("Time zone"),
}
WHOLE = Sentence("“%(typed)s” is not a whole number. Write it with digits only.")
_GAPS = {"ge": "least", "le": "most", "max_length": "most"}
_TOO_LONG = Sentence("%(length)s characters are too many. Write at most %(most)s.")
_CAUSES: Mapping[str, Sentence] = {
    "missing": Sentence("It is missing. Fill it in."),
    "string_too_long": _TOO_LONG,
    "greater_than_equal": Sentence("“%(typed)s” is too small. Write %(least)s or more."),
    "less_than_equal": Sentence("“%(typed)s” is too large. Write %(most)s or less."),
    "int_parsing": WHOLE,
}
_DIGITS = 9  # of a number that every column takes
_NO_LETTER = Sentence("It holds a character that cannot be kept. Type it anew.")
_TOO_LARGE = Sentence("“%(typed)s” is too large. Write a smaller number.")
GONE = Sentence(
    "It names something that is gone, or holds a number that is too large. Load the page again and try anew."
)
NOT_OFFERED = Sentence("“%(typed)s” is not offered here. Go back, load the page again and choose anew.")


class WrongInput(Exception):
    """A field of a form holds what cannot be; `why` has the cause and the remedy, and may name what was `typed`."""

    def __init__(self, field: str, typed: str = "", why: Sentence = NOT_OFFERED) -> None:
        gaps = {**why.gaps, "typed": _cut(typed)}
        self.field, self.why = field, Sentence(why.words, gaps)
        super().__init__(f"{field}: {self.why}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form that comes back. `why` is empty for what goes along unseen."""

    name: str
    value: str
    called: str = ""
    why: str = ""

    @property
    def long(self) -> bool:
        return len(self.value) > _LINE or "\n" in self.value

    @property
    def worded(self) -> bool:
        """Somebody typed it, as far as can be told: worth showing where the whole form comes back."""
        return bool(self.value.strip()) and (self.name in FIELDS or " " in self.value or "\n" in self.value)


@dataclass(frozen=True, slots=True)
class Mending:
    """What is wrong, in sentences; the form again; and where it was filled in."""

    said: Sequence[str]
    fields: Sequence[Field] = ()
    back: str = "/"
    mendable: bool = True  # here; else on the page that it came from

    def saying(self, *said: str) -> Mending:
        return replace(self, said=said)


async def mending(request: Request, error: WrongInput | RequestValidationError) -> Mending:
    """For whoever reads this now, in their language."""
    return await _mended(request, {error.field: error.why} if isinstance(error, WrongInput) else dict(_causes(error)))


async def impossible(request: Request) -> Mending:
    """Of a form that no database could keep: which of its fields, as far as can be told."""
    found = {name: (value, _too_far(value)) for name, value in await typed(request)}
    wrong = {name: WrongInput(name, value, why).why for name, (value, why) in found.items() if why}
    return await _mended(request, wrong or {"": GONE})


async def _mended(request: Request, wrong: Mapping[str, Sentence]) -> Mending:
    """What was typed can be sent again once it is mended; what was chosen has to be chosen anew on its own page."""
    said = [f"{called(field)}: {worded(why)}" if field in FIELDS else worded(why) for field, why in wrong.items()]
    form = await typed(request)
    again = (
        [] if is_secret(form) else [Field(name, value, called(name), worded(wrong.get(name))) for name, value in form]
    )
    typed_in = all(field in FIELDS or why.words == _TOO_LONG.words for field, why in wrong.items())
    mendable = request.method == "POST" and typed_in and not is_secret(form)
    if mendable:
        known = {one.name for one in again}
        again += [Field(name, "", called(name), worded(why)) for name, why in wrong.items() if name not in known]
    return Mending(said, again, back(request), mendable=mendable)


def _too_far(value: str) -> Sentence | None:
    if "\0" in value:
        return _NO_LETTER
    return _TOO_LARGE if value.isdecimal() and len(value) > _DIGITS else None


def _causes(error: RequestValidationError) -> Iterator[tuple[str, Sentence]]:
    for problem in error.errors()[:20]:
        name = str(problem["loc"][1]) if len(problem["loc"]) > 1 else ""
        yield name[:_SHOWN], _cause(problem)


def _cause(problem: Mapping[str, Any]) -> Sentence:
    typed, context = str(problem.get("input") or ""), problem.get("ctx", {})
    gaps: dict[str, str | int] = {"typed": _cut(typed), "length": len(typed)}
    gaps |= {gap: context[name] for name, gap in _GAPS.items() if name in context}
    return Sentence(_CAUSES.get(problem["type"], NOT_OFFERED).words, gaps)


async def typed(request: Request) -> list[tuple[str, str]]:
    """The fields as they came, without the token; files cannot go back."""
    if request.method != "POST" or "form" not in request.headers.get("content-type", ""):
        return []
    pairs = (await request.form()).multi_items()
    return [(name, said.replace("\r\n", "\n")) for name, said in pairs if isinstance(said, str) and name != "csrf"]


def is_secret(form: Iterable[tuple[str, str]]) -> bool:
    """It holds a password, which is never sent back to a browser."""
    return not _SECRET.isdisjoint(name for name, _value in form)


def called(field: str) -> str:
    return _(FIELDS[field]) if field in FIELDS else field


def back(request: Request) -> str:
    """The page that the form stood on; only one of ours."""
    came = urlsplit(request.headers.get("referer", ""))
    own = came.netloc == request.headers.get("host") and came.path.startswith("/") and not came.path.startswith("//")
    return came.path + (f"?{came.query}" if came.query else "") if own else "/"


def _cut(typed: str) -> str:
    return typed if len(typed) <= _SHOWN else f"{typed[:_SHOWN]}…"
