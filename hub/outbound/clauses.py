"""The gate's rules as SQL, each written once: `setwise` asks by them about many, `clearance` about mails that leave.

`permission` and `verdicts` are the truth and say the same in Python; property tests hold both statements against them.
Arguments are SQL: a table's alias, an expression, the place of a bound value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from hub.models.vocabulary import ConversationState, Direction, IdentityState, Kind, Withheld
from hub.outbound.question import COMPLAINT

AHEAD = timedelta(days=1)  # no message in the log is younger than this: later months need not be looked at


@dataclass(frozen=True, slots=True)
class Terms:
    """What a statement calls what the rules about a person speak of.

    `had`: marketing messages of the last week; `complaining`, `promised`, `waiting`: see `question.Facts`. `unhappy`:
    labels; `overdue`: the moment since when nobody may have waited (null: no such rule).
    """

    customer: str
    needs_consent: str
    promotes: str
    complaining: str
    promised: str
    waiting: str
    had: str
    now: str
    unhappy: str
    overdue: str
    per_week: str


def refusals(terms: Terms) -> Mapping[Withheld, str]:
    """What is said of the person as a whole, in the order in which `permission` looks; null is false."""
    t, c = terms, terms.customer
    paused = f"({c}.paused_from is not null or {c}.paused_until is not null)"
    late = f"({t.promised} <= {t.now} or {t.waiting} <= {t.overdue})"
    return {
        Withheld.DECEASED: f"{c}.deceased",
        Withheld.DO_NOT_CONTACT: f"{c}.do_not_contact",
        Withheld.PAUSED: f"{t.needs_consent} and {paused} and coalesce({c}.paused_from <= {t.now}, true) "
        f"and coalesce({c}.paused_until > {t.now}, true)",
        Withheld.COMPLAINT_OPEN: f"{t.needs_consent} and {t.complaining}",
        Withheld.ANSWER_OVERDUE: f"{t.promotes} and {late}",
        Withheld.DISSATISFIED: f"{t.needs_consent} and ({c}.labels && {t.unhappy} or {c}.dissatisfied_until > {t.now})",
        Withheld.FREQUENCY: f"{t.promotes} and coalesce({t.had}, 0) >= {t.per_week}",
    }


def unsettled(conversation: str) -> str:
    """Only such conversations keep promotions and wishes away."""
    return f"{conversation}.state <> '{ConversationState.RESOLVED.value}'"


def troubles(conversation: str) -> str:
    """Of a customer's unsettled conversations: `complaining`, `promised` and `waiting`, see `question.Facts`."""
    v = conversation
    return f"""bool_or({v}.flag = '{COMPLAINT}') as complaining, min({v}.due_at) as promised,
    min({v}.last_inbound_at) filter (where {v}.state = '{ConversationState.OPEN.value}' and {v}.due_at is null)
      as waiting"""


def complains(complaining: str, customer: str) -> str:
    """By a conversation of theirs (`complaining`, null: they have none), or by a label on their card."""
    return f"(coalesce({complaining}, false) or '{COMPLAINT}' = any({customer}.labels))"


def counted(message: str, *, week: str, never_left: str) -> str:
    """This row of the log is one that the customer was sent, or will be, since `week`, an id."""
    m = message
    return f"""{m}.id >= {week} and {m}.direction = '{Direction.OUT.value}' and {m}.kind is not null
    and {m}.state <> all({never_left})"""


def capped(had: str, cap: str) -> str:
    """So many a week by this kind of channel for this purpose; `cap` null: no limit."""
    return f"coalesce({had}, 0) >= {cap}"


def speaks(consent: str, *, purpose: str) -> str:
    """This row of the ledger speaks of the purpose."""
    return f"({consent}.purpose is null or {consent}.purpose = {purpose})"


def said(consent: str, kind: Kind, about: str = "true") -> str:
    """The latest row that speaks of the kind: its number, doubled, and 1 for a yes. One maximum says both."""
    c, speaks_of_it = consent, f"({consent}.channel is null or {consent}.channel = '{kind.value}')"
    return f"max({c}.id * 2 + {c}.granted::int) filter (where {speaks_of_it} and {about})"


def standing(whole: str, narrow: str) -> str:
    """Of what was `said` of everything and of a topic what counts, see `hub.customers.consent.standing`."""
    w, n = whole, narrow
    return f"""case when {w} is null or {n} is null then coalesce({n}, {w})
      when {w} % 2 = 1 or ({n} % 2 = 1 and {n} > {w}) then {n} else {w} end"""


def opted_out(what: str) -> str:
    """What was `said` is a no."""
    return f"{what} % 2 = 0"


def not_asked(what: str, needs_consent: str) -> str:
    """Nothing was `said`, and nothing may go without a yes."""
    return f"{what} is null and {needs_consent}"


def dead(identity: str) -> str:
    """The address does not work."""
    return f"{identity}.state = '{IdentityState.DEAD.value}'"


def complained(identity: str, needs_consent: str) -> str:
    """Somebody there called such messages unwanted."""
    return f"{identity}.state = '{IdentityState.COMPLAINED.value}' and {needs_consent}"


def suppresses(suppression: str, kind: Kind, *, value: str, purpose: str) -> str:
    """This row forbids the address for the purpose, or for all of them."""
    s = suppression
    return f"{s}.kind = '{kind.value}' and {s}.value = {value} and ({s}.purpose is null or {s}.purpose = {purpose})"
