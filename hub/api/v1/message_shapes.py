"""Messages over the JSON API: what is to be said, what was, and conversations put in order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from channels.message import Kind
from hub.api.shapes import EXAMPLE_ID, Body, Line, Out, Variables
from hub.conversations import copying
from hub.conversations.rearranging import Reach
from hub.models import Rearrangement
from hub.models.vocabulary import CopyFate, Direction, Origin, Purpose, Rearranged, State, Withheld
from hub.outbound.asking import LONGEST_SUBJECT, LONGEST_TEXT


class FileOut(BaseModel):
    id: UUID
    name: str
    media_type: str
    size: int
    inline: bool


class CopyOut(BaseModel):
    address: str
    blind: bool = Field(description="Bcc: nobody reads of it in the mail")
    fate: CopyFate = Field(description="along: as far as the mail itself; waiting: put off, and tried again")
    reason: str = Field(description="Why it waits, or was left_out, refused or failed")
    detail: str = Field(description="The same in the mail server's words")


class InteractionOut(Out):
    id: UUID
    at: datetime
    customer_id: UUID
    conversation_id: UUID | None
    direction: Direction
    kind: Kind | None = Field(description="null: a note between colleagues")
    channel: str
    origin: Origin
    purpose: Purpose
    state: State
    state_at: datetime
    reason: str
    detail: str
    sender: str
    recipient: str
    subject: str
    text: str
    reply_text: str = Field(description="The new part of a mail, without what it quotes")
    reply_to: str = Field(description="Where the answer to it goes, when that is not the sender")
    copied: list[str] = Field(description="The other people in To and Cc, at most 200")
    threaded_by: str = Field(description="Why it stands in its conversation, see the list of reasons")
    points_to_id: UUID | None = Field(description="The conversation that the flag speaks of")
    auto: str
    flag: str
    trace: list[str] = Field(description="Why the gate said what it said")
    call: dict[str, Any] | None
    staff_id: int | None
    campaign_id: int | None
    occasion: str
    attachments: list[FileOut]
    copies: list[CopyOut] = Field(description="Of a mail that we wrote: who was to get it as well")


Copies = Annotated[
    list[Annotated[str, Field(max_length=320)]],
    Field(max_length=copying.MOST, examples=[["boris@example.com"]]),
]


class TemplateIn(Body):
    name: Line = Field(examples=["birthday"])
    variables: Variables = Field(default={}, examples=[{"gift": "tulips"}])


class MessageIn(Body):
    customer_id: UUID = Field(examples=[EXAMPLE_ID])
    kind: Kind | None = Field(default=None, examples=["sms"], description="null: as the customer prefers")
    purpose: Purpose = Field(default=Purpose.SERVICE, examples=["service"])
    subject: Annotated[str, Field(max_length=LONGEST_SUBJECT)] = Field(default="", examples=["Your order"])
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = Field(default="", examples=["Your order is ready for you."])
    template: TemplateIn | None = None
    conversation_id: UUID | None = None
    cc: Copies = Field(default=[], description="Mail addresses that get a copy; with bcc at most 20. Only of email")
    bcc: Copies = Field(default=[], description="The same; nobody reads of them in the mail")
    not_before: AwareDatetime | None = None
    expires_at: AwareDatetime | None = Field(default=None, description="Too late after this: it is not sent any more")

    @model_validator(mode="after")
    def _one_content(self) -> MessageIn:
        if bool(self.text.strip()) == (self.template is not None):
            raise ValueError("Give either text or template")
        if self.template is not None and self.subject:
            raise ValueError("A template brings its own subject")
        if (self.cc or self.bcc) and (self.kind is not Kind.EMAIL or self.purpose is not Purpose.SERVICE):
            raise ValueError("Give `cc` and `bcc` only with kind email and purpose service")
        return self


class MessageOut(BaseModel):
    id: UUID = Field(description="The interaction: GET /api/v1/interactions/{id} tells what became of it")
    outcome: str = Field(examples=["placed"], description="placed, duplicate or withheld")
    kind: Kind | None = None
    due_at: datetime | None = None
    reason: Withheld | None = Field(default=None, description="Why it was withheld")
    trace: list[str] = []
    left_out: dict[str, Withheld] = Field(default={}, description="Addresses that get no copy, and why not")


class MoveIn(Body):
    conversation_id: UUID = Field(description="Where it is to stand")


class SplitIn(Body):
    reach: Reach = Field(examples=["later"], description="message: this one alone; later: and everything behind it")


class MergeIn(Body):
    into: UUID = Field(description="The conversation that remains")


class RearrangementOut(BaseModel):
    id: UUID = Field(description="POST /api/v1/rearrangements/{id}/undo takes it back")
    what: Rearranged
    from_id: UUID
    into_id: UUID
    words: int = Field(description="How many messages stand elsewhere now")
    undone_at: datetime | None

    @classmethod
    def of(cls, change: Rearrangement) -> RearrangementOut:
        plain = change.model_dump(include={"id", "what", "from_id", "into_id", "undone_at"})
        return cls(**plain, words=len(change.moved["words"]))


class TakenBackOut(BaseModel):
    """Whose draft it is now."""

    staff_id: int
    customer_id: UUID
    conversation_id: UUID | None
    text: str
