"""What travels over the JSON API: requests with examples, answers without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from channels.message import Kind
from hub.conversations.appointments import Coming
from hub.conversations.rearranging import Reach
from hub.customers.listing import CustomerLine
from hub.database.purity import UNHOLDABLE
from hub.interactions.history import Entry
from hub.models import Appointment, Consent, Customer, Identity, Rearrangement
from hub.models.vocabulary import (
    AddressKind,
    AppointmentState,
    Direction,
    IdentityState,
    Origin,
    Purpose,
    Rearranged,
    State,
    Withheld,
)

_BIRTHDAY = r"^(\d{4}|-)-\d{2}-\d{2}$"
_DEEPEST = 50  # of lists and objects in one another: writing them down as JSON takes a call for each
_ANA = "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
Line = Annotated[str, Field(max_length=500)]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError) as e:  # zoneinfo's own error is a KeyError
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/Warsaw") from e


Zone = Annotated[str, Field(max_length=100), AfterValidator(_zone)]


class Body(BaseModel):
    """What a program sends: unknown fields are errors, and so is text that PostgreSQL cannot keep."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, data: Any) -> Any:
        if fault := _spoiled(data):
            raise ValueError(fault)
        return data


def _spoiled(data: Any) -> str:
    """Why it cannot be kept; empty when it can. Walks without recursion: the depth is the sender's choice."""
    waiting = [(data, 0)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str) and UNHOLDABLE.search(one):
            return "Text must not hold U+0000 or half a surrogate pair"
        within = [*one.keys(), *one.values()] if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        if within and depth >= _DEEPEST:
            return f"Nothing may be nested more than {_DEEPEST} deep"
        waiting += [(part, depth + 1) for part in within]
    return ""


class Page(BaseModel, Generic[T]):
    """`next` goes into the query of the following page; null on the last one."""

    items: list[T]
    next: str | None = None


class AddressIn(Body):
    kind: AddressKind = Field(examples=["phone"])
    value: Line = Field(examples=["+48 601 123 456"])


class AddressOut(BaseModel):
    kind: AddressKind
    value: str
    label: str
    preferred: bool
    state: IdentityState

    @classmethod
    def of(cls, identity: Identity) -> AddressOut:
        return cls(**identity.model_dump(include=set(cls.model_fields)))


