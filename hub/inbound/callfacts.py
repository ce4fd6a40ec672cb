"""What is known of one call, gathered from events in any order and any number, and the state that follows. Pure.

The facts live in the interaction's `call` column:
  progress, reason, seconds   of the customer's own leg
  legs        leg id → number, progress, seconds, pressed   the telephones that rang
  rings       step → progress                          how each ringing ended
  digits      step → keys
  recordings  recording id → seconds, step
  answered_by
  joined      the leg that the carrier says was joined
  bridge      the agent's telephone, when we placed the call to join an agent with a customer
  outcome     what its taker said of it (see hub.conversations.wrap_ups)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.message import CallEvent, Progress, Reason
from channels.screening import SCREENED
from hub.models.vocabulary import Direction, State
from hub.outbound.calling import JOINED

TAKE, TAKEN, ASSIGNEE, AGENTS, VOICEMAIL = "take", "taken", "assignee", "agents", "voicemail"
RINGS = (TAKEN, ASSIGNEE, AGENTS)  # TAKE: somebody at the desk wants the call, and TAKEN rings them

Facts = dict[str, Any]


def gather(facts: Mapping[str, Any], event: CallEvent) -> Facts:
    """The facts with one more event in them. The same event again, or an older one late, changes nothing."""
    known: Facts = {**facts}
    if event.asks and event.step in (*RINGS, JOINED):
        _put(known, "rings", event.step, _furthest(known.get("rings", {}).get(event.step), event.progress))
        if event.leg_id and event.progress is Progress.DELIVERED:
            known["joined"] = max(event.leg_id, known.get("joined", ""))
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


def taker(facts: Mapping[str, Any]) -> str:
    """The number of the telephone that has the call, as far as is known; "" when none has."""
    legs: Mapping[str, Mapping[str, Any]] = facts.get("legs", {})
    joined = legs.get(facts.get("joined", ""))
    if joined is not None:
        return str(joined["number"])
    pressed = sorted((leg_id, leg["number"]) for leg_id, leg in legs.items() if leg.get("pressed") == "1")
    return str(pressed[0][1]) if pressed else ""


def left_voicemail(facts: Mapping[str, Any]) -> bool:
    return any(heard["step"] == VOICEMAIL for heard in facts.get("recordings", {}).values())


def state(facts: Mapping[str, Any], direction: Direction) -> State | None:
    """Where the call stands; None while nothing that matters has happened."""
    progress = Progress(facts["progress"]) if facts.get("progress") else None
    if direction is Direction.IN:
        return _inbound(facts, progress)
    if facts.get("bridge") and not talked(facts) and progress in (Progress.ANSWERED, Progress.DELIVERED):
        # The agent was there, the customer was not, or not yet.
        return State.FAILED if progress is Progress.DELIVERED else State.RINGING
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
    known = {"number": number, "progress": _furthest(leg.get("progress"), event.progress), "seconds": seconds}
    pressed = event.digits if event.step == SCREENED else ""
    pressed = max(pressed, leg.get("pressed", ""))
    return known | {"pressed": pressed} if pressed else known


def _furthest(known: str | None, new: Progress | None) -> str:
    """Of two ends that contradict each other always the same one, whichever came first."""
    words = [Progress(word) for word in (known, new) if word]
    return max(words, key=lambda word: (word.rank, word.value), default=Progress.QUEUED).value


def _put(known: Facts, table: str, key: str, value: object) -> None:
    known[table] = {**known.get(table, {}), key: value}
