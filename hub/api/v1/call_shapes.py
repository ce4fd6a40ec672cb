"""What travels about calls: those under way, those missed, what came of them, what was logged by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from hub.api.shapes import EXAMPLE_ID, Body, Out
from hub.conversations import call_outcomes, logged, wrap_ups
from hub.conversations.logged import What
from hub.models import CallOutcome
from hub.models.vocabulary import Direction, Settled, State

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Note = Annotated[str, Field(max_length=wrap_ups.LONGEST_NOTE)]
_Title = Annotated[str, Field(max_length=call_outcomes.LONGEST_NAME)]
_LANGUAGES = 20


class CallOut(Out):
    """A call that is under way, or that waits to be wrapped up (`ended_at`). `staff_id` null: nobody has it."""

    id: UUID
    at: datetime
    direction: Direction
    state: State
    number: str
    customer_id: UUID
    customer_name: str
    provisional: bool
    conversation_id: UUID | None
    rung: list[int]
    staff_id: int | None
    staff_name: str
    talked_at: datetime | None
    ended_at: datetime | None
    note: str


class MissedCallOut(Out):
    """A call that nobody took, or a voicemail: `words` as the provider understood it, `file_id` its recording."""

    id: UUID
    at: datetime
    number: str
    customer_id: UUID
    customer_name: str
    provisional: bool
    conversation_id: UUID | None
    assignee_id: int | None
    words: str
    file_id: UUID | None
    seconds: int
    done_at: datetime | None
    done_by: str
    settled: Settled | None


class PlaceIn(Body):
    """Rings the token's owner first, then the customer. `number` empty: the customer's best one."""

    customer_id: Annotated[UUID, Field(examples=[EXAMPLE_ID])]
    number: Annotated[str, Field(max_length=20, examples=["+48601123456"])] = ""
    conversation_id: UUID | None = None


class PlacedOut(BaseModel):
    """`reason` and `trace` say why the gate withheld it."""

    id: UUID
    placed: bool
    reason: str = ""
    trace: list[str] = []


class NoteIn(Body):
    note: Note


class WrapUpIn(Body):
    """`note` null: it stays as it is."""

    outcome_id: Id
    note: Note | None = None
    resolve: bool = Field(default=False, description="its conversation as well")
    call_back_at: AwareDatetime | None = Field(default=None, description="The taker has a task to call back by then")


class LogIn(Body):
    """`inward`: the customer called or came."""

    what: What
    inward: bool
    at: AwareDatetime
    minutes: Annotated[int, Field(ge=0, le=logged.LONGEST_MINUTES)] = 0
    note: Note = ""
    outcome_id: Id | None = None
    number: Annotated[str, Field(max_length=20, pattern=r"^(\+\d{4,15})?$")] = ""
    conversation_id: UUID | None = None


class LoggedOut(BaseModel):
    id: UUID


class OutcomeIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=call_outcomes.LONGEST_NAME, examples=["Sold"])]
    titles: dict[Annotated[str, Field(pattern="^[a-z]{2}$")], _Title] = Field(
        default_factory=dict,
        max_length=_LANGUAGES,
        examples=[{"pl": "Sprzedano"}],
        description="Its name for those who read the desk in another language",
    )
    calls_back: bool = Field(default=False, description="The desk asks when the customer is called back")
    active: bool = True


class OutcomeOut(BaseModel):
    """An outcome that calls are wrapped up with; one that is not `active` is offered no more."""

    id: int
    name: str
    titles: dict[str, str]
    position: int
    calls_back: bool
    active: bool

    @classmethod
    def of(cls, row: CallOutcome) -> OutcomeOut:
        return cls(id=row.id or 0, **row.model_dump(exclude={"id"}))
