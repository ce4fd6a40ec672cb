"""What travels over the campaigns' part of the JSON API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from channels.message import Kind
from hub.api.shapes import Body, Line, Out, Variables
from hub.campaigns.dry_runs import Report
from hub.models.vocabulary import CampaignState, Purpose, State, Withheld

_SEGMENT = [{"field": "label", "op": "eq", "value": "spring"}]


class CampaignIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(examples=["Spring sale"])
    template: Line = Field(examples=["spring"], description="A template's name: its version of now is taken")
    segment: Annotated[list[dict[str, Any]], Field(max_length=50)] | dict[str, Any] = Field(
        default=[],
        examples=[_SEGMENT, {"any": [*_SEGMENT, {"not": {"field": "segment", "op": "eq", "value": 3}}]}],
        description="Conditions, all of which must hold; none: everybody. Or all, any and not of them",
    )
    purpose: Purpose = Purpose.MARKETING
    variables: Variables = Field(default={}, examples=[{"offer": "20 %"}])
    kinds: list[Kind] = Field(default=[], description="Channels to consider; none: all that have a text")
    per_hour: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(default=None, description="At most so many")
    topic: Line = Field(
        default="", examples=["garden"], description="Of marketing: what it is about; empty: nothing in particular"
    )
    learnt: bool = Field(
        default=False,
        description="By the channel and at the hour at which each customer answers best, where the log surely knows "
        "them. Whoever has ranked channels has that ranking",
    )


class CampaignOut(Out):
    id: int
    name: str
    state: CampaignState
    purpose: Purpose
    segment: list[dict[str, Any]] | dict[str, Any]
    template_version_id: int | None
    variables: dict[str, Any]
    kinds: list[Kind]
    per_hour: int | None
    topic: str
    learnt: bool
    audience: int
    fed: int
    pause_reason: str
    starts_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    archived_at: datetime | None


class CampaignLineOut(Out):
    id: int
    name: str
    state: CampaignState
    purpose: Purpose
    fed: int
    created_at: datetime
    archived_at: datetime | None


class ScheduleIn(Body):
    at: AwareDatetime


class CloneIn(Body):
    name: Annotated[str, Field(max_length=200)] = Field(default="", description="Empty: the same")


class GroupOut(Out):
    """Customers with the same answer of the gate. `until`: when the last of those who wait may have it."""

    kind: Kind | None
    reason: Withheld | None
    later: bool
    number: int
    segments: int
    until: datetime | None


class CostOut(BaseModel):
    kind: Kind
    units: int
    price: Decimal
    amount: Decimal
    currency: str


class LearntOut(BaseModel):
    moved: dict[Kind, int] = Field(description="Who get it on a kind that the usual order would not have given them")
    waits: int = Field(description="Who wait for the hour at which they answer")
    until: datetime | None = Field(description="The last of them; null: nobody waits")


class DryRunOut(BaseModel):
    """`done_at` null: it is being worked out. `ends_at`: when the last one would leave, about; null: never.

    `learnt`: what that changes; null: the campaign does not go by it.

    `problem`: why it cannot start at all, as it is written; empty when it can.
    """

    problem: str = ""
    begun_at: datetime
    done_at: datetime | None
    audience: int
    looked_at: int
    reachable: int
    groups: list[GroupOut]
    learnt: LearntOut | None = None
    costs: list[CostOut] = []
    ends_at: datetime | None = None

    @classmethod
    def of(cls, report: Report) -> DryRunOut:
        plain = {name: getattr(report, name) for name in ("begun_at", "done_at", "audience", "looked_at", "reachable")}
        change = report.learnt
        learnt = LearntOut(moved=change.moved, waits=change.waits, until=change.until) if change is not None else None
        return cls(**plain, groups=[GroupOut.of(group) for group in report.groups], learnt=learnt)


class JudgedOut(Out):
    customer_id: UUID
    name: str
    kind: Kind | None
    reason: Withheld | None
    not_before: datetime | None
    segments: int
    trace: tuple[str, ...]


class ResultsOut(BaseModel):
    """`parts` add up to `fed`; `sent` and what recipients `did` run over them, `bounced` over `failed`. The rest: by
    reason.
    """

    fed: int
    parts: Mapping[str, int]
    sent: int
    bounced: int
    did: Mapping[str, int]
    withheld: Mapping[str, int]
    failed: Mapping[str, int]


class RecipientOut(Out):
    id: UUID
    customer_id: UUID
    name: str
    kind: Kind | None
    recipient: str
    state: State
    reason: str
    detail: str
    at: datetime


class TestIn(Body):
    __test__ = False  # the name is the trade's, not a test of ours

    customer_id: UUID = Field(description="Whose values it shows")
    kind: Kind
    to: Annotated[str, Field(min_length=1, max_length=320)] = Field(examples=["me@example.org"])


class TestOut(BaseModel):
    __test__ = False

    id: UUID
