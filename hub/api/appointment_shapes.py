"""Appointments over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.api.shapes import EXAMPLE_ID, Body, Line, Out, Zone
from hub.models.vocabulary import AppointmentState


class AppointmentIn(Body):
    customer_id: UUID = Field(examples=[EXAMPLE_ID])
    title: Line = Field(min_length=1, examples=["Fitting"])
    starts_at: AwareDatetime = Field(examples=["2026-04-02T10:30:00+02:00"])
    timezone: Zone = Field(examples=["Europe/Warsaw"], description="IANA name: the hour is told in it")
    place: Line = Field(default="", examples=["Main street 1"])
    remind_hours_before: list[Annotated[int, Field(ge=1, le=24 * 60)]] = Field(
        default=[24], max_length=5, examples=[[24]]
    )


class AppointmentOut(Out):
    id: int
    customer_id: UUID
    title: str
    place: str
    starts_at: datetime
    timezone: str
    state: AppointmentState
