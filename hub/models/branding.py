"""What customers know the company by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment


class LogoRow(SQLModel, table=True):
    """A logo that was ever set. It lies in the storage for good: mails that left show it."""

    __tablename__ = "logo"
    sha256: str = Field(primary_key=True)
    width: int  # pixels
    height: int
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)


class BrandRow(SQLModel, table=True):
    """One row, or none: then pages look as the hub's own."""

    __tablename__ = "brand"
    __table_args__ = (CheckConstraint("id = 1", name="brand_is_one"),)
    id: int = Field(primary_key=True)
    logo: str | None = Field(default=None, foreign_key="logo.sha256")
    accent: str = ""  # #rrggbb
    footers: dict[str, str] = Field(default_factory=dict, sa_type=Json)  # by language
    privacy_url: str = ""
    changed_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    changed_at: datetime = Field(sa_type=Moment)
