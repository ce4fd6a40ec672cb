"""Doing what a macro says with one conversation: all of it or nothing, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub import live
from hub.conversations import assignment, canned, drafts, held, labels, macros, notes, replies, routing, tasks, threads
from hub.conversations.canned import CannedProblem, NoSuchCanned
from hub.conversations.drafts import Place
from hub.conversations.macros import MacroProblem, NoSuchMacro, Steps
from hub.conversations.replies import Reply
from hub.conversations.signatures import SignatureProblem
from hub.conversations.tasks import NewTask
from hub.customers import identities
from hub.interactions import record
from hub.models import Conversation, DedupeKey, Staff
from hub.models.vocabulary import ConversationState
from hub.outbound.request import Answer, Duplicate, Gate, Placed
from hub.sentences import Gap, Sentence
from hub.staff import audit

LOGGED = "macro"  # the occasion of its line in the log


class WouldNotLeave(Exception):
    """The gate withholds the macro's answer for `reason`; nothing was done."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The answer would not be sent ({reason}), so nothing was done")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Run:
    """One press. `form_token` makes a double click one run; `seen`, `leaves_at` as of replies.Reply."""

    macro_id: int
    conversation_id: UUID
    staff_id: int
    form_token: str
    seen: UUID | None = None
    leaves_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """`answer`: the message that leaves, if there is one; `again`: it was done before, and nothing is done now."""

    name: str
    answer: Placed | None = None
    again: bool = False


async def run(session: AsyncSession, wish: Run, *, gate: Gate, now: datetime) -> Done:
    """Raises NoSuchMacro, threads' NoSuchConversation, MacroProblem, WouldNotLeave, replies.Overtaken."""
    usable = {one.id: one for one in await macros.listing(session, wish.staff_id)}
    macro = usable.get(wish.macro_id)
    if macro is None:
        raise NoSuchMacro(f"There is no macro {wish.macro_id} that you may run")
    conversation = await threads.locked_with_customer(session, wish.conversation_id)
    if await session.get(DedupeKey, _key(wish)) is not None:
        return Done(macro.name, again=True)
    before = held.seen(conversation)
    answer = await _answer(session, conversation, macro.steps, wish, gate=gate, now=now)
    if isinstance(answer, Duplicate):
        return Done(macro.name, again=True)
    entry = await _log(session, conversation, macro.name, wish.staff_id, now)
    session.add(DedupeKey(key=_key(wish), interaction_id=entry))
    await _rest(session, conversation, macro.steps, wish, gate=gate, now=now)
    await session.refresh(conversation)
    if answer is not None and wish.leaves_at is not None:
        await held.reach(session, answer.interaction_id, before=before, conversation=conversation)
    subject = f"conversation:{conversation.id}"
    await audit.write(session, "macro.run", staff_id=wish.staff_id, subject=subject, detail=macro.name, now=now)
    await live.publish(session, "conversation", id=conversation.id, customer=conversation.customer_id)
    return Done(macro.name, answer)


def _key(wish: Run) -> str:
    """Not the answer's: a macro need not have one. Whoever asks for it holds the conversation."""
    return f"macro:{wish.conversation_id}:{wish.form_token}"


async def _rest(
    session: AsyncSession, conversation: Conversation, steps: Steps, wish: Run, *, gate: Gate, now: datetime
) -> None:
    """Everything but the answer, in the order of Steps. What has nothing to say of this customer is left out."""
    here, by = conversation.id, wish.staff_id
    if words := await _filled(session, conversation, steps.note, by, gate):
        await notes.add(session, conversation.customer_id, here, words, staff_id=by, now=now)
    await _label(session, here, steps, by, now)
    if steps.assign:
        whose = await _whose(session, steps.assign, by, now)
        await _assign(session, here, whose)
    if title := await _filled(session, conversation, steps.task, by, gate):
        await session.refresh(conversation)
        due = now + timedelta(days=steps.task_days) if steps.task_days is not None else None
        whose = conversation.assignee_id or by
        new = NewTask(tasks.shortened(title), conversation.customer_id, here, due, whose, by)
        await tasks.add(session, new, now=now)
    await _state(session, here, steps, now)


async def _label(session: AsyncSession, here: UUID, steps: Steps, by: int, now: datetime) -> None:
    try:
        if steps.add:
            await labels.put(session, here, steps.add, by=by, now=now)
    except labels.LabelProblem as e:
        raise MacroProblem(*e.args) from e
    if steps.remove:
        await labels.take(session, here, steps.remove, by=by, now=now)


async def _assign(session: AsyncSession, here: UUID, whose: int | None) -> None:
    try:
        await assignment.assign(session, here, whose)
    except assignment.CannotAssign as e:
        raise MacroProblem(*e.args) from e


