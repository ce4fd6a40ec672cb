"""What is known of many customers that bears on the gate's answer, as common table expressions for `setwise`."""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections.abc import Iterator

from hub.models.vocabulary import AddressKind, IdentityState, Kind, Purpose
from hub.outbound import clauses, setwise_learnt
from hub.outbound.hours import Reach
from hub.outbound.question import Question, Rules


def tables(question: Question, rules: Rules, reach: Reach, *, learning: bool) -> Iterator[str]:
    """`who` is asked about, and of them `recent` messages, `troubled` conversations, what was `said` of consent, and an
    address of each kind. `learning`: it goes by what was learnt.
    """
    yield _who(reach, learning=learning)
    yield _recent(reach, question.purpose, rules)
    yield _troubled(reach, question.purpose)
    yield _consents(reach, question.topic)
    for kind in Kind:
        yield _address(kind, reach, asked=_needed(kind, question))


_WHO = """
who as materialized (
  select c.id, c.language, c.timezone, c.quiet_from, c.quiet_until, c.deceased, c.do_not_contact, c.paused_from,
         c.paused_until, c.dissatisfied_until, c.labels,
         coalesce(array_to_string(p.channels, ','), {learnt}, '-') as ranking {more} {carried}
  from ({source}) r
  join customer c on c.id = r.customer_id and {c}
  left join channel_preference p on p.customer_id = c.id and p.purpose = :purpose and {p} {join}
  where c.id <> all(cast(:by_hand as uuid[])))"""


def _who(reach: Reach, *, learning: bool) -> str:
    known = setwise_learnt.WHO if learning else {"learnt": "null", "more": "", "join": ""}
    carried = "".join(f", {made_of} as {name}" for name, made_of in reach.carried.items())
    edges = {"c": reach.within("c.id"), "p": reach.within("p.customer_id")}
    return _WHO.format(source=reach.source, carried=carried, **edges, **known)


def _theirs(alias: str, reach: Reach) -> str:
    """The rows of those who are asked about."""
    return reach.within(f"{alias}.customer_id", "select id from who")


def _recent(reach: Reach, purpose: Purpose, rules: Rules) -> str:
    """The log is only looked at where a rule counts what lies in it."""
    looked = purpose == Purpose.MARKETING or any(capped == purpose for _, capped in rules.caps)
    counted = clauses.counted("i", week=":week", never_left="cast(:never_left as text[])")
    kinds = ", ".join(f"count(*) filter (where i.kind = '{kind.value}') as {kind.value}" for kind in Kind)
    return f"""
recent as (
  select i.customer_id, count(*) as number, {kinds}
  from who
  join interaction i on i.customer_id = who.id and {_theirs("i", reach)}
  where {str(looked).lower()} and {counted} and i.id < :tomorrow and i.purpose = :purpose
  group by i.customer_id)"""


def _troubled(reach: Reach, purpose: Purpose) -> str:
    """Conversations that keep promotions and wishes away: a complaint that is not settled, a question that waits."""
    looked = str(purpose.needs_consent).lower()
    return f"""
troubled as (
  select v.customer_id, {clauses.troubles("v")}
  from conversation v where {looked} and {clauses.unsettled("v")} and {_theirs("v", reach)}
  group by v.customer_id)"""


def _consents(reach: Reach, topic: str) -> str:
    """About a topic what was said of the whole counts as well, see `hub.customers.consent.standing`."""
    if not topic:
        return _said(reach, "said", ":topic")
    columns = ", ".join(_of_both(kind.value) for kind in Kind)
    return f"""{_said(reach, "said_whole", "''")},
{_said(reach, "said_narrow", ":topic")},
said as (
  select customer_id, {columns} from said_whole w full join said_narrow n using (customer_id))"""


def _of_both(k: str) -> str:
    """What counts of a kind, and whether that is a no to the topic alone."""
    w, n = f"w.{k}", f"n.{k}"
    alone = f"{clauses.opted_out(n)} and ({w} is null or not {clauses.opted_out(w)})"
    return f"{clauses.standing(w, n)} as {k}, coalesce({alone}, false) as {k}_off"


def _said(reach: Reach, name: str, topic: str) -> str:
    kinds = ", ".join(f"{clauses.said('c', kind)} as {kind.value}" for kind in Kind)
    return f"""
{name} as (
  select c.customer_id, {kinds}
  from who join consent c on c.customer_id = who.id and {_theirs("c", reach)}
  where c.topic = {topic} and {clauses.speaks("c", purpose=":purpose")}
  group by c.customer_id)"""


def _needed(kind: Kind, question: Question) -> bool:
    """Without a channel or without being asked for, no address of the kind is ever looked at."""
    return kind in question.available and (not question.kinds or kind in question.kinds)


def _address(kind: Kind, reach: Reach, *, asked: bool) -> str:
    """Of each customer the first address that may be used; with none, the first there is."""
    k = kind.value
    unusable = f"{clauses.dead('i')} or {clauses.complained('i', ':consent_needed')} or s.id is not null"
    return f"""
{k}_address as (
  select distinct on (i.customer_id) i.customer_id, i.id, i.value, i.state, s.reason as suppressed, s.at
  from who join identity i on i.customer_id = who.id and {_theirs("i", reach)}
  left join suppression s on {clauses.suppresses("s", kind, value="i.value", purpose=":purpose")}
  where i.kind = '{AddressKind.of(kind).value}' and {str(asked).lower()}
  order by i.customer_id, ({unusable}), not i.preferred, i.state = '{IdentityState.SOFT.value}', i.id, s.id)"""
