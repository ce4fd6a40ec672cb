"""Templates, campaigns, occasions and appointments: the reasons to write that are not an answer."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import AppointmentState, CampaignState, OccasionKind, Passed, Purpose


class Template(SQLModel, table=True):
    __tablename__ = "template"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    title: str = ""
    purpose: Purpose = Field(default=Purpose.MARKETING, sa_type=Word(Purpose))  # why it is sent, as far as it is known
    archived_at: datetime | None = Field(default=None, sa_type=Moment)  # offered no more; what names it goes on
    created_at: datetime = Field(sa_type=Moment)


class TemplateVersion(SQLModel, table=True):
    """Immutable: what was sent can be rendered again exactly."""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "sha256", name="template_version_once"),)
    id: int | None = Field(default=None, primary_key=True)
    template_id: int = Field(foreign_key="template.id")
    number: int
    variants: dict[str, dict[str, str]] = Field(sa_type=Json)  # language → {subject, body, html, mjml, sms, voice}
    sha256: str
    created_at: datetime = Field(sa_type=Moment)
    put_at: datetime | None = Field(default=None, sa_type=Moment)  # when it became the current one, the last time
    put_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")  # None: the hub itself


class Campaign(SQLModel, table=True):
    __tablename__ = "campaign"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    state: CampaignState = Field(default=CampaignState.DRAFT, sa_type=Word(CampaignState))
    purpose: Purpose = Field(default=Purpose.MARKETING, sa_type=Word(Purpose))
    segment: Any = Field(default_factory=list, sa_type=Json)  # a list or an object, see `hub.segments.tree.read`
    meant: Any = Field(default=None, sa_type=Json, nullable=True)  # as it began, saved segments written out
    template_version_id: int | None = Field(default=None, foreign_key="template_version.id")
    variables: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    kinds: list[str] = Field(default_factory=list, sa_type=Json)  # channel kinds to consider; empty: all
    tracked: bool = True  # opens and clicks are counted, but of customers who do not want it
    local_time: time | None = None  # step 0 leaves when every recipient's own clock shows this
    starts_at: datetime | None = Field(default=None, sa_type=Moment)
    cursor: UUID | None = None  # the last customer that was fed; moves in the transaction of the rows
    audience: int = 0  # customers in its snapshot so far; whole when `audience_at` is set
    audience_cursor: UUID | None = None  # the last customer the snapshot came to
    audience_at: datetime | None = Field(default=None, sa_type=Moment)
    fed: int = 0  # customers looked at so far: equals the interactions with this campaign's id
    pause_reason: str = ""  # why it paused itself; empty when a person paused it, or it is not paused
    judged: dict[str, int] = Field(default_factory=dict, sa_type=Json)  # what a person knew of when they resumed it
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
    started_at: datetime | None = Field(default=None, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    archived_at: datetime | None = Field(default=None, sa_type=Moment)  # out of the list, and never changed again
    topic: str = ""  # of marketing: what it is about; empty: nothing in particular
    per_hour: int | None = None  # at most so many messages leave in an hour; None: as fast as the senders go
    # By the channel and at the hour at which each customer answers best, where that is known.
    learnt: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})


class CampaignTempo(SQLModel, table=True):
    """Of a campaign that sends no more than so many an hour; see `hub.outbound.allowance`."""

    __tablename__ = "campaign_tempo"
    campaign_id: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    next_at: datetime = Field(sa_type=Moment)  # when the next message may leave
    promised: datetime = Field(sa_type=Moment)  # the first turn that nobody has been given


class CampaignRecipient(SQLModel, table=True):
    """Who was in a campaign's segment when it began, and which message each of them came to: one for every step.

    No foreign keys: a million rows are written in seconds, and a customer who is gone is passed over when it is fed.
    """

    __tablename__ = "campaign_recipient"
    __table_args__ = (
        # Of `due_at` alone: an index that looked at `interaction_id` would make the update of a million rows dear.
        Index("campaign_recipient_due", "campaign_id", "due_at", postgresql_where=text("due_at is not null")),
        {"postgresql_with": {"fillfactor": 40}},  # room for the message's id beside the row it is put in
    )
    campaign_id: int = Field(primary_key=True, sa_type=Integer)
    step: int = Field(default=0, primary_key=True, sa_type=SmallInteger)
    customer_id: UUID = Field(primary_key=True)
    interaction_id: UUID | None = None  # None: not fed yet
    due_at: datetime | None = Field(default=None, sa_type=Moment)  # it waits for this moment; None: for nothing
    passed: Passed | None = Field(default=None, sa_type=Word(Passed))  # why it came to no message


class DryRun(SQLModel, table=True):
    """What would happen if a campaign began now: how far it is worked out, and its sums. One row a campaign."""

    __tablename__ = "dry_run"
    campaign_id: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    plan: str  # a hash of what the campaign was when it was asked
    begun_at: datetime = Field(sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    audience: int = 0  # customers in the segment
    looked_at: int = 0
    cursor: UUID | None = None
    counts: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)  # see `hub.campaigns.dry_runs.Group`
    learnt: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # see `hub.campaigns.learnt_difference.Change`


class DryRunLine(SQLModel, table=True):
    """The gate's answer for one customer of a dry run. Not written ahead (UNLOGGED): made again when it is gone."""

    __tablename__ = "dry_run_line"
    __table_args__ = (
        Index("dry_run_line_group", "campaign_id", "reason", "kind", "customer_id"),
        {"prefixes": ["UNLOGGED"]},
    )
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    campaign_id: int = Field(primary_key=True, sa_type=Integer)
    kind: str = ""  # empty: nothing is sent
    reason: str = ""
    not_before: datetime | None = Field(default=None, sa_type=Moment)
    segments: int = Field(default=0, sa_type=SmallInteger)  # of an SMS
    trace: list[str] = Field(default_factory=list, sa_type=Json)
    # On this kind because of what was learnt.
    learnt: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})


