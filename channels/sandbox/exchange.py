"""Calls on the pretend carrier: placed by the company, by pretend people, or as legs of a Dial; and their queues."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from channels.sandbox.callbacks import Courier, Posted
from channels.sandbox.errands import Errands
from channels.sandbox.magic import Trick, trick
from channels.sandbox.refusals import Refusal
from channels.sandbox.resources import VERSION, Call, CompanyNumber, Heard, Recording, now
from channels.sandbox.telephone import Answer, Behaviour, Held, Scripted, Telephone, by_number

T = TypeVar("T")
TRANSCRIPT = "Hello, please call me back when you can."


@dataclass(frozen=True, slots=True)
class Dialling:
    """What a program asks for when it creates a call."""

    sender: str
    recipient: str
    url: str
    twiml: str
    callback: str
    callback_events: frozenset[str]
    ring_seconds: int
    detects_machine: str


@dataclass(frozen=True, slots=True)
class Ringing:
    """One telephone of a Dial; `screen` is asked what to say to it before it is joined."""

    number: str
    caller_id: str
    seconds: int
    screen: str
    callback: str
    callback_events: frozenset[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in a queue; `taken` is done with the call that came for it, `parted` when their talk is over."""

    call: Call
    taken: asyncio.Future[Call]
    parted: asyncio.Event


