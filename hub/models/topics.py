"""What marketing is about: customers may want one topic and not another."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from hub.models.columns import Json


class Topic(SQLModel, table=True):
    """`key` stands in the ledger and in campaigns and never changes; `titles`: language → what customers read."""

    __tablename__ = "topic"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    titles: dict[str, str] = Field(sa_type=Json)
    active: bool = True  # offered to customers and to new campaigns
