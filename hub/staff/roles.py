"""Who may do what: one literal table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hub.models.vocabulary import Role


class Action(StrEnum):
    """Everything that needs permission. A door asks `may(role, action)` before it opens."""

    READ_CUSTOMERS = "read customers"
    WRITE_CUSTOMERS = "write customers"
    MERGE = "merge customers"  # and take them apart again
    RECORD_CONSENT = "record consent"
    READ_INBOX = "read conversations"  # contents of messages, calls, notes, files
    ANSWER = "answer customers"
    CALL = "call customers"
    APPOINTMENTS = "book appointments"
    READ_CAMPAIGNS = "read campaigns"
    IMPORT = "import files"  # of customers and purchases; consents in them besides only whoever may record some
    CAMPAIGNS = "run campaigns"  # and any single message that needs consent
    OCCASIONS = "arrange greetings"
    TEMPLATES = "write templates"
    REPORTS = "read reports"
    ASSIGN = "assign conversations to others"
    TEAMS = "arrange teams"
    CANNED = "write canned answers for everybody"  # for one's own team: whoever answers
    EXPORT = "export customers"
    ERASE = "erase people"  # for good, and see the certificates
    READ_AUDIT = "read the audit trail"
    SETTINGS = "change settings"
    USERS = "manage users"


_DESK = {
    Action.READ_CUSTOMERS,
    Action.WRITE_CUSTOMERS,
    Action.MERGE,
    Action.RECORD_CONSENT,
    Action.READ_INBOX,
    Action.ANSWER,
    Action.CALL,
    Action.APPOINTMENTS,
}
_MARKETING = {
    Action.READ_CUSTOMERS,
    Action.IMPORT,
    Action.READ_CAMPAIGNS,
    Action.CAMPAIGNS,
    Action.OCCASIONS,
    Action.TEMPLATES,
    Action.REPORTS,
}
_TABLE: Mapping[Role, frozenset[Action]] = {
    Role.AGENT: frozenset(_DESK),
    Role.MARKETER: frozenset(_MARKETING),
    Role.SUPERVISOR: frozenset(
        _DESK | _MARKETING | {Action.ASSIGN, Action.TEAMS, Action.CANNED, Action.EXPORT, Action.READ_AUDIT}
    ),
    Role.ADMIN: frozenset(Action),
}


def may(role: Role, action: Action) -> bool:
    """Is this role allowed to do this?"""
    return action in _TABLE[role]
