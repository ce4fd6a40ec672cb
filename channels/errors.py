"""What can go wrong between us and a provider. The class says what the caller should do.

ChannelError
├── Misconfigured   fix config.toml (or the account at the provider); names table, key and remedy
│   └── NotAllowed  the account's owner has not let us in, or not any more: ask them (again)
├── Forged          a webhook whose signature does not hold; answer 403, change nothing
├── Unreadable      a payload we cannot understand; keep it, park it, show it
├── Interrupted     a listener lost its connection; connect again and go on from the cursor
└── SendError       one message did not demonstrably go out
    ├── TryLater    network, throttling, provider trouble; nothing was sent
    ├── Refused     asking again will not help; nothing was sent
    └── Unknown     it may or may not have been sent; never send again blindly
"""

from __future__ import annotations

import re
from datetime import timedelta

from channels.message import Reason

_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")  # what no column and no page can hold


class ChannelError(Exception):
    """Base of every error that leaves the channels package. Its words can be stored, whatever the far side said."""

    def __init__(self, detail: str) -> None:
        super().__init__(_holdable(detail))


class Misconfigured(ChannelError):
    """A channel was asked for with settings that cannot work, or the provider refuses our account."""

    def __init__(self, problem: str, *, channel: str = "", key: str = "", remedy: str = "") -> None:
        where = f"[channels.{channel}]" + (f" {key}" if key else "") + ": " if channel else ""
        super().__init__(f"{where}{problem}" + (f". {remedy}" if remedy else ""))
        self.problem, self.channel, self.key, self.remedy = _holdable(problem), channel, key, remedy


class NotAllowed(Misconfigured):
    """OAuth 2.0: nobody has let us into the account, or the provider no longer accepts that somebody did."""


class Forged(ChannelError):
    """A webhook request did not come from the provider it claims."""


class Unreadable(ChannelError):
    """A provider or a sender said something we cannot parse. `again`: the reader failed, another try may do better."""

    def __init__(self, detail: str, *, again: bool = False) -> None:
        super().__init__(detail)
        self.again = again


class Interrupted(ChannelError):
    """The connection of a listener is gone."""


class SendError(ChannelError):
    """One message did not demonstrably go out. `stage` is how far the conversation with the provider got."""

    def __init__(self, detail: str, *, code: str = "", stage: str = "") -> None:
        super().__init__(detail)
        self.code, self.stage = _holdable(code), stage


class TryLater(SendError):
    """Nothing was sent. With `whole_sender` the fault is the account's or the server's, not this message's.

    With `stale` it is nobody's: `Outbound.begin_by` passed while it waited for its turn.
    """

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        stage: str = "",
        after: timedelta | None = None,
        whole_sender: bool = False,
        reason: Reason | None = None,
        stale: bool = False,
    ) -> None:
        super().__init__(detail, code=code, stage=stage)
        self.after, self.whole_sender, self.reason, self.stale = after, whole_sender, reason, stale


class Refused(SendError):
    """Nothing was sent and never will be, for this reason."""

    def __init__(self, detail: str, *, reason: Reason, code: str = "", stage: str = "") -> None:
        super().__init__(detail, code=code, stage=stage)
        self.reason = reason


class Unknown(SendError):
    """The message may have been accepted: the answer to it never came."""


def _holdable(text: str) -> str:
    return _UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", text)
