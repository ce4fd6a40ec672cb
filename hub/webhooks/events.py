"""What other programs can be told of, and with which facts. Triggers of the database write them as they happen."""

from __future__ import annotations

from collections.abc import Mapping

_MESSAGE = ("id", "customer_id", "conversation_id", "channel", "kind")
_CONVERSATION = ("id", "customer_id", "state", "assignee_id", "kind", "channel")

# Event: the keys of its `data`. Ids and facts; what somebody wrote is asked for with them.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "message.received": _MESSAGE,
    "message.state": (*_MESSAGE, "state", "before", "reason", "campaign_id"),
    "call.missed": _MESSAGE,
    "conversation.opened": _CONVERSATION,
    "conversation.assigned": _CONVERSATION,
    "conversation.resolved": _CONVERSATION,
    "conversation.reopened": _CONVERSATION,
    "customer.created": ("id",),
    "customer.changed": ("id",),
    "customer.erased": ("id",),
    "satisfaction.answered": ("conversation_id", "customer_id", "scale", "score"),
}
TEST = "webhook.test"  # what `send test` sends; nobody chooses it