class _CustomerFields(Body):
    given_name: Line | None = Field(default=None, examples=["Ana"])
    language: str | None = Field(default=None, examples=["pl"], description="ISO 639-1")
    timezone: Zone | None = Field(default=None, examples=["Europe/Warsaw"], description="IANA name")
    country: str | None = Field(default=None, examples=["PL"], description="ISO 3166 alpha-2")
    birthday: str | None = Field(
        None, pattern=_BIRTHDAY, examples=["1987-02-28"], description="A date, or --02-28 when the year is not known"
    )
    labels: Annotated[list[Line], Field(max_length=100)] | None = Field(default=None, examples=[["gardening"]])
    attributes: dict[str, str | int | float | bool | None] | None = Field(default=None, examples=[{"shoe size": 38}])
    external_id: Line | None = Field(
        default=None, examples=["C-1042"], description="The customer's number in your system"
    )
    vip: bool | None = Field(default=None, examples=[False])

    def given(self) -> dict[str, Any]:
        """The fields that were sent, as `hub.customers.directory` takes them."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return sent | {"birthday": _date(sent["birthday"])} if sent.get("birthday") else sent


class CustomerIn(_CustomerFields):
    name: Line = Field(examples=["Ana Kowalska"])
    emails: Annotated[list[Line], Field(max_length=20)] = Field(default=[], examples=[["ana@example.org"]])
    phones: Annotated[list[Line], Field(max_length=20)] = Field(default=[], examples=[["+48601123456"]])

    def given(self) -> dict[str, Any]:
        """Without the fields that were sent as null, which for a new customer means: not known."""
        return {name: value for name, value in super().given().items() if value is not None}


class CustomerChanges(_CustomerFields):
    name: Line | None = Field(default=None, examples=["Ana Nowak"])
    do_not_contact: bool | None = None
    untracked: bool | None = Field(default=None, description="Opens and clicks are not followed")
    deceased: bool | None = None


class CustomerOut(BaseModel):
    id: UUID = Field(examples=[_ANA])
    name: str
    given_name: str
    language: str
    timezone: str | None
    country: str | None
    birthday: str | None
    labels: list[str]
    attributes: dict[str, Any]
    external_id: str | None
    provisional: bool = Field(description="Made by an unknown sender, not yet looked at by a person")
    vip: bool
    deceased: bool
    do_not_contact: bool
    untracked: bool = Field(description="Opens and clicks are not followed")
    created_at: datetime
    updated_at: datetime
    addresses: list[AddressOut]
    preferences: dict[Purpose, list[Kind]] = Field(description="Channels, best first, for each purpose")

    @classmethod
    def of(
        cls, customer: Customer, identities: Sequence[Identity], rankings: Mapping[Purpose, Sequence[Kind]]
    ) -> CustomerOut:
        return cls(
            **customer.model_dump(include=set(cls.model_fields)),
            birthday=_birthday(customer),
            addresses=[AddressOut.of(one) for one in identities],
            preferences={purpose: list(kinds) for purpose, kinds in rankings.items()},
        )


class CustomerLineOut(BaseModel):
    id: UUID = Field(examples=[_ANA])
    name: str
    language: str
    country: str | None
    emails: list[str]
    phones: list[str]
    last_at: datetime | None = Field(description="Of the latest word in or out")
    provisional: bool
    vip: bool

    @classmethod
    def of(cls, line: CustomerLine) -> CustomerLineOut:
        return cls(**asdict(line))


class RankingIn(Body):
    channels: list[Kind] = Field(max_length=3, examples=[["sms", "email"]], description="Best first; none: unwanted")


class ConsentIn(Body):
    granted: bool = Field(examples=[True])
    purpose: Purpose | None = Field(
        default=None, examples=["marketing"], description="null: every purpose that needs consent"
    )
    channel: Kind | None = Field(default=None, examples=["email"], description="null: every channel")
    source: Line = Field(min_length=1, examples=["shop checkout"])
    wording: Annotated[str, Field(max_length=2000)] = Field(default="", examples=["Yes, write to me about offers"])
    wording_version: Line = Field(default="", examples=["2026-01"])
    evidence: Line = Field(default="", examples=["order 1042, 203.0.113.9"])


class ConsentOut(BaseModel):
    id: int
    at: datetime
    granted: bool
    purpose: Purpose | None
    channel: Kind | None
    source: str
    wording: str
    wording_version: str
    evidence: str
    staff_id: int | None

    @classmethod
    def of(cls, row: Consent) -> ConsentOut:
        return cls(**row.model_dump(include=set(cls.model_fields)))


class FileOut(BaseModel):
    id: UUID
    name: str
    media_type: str
    size: int
    inline: bool


class InteractionOut(BaseModel):
    id: UUID
    at: datetime
    customer_id: UUID
    conversation_id: UUID | None
    direction: Direction
    kind: Kind | None = Field(description="null: a note between colleagues")
    channel: str
    origin: Origin
    purpose: Purpose
    state: State
    state_at: datetime
    reason: str
    detail: str
    sender: str
    recipient: str
    subject: str
    text: str
    reply_text: str = Field(description="The new part of a mail, without what it quotes")
    reply_to: str = Field(description="Where the answer to it goes, when that is not the sender")
    copied: list[str] = Field(description="The other people in To and Cc, at most 200")
    threaded_by: str = Field(description="Why it stands in its conversation, see the list of reasons")
    points_to_id: UUID | None = Field(description="The conversation that the flag speaks of")
    auto: str
    flag: str
    trace: list[str] = Field(description="Why the gate said what it said")
    call: dict[str, Any] | None
    staff_id: int | None
    campaign_id: int | None
    occasion: str
    attachments: list[FileOut]

    @classmethod
    def of(cls, entry: Entry) -> InteractionOut:
        fields = {name: getattr(entry, name) for name in cls.model_fields if name != "attachments"}
        files = [{name: getattr(file, name) for name in FileOut.model_fields} for file in entry.attachments]
        return cls.model_validate({**fields, "attachments": files})


class TemplateIn(Body):
    name: Line = Field(examples=["birthday"])
    variables: dict[str, Any] = Field(default={}, examples=[{"gift": "tulips"}])


class MessageIn(Body):
    customer_id: UUID = Field(examples=[_ANA])
    kind: Kind | None = Field(default=None, examples=["sms"], description="null: as the customer prefers")
    purpose: Purpose = Field(default=Purpose.SERVICE, examples=["service"])
    subject: Annotated[str, Field(max_length=1000)] = Field(default="", examples=["Your order"])
    text: Annotated[str, Field(max_length=100_000)] = Field(default="", examples=["Your order is ready for you."])
    template: TemplateIn | None = None
    conversation_id: UUID | None = None
    not_before: AwareDatetime | None = None
    expires_at: AwareDatetime | None = Field(default=None, description="Too late after this: it is not sent any more")

    @model_validator(mode="after")
    def _one_content(self) -> MessageIn:
        if bool(self.text.strip()) == (self.template is not None):
            raise ValueError("Give either text or template")
        if self.template is not None and self.subject:
            raise ValueError("A template brings its own subject")
        return self


class MessageOut(BaseModel):
    id: UUID = Field(description="The interaction: GET /api/v1/interactions/{id} tells what became of it")
    outcome: str = Field(examples=["placed"], description="placed, duplicate or withheld")
    kind: Kind | None = None
    due_at: datetime | None = None
    reason: Withheld | None = Field(default=None, description="Why it was withheld")
    trace: list[str] = []


class MoveIn(Body):
    conversation_id: UUID = Field(description="Where it is to stand")


class SplitIn(Body):
    reach: Reach = Field(examples=["later"], description="message: this one alone; later: and everything behind it")


class MergeIn(Body):
    into: UUID = Field(description="The conversation that remains")


class RearrangementOut(BaseModel):
    id: UUID = Field(description="POST /api/v1/rearrangements/{id}/undo takes it back")
    what: Rearranged
    from_id: UUID
    into_id: UUID
    words: int = Field(description="How many messages stand elsewhere now")
    undone_at: datetime | None

    @classmethod
    def of(cls, change: Rearrangement) -> RearrangementOut:
        plain = change.model_dump(include={"id", "what", "from_id", "into_id", "undone_at"})
        return cls(**plain, words=len(change.moved["words"]))


class AppointmentIn(Body):
    customer_id: UUID = Field(examples=[_ANA])
    title: Line = Field(min_length=1, examples=["Fitting"])
    starts_at: AwareDatetime = Field(examples=["2026-04-02T10:30:00+02:00"])
    timezone: Zone = Field(examples=["Europe/Warsaw"], description="IANA name: the hour is told in it")
    place: Line = Field(default="", examples=["Main street 1"])
    remind_hours_before: list[Annotated[int, Field(ge=1, le=24 * 60)]] = Field(
        default=[24], max_length=5, examples=[[24]]
    )


class AppointmentOut(BaseModel):
    id: int
    customer_id: UUID
    title: str
    place: str
    starts_at: datetime
    timezone: str
    state: AppointmentState

    @classmethod
    def of(cls, row: Appointment | Coming) -> AppointmentOut:
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


def _date(text: str) -> tuple[int | None, int, int]:
    year, month, day = text.rsplit("-", 2)
    return (None if year == "-" else int(year)), int(month), int(day)


def _birthday(customer: Customer) -> str | None:
    if customer.birth_month is None or customer.birth_day is None:
        return None
    year = "-" if customer.birth_year is None else f"{customer.birth_year:04}"
    return f"{year}-{customer.birth_month:02}-{customer.birth_day:02}"
