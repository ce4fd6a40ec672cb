"""Who we talk to: customers, their addresses, what they allowed and what they prefer."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import AddressKind, IdentityState, Kind, Purpose

_CALLED = "latin_words(split_part(coalesce(nullif(given_name, ''), name), ' ', 1))"
# What a look for birthdays asks besides: a day's are read from the index, not from all over the table.
_KEEPS = ["id", "birth_year", "culture", "country"]


class Customer(SQLModel, table=True):
    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint("birth_month between 1 and 12", name="customer_birth_month"),
        CheckConstraint("birth_day between 1 and 31", name="customer_birth_day"),
        Index("customer_birthday", "birth_month", "birth_day", postgresql_include=_KEEPS),
        Index("customer_called", text(_CALLED), text("coalesce(culture, country)")),
        Index("customer_name", text("lower(name)")),
        Index("customer_latin", "latin", postgresql_using="gin", postgresql_ops={"latin": "gin_trgm_ops"}),
        Index("customer_labels", "labels", postgresql_using="gin"),
        Index(
            "customer_dates",  # of anniversaries and other dates that attributes hold, see `attribute_dates` (0009)
            text("attribute_dates(attributes)"),
            postgresql_using="gin",
            postgresql_where=text("attributes <> '{}'::jsonb"),
        ),
    )
    id: UUID = Field(primary_key=True)
    name: str
    given_name: str = ""
    language: str = "en"  # ISO 639-1
    timezone: str | None = None  # IANA; None: not known, see the gate's rule
    country: str | None = None  # ISO 3166 alpha-2
    culture: str | None = None  # whose feasts they keep: a country, "catholic", "orthodox", "none"; None: the country's
    birth_year: int | None = None  # None with month and day given: a birthday without its year
    birth_month: int | None = None
    birth_day: int | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    labels: list[str] = Field(default_factory=list, sa_type=ARRAY(String))
    external_id: str | None = Field(default=None, unique=True)  # the customer's number in another system
    owner_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    provisional: bool = False  # made by an unknown sender, not yet looked at by a person
    vip: bool = False
    deceased: bool = False
    do_not_contact: bool = False
    untracked: bool = False  # nobody looks at what this customer opens or follows (requirement G7)
    paused_from: datetime | None = Field(default=None, sa_type=Moment)
    paused_until: datetime | None = Field(default=None, sa_type=Moment)
    dissatisfied_until: datetime | None = Field(default=None, sa_type=Moment)  # by what they said when they were asked
    quiet_from: time | None = None  # the customer's own quiet hours, local; override the company's
    quiet_until: time | None = None
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    latin: str | None = Field(  # the name as it is looked for, see `latin_words` (0006_search)
        default=None, sa_column=Column(Text, Computed("latin_words(name)", persisted=True), nullable=False)
    )


class Identity(SQLModel, table=True):
    """One address of one customer. An address belongs to one customer at a time."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("kind", "value", name="identity_value"),
        Index("identity_part", "value", postgresql_using="gin", postgresql_ops={"value": "gin_trgm_ops"}),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    kind: AddressKind = Field(sa_type=Word(AddressKind))
    value: str  # canonical, see channels.address
    label: str = ""  # "work", "mother"
    preferred: bool = True  # first among equals of its kind
    state: IdentityState = Field(default=IdentityState.OK, sa_type=Word(IdentityState))
    soft_bounces: int = 0
    soft_since: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class IdentityEvent(SQLModel, table=True):
    """Append-only: what happened to an address, and why."""

    __tablename__ = "identity_event"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    identity_id: int = Field(sa_type=BigInteger, foreign_key="identity.id", index=True, ondelete="CASCADE")
    at: datetime = Field(sa_type=Moment)
    state: IdentityState = Field(sa_type=Word(IdentityState))
    reason: str = ""
    detail: str = ""


class Consent(SQLModel, table=True):
    """The consent ledger. Append-only (a trigger refuses UPDATE and DELETE): the latest row of a pair counts."""

    __tablename__ = "consent"
    __table_args__ = (Index("consent_latest", "customer_id", "purpose", "channel", text("id desc")),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    at: datetime = Field(sa_type=Moment)
    channel: Kind | None = Field(default=None, sa_type=Word(Kind))  # None: every channel
    purpose: Purpose | None = Field(default=None, sa_type=Word(Purpose))  # None: every purpose that needs consent
    granted: bool
    wording: str = ""  # what the customer was shown or said
    wording_version: str = ""
    source: str  # "import", "STOP by SMS", "one-click", "told an agent", …
    evidence: str = ""  # an interaction id, an IP address, a form
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    topic: str = ""  # a topic's key: about nothing else; empty: about the purpose as a whole


class ChannelPreference(SQLModel, table=True):
    """How a customer likes to be reached for one purpose: channel kinds, best first. A kind left out is unwanted."""

    __tablename__ = "channel_preference"
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    purpose: Purpose = Field(primary_key=True, sa_type=Word(Purpose))
    channels: list[str] = Field(sa_type=ARRAY(String))
    updated_at: datetime = Field(sa_type=Moment)
    learnt: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})  # our suggestion, not their word


class GeneralReach(SQLModel, table=True):
    """What customers in general do with what we send, by channel and hour of their day; reckoned from the log daily.

    Sums of messages, each weighing less the older it is.
    """

    __tablename__ = "general_reach"
    kind: Kind = Field(primary_key=True, sa_type=Word(Kind))
    hour: int = Field(primary_key=True)
    tried: float
    answered: float


class Suppression(SQLModel, table=True):
    """An address nobody may write to, whoever owns it: outlives the customer. `purpose` None: for anything at all."""

    __tablename__ = "suppression"
    __table_args__ = (
        Index("suppression_address", "kind", "value", "purpose", unique=True, postgresql_nulls_not_distinct=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: Kind = Field(sa_type=Word(Kind))  # the channel kind: a dead SMS number may still be called
    value: str
    purpose: Purpose | None = Field(default=None, sa_type=Word(Purpose))
    reason: str
    source: str = ""
    at: datetime = Field(sa_type=Moment)