async def _state(session: AsyncSession, here: UUID, steps: Steps, now: datetime) -> None:
    match steps.state:
        case ConversationState.OPEN:
            await assignment.reopen(session, here)
        case ConversationState.PENDING:
            await assignment.await_customer(session, here)
        case ConversationState.RESOLVED:
            await assignment.resolve(session, here, now=now)
        case ConversationState.SNOOZED:
            await assignment.snooze(session, here, now + timedelta(hours=steps.snooze_hours or 1))


async def _whose(session: AsyncSession, assign: str, by: int, now: datetime) -> int | None:
    """Raises MacroProblem for an account that is off, or a team in which nobody answers."""
    if assign in (macros.ME, macros.NOBODY):
        return by if assign == macros.ME else None
    if assign.startswith(macros.STAFF):
        person = await session.get(Staff, int(assign.removeprefix(macros.STAFF)))
        if person is None or not person.active:
            raise MacroProblem(Sentence("Whom the macro gives it to has no account any more. Change the macro"))
        return person.id
    found = await routing.least_busy(session, int(assign.removeprefix(macros.TEAM)), now=now)
    if found is None:
        raise MacroProblem(
            Sentence("Nobody answers customers in the team that the macro gives it to. Change the macro")
        )
    return found


async def _answer(
    session: AsyncSession, conversation: Conversation, steps: Steps, wish: Run, *, gate: Gate, now: datetime
) -> Placed | Duplicate | None:
    """An unsent draft of whoever runs it stays where it lies."""
    if steps.answer is None:
        return None
    place = Place(wish.staff_id, conversation.customer_id, conversation.id)
    draft = await drafts.find(session, place)
    given = await _replied(session, conversation, steps.answer, wish, gate=gate, now=now)
    if draft is not None:
        await drafts.keep(session, place, draft[0], now=draft[1])
    if isinstance(given, Placed | Duplicate):
        return given
    raise WouldNotLeave(given.reason)


async def _replied(
    session: AsyncSession, conversation: Conversation, answer_id: int, wish: Run, *, gate: Gate, now: datetime
) -> Answer:
    """Raises MacroProblem for words that cannot be sent."""
    reply = Reply(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        kind=await _kind(session, conversation),
        text=await _words(session, conversation, answer_id, wish.staff_id, gate),
        staff_id=wish.staff_id,
        form_token=wish.form_token,
        seen=wish.seen,
        leaves_at=wish.leaves_at,
    )
    try:
        return await replies.answer(session, reply, gate=gate, now=now)
    except (replies.EmptyReply, replies.TooLong) as e:
        raise MacroProblem(*e.args) from e
    except SignatureProblem as e:
        raise MacroProblem(
            Sentence("The signature does not fit, so nothing was done: %(why)s", {"why": e.args[0]})
        ) from e


async def _kind(session: AsyncSession, conversation: Conversation) -> Kind:
    """By which they wrote last; else by which the conversation goes; after a call by SMS, else by mail."""
    known = await identities.of(session, conversation.customer_id)
    wanted = (await replies.last_written(session, conversation.id), conversation.kind, Kind.SMS, Kind.EMAIL)
    for kind in wanted:
        if kind is not None and kind is not Kind.VOICE and identities.best(known, kind) is not None:
            return kind
    raise MacroProblem(Sentence("There is no address to answer to, so nothing was done"))


async def _words(session: AsyncSession, conversation: Conversation, canned_id: int, by: int, gate: Gate) -> str:
    try:
        found = await canned.filled(session, canned_id, conversation.customer_id, staff_id=by, company=gate.company)
    except NoSuchCanned as e:
        raise MacroProblem(Sentence("The macro's canned answer is gone, or not yours to use. Change the macro")) from e
    if found.trouble is not None:
        gaps: dict[str, Gap] = {"shortcut": found.shortcut, "why": found.trouble}
        raise MacroProblem(Sentence("/%(shortcut)s does not fit this customer, so nothing was done: %(why)s", gaps))
    return found.text


async def _filled(session: AsyncSession, conversation: Conversation, text: str, by: int, gate: Gate) -> str:
    """Empty where it says nothing of this customer, such as only their first name, which nobody knows."""
    try:
        said = await canned.fill(session, text, conversation.customer_id, staff_id=by, company=gate.company)
        return said if said.strip() else ""
    except CannedProblem as e:
        raise MacroProblem(*e.args) from e


async def _log(session: AsyncSession, conversation: Conversation, name: str, by: int, now: datetime) -> UUID:
    """Colleagues see in the conversation which macro it was."""
    words = f"Macro: {name}"
    entry = record.note(conversation.customer_id, conversation.id, words, now=now, staff_id=by, occasion=LOGGED)
    return await record.add(session, entry)
