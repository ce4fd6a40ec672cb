"""What people and machines did with our messages: opens, clicks, and what a program tells us customers did."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment, Word
from hub.models.vocabulary import Ground, Touch


class Reaction(SQLModel, table=True):
    """Append-only: one opening of a mail or one following of a link, and what is known of who did it.

    No address and no browser is kept: they were looked at for the verdict. It goes with its message.
    """

    __tablename__ = "reaction"
    __table_args__ = (
        Index("reaction_message", "interaction_id", "at"),
        Index("reaction_campaign", "campaign_id", postgresql_where=text("campaign_id is not null")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    interaction_id: UUID = Field(foreign_key="interaction.id", ondelete="CASCADE")
    campaign_id: int | None = None
    at: datetime = Field(sa_type=Moment)
    touch: Touch = Field(sa_type=Word(Touch))
    machine: bool = False  # as far as this one event shows; see `hub.campaigns.reactions` for what later ones show
    ground: Ground | None = Field(default=None, sa_type=Word(Ground))  # why it is called a machine's, or how it came
    others: int = Field(default=0, sa_type=SmallInteger)  # other links of the message followed in the second before it
    url: str = Field(default="", sa_type=Text)


class ShortLink(SQLModel, table=True):
    """Where a short address in an SMS leads. Codes are made of the hub's secret: nobody guesses one."""

    __tablename__ = "short_link"
    code: str = Field(primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True, ondelete="CASCADE")
    url: str = Field(sa_type=Text)


class CustomerEvent(SQLModel, table=True):
    """Append-only: what a customer did elsewhere, as another program told us: "bought", "booked"."""

    __tablename__ = "customer_event"
    __table_args__ = (
        UniqueConstraint("customer_id", "name", "key", name="customer_event_once"),
        Index("customer_event_name", "name", "at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    name: str
    key: str = ""  # the program's own number of it: told twice, kept once
    at: datetime = Field(sa_type=Moment)
