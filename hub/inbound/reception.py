"""What receiving needs to know of the hub: handed down by `bootstrap`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.adapter import Channel
from channels.message import Kind
from hub.outbound.request import Gate
from hub.settings import CallsTable
from hub.storage import Storage


@dataclass(frozen=True, slots=True)
class Reception:
    storage: Storage
    gate: Gate
    channels: Mapping[str, Channel]
    calls: CallsTable
    company: str
    acknowledges: bool = False

    @property
    def own(self) -> frozenset[str]:
        """The addresses of our mailboxes."""
        return frozenset(c.address.value for c in self.channels.values() if c.kind is Kind.EMAIL)

    @property
    def numbers(self) -> frozenset[str]:
        """Our own telephone numbers."""
        return frozenset(c.address.value for c in self.channels.values() if c.kind is not Kind.EMAIL)

    def contact(self) -> str:
        """Where people reach the company in writing: its first mailbox, else its page."""
        mailboxes = (c.address.value for c in self.channels.values() if c.kind is Kind.EMAIL)
        return next(mailboxes, self.gate.public_url)
