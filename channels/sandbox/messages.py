"""Texts on the pretend carrier: taken from the company, carried to pretend telephones, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from channels.sandbox.callbacks import Courier
from channels.sandbox.errands import Errands
from channels.sandbox.magic import Trick, trick
from channels.sandbox.refusals import Refusal
from channels.sandbox.resources import VERSION, CompanyNumber, File, Message, now
from channels.sms.text import measure

_FAILS = {Trick.NO_SUCH_TELEPHONE: 30005, Trick.TELEPHONE_OFF: 30003}


@dataclass(frozen=True, slots=True)
class Order:
    """What a program asks for when it creates a message."""

    sender: str
    recipient: str
    body: str
    service_sid: str
    callback: str
    media_urls: tuple[str, ...]


class Messages:
    """`tell` hears the number of every telephone that something happened on; `base` is where files are fetched from."""

    def __init__(
        self, account_sid: str, courier: Courier, errands: Errands, *, pace: float, tell: Callable[[str], None]
    ) -> None:
        self._account_sid, self._courier, self._errands = account_sid, courier, errands
        self._pace, self._tell = pace, tell
        self._late: list[tuple[Message, str]] = []
        self.base = ""
        self.all: dict[str, Message] = {}

    def create(self, order: Order) -> Message:
        """Take a message and send it on its way. Raises Refusal, as Twilio would."""
        _check(order)
        measured = measure(order.body)
        message = Message(
            account_sid=self._account_sid,
            sender=order.sender,
            recipient=order.recipient,
            body=order.body,
            direction="outbound-api",
            status="accepted" if order.service_sid else "queued",
            segments=0 if order.service_sid else measured.segments,
            service_sid=order.service_sid,
            callback=order.callback,
            media_urls=order.media_urls,
        )
        self.all[message.sid] = message
        self._errands.start(self._travel(message))
        return message

    async def _travel(self, message: Message) -> None:
        found = trick(message.recipient)
        code = _FAILS.get(found) if found else None
        for status in ("queued", "sending", "sent", "undelivered" if code else "delivered"):
            await asyncio.sleep(self._pace)
            if message.status == "canceled":
                return
            self._move(message, status, code)
            if found is Trick.LATE:
                self._late.append((message, status))
            elif found is not Trick.TWICE_AND_OUT_OF_ORDER:
                await self._report(message, status)
        if found is Trick.TWICE_AND_OUT_OF_ORDER:
            for status in ("delivered", "sent", "queued", "delivered", "sending", "sent", "sending", "queued"):
                await self._report(message, status)

    def _move(self, message: Message, status: str, code: int | None) -> None:
        message.status = status
        if status == "sent":
            message.sent = now()
        if status == "undelivered":
            message.error_code = code
        self._tell(message.recipient)

    async def _report(self, message: Message, status: str) -> None:
        if not message.callback:
            return
        form = _envelope(message) | {"MessageStatus": status, "SmsStatus": status}
        if status in ("undelivered", "failed") and message.error_code:
            form["ErrorCode"] = str(message.error_code)
        if status in ("delivered", "undelivered"):
            form["RawDlrDoneDate"] = now().strftime("%y%m%d%H%M")
        await self._courier.post(message.callback, form)

    async def release(self) -> int:
        """Send the callbacks that were held back (numbers ending in 0007); how many there were."""
        late, self._late = self._late, []
        for message, status in late:
            await self._report(message, status)
        return len(late)

    def cancel(self, message: Message) -> None:
        if message.status not in ("accepted", "queued", "scheduled"):
            raise Refusal(400, 30409, "Message is not in a cancelable state")
        message.status = "canceled"

    # ---- from the pretend telephones ------------------------------------------------------

    def arrive(self, sender: str, number: CompanyNumber, body: str, files: Sequence[File] = ()) -> Message:
        """Somebody writes to the company: the number's SMS webhook is called in the background."""
        message = Message(
            account_sid=self._account_sid,
            sender=sender,
            recipient=number.number,
            body=body,
            direction="inbound",
            status="received",
            segments=measure(body).segments,
            files=tuple(files),
            sent=now(),
        )
        self.all[message.sid] = message
        self._tell(sender)
        if number.sms_url:
            self._errands.start(self._deliver(message, number.sms_url))
        return message

    async def _deliver(self, message: Message, url: str) -> None:
        form = _envelope(message) | {
            "Body": message.body,
            "NumMedia": str(len(message.files)),
            "NumSegments": str(message.segments),
            "SmsStatus": "received",
        }
        for n, file in enumerate(message.files):
            form[f"MediaUrl{n}"] = f"{self.base}{message.path()}/Media/{file.sid}"
            form[f"MediaContentType{n}"] = file.media_type
        posted = await self._courier.post(url, form)
        if posted.status == 200:
            self._reply(message, posted.answer)

    def _reply(self, message: Message, twiml: str) -> None:
        """The webhook may answer with TwiML: each <Message> in it is sent back."""
        for body in _replies(twiml):
            reply = Message(
                account_sid=self._account_sid,
                sender=message.recipient,
                recipient=message.sender,
                body=body,
                direction="outbound-reply",
                status="queued",
                segments=measure(body).segments,
            )
            self.all[reply.sid] = reply
            self._errands.start(self._travel(reply))

    def texts(self, number: str) -> list[Message]:
        """What arrived on a pretend telephone, oldest first."""
        return [m for m in self.all.values() if m.recipient == number and m.status == "delivered"]


def _check(order: Order) -> None:
    found = trick(order.recipient)
    if not order.recipient:
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    if found is Trick.NOT_A_NUMBER or not (order.recipient.startswith("+") and order.recipient[1:].isdecimal()):
        raise Refusal(400, 21211, f"The 'To' number {order.recipient} is not a valid phone number.")
    if found is Trick.OPTED_OUT:
        raise Refusal(400, 21610, "Attempt to send to unsubscribed recipient")
    if not order.body and not order.media_urls:
        raise Refusal(400, 21619, "A text message body or media urls must be specified.")
    if len(order.body) > 1600:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit")


def _envelope(message: Message) -> dict[str, str]:
    form = {
        "AccountSid": message.account_sid,
        "ApiVersion": VERSION,
        "From": message.sender,
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "To": message.recipient,
    }
    return form | ({"MessagingServiceSid": message.service_sid} if message.service_sid else {})


def _replies(twiml: str) -> list[str]:
    if "<!DOCTYPE" in twiml or not twiml.strip():
        return []
    try:
        root = ET.fromstring(twiml)  # noqa: S314 - no document type, so no entities
    except ET.ParseError:
        return []
    return ["".join(verb.itertext()).strip() for verb in root if verb.tag in ("Message", "Sms")]
