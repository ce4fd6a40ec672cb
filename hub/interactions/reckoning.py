"""What pieces of news make of the messages they tell of, one after the other. Pure: neither database nor clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from channels.message import Kind, Progress, Reason, Receipt
from hub.models.vocabulary import State

ANOTHER = "a report names another recipient than we wrote to"
CONTRADICT = "receipts contradict each other"

# Their word for how far it got → our state. None: no step of its own, but proof that the provider has it.
_STATE: dict[Progress, State | None] = {
    Progress.DELAYED: None,
    Progress.QUEUED: None,
    Progress.SENDING: None,
    Progress.RINGING: State.RINGING,
    Progress.ANSWERED: State.TALKING,
    Progress.SENT: State.SENT,
    Progress.DELIVERED: State.DELIVERED,
    Progress.FAILED: State.FAILED,
    Progress.READ: State.READ,
}
_OPPOSITE = {State.DELIVERED: State.FAILED, State.FAILED: State.DELIVERED}

Name = tuple[str, str]  # channel, the provider's identifier or a Message-ID
Told = tuple[UUID, str, str, str]  # interaction, progress, code, leg: the same again is no news


@dataclass(frozen=True, slots=True)
class News:
    """One receipt and the channel that it came by. `signed`: what our own token on it means."""

    channel: str
    receipt: Receipt
    signed: UUID | None = None

    @property
    def names(self) -> list[Name]:
        """What the provider calls the message, best first."""
        return [(self.channel, name) for name in (self.receipt.provider_id, self.receipt.message_id) if name]


@dataclass(frozen=True, slots=True)
class Standing:
    """One message of the log. `moved`: `state`, `reason` and `detail` are news; before, the last two are not read."""

    id: UUID
    customer_id: UUID
    conversation_id: UUID | None
    campaign_id: int | None
    kind: Kind | None
    recipient: str
    state: State
    flag: str = ""
    reason: str = ""
    detail: str = ""
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """News that nobody had told before, and the message that it is about. `copy`: of a copy of it, not of itself."""

    news: News
    about: UUID
    copy: bool = False


class Reckoning:
    """Holds what the log knows, hears the news in its order, and gathers what has to be written for it."""

    def __init__(
        self,
        *,
        names: Mapping[Name, UUID],
        standings: Collection[Standing],
        told: Collection[Told] = (),
        copies: Collection[tuple[UUID, str]] = (),
    ) -> None:
        self._names, self._told, self._copies = dict(names), set(told), set(copies)
        self._standings = {one.id: one for one in standings}
        self._before = dict(self._standings)
        self._announced: dict[UUID, None] = {}
        self.facts: list[Fact] = []
        self.named: dict[Name, UUID] = {}
        self.unclaimed: list[News] = []  # of messages that nobody knows yet

    def hear(self, news: News) -> UUID | None:
        """Which message this is about; None for nobody's, and for one that it cannot be about."""
        found = self._find(news)
        if found is None:
            if news.names:
                self.unclaimed.append(news)
            return None
        copy = self._is_copy(found, news.receipt)
        if not copy and not meant(found, news.receipt):
            self._put(_flagged(found, ANOTHER))
            return None
        self._take(news, found, copy=copy)
        return found.id

    @property
    def changed(self) -> list[Standing]:
        """Messages that stand elsewhere than before, or have a flag."""
        return [one for one in self._standings.values() if one is not self._before[one.id]]

    @property
    def announced(self) -> list[Standing]:
        """Messages that open pages should look at again."""
        return [self._standings[one] for one in self._announced]

    def of(self, fact: Fact) -> Standing:
        """Where the message of a fact stands now."""
        return self._standings[fact.about]

    def _find(self, news: News) -> Standing | None:
        """By our own signed token, else by the provider's name, else by the Message-ID of a mail to that recipient."""
        if news.signed is not None:
            return self._standings.get(news.signed)
        for name in news.names:
            found = self._standings.get(self._names[name]) if name in self._names else None
            if found is not None and (meant(found, news.receipt) or self._is_copy(found, news.receipt)):
                return found
        return None

    def _is_copy(self, found: Standing, receipt: Receipt) -> bool:
        return bool(self._copies) and (found.id, receipt.recipient.lower()) in self._copies

    def _take(self, news: News, found: Standing, *, copy: bool) -> None:
        receipt = news.receipt
        told = (found.id, receipt.progress.value, receipt.code, receipt.recipient)
        if told in self._told:
            return
        self._told.add(told)
        self.facts.append(Fact(news, found.id, copy))
        if receipt.provider_id and (news.channel, receipt.provider_id) not in self._names:
            name = (news.channel, receipt.provider_id)
            self._names[name] = self.named[name] = found.id
        self._put(_proven(found) if copy else heard(found, receipt))

    def _put(self, standing: Standing) -> None:
        self._standings[standing.id] = standing
        self._announced[standing.id] = None


def meant(standing: Standing, receipt: Receipt) -> bool:
    """A report that names another recipient than we wrote to proves nothing (requirement B3).

    Of a call it names the telephone that was rung, which may well be a colleague's.
    """
    same = receipt.recipient.lower() == standing.recipient.lower()
    return not receipt.recipient or same or (bool(receipt.token) and standing.kind is not Kind.EMAIL)


def heard(standing: Standing, receipt: Receipt) -> Standing:
    """Where a message stands after this: never back (requirement 3.3). The very same object when nothing changes."""
    state = _STATE[receipt.progress]
    if state is None:
        after = _proven(standing)
    elif state.rank > standing.state.rank:
        after = _moved(standing, receipt, state)
    elif standing.state is _OPPOSITE.get(state):  # the first stands, a person is told
        after = _flagged(standing, CONTRADICT)
    else:
        after = standing
    if receipt.progress is Progress.FAILED and receipt.reason is Reason.UNKNOWN:
        after = _flagged(after, f"the provider's reason is not known: {receipt.code}"[:200])
    return after


def _proven(standing: Standing) -> Standing:
    """The provider has it: a message whose fate was unknown is under way again."""
    if standing.state is not State.UNKNOWN:
        return standing
    return replace(standing, state=State.SENDING, reason="", detail="", moved=True)


def _moved(standing: Standing, receipt: Receipt, state: State) -> Standing:
    failed = state is State.FAILED
    reason = receipt.reason.value if receipt.reason and failed else ""
    return replace(standing, state=state, reason=reason, detail=receipt.detail[:2000] if failed else "", moved=True)


def _flagged(standing: Standing, words: str) -> Standing:
    """Say why a person should look, unless something is said already."""
    return standing if standing.flag else replace(standing, flag=words)
