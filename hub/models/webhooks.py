"""Whom other programs are told by, and what they are told: rows are written by triggers (see hub.webhooks.events)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Index, LargeBinary, String, Text, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import DeliveryState, EndpointState


class WebhookEndpoint(SQLModel, table=True):
    """An address that is told of what happens. Its secrets are sealed under `webhook:<id>`."""

    __tablename__ = "webhook_endpoint"
    id: int | None = Field(default=None, primary_key=True)
    url: str
    name: str = ""
    events: list[str] = Field(sa_type=ARRAY(String))
    state: EndpointState = Field(default=EndpointState.ON, sa_type=Word(EndpointState))
    secret: bytes = Field(sa_type=LargeBinary)
    former: bytes | None = Field(default=None, sa_type=LargeBinary)  # signs too, until
    former_until: datetime | None = Field(default=None, sa_type=Moment)
    failing_since: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class WebhookDelivery(SQLModel, table=True):
    """One event for one endpoint, until it has answered, and thirty days longer."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("webhook_waiting", "endpoint_id", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("webhook_of", "endpoint_id", text("id desc")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    message_id: str  # webhook-id: the same however often it is sent
    endpoint_id: int = Field(foreign_key="webhook_endpoint.id", ondelete="CASCADE")
    event: str
    at: datetime = Field(sa_type=Moment)
    data: dict[str, Any] = Field(sa_type=Json)
    state: DeliveryState = Field(default=DeliveryState.WAITING, sa_type=Word(DeliveryState))
    next_at: datetime = Field(sa_type=Moment)
    claimed_until: datetime | None = Field(default=None, sa_type=Moment)
    attempts: int = 0
    tried_at: datetime | None = Field(default=None, sa_type=Moment)
    status: int | None = None  # HTTP; 0: nobody answered
    answer: str = Field(default="", sa_type=Text)  # its beginning, or what went wrong
    milliseconds: int | None = None
