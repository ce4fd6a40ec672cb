"""The list of conversations, as agents work through it. Selects columns, never entities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.conversations import views
from hub.models.vocabulary import ConversationState


class NoSuchConversation(LookupError):
    """There is no such conversation."""

    def __init__(self, conversation_id: UUID) -> None:
        super().__init__(f"There is no conversation {conversation_id}")


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    customer_id: UUID
    customer_name: str
    subject: str
    preview: str
    kind: Kind
    channel: str
    state: ConversationState
    unread: bool
    assignee_id: int | None
    assignee_name: str
    last_at: datetime
    last_inbound_at: datetime | None
    flag: str
    snoozed_until: datetime | None
    merged_into_id: UUID | None  # nothing is in it any more: whoever opens it is sent there
    due_at: datetime | None  # the earliest of its promises
    warn_at: datetime | None
    labels: tuple[str, ...] = ()
    mentioned: bool = False  # a note in it names the reader, who has not looked since

    @property
    def cursor(self) -> str:
        """What to pass as `before` for the page that begins behind this line."""
        return f"{self.last_at.isoformat()}|{self.id}"


_MENTIONED = (
    "select from mention m join interaction i on i.id = m.interaction_id "
    "where m.staff_id = :staff and i.conversation_id = c.id"
)
VIEWS: Mapping[str, str] = {
    "mine": "c.state in ('open', 'pending') and c.assignee_id = :staff",
    "unassigned": "c.state in ('open', 'pending') and c.assignee_id is null",
    "all": "c.state in ('open', 'pending')",
    "mentions": "c.merged_into_id is null and exists (" + _MENTIONED + ")",
    "snoozed": "c.state = 'snoozed'",
    "late": "c.state <> 'resolved' and c.due_at <= now()",
    "resolved": "c.state = 'resolved' and c.merged_into_id is null",
}

TEAM, CHANNEL, SAVED, LABEL = "team-", "channel-", "saved-", "label-"  # a team's view is called `team-7`
_OF_CHANNEL = "c.state in ('open', 'pending') and c.channel = :channel"
_OF_LABEL = "c.state in ('open', 'pending') and c.labels @> array[(select name from label where id = :label)]"
_OF_TEAM = "c.state in ('open', 'pending') and c.channel in (select channel from team_channel where team_id = :team)"

_LINES = """
select c.id, c.customer_id, p.name as customer_name, c.subject, c.preview, c.kind, c.channel, c.state, c.unread,
  c.assignee_id, coalesce(s.name, '') as assignee_name, c.last_at, c.last_inbound_at, c.flag, c.snoozed_until,
  c.merged_into_id, c.due_at, c.warn_at, c.labels,
  exists (select from mention m join interaction i on i.id = m.interaction_id
    where m.staff_id = :staff and m.read_at is null and i.conversation_id = c.id) as mentioned
from conversation c
join customer p on p.id = c.customer_id
left join staff s on s.id = c.assignee_id
"""

_PAGE = """
  and (cast(:at as timestamptz) is null or (c.last_at, c.id) < (cast(:at as timestamptz), cast(:id as uuid)))
  and (:words = '' or p.name ilike :pattern or c.subject ilike :pattern or c.preview ilike :pattern)
order by c.last_at desc, c.id desc
limit :limit
"""


async def lines(
    session: AsyncSession, view: str, *, staff_id: int, before: str | None = None, limit: int = 50, query: str = ""
) -> list[Line]:
    """One view (`VIEWS`, a team's, a channel's, a saved one), newest first, behind the `cursor` of a line.

    `query`: part of a name, subject or preview. Raises LookupError for a view that does not exist.
    """
    words = query.replace("\0", "").strip()[:200]
    at, last = _position(before)
    condition, narrowed = await _condition(session, view, staff_id)
    statement = f"{_LINES} where {condition} {_PAGE}"
    used = {"at": at, "id": last, "words": words, "limit": limit, "pattern": f"%{_literal(words)}%", **narrowed}
    used["staff"] = staff_id
    return [_line(dict(row)) for row in (await session.execute(text(statement), used)).mappings()]


async def holds(session: AsyncSession, view: str, conversation_id: UUID, *, staff_id: int) -> bool:
    """Whether the conversation is in the view now. Raises LookupError for a view that does not exist."""
    condition, narrowed = await _condition(session, view, staff_id)
    statement = f"{_LINES} where c.id = :this and {condition}"
    values: dict[str, object] = {"this": conversation_id, **narrowed, "staff": staff_id}
    return (await session.execute(text(statement), values)).first() is not None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many conversations each view holds; of channels and labels those that are open or pending, none left out."""

    views: Mapping[str, int]  # of mentions those with one that was not looked at; resolved ones are counted up to MANY
    channels: Mapping[str, int]
    labels: Mapping[str, int]  # by name


