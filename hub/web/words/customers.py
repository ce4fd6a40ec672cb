"""A customer's card: addresses, how two cards agree, and what goes when one is erased."""

from __future__ import annotations

from collections.abc import Mapping

from hub.customers.matching import Field, Grade
from hub.models.vocabulary import AddressKind, IdentityState
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign

ADDRESS_KINDS: Mapping[str, Sign] = {
    AddressKind.EMAIL: Sign(N_("Email"), "mail"),
    AddressKind.PHONE: Sign(N_("Phone"), "phone"),
}

HEALTH: Mapping[str, Sign] = {
    IdentityState.OK: Sign(N_("works"), "check", "good"),
    IdentityState.SOFT: Sign(N_("bounced lately, still used"), "alert-triangle", "warn"),
    IdentityState.DEAD: Sign(N_("does not work"), "x", "bad"),
    IdentityState.COMPLAINED: Sign(N_("reported us as unwanted"), "ban", "bad"),
}

TONGUES: Mapping[str, str] = {
    "en": N_("English"),
    "pl": N_("Polish"),
    "bg": N_("Bulgarian"),
    "ru": N_("Russian"),
}

# How two cards agree, field by field, and what can be chosen between them.
MATCHED: Mapping[str, str] = {
    Field.NAME: N_("Name"),
    Field.BIRTHDAY: N_("Birthday"),
    Field.STREET: N_("Street"),
    Field.CITY: N_("City"),
    Field.POSTCODE: N_("Postcode"),
    Field.NUMBER: N_("Personal number"),
    Field.PHONE: N_("Phone"),
    Field.EMAIL: N_("Email"),
}

GRADES: Mapping[str, Sign] = {
    Grade.SAME: Sign(N_("same"), "checks", "good"),
    Grade.ALIKE: Sign(N_("alike"), "check", "good"),
    Grade.PARTLY: Sign(N_("partly"), "circle-dot", "warn"),
    Grade.DIFFERS: Sign(N_("differs"), "x", "bad"),
}

CHOICES: Mapping[str, str] = {
    "name": N_("Name"),
    "given_name": N_("Given name"),
    "language": N_("Language"),
    "timezone": N_("Time zone"),
    "country": N_("Country"),
    "birthday": N_("Birthday"),
    "external_id": N_("Number in another system"),
    "owner": N_("Owner"),
    "quiet_hours": N_("Quiet hours of their own"),
}

# Tables as people know them, for what is erased; the rest is told as one sum.
ERASED: Mapping[str, str] = {
    "interaction": N_("Messages, calls and notes"),
    "attachment": N_("Attached files"),
    "raw_message": N_("Mails as they came"),
    "conversation": N_("Conversations"),
    "identity": N_("Addresses and numbers"),
    "consent": N_("Statements in the consent ledger"),
    "task": N_("Tasks"),
    "appointment": N_("Appointments"),
    "draft": N_("Drafts"),
    "survey": N_("Answers about satisfaction"),
}

REST = N_("Everything else that was kept of them")

REMAINS: Mapping[str, str] = {
    "hashes": N_("a salted hash of an address, so that a later import does not write to them again"),
    "campaign_messages": N_("a campaign's message, emptied of all that is theirs, so that its counters stay true"),
    "audit_rows": N_("a row of the audit trail without its details: who did what, and when"),
    "shared_files": N_("a file that somebody else sent or was sent as well"),
    "others": N_("somebody else’s message that named their address: it stays, the address is out of its head"),
    "settings": N_("a segment, view or template that holds their address: look at it yourself"),
}
