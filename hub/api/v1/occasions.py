"""/api/v1/occasions: the rules by which greetings send themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, model_validator

from hub.api.access import Caller, Greeter
from hub.api.problems import Endpoint, Problem, wrong
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions import feasts, rules
from hub.occasions.rules import FARTHEST, LONGEST_TITLE, MOST_LATE, OccasionProblem, Wish

router = APIRouter(prefix="/occasions", tags=["Occasions"], route_class=Endpoint)
_Title = Annotated[str, Field(max_length=LONGEST_TITLE)]
_Hour = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_THEIRS = {"attribute", "days", "titles"}
_OWN: Mapping[OccasionKind, set[str]] = {  # what a rule of each kind says
    OccasionKind.BIRTHDAY: {"titles"},
    OccasionKind.NAME_DAY: {"calendar", "titles"},
    OccasionKind.ANNIVERSARY: _THEIRS,
    OccasionKind.DATE: _THEIRS,
    OccasionKind.FESTIVAL: {"date", "church", "days", "titles"},
    OccasionKind.FEAST: {"country", "feast", "titles"},
}


class RuleIn(Body):
    """On which days it is kept; of each kind its own fields."""

    calendar: Annotated[str, Field(max_length=20, examples=["PL"])] | None = Field(
        default=None, description="of a name_day: PL, BG or RU"
    )
    attribute: Annotated[str, Field(max_length=100)] = Field(
        default="", description="with the date of an anniversary or a date; empty: the day they became a customer"
    )
    days: Annotated[int, Field(ge=-FARTHEST, le=FARTHEST)] = Field(default=0, description="after that day, or before")
    date: Annotated[str, Field(pattern="^[0-9]{2}-[0-9]{2}$", examples=["05-24"])] | None = Field(
        default=None, description="of a festival: every year, month and day"
    )
    church: Literal["western", "orthodox"] | None = Field(
        default=None, description="of a festival: counted from the Easter of this church"
    )
    country: Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["PL"])] | None = Field(
        default=None, description="of a feast: whose public calendar"
    )
    feast: Annotated[str, Field(max_length=LONGEST_TITLE, examples=["christmas-day"])] | None = Field(
        default=None, description="its key there, see GET /api/v1/occasions/feasts"
    )
    titles: dict[Literal["en", "pl", "bg", "ru"], _Title] = Field(
        default={}, description="what it is called in messages of a language"
    )


class OccasionIn(Body):
    kind: OccasionKind = Field(examples=[OccasionKind.NAME_DAY])
    title: _Title = Field(default="", examples=["Name days"], description="needed but for birthdays")
    template: Annotated[str, Field(min_length=1, max_length=100, examples=["name-day"])]
    rule: RuleIn = Field(default=RuleIn(), examples=[{"calendar": "PL"}])
    keepers: list[Annotated[str, Field(min_length=2, max_length=20)]] = Field(
        default=[], max_length=50, examples=[["PL"]], description="countries or cultures; none: everybody"
    )
    enabled: bool = True
    at_hour: _Hour = Field(default="10:00", description="by the customer's own clock")
    late_days: Annotated[int, Field(ge=0, le=MOST_LATE)] = Field(default=2, description="after an outage, then never")
    leap_day: Literal["february", "march"] = Field(default="february", description="29 February in a common year")

    @model_validator(mode="after")
    def _says_nothing_strange(self) -> OccasionIn:
        if strange := sorted(self.rule.model_fields_set - _OWN[self.kind]):
            raise ValueError(f"A rule of a {self.kind.value} has no {strange[0]}")
        return self

    @property
    def wish(self) -> Wish:
        return Wish(
            self.kind,
            self.title,
            self.template,
            self.rule.model_dump(exclude_none=True),
            tuple(self.keepers),
            enabled=self.enabled,
            at_hour=time.fromisoformat(self.at_hour),
            late_days=self.late_days,
            leap_day=self.leap_day,
        )


class FeastOut(BaseModel):
    """`feast`: its key for the rule, the same every year. On a `solemn` one nobody is congratulated."""

    feast: str
    title: str
    day: date
    solemn: bool


class OccasionOut(Out):
    id: int
    kind: OccasionKind
    title: str
    template: str
    rule: dict[str, Any]
    keepers: list[str]
    enabled: bool
    at_hour: str
    late_days: int
    leap_day: str

    @classmethod
    def shown(cls, one: Occasion) -> OccasionOut:
        return cls.model_validate(one.model_dump(exclude={"name"}) | {"at_hour": f"{one.at_hour:%H:%M}"})


@router.get("")
async def list_occasions(caller: Greeter) -> Page[OccasionOut]:
    """All of them, also those that are switched off, in the order in which one gives way to the other."""
    async with caller.hub.database.unit() as session:
        return Page(items=[OccasionOut.shown(one) for one in await rules.listing(session)])


@router.post("", status_code=201, responses=again(OccasionOut))
async def create_occasion(caller: Greeter, body: OccasionIn, asked: Once) -> OccasionOut:
    """Whoever keeps it is greeted from now on, if it is enabled. Of birthdays there is one rule already: change it."""
    if body.kind is OccasionKind.BIRTHDAY:
        raise Problem(422, "Occasion", "There is one rule of birthdays already", remedy="Change it with PUT")

    async def create(session: Any) -> OccasionOut:
        made = await rules.save(session, body.wish, now=caller.now)
        await _note(session, caller, "change", made.name)
        return OccasionOut.shown(made)

    try:
        return await once(caller, asked, OccasionOut, create)
    except OccasionProblem as e:
        raise _wrong(e) from e


@router.get("/feasts")
async def list_feasts(
    caller: Greeter,
    country: Annotated[str, Query(pattern="^[A-Z]{2}$", description="Two letters, such as PL")],
    year: Annotated[int | None, Query(ge=2000, le=2200, description="This year, if nothing is said")] = None,
) -> Page[FeastOut]:
    """A country's public calendar in one year; a country that is not known has no feasts."""
    found = feasts.feasts(country, year or caller.now.year)
    return Page(items=[FeastOut(feast=one.key, title=one.title, day=one.day, solemn=one.solemn) for one in found])


