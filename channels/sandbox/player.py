"""What TwiML makes a pretend call do (https://www.twilio.com/docs/voice/twiml), verb by verb.

A verb ends in None (go on with the next one), a Jump (go on with other TwiML) or an End (the call is over, so).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring

from channels.sandbox import joining
from channels.sandbox.exchange import Exchange, Ringing
from channels.sandbox.resources import Call

_MOST_DOCUMENTS = 100  # a call that jumps more often goes round in circles


@dataclass(frozen=True, slots=True)
class Jump:
    """Ask this URL, with this, what comes next."""

    url: str
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class End:
    status: str = "completed"


Outcome = Jump | End | None


async def play(exchange: Exchange, call: Call) -> str:
    """Conduct a call to its end; the status it ends in. A cancelled task means that somebody hung up."""
    if call.twiml:
        outcome = await _document(exchange, call, call.twiml, call.url)
    else:
        outcome = Jump(call.url, {})
    for _ in range(_MOST_DOCUMENTS):
        if not isinstance(outcome, Jump):
            return outcome.status if outcome else "completed"
        outcome = await ask(exchange, call, outcome)
    call.problems.append("the call goes round in circles")
    return "failed"


async def ask(exchange: Exchange, call: Call, jump: Jump) -> Outcome:
    """Fetch the next TwiML and do it. The first answer to an incoming call takes it."""
    if not jump.url:
        return End()
    posted = await exchange.post(call, jump.url, jump.form)
    if not 200 <= posted.status < 300:
        call.problems.append(f"11200 {jump.url} answered {posted.status}: {posted.answer[:200]}")
        return End("completed" if call.status == "in-progress" else "failed")
    if call.status == "ringing":
        call.status = "in-progress"
    return await _document(exchange, call, posted.answer, jump.url)


async def _document(exchange: Exchange, call: Call, text: str, url: str) -> Outcome:
    try:
        root = parse(text)
    except ParseError as e:
        call.problems.append(f"12100 {url} answered something that is no TwiML: {e}")
        return End()
    return await verbs(exchange, call, root, url)


def parse(text: str) -> Element:
    """Raises ParseError; a document type (and with it entities) is refused."""
    if "<!DOCTYPE" in text:
        raise ParseError("document types are not allowed")
    root = fromstring(text.encode())  # noqa: S314 - no document type, so no entities
    if root.tag != "Response":
        raise ParseError(f"<{root.tag}> where <Response> should be")
    return root


async def verbs(exchange: Exchange, call: Call, root: Element, url: str) -> Outcome:
    for verb in root:
        do = VERBS.get(verb.tag)
        if do is None:
            call.problems.append(f"12200 <{verb.tag}> is not known here")
            continue
        outcome = await do(exchange, call, verb, url)
        if outcome is not None:
            return outcome
    return None


async def _say(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    text = words(verb)
    exchange.hear(call, "say", text)
    call.elapsed += len(text) / 15  # about as fast as people speak
    await asyncio.sleep(exchange.pace)
    return None


async def _play(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    exchange.hear(call, "play", words(verb) or verb.get("digits", ""))
    await asyncio.sleep(exchange.pace)
    return None


async def _pause(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    exchange.hear(call, "pause", verb.get("length", "1"))
    call.elapsed += _integer(verb, "length", 1)
    await asyncio.sleep(exchange.pace)
    return None


async def _gather(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    outcome = await verbs(exchange, call, verb, url)
    if outcome is not None:
        return outcome
    most, finish = _integer(verb, "numDigits", 32), verb.get("finishOnKey", "#")
    keys = await call.telephone.press(most, _integer(verb, "timeout", 5), finish)
    if keys:
        exchange.hear(call, "pressed", keys)
    if not keys and verb.get("actionOnEmptyResult", "false") != "true":
        return None
    return Jump(urljoin(url, verb.get("action", "")), {"Digits": keys, "FinishedOnKey": "", "msg": "Gather End"})


async def _record(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    exchange.hear(call, "record", f"at most {verb.get('maxLength', '3600')} seconds")
    seconds = await call.telephone.speak(_integer(verb, "maxLength", 3600))
    if not seconds:
        return None
    call.elapsed += seconds
    recording = await exchange.record(call, seconds, "RecordVerb", _url(verb, "recordingStatusCallback", url))
    exchange.hear(call, "recorded", f"{seconds} seconds")
    if verb.get("transcribe") == "true" and verb.get("transcribeCallback"):
        await exchange.transcribe(recording, _url(verb, "transcribeCallback", url))
    form = {
        "Digits": "",
        "RecordingDuration": str(seconds),
        "RecordingSid": recording.sid,
        "RecordingUrl": exchange.recording_url(recording),
    }
    return Jump(urljoin(url, verb.get("action", "")), form)


async def _dial(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    exchange.hear(call, "dial", " ".join("".join(verb.itertext()).split()))
    queue = verb.find("Queue")
    if queue is not None:
        form = await joining.dequeue(exchange, call, words(queue))
    else:
        form = await joining.ring_all(exchange, call, _ringing(call, verb, url), _screened(exchange))
    if form["DialBridged"] == "true" and verb.get("record", "").startswith(("record-", "true")):
        recording = await exchange.record(
            call, joining.TALK_SECONDS, "DialVerb", _url(verb, "recordingStatusCallback", url)
        )
        form["RecordingUrl"] = exchange.recording_url(recording)
    return Jump(_url(verb, "action", url), form) if verb.get("action") else None


def _ringing(call: Call, verb: Element, url: str) -> list[Ringing]:
    return [
        Ringing(
            number=words(number),
            caller_id=verb.get("callerId", call.sender),
            seconds=_integer(verb, "timeout", 30),
            screen=_url(number, "url", url) if number is not verb else "",
            callback=_url(number, "statusCallback", url),
            callback_events=frozenset(number.get("statusCallbackEvent", "completed").split()),
        )
        for number in verb.findall("Number") or [verb]
    ]


def _screened(exchange: Exchange) -> Callable[[Call, str], Awaitable[bool]]:
    async def screened(leg: Call, url: str) -> bool:
        """True when the TwiML for this telephone ran to its end without hanging up."""
        outcome: Outcome = Jump(url, {})
        while isinstance(outcome, Jump):
            outcome = await ask(exchange, leg, outcome)
        return outcome is None

    return screened


async def _enqueue(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    form = await joining.enqueue(exchange, call, words(verb), _music(exchange, call, _url(verb, "waitUrl", url)))
    if form["QueueResult"] == "hangup":
        return End()
    return Jump(_url(verb, "action", url), form) if verb.get("action") else None


async def _music(exchange: Exchange, call: Call, url: str) -> None:
    """What is heard in a queue; comes back only when it says Leave."""
    outcome = await ask(exchange, call, Jump(url, {"QueuePosition": "1"})) if url else None
    if not (isinstance(outcome, End) and outcome.status == "leave"):
        await asyncio.Event().wait()


def _url(element: Element, name: str, url: str) -> str:
    return urljoin(url, element.attrib[name]) if element.get(name) else ""


async def _redirect(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    return Jump(urljoin(url, words(verb)), {})


async def _hangup(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    return End()


async def _reject(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    return End("busy" if verb.get("reason") == "busy" else "failed")


async def _leave(exchange: Exchange, call: Call, verb: Element, url: str) -> Outcome:
    return End("leave")  # only understood by the music of a queue


VERBS: Mapping[str, Callable[[Exchange, Call, Element, str], Awaitable[Outcome]]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
    "Gather": _gather,
    "Record": _record,
    "Dial": _dial,
    "Enqueue": _enqueue,
    "Redirect": _redirect,
    "Hangup": _hangup,
    "Reject": _reject,
    "Leave": _leave,
}


def words(verb: Element) -> str:
    return (verb.text or "").strip()


def _integer(verb: Element, name: str, default: int) -> int:
    text = verb.get(name, "")
    return int(text) if text.isdecimal() else default
