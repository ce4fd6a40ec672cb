"""What agents keep at hand: canned answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment


class CannedAnswer(SQLModel, table=True):
    """Words that are needed again and again, found by their shortcut; of a team, or everybody's."""

    __tablename__ = "canned_answer"
    __table_args__ = (
        UniqueConstraint("team_id", "shortcut", name="canned_answer_shortcut", postgresql_nulls_not_distinct=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="CASCADE")  # None: everybody's
    shortcut: str  # lower case, without the slash
    title: str
    text: str = Field(sa_type=Text)  # a template: see hub.conversations.canned
    changed_at: datetime = Field(sa_type=Moment)
