"""What marketers are still writing: drafts of templates, and the pictures of their mails."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment


class TemplateDraft(SQLModel, table=True):
    """The texts of a template as they are being written: one for all who write. Nothing is sent with them."""

    __tablename__ = "template_draft"
    template_id: int = Field(primary_key=True, foreign_key="template.id", ondelete="CASCADE")
    variants: dict[str, dict[str, str]] = Field(sa_type=Json)  # as of a version
    revision: int  # grows with every change: who saves tells which one they began with
    changed_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    changed_at: datetime = Field(sa_type=Moment)


class MailPicture(SQLModel, table=True):
    """A picture that mails show. It lies in the storage for good: a mail is opened years later."""

    __tablename__ = "mail_picture"
    __table_args__ = (Index("mail_picture_newest", text("created_at desc")),)
    id: UUID = Field(primary_key=True)
    sha256: str
    name: str
    media_type: str
    size: int
    alt: str  # what it shows, for those who do not see it; empty: it only decorates
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
