"""Segments that have a name, and what customers bought, which segments ask about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment


class SavedSegment(SQLModel, table=True):
    """Whom a name means. In the archive it is offered no more; what names it goes on meaning the same."""

    __tablename__ = "segment"
    __table_args__ = (Index("segment_name", text("lower(name)"), unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    tree: Any = Field(sa_type=Json)  # see `hub.segments.tree.read`
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    archived_at: datetime | None = Field(default=None, sa_type=Moment)
