"""What an adapter can do: four small abilities. A channel has whichever of them its provider offers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from channels.message import Accepted, Address, Attachment, Event, Kind, Media, Outbound, Receipt, Script


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One webhook request as it came in. `url` is the *public* URL, as the provider called it: signatures cover it."""

    url: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes


@dataclass(frozen=True, slots=True)
class WebResponse:
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a listener stands in one folder of one mailbox (RFC 3501 2.3.1.1)."""

    folder: str
    uidvalidity: int
    uid: int  # the highest one that is safely stored
    since: datetime | None = None  # the start: mails from before it are no new work; None: everything is
    present: int = 0  # the highest UID that lay there when the folder was begun


@dataclass(frozen=True, slots=True)
class Raw:
    """One message as it lies at the provider: its permanent key there, and its bytes."""

    key: str  # "INBOX:1700000000:42"
    content: bytes = field(repr=False)
    oversize: bool = False  # only the header and the beginning were fetched: the rest is over the limit
    old: bool = False  # from before the mailbox's start: history, and no new work


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages and the cursor to store *in the same transaction* as them."""

    cursor: Cursor
    messages: tuple[Raw, ...]


@dataclass(frozen=True, slots=True)
class Hitch:
    """One folder of a mailbox cannot be read, in words for people; the others go on. Without words: it can again."""

    folder: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One step of checking a channel for real: what was tried, whether it held, what to do if not."""

    step: str
    ok: bool
    detail: str
    remedy: str = ""


class Sender(Protocol):
    async def send(self, message: Outbound[Any]) -> Accepted:
        """Hand one message to the provider, within 80 seconds: an adapter knows how far it got, the hub does not.

        Raises TryLater, Refused, Unknown or Misconfigured, nothing else.
        """
        ...


class Listener(Protocol):
    def listen(self, after: Mapping[str, Cursor]) -> AsyncIterator[Batch | Hitch]:
        """Yield batches for ever, starting past `after` (folder → cursor). Raises Interrupted or Misconfigured.

        Asking for the next one says that the last batch is stored.
        """
        ...

    def read(self, raw: bytes) -> Awaitable[Sequence[Event]]:
        """Understand one raw message, in a child process with limits. Raises Unreadable."""
        ...


class Webhook(Protocol):
    def read(self, request: WebRequest) -> Sequence[Event]:
        """Check the signature, then translate. Raises Forged or Unreadable."""
        ...

    async def fetch(self, media: Media) -> Attachment:
        """Bring a file that lies at the provider, with its credentials, from its own hosts only, within limits."""
        ...


class Finder(Protocol):
    async def find(self, message: Outbound[Any], *, since: datetime, until: datetime) -> Sequence[Receipt]:
        """What the provider lists that may be this message: our sender, its recipient, its words, made in this time.

        Each as the news it would be. Two that are alike cannot be told apart here: the hub knows which are others'.
        Raises TryLater or Misconfigured.
        """
        ...

    async def ask(self, provider_id: str) -> Receipt:
        """What the provider says now of a message that it took, as the news it would be.

        Raises TryLater; or Misconfigured or Refused when it does not know us or the message.
        """
        ...


class Answerer(Protocol):
    def answer(self, script: Script, token: str) -> WebResponse:
        """Say what a waiting call does next. `token` comes back on the events its steps cause."""
        ...


class Switchboard(Protocol):
    async def divert(self, call_id: str, token: str, step: str) -> None:
        """Interrupt a call that is under way: it asks what comes next, as a CallEvent with this step.

        Telephones that ring for it stop. Raises TryLater, Refused, Unknown or Misconfigured.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an authority gave (RFC 6749 5.1). `refresh` is empty when the one we have stays good."""

    access: str = field(repr=False)
    seconds: float  # that the access token is good for
    refresh: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person types at `url`, on any device with a browser (RFC 8628 3.2)."""

    url: str
    user_code: str
    device_code: str = field(repr=False)
    seconds: float  # that the codes are good for
    interval: float  # seconds between two questions whether it has been done


class Authority(Protocol):
    """Where the owner of an account lets the hub into it (OAuth 2.0, RFC 6749).

    All that asks raises TryLater (network, provider trouble), Misconfigured (our registration does not hold), and
    NotAllowed (the owner said no, or the permission has ended).
    """

    name: str  # of the provider, for people
    account: str  # whose mailbox it is, as the provider knows it
    has_device_flow: bool

    def question(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """The address to send the owner's browser to; `challenge` is S256 (RFC 7636 4.2)."""
        ...

    async def exchange(self, code: str, *, redirect_uri: str, verifier: str) -> Tokens:
        """The tokens for the code that the browser came back with. There is always a refresh token in them."""
        ...

    async def refresh(self, refresh_token: str) -> Tokens: ...

    async def device(self) -> DeviceCode: ...

    async def poll(self, device_code: str) -> Tokens | None:
        """None while the owner has not decided; TryLater with `after` when asked too fast."""
        ...

    async def revoke(self, refresh_token: str) -> bool:
        """Give the permission back (RFC 7009). False where the provider has no way to."""
        ...


class TokenSource(Protocol):
    async def token(self, *, refused: str = "") -> str:
        """An access token that is not about to end, and is not `refused`, which a server has just turned down.

        Raises TryLater, or NotAllowed or Misconfigured when a person has to do something.
        """
        ...


async def nothing_to_close() -> None:
    """For channels that hold no connection."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One configured way of reaching people. `check` tries it for real; `close` ends its connections."""

    name: str
    kind: Kind
    address: Address  # who it speaks as
    sender: Sender
    check: Callable[[], Awaitable[Sequence[Finding]]]
    listener: Listener | None = None
    webhook: Webhook | None = None
    answerer: Answerer | None = None
    finder: Finder | None = None  # where the provider can be asked what it has of ours
    switchboard: Switchboard | None = None  # where calls under way can be passed on
    authority: Authority | None = None  # there is one where the account's owner lets us in, instead of a password
    callbacks: Mapping[str, str] = field(default_factory=dict)  # what comes in → the public URL to tell the provider
    close: Callable[[], Awaitable[None]] = nothing_to_close
    at_once: int = 20  # messages that may be under way together
