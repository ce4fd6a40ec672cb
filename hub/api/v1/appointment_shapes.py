"""Appointments over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.api.shapes import EXAMPLE_ID, Body, Line, Out, Zone
from hub.conversations.appointment_sync import LONGEST_KEY
from hub.models.vocabulary import AppointmentState


class AppointmentChange(Body):
    """All of it at once. At another time it is planned anew, and reminded of anew."""

    title: Line = Field(min_length=1, examples=["Fitting"])
    starts_at: AwareDatetime = Field(examples=["2026-04-02T10:30:00+02:00"])
    timezone: Zone = Field(examples=["Europe/Warsaw"], description="IANA name: the hour is told in it")
    place: Line = Field(default="", examples=["Main street 1"])
    ends_at: AwareDatetime | None = Field(default=None, description="null: after as long as before, or unknown")
    remind_hours_before: list[Annotated[int, Field(ge=1, le=24 * 60)]] = Field(
        default=[24], max_length=5, examples=[[168, 24, 2]]
    )


class AppointmentIn(AppointmentChange):
    customer_id: UUID = Field(examples=[EXAMPLE_ID])
    external_key: Annotated[str, Field(max_length=LONGEST_KEY)] = Field(
        default="",
        examples=["visit-4711"],
        description="Its name in your system. Sent again with the same key, the appointment is changed, not doubled",
    )


class AppointmentOut(Out):
    id: int
    customer_id: UUID
    title: str
    place: str
    starts_at: datetime
    timezone: str
    state: AppointmentState
    ends_at: datetime | None
    owner_id: int | None
    wish: str = Field(description="what the customer said about another time")
