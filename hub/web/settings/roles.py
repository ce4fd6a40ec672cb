"""What each role may do, and how many people have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Response

from hub.models.vocabulary import Role
from hub.staff import accounts
from hub.staff.roles import Action, may
from hub.web import words
from hub.web.access import Administrator
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)

# What people do, in the order of the page, each with what it means to be allowed to.
RIGHTS: Final[Mapping[str, Mapping[Action, str]]] = {
    N_("Customers"): {
        Action.READ_CUSTOMERS: N_("See customers"),
        Action.WRITE_CUSTOMERS: N_("Add and change customers"),
        Action.MERGE: N_("Merge customers and take them apart again"),
        Action.RECORD_CONSENT: N_("Record what a customer allowed"),
        Action.IMPORT: N_("Import customers and purchases from files"),
        Action.EXPORT: N_("Export customers"),
        Action.ERASE: N_("Erase people for good"),
    },
    N_("Conversations"): {
        Action.READ_INBOX: N_("Read messages, calls, notes and files"),
        Action.ANSWER: N_("Answer customers"),
        Action.CALL: N_("Call customers and take calls"),
        Action.APPOINTMENTS: N_("Book appointments"),
        Action.ASSIGN: N_("Give conversations to others"),
        Action.CANNED: N_("Write canned answers for everybody"),
    },
    N_("Campaigns"): {
        Action.READ_CAMPAIGNS: N_("See campaigns"),
        Action.CAMPAIGNS: N_("Run campaigns"),
        Action.OCCASIONS: N_("Arrange greetings"),
        Action.TEMPLATES: N_("Write templates"),
        Action.REPORTS: N_("Read reports"),
    },
    N_("The company"): {
        Action.TEAMS: N_("Arrange teams, hours, promises, labels and outcomes"),
        Action.READ_AUDIT: N_("Read the audit trail"),
        Action.SETTINGS: N_("Change settings"),
        Action.USERS: N_("Manage people and their roles"),
    },
}


@router.get("/settings/roles")
async def roles(visit: Administrator) -> Response:
    async with visit.hub.database.unit() as session:
        people = Counter(one.role for one in await accounts.listing(session) if one.active)
    allowed = {role: frozenset(action for action in Action if may(role, action)) for role in Role}
    return page(visit, "roles.html", roles=words.ROLES, rights=RIGHTS, allowed=allowed, people=people)