class Occasion(SQLModel, table=True):
    """A greeting that sends itself. One row per rule."""

    __tablename__ = "occasion"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)  # "birthday", "feast PL christmas-day"
    template: str  # a template's name
    enabled: bool = True
    at_hour: time = time(10)  # in the customer's own zone
    late_days: int = 2  # after an outage: this late, or never
    leap_day: str = "february"  # 29 February in a common year: greeted on 28 "february" or 1 "march"
    kind: OccasionKind = Field(default=OccasionKind.BIRTHDAY, sa_type=Word(OccasionKind))
    title: str = ""  # what it is called at the desk and in messages
    rule: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # on which days, see `hub.occasions.rules`
    keepers: list[str] = Field(default_factory=list, sa_type=ARRAY(String))  # countries or cultures; none: everybody


class Schedule(SQLModel, table=True):
    """Something that recurs. Claimed and advanced from the scheduled time, in the transaction of its effects."""

    __tablename__ = "schedule"
    __table_args__ = (Index("schedule_due", "next_at"),)
    name: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=Moment)
    every_seconds: int
    last_at: datetime | None = Field(default=None, sa_type=Moment)


class Appointment(SQLModel, table=True):
    __tablename__ = "appointment"
    __table_args__ = (
        Index("appointment_customer", "customer_id", text("starts_at desc")),
        Index("appointment_at", "starts_at"),
        Index("appointment_key", "source", "external_key", unique=True, postgresql_where=text("external_key <> ''")),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    title: str
    place: str = ""
    starts_at: datetime = Field(sa_type=Moment)
    timezone: str
    state: AppointmentState = Field(default=AppointmentState.PLANNED, sa_type=Word(AppointmentState))
    owner_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
    ends_at: datetime | None = Field(default=None, sa_type=Moment)
    changed_at: datetime | None = Field(default=None, sa_type=Moment)
    moved_from: datetime | None = Field(default=None, sa_type=Moment)  # where it was before it was moved last
    lead_minutes: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))  # so long before they are reminded
    wish: str = ""  # the customer's words about another time
    source: str = ""  # whose `external_key` it is: "api", "csv", "calendar 3"
    external_key: str = ""  # its name in the other system; empty: it has none
    sequence: int = 0  # of its calendar's revision (RFC 5545 3.8.7.4): older news is no news


class Reminder(SQLModel, table=True):
    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("appointment_id", "due_at", name="reminder_once"),
        Index("reminder_due", "due_at", postgresql_where=text("done_at is null")),
    )
    id: int | None = Field(default=None, primary_key=True)
    appointment_id: int = Field(foreign_key="appointment.id", ondelete="CASCADE")
    due_at: datetime = Field(sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    interaction_id: UUID | None = Field(default=None, foreign_key="interaction.id", ondelete="SET NULL")
    about_at: datetime | None = Field(default=None, sa_type=Moment)  # when the appointment was to begin, as it was told
