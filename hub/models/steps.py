"""What follows a campaign's first message, and the words it is tried with: steps, tests, variants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, SmallInteger
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import Goal, When


class CampaignStep(SQLModel, table=True):
    """One later message of a campaign. Step 0 is the campaign's own."""

    __tablename__ = "campaign_step"
    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    step: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    wait_seconds: int  # after the customer's message before it left
    condition: When = Field(sa_type=Word(When))
    template_version_id: int | None = None  # None: the words of the campaign's message
    next_channel: bool = False  # not on a channel kind that this campaign has used for the customer
    late_seconds: int  # this much after its time, or never


class CampaignTest(SQLModel, table=True):
    """Which words serve best: tried on a part of the audience, then the rest gets the best."""

    __tablename__ = "campaign_test"
    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE", sa_type=Integer)
    share: float  # of the audience, above 0, at most 1
    wait_seconds: int  # after the last message of the test was made
    goal: Goal = Field(sa_type=Word(Goal))
    event: str = ""  # the customer event's name when that is the goal
    tried_at: datetime | None = Field(default=None, sa_type=Moment)  # when the last message of the test had left
    winner: int | None = Field(default=None, sa_type=SmallInteger)
    decided_at: datetime | None = Field(default=None, sa_type=Moment)
    finding: dict[str, Any] | None = Field(default=None, sa_type=Json)  # the numbers it was decided by


class CampaignVariant(SQLModel, table=True):
    __tablename__ = "campaign_variant"
    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    variant: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    template_version_id: int
    weight: int = 1  # of the test's customers, in proportion
