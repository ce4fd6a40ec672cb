"""Of what two cards allowed, the stricter word counts for the one that remains. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.customers.consent import standing
from hub.models import Consent
from hub.models.vocabulary import Kind, Purpose


def refusals(winner: Sequence[Consent], loser: Sequence[Consent]) -> Iterator[Consent]:
    """Refusals of either that the other's later consent would cover up; they have to be said again.

    The ledger of one customer is read by its latest row. That is right for what one person says over time, and wrong
    here: whether the later yes was meant by who had said no is what nobody knows.
    """
    together = [*winner, *loser]
    for purpose in (one for one in Purpose if one.needs_consent):
        for channel in Kind:
            for topic in ("", *sorted({row.topic for row in together if row.topic})):
                counts = standing(together, purpose, channel, topic)
                if counts is None or not counts.granted:
                    continue
                said = (standing(winner, purpose, channel, topic), standing(loser, purpose, channel, topic))
                about = {"purpose": purpose, "channel": channel, "topic": topic}
                yield from (
                    Consent(**row.model_dump(exclude={"id"}) | about)
                    for row in [one for one in said if one is not None and not one.granted][:1]
                )
