"""What is known of one call, gathered from events in any order and any number, and the state that follows. Pure.

The facts live in the interaction's `call` column:
  progress, reason, seconds   of the customer's own leg
  legs        leg id → number, progress, seconds      the telephones that rang
  rings       step → progress                          how each ringing ended
  digits      step → keys
  recordings  recording id → seconds, step
  answered_by
  bridge      the agent's telephone, when we placed the call to join an agent with a customer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.message import CallEvent, Progress, Reason
from channels.screening import SCREENED
from hub.models.vocabulary import Direction, State
from hub.outbound.calling import JOINED

ASSIGNEE, AGENTS, VOICEMAIL = "assignee", "agents", "voicemail"
RINGS = (ASSIGNEE, AGENTS)

Facts = dict[str, Any]


def gather(facts: Mapping[str, Any], event: CallEvent) -> Facts:
    """The facts with one more event in them. The same event again, or an older one late, changes nothing."""
    known: Facts = {**facts}
    if event.asks and event.step in (*RINGS, JOINED):
        _put(known, "rings", event.step, _furthest(known.get("rings", {}).get(event.step), event.progress))
    elif event.leg_id:
        _put(known, "legs", event.leg_id, _leg(known.get("legs", {}).get(event.leg_id, {}), event))
    else:
        _own(known, event)
    if event.digits:
        _put(known, "digits", event.step, max(event.digits, known.get("digits", {}).get(event.step, "")))
    if event.answered_by is not None:
        known["answered_by"] = max(event.answered_by.value, known.get("answered_by", ""))
    if event.recording is not None:
        heard = {"seconds": event.recording.seconds, "step": event.step}
        _put(known, "recordings", event.recording.provider_id, heard)
    return known


def talked(facts: Mapping[str, Any]) -> bool:
    """Whether a colleague and the customer were joined. A rung colleague's leg may be an answering machine's."""
    if Progress.DELIVERED in facts.get("rings", {}).values() or facts.get("digits", {}).get(SCREENED) == "1":
        return True
    legs = (leg["progress"] for leg in facts.get("legs", {}).values())
    return bool(facts.get("bridge")) and any(leg in (Progress.ANSWERED, Progress.DELIVERED) for leg in legs)


def left_voicemail(facts: Mapping[str, Any]) -> bool:
    return any(heard["step"] == VOICEMAIL for heard in facts.get("recordings", {}).values())


def state(facts: Mapping[str, Any], direction: Direction) -> State | None:
    """Where the call stands; None while nothing that matters has happened."""
    progress = Progress(facts["progress"]) if facts.get("progress") else None
    if direction is Direction.IN:
        return _inbound(facts, progress)
    if progress is Progress.DELIVERED and facts.get("bridge") and not talked(facts):
        return State.FAILED  # the agent was there, the customer was not
    return _OUTBOUND.get(progress) if progress else None


def _inbound(facts: Mapping[str, Any], progress: Progress | None) -> State:
    """Our own greeting answers every call, so the provider's `answered` and `completed` say nothing about people."""
    over = progress is not None and progress.rank >= Progress.DELIVERED.rank
    if talked(facts):
        return State.DELIVERED if over else State.TALKING
    if not over:
        return State.RINGING
    return State.FAILED if facts.get("reason") == Reason.UNREACHABLE else State.MISSED


_OUTBOUND: Mapping[Progress, State] = {
    Progress.RINGING: State.RINGING,
    Progress.ANSWERED: State.TALKING,
    Progress.DELIVERED: State.DELIVERED,
    Progress.FAILED: State.FAILED,
}


def _own(known: Facts, event: CallEvent) -> None:
    if event.progress is not None:
        known["progress"] = _furthest(known.get("progress"), event.progress)
    if event.reason is not None:
        known["reason"] = max(event.reason.value, known.get("reason", ""))
    if event.seconds is not None:
        known["seconds"] = max(event.seconds, known.get("seconds", 0))


def _leg(leg: Mapping[str, Any], event: CallEvent) -> dict[str, Any]:
    number = max(event.recipient.value, leg.get("number", ""))
    seconds = max(event.seconds or 0, leg.get("seconds", 0))
    return {"number": number, "progress": _furthest(leg.get("progress"), event.progress), "seconds": seconds}


def _furthest(known: str | None, new: Progress | None) -> str:
    """Of two ends that contradict each other always the same one, whichever came first."""
    words = [Progress(word) for word in (known, new) if word]
    return max(words, key=lambda word: (word.rank, word.value), default=Progress.QUEUED).value


def _put(known: Facts, table: str, key: str, value: object) -> None:
    known[table] = {**known.get(table, {}), key: value}