@router.get("/{occasion_id}")
async def read_occasion(caller: Greeter, occasion_id: int) -> OccasionOut:
    """One of them."""
    async with caller.hub.database.unit() as session:
        return OccasionOut.shown(await _known(session, occasion_id))


@router.put("/{occasion_id}")
async def change_occasion(caller: Greeter, occasion_id: int, body: OccasionIn) -> OccasionOut:
    """All of it at once; its kind stays. What was sent stays in the log."""
    try:
        async with caller.hub.database.unit() as session:
            found = await _known(session, occasion_id)
            if found.kind is not body.kind:
                cause = f"It is a {found.kind.value} and stays one"
                raise Problem(422, "Occasion", cause, remedy="Make another one with POST")
            changed = await rules.save(session, body.wish, occasion_id=occasion_id, now=caller.now)
            await _note(session, caller, "change", changed.name)
            return OccasionOut.shown(changed)
    except OccasionProblem as e:
        raise _wrong(e) from e


@router.delete("/{occasion_id}", status_code=204, response_class=Response)
async def delete_occasion(caller: Greeter, occasion_id: int) -> None:
    """Nobody is greeted for it any more. Birthdays can only be switched off."""
    async with caller.hub.database.unit() as session:
        found = await _known(session, occasion_id)
        if found.kind is OccasionKind.BIRTHDAY:
            remedy = "Switch it off: PUT with enabled false"
            raise Problem(409, "Occasion", "The rule of birthdays cannot be deleted", remedy=remedy)
        await rules.drop(session, occasion_id)
        await _note(session, caller, "drop", found.name)


async def _known(session: Any, occasion_id: int) -> Occasion:
    """Raises Problem 404."""
    found = await rules.get(session, occasion_id)
    if found is None:
        cause = f"There is no occasion {occasion_id}"
        raise Problem(404, "Occasion", cause, remedy="Look its id up with GET /api/v1/occasions")
    return found


async def _note(session: Any, caller: Caller, act: str, name: str) -> None:
    await caller.note(session, f"occasion.{act}", subject=f"occasion:{name}")


def _wrong(error: OccasionProblem) -> Problem:
    field = f"body.rule.{error.field}" if error.field in RuleIn.model_fields else f"body.{error.field}"
    return wrong("Occasion", field, str(error))
