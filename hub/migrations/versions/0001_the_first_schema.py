"""The first schema"""

from __future__ import annotations

from hub.migrations.first_schema import (
    campaigns,
    conversations,
    customers,
    inbound,
    ledgers,
    log,
    outbox,
    schedules,
    staff,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    staff.create()
    customers.create()
    campaigns.create()
    conversations.create()
    log.create()
    outbox.create()
    inbound.create()
    schedules.create()
    ledgers.create()