async def tally(session: AsyncSession, *, staff_id: int) -> Tally:
    """Everything that is counted beside the list."""
    asked = {"staff": staff_id, "many": MANY}
    rows = (await session.execute(text(_STANDING), asked)).mappings().all()
    labels = (await session.execute(text(_TAGGED))).all()
    others = (await session.execute(text(_BEYOND), asked)).mappings().one()
    views = {view: sum(row[view] for row in rows) if view in _COUNTED else int(others[view]) for view in VIEWS}
    channels = {str(row["channel"]): int(row["all"]) for row in rows if row["all"]}
    return Tally(views, channels, {str(name): int(number) for name, number in labels})


MANY = 1000
_COUNTED = ("mine", "unassigned", "all", "snoozed", "late")
_FILTERS = ", ".join(f"count(*) filter (where {VIEWS[view]}) as {view}" for view in _COUNTED)
_STANDING = f"select c.channel, {_FILTERS} from conversation c where c.state <> 'resolved' group by c.channel"  # noqa: S608
_TAGGED = f"""
select label, count(*) from conversation c cross join unnest(c.labels) label
where c.state <> 'resolved' and c.labels <> '{{}}' and {VIEWS["all"]} group by label
"""  # noqa: S608 - our own words only
_BEYOND = f"""
select (select count(*) from (select from conversation c where {VIEWS["resolved"]} limit :many) few) as resolved,
  (select count(distinct i.conversation_id) from mention m join interaction i on i.id = m.interaction_id
   where m.staff_id = :staff and m.read_at is null and i.conversation_id is not null) as mentions
"""  # noqa: S608 - our own words only


async def conversation(session: AsyncSession, conversation_id: UUID, *, staff_id: int = 0) -> Line:
    """`staff_id`: whose mentions are told. Raises NoSuchConversation."""
    found = await session.execute(text(f"{_LINES} where c.id = :id"), {"id": conversation_id, "staff": staff_id})
    row = found.mappings().first()
    if row is None:
        raise NoSuchConversation(conversation_id)
    return _line(dict(row))


async def others(session: AsyncSession, conversation_id: UUID, *, query: str = "", limit: int = 20) -> list[Line]:
    """Conversations that this one, or a message of it, could go to: its customer's, newest first.

    With a `query`, anybody's with these words in their name, subject or preview.
    """
    words = query.replace("\0", "").strip()[:200]
    whose = "true" if words else "c.customer_id = (select customer_id from conversation where id = :this)"
    statement = f"{_LINES} where {whose} and c.id <> :this and c.merged_into_id is null {_PAGE}"
    used: dict[str, object] = {"this": conversation_id, "at": None, "id": None, "limit": limit, "staff": 0}
    used |= {"words": words, "pattern": f"%{_literal(words)}%"}
    return [_line(dict(row)) for row in (await session.execute(text(statement), used)).mappings()]


def team_of(view: str) -> int | None:
    """The team whose view this is."""
    return _number(view, TEAM)


def saved_of(view: str) -> int | None:
    """The saved view that this is."""
    return _number(view, SAVED)


def label_of(view: str) -> int | None:
    """The label whose view this is."""
    return _number(view, LABEL)


def channel_of(view: str) -> str:
    """The channel whose view this is; empty: none's."""
    return view.removeprefix(CHANNEL) if view.startswith(CHANNEL) else ""


def _number(view: str, kind: str) -> int | None:
    number = view.removeprefix(kind) if view.startswith(kind) else ""
    return int(number) if number.isdecimal() and len(number) < 10 else None


async def _condition(session: AsyncSession, view: str, staff_id: int) -> tuple[str, dict[str, object]]:
    """What a view's rows fulfil, and the values it needs."""
    team, saved, channel, label = team_of(view), saved_of(view), channel_of(view), label_of(view)
    if team is not None:
        return _OF_TEAM, {"team": team}
    if channel:
        return _OF_CHANNEL, {"channel": channel}
    if label is not None:
        return _OF_LABEL, {"label": label}
    if saved is not None:
        conditions = (await views.get(session, saved, staff_id)).conditions
        return views.where(conditions, staff_id, f"%{_literal(conditions.words)}%")
    condition = VIEWS[view]
    return condition, {"staff": staff_id} if ":staff" in condition else {}


def _line(row: dict[str, Any]) -> Line:
    known = {"kind": Kind(row["kind"]), "state": ConversationState(row["state"]), "labels": tuple(row["labels"])}
    return Line(**{**row, **known})


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _position(before: str | None) -> tuple[datetime | None, UUID | None]:
    """A cursor read back; anything that is none begins at the top."""
    at, _, last = (before or "").partition("|")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(last)) if moment.tzinfo else (None, None)
    except ValueError:
        return None, None
