"""What many customers are asked about at once: a question, and what of it hangs on each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from hub.models import Customer
from hub.models.vocabulary import Kind
from hub.outbound.question import Learnt, Question, Rules


@dataclass(frozen=True, slots=True)
class Matter:
    """What is asked for all of them. `spoken`: the languages that have a text for a kind; None: every customer's has.

    `question.texts`, which hangs on each customer's language, is not looked at, nor is `question.learnt`: `learnt` has
    what is known of some of them. None: it does not go by that.
    """

    question: Question
    spoken: Mapping[Kind, frozenset[str] | None]
    rules: Rules
    learnt: Mapping[UUID, Learnt] | None = None


def question_for(matter: Matter, customer: Customer) -> Question:
    """The same question about one customer, for `permission`."""
    spoken = {kind: matter.spoken.get(kind, frozenset()) for kind in Kind}
    texts = frozenset(kind for kind, codes in spoken.items() if codes is None or customer.language in codes)
    learnt = None if matter.learnt is None else matter.learnt.get(customer.id, Learnt())
    return replace(matter.question, texts=texts, learnt=learnt)
