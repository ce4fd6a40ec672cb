"""Forms by which people sign up by themselves, and who has asked and not confirmed it yet."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Date, Index, String
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import Kind


class SignUpForm(SQLModel, table=True):
    """`key` stands in its public address and in the ledger and never changes. `number` grows whenever its words do.

    `items`: what may be ticked: a purpose, or `topic:` and a topic's key. `words`: language → title, intro, consent.
    """

    __tablename__ = "sign_up_form"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    name: str
    number: int = 1
    active: bool = True
    kinds: list[str] = Field(sa_type=ARRAY(String))  # by which of these its asker may be confirmed: email, sms
    items: list[str] = Field(sa_type=ARRAY(String))
    asks_name: str = "optional"  # no, optional, required
    asks_language: bool = True
    words: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=Json)
    after_url: str = ""  # https://…: where the browser goes afterwards; empty: a page of ours
    most_a_day: int = 500  # confirmations asked for: what a flood costs at most
    created_at: datetime = Field(sa_type=Moment)


class SignUp(SQLModel, table=True):
    """Somebody asked, and is no customer by it. Its id is the one of the message that asks for the confirmation.

    Once confirmed only `confirmed_at` is left of it; a row that nobody confirms is deleted.
    """

    __tablename__ = "sign_up"
    __table_args__ = (Index("sign_up_address", "kind", "address"), Index("sign_up_asked", "asked_at"))
    id: UUID = Field(primary_key=True)
    form_id: int = Field(foreign_key="sign_up_form.id", ondelete="CASCADE")
    asked_at: datetime = Field(sa_type=Moment)
    kind: Kind = Field(sa_type=Word(Kind))
    address: str  # canonical
    name: str = ""
    language: str
    items: dict[str, str] = Field(sa_type=Json)  # what was ticked → the words that stood beside it
    version: str  # of these words, for the ledger
    ip: str = ""
    confirmed_at: datetime | None = Field(default=None, sa_type=Moment)


class SignUpDay(SQLModel, table=True):
    """How many asked by a form on a day of the company's, and how many confirmed."""

    __tablename__ = "sign_up_day"
    form_id: int = Field(primary_key=True, foreign_key="sign_up_form.id", ondelete="CASCADE")
    day: date = Field(primary_key=True, sa_type=Date)
    asked: int = 0
    confirmed: int = 0