class Exchange:
    """`play` conducts a call to its end; `tell` hears the number of every telephone that something happened on."""

    def __init__(
        self,
        account_sid: str,
        courier: Courier,
        errands: Errands,
        *,
        pace: float,
        play: Callable[[Exchange, Call], Coroutine[Any, Any, str]],
        tell: Callable[[str], None],
    ) -> None:
        self._play = play
        self._account_sid, self._courier, self._errands = account_sid, courier, errands
        self.pace, self._tell = pace, tell
        self._behaviours: dict[str, Behaviour] = {}
        self._held: set[str] = set()
        self.base = ""
        self.all: dict[str, Call] = {}
        self.recordings: dict[str, Recording] = {}
        self.queues: dict[str, deque[Waiting]] = {}

    # ---- the people -----------------------------------------------------------------------

    def behave(self, number: str, behaviour: Behaviour) -> None:
        """From now on, whoever has this number behaves so."""
        self._behaviours[number] = behaviour

    def hold(self, number: str, *, held: bool) -> None:
        """From now on, this telephone is in a person's hand (the page), or is not."""
        (self._held.add if held else self._held.discard)(number)

    def is_held(self, number: str) -> bool:
        return number in self._held

    def _telephone(self, number: str) -> Telephone:
        if number in self._held:
            return Held()
        return Scripted(self._behaviours.get(number) or by_number(number), self.pace)

    # ---- calls ----------------------------------------------------------------------------

    def place(self, dialling: Dialling) -> Call:
        """The company calls somebody. Raises Refusal, as Twilio would."""
        if trick(dialling.recipient) is Trick.NOT_A_NUMBER or not dialling.recipient[1:].isdecimal():
            raise Refusal(400, 21211, f"The 'To' number {dialling.recipient} is not a valid phone number.")
        call = Call(
            account_sid=self._account_sid,
            sender=dialling.sender,
            recipient=dialling.recipient,
            direction="outbound-api",
            telephone=self._telephone(dialling.recipient),
            url=dialling.url,
            twiml=dialling.twiml,
            callback=dialling.callback,
            callback_events=dialling.callback_events,
            ring_seconds=dialling.ring_seconds,
            detects_machine=dialling.detects_machine,
        )
        self._enter(call)
        self._errands.start(self._outbound(call))
        return call

    def dial(self, sender: str, number: CompanyNumber, telephone: Telephone) -> Call:
        """Somebody calls the company."""
        call = Call(
            account_sid=self._account_sid,
            sender=sender,
            recipient=number.number,
            direction="inbound",
            telephone=telephone,
            status="ringing",
            url=number.voice_url,
            callback=number.status_callback,
        )
        self._enter(call)
        self.hear(call, "rings")
        self._errands.start(self._inbound(call))
        return call

    def leg(self, parent: Call, ringing: Ringing) -> Call:
        """A telephone rung by a Dial, not yet ringing."""
        call = Call(
            account_sid=self._account_sid,
            sender=ringing.caller_id,
            recipient=ringing.number,
            direction="outbound-dial",
            telephone=self._telephone(ringing.number),
            parent_sid=parent.sid,
            callback=ringing.callback,
            callback_events=ringing.callback_events,
            ring_seconds=ringing.seconds,
        )
        self._enter(call)
        return call

    def _enter(self, call: Call) -> None:
        self.all[call.sid] = call
        self._tell(call.sender)
        self._tell(call.recipient)

    async def _outbound(self, call: Call) -> None:
        await self.report(call, "initiated")
        if await self.ring(call):
            await self._conduct(call)

    async def _inbound(self, call: Call) -> None:
        call.started = now()
        await self._conduct(call)

    async def ring(self, call: Call) -> bool:
        """Let it ring; True when it was picked up. Otherwise the call is over."""
        call.status = "ringing"
        self.hear(call, "rings")
        await self.report(call, "ringing")
        answer = await self.interruptible(call, call.telephone.pick_up(call.ring_seconds))
        if answer is None or not answer.picked_up:
            await self.end(call, "canceled" if answer is None else answer.value)
            return False
        call.status, call.started = "in-progress", now()
        if call.detects_machine:
            call.answered_by = _answered_by(answer, call.detects_machine)
        self.hear(call, "answered", answer.value)
        await self.report(call, "answered")
        return True

    async def _conduct(self, call: Call) -> None:
        """Play what the company says, again from a new place when it redirects the call, then end it."""
        while True:
            call.redirected = False
            outcome = await self.interruptible(call, self._play(self, call))
            if not call.redirected:
                break
        await self.end(call, outcome or "completed")

    async def interruptible(self, call: Call, work: Coroutine[Any, Any, T]) -> T | None:
        """Do something that hanging up ends; None when it did."""
        call.doing = asyncio.ensure_future(work)
        try:
            await asyncio.wait({call.doing})
        finally:
            call.doing.cancel()
        return None if call.doing.cancelled() else call.doing.result()

    def hang_up(self, call: Call) -> None:
        """Either side puts the receiver down."""
        if call.doing:
            call.doing.cancel()

    def redirect(self, call: Call, *, url: str = "", twiml: str = "") -> None:
        """Go on with other TwiML."""
        if call.over:
            raise Refusal(400, 21220, "Call is not in-progress. Cannot redirect.")
        call.url, call.twiml, call.redirected = url, twiml, True
        self.hang_up(call)

    async def end(self, call: Call, status: str) -> None:
        if call.over:
            return
        call.status, call.ended = status, now()
        if status == "completed" and call.started:
            call.elapsed = max(call.elapsed, (call.ended - call.started).total_seconds())
        self.hear(call, "ended", status)
        await self.report(call, "completed")

    # ---- telling the company --------------------------------------------------------------

    def envelope(self, call: Call) -> dict[str, str]:
        """What every request about a call says."""
        form = {
            "AccountSid": call.account_sid,
            "ApiVersion": VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.recipient,
            "Caller": call.sender,
            "Direction": call.direction,
            "From": call.sender,
            "To": call.recipient,
        }
        more = {"ParentCallSid": call.parent_sid, "AnsweredBy": call.answered_by}
        return form | {key: value for key, value in more.items() if value}

    async def post(self, call: Call, url: str, more: Mapping[str, str]) -> Posted:
        return await self._courier.post(url, self.envelope(call) | dict(more))

    async def report(self, call: Call, event: str) -> None:
        """Call the status callback when this event was asked for."""
        if not call.callback or event not in call.callback_events:
            return
        more = {"CallbackSource": "call-progress-events", "Timestamp": now().strftime("%a, %d %b %Y %H:%M:%S +0000")}
        if event == "initiated":
            more["CallStatus"] = "initiated"
        if call.over:
            more |= {"CallDuration": str(round(call.elapsed)), "Duration": str(-(-round(call.elapsed) // 60))}
        await self.post(call, call.callback, more)

    async def record(self, call: Call, seconds: int, source: str, callback: str) -> Recording:
        """Keep a recording and tell the company where it is."""
        recording = Recording(call.account_sid, call.sid, seconds, source)
        self.recordings[recording.sid] = recording
        if callback:
            await self._courier.post(callback, self._recorded(recording))
        return recording

    async def transcribe(self, recording: Recording, callback: str) -> None:
        """Say what was said on a recording. Pretend people all say the same."""
        form = {
            "AccountSid": recording.account_sid,
            "CallSid": recording.call_sid,
            "RecordingSid": recording.sid,
            "RecordingUrl": self.recording_url(recording),
            "TranscriptionSid": "TR" + recording.sid[2:],
            "TranscriptionStatus": "completed",
            "TranscriptionText": TRANSCRIPT,
        }
        await self._courier.post(callback, form)

    def recording_url(self, recording: Recording) -> str:
        return f"{self.base}{recording.path()}"

    def _recorded(self, recording: Recording) -> dict[str, str]:
        return {
            "AccountSid": recording.account_sid,
            "CallSid": recording.call_sid,
            "ErrorCode": "0",
            "RecordingChannels": "1",
            "RecordingDuration": str(recording.seconds),
            "RecordingSid": recording.sid,
            "RecordingSource": recording.source,
            "RecordingStatus": "completed",
            "RecordingUrl": self.recording_url(recording),
        }

    def hear(self, call: Call, verb: str, what: str = "") -> None:
        call.heard.append(Heard(verb, what))
        self._tell(call.sender)
        self._tell(call.recipient)


def _answered_by(answer: Answer, detection: str) -> str:
    if answer is Answer.PERSON:
        return "human"
    return "machine_end_beep" if detection == "DetectMessageEnd" else "machine_start"
