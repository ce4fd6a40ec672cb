"""Customers over the JSON API: their addresses, preferences and consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from channels.message import Kind
from hub.api.shapes import EXAMPLE_ID, Body, Line, Out, Zone
from hub.customers.listing import CustomerLine
from hub.customers.proof import Holds, Proof
from hub.models import Customer, Identity
from hub.models.vocabulary import AddressKind, IdentityState, Purpose

_BIRTHDAY = r"^(\d{4}|-)-\d{2}-\d{2}$"


class AddressIn(Body):
    kind: AddressKind = Field(examples=["phone"])
    value: Line = Field(examples=["+48 601 123 456"])


class AddressOut(Out):
    kind: AddressKind
    value: str
    label: str
    preferred: bool
    state: IdentityState


class _CustomerFields(Body):
    given_name: Line | None = Field(default=None, examples=["Ana"])
    language: str | None = Field(default=None, examples=["pl"], description="ISO 639-1")
    timezone: Zone | None = Field(default=None, examples=["Europe/Warsaw"], description="IANA name")
    country: str | None = Field(default=None, examples=["PL"], description="ISO 3166 alpha-2")
    culture: str | None = Field(
        default=None,
        examples=["orthodox"],
        description="Whose feasts and name days they keep: a country, catholic, orthodox, none; null: their country's",
    )
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


class CustomerOut(Out):
    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str
    given_name: str
    language: str
    timezone: str | None
    country: str | None
    culture: str | None
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
    def whole(
        cls, customer: Customer, identities: Sequence[Identity], rankings: Mapping[Purpose, Sequence[Kind]]
    ) -> CustomerOut:
        return cls.of(customer, birthday=_birthday(customer), addresses=identities, preferences=rankings)


class CustomerLineOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
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


class ConsentOut(Out):
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
    topic: str = Field(description="About this topic of marketing alone; empty: about the purpose as a whole")


class HoldsOut(BaseModel):
    """`granted` null: nothing was ever said of it. `consent_id`: the statement that counts."""

    purpose: Purpose
    channel: Kind
    granted: bool | None
    consent_id: int | None


class SuppressionOut(BaseModel):
    at: datetime
    channel: Kind
    address: str
    purpose: Purpose | None
    reason: str
    source: str


class ConsentProofOut(BaseModel):
    made_at: datetime
    customer_id: UUID
    name: str
    addresses: list[str]
    holds: list[HoldsOut]
    statements: list[ConsentOut]
    staff: dict[int, str] = Field(description="Who wrote statements down, by `staff_id`")
    suppressions: list[SuppressionOut]

    @classmethod
    def of(cls, proof: Proof) -> ConsentProofOut:
        return cls(
            made_at=proof.made_at,
            customer_id=proof.customer.id,
            name=proof.customer.name,
            addresses=[one.value for one in proof.identities],
            holds=[_holds(one) for one in proof.holds],
            statements=[ConsentOut.of(row) for row in proof.ledger],
            staff=dict(proof.staff),
            suppressions=[
                SuppressionOut(
                    at=r.at, channel=r.kind, address=r.value, purpose=r.purpose, reason=r.reason, source=r.source
                )
                for r in proof.suppressions
            ],
        )


def _holds(one: Holds) -> HoldsOut:
    granted, number = (one.row.granted, one.row.id) if one.row else (None, None)
    return HoldsOut(purpose=one.purpose, channel=one.channel, granted=granted, consent_id=number)


def _date(text: str) -> tuple[int | None, int, int]:
    year, month, day = text.rsplit("-", 2)
    return (None if year == "-" else int(year)), int(month), int(day)


def _birthday(customer: Customer) -> str | None:
    if customer.birth_month is None or customer.birth_day is None:
        return None
    year = "-" if customer.birth_year is None else f"{customer.birth_year:04}"
    return f"{year}-{customer.birth_month:02}-{customer.birth_day:02}"
