"""How the desk's work is arranged: business hours, promises about answers, questions about satisfaction, macros."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json


class OpeningHours(SQLModel, table=True):
    """When a team works; the row without a team is the company's, and every team's that has none of its own."""

    __tablename__ = "opening_hours"
    __table_args__ = (Index("opening_hours_team", text("coalesce(team_id, 0)"), unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="CASCADE")
    zone: str  # IANA
    week: list[Any] = Field(sa_type=Json)  # Monday first: lists of [from, until], minutes after midnight
    country: str = ""  # ISO 3166 alpha-2, whose public holidays are closed; empty: none
    subdivision: str = ""
    closed: dict[str, str] = Field(default_factory=dict, sa_type=Json)  # ISO date: what is on that day
