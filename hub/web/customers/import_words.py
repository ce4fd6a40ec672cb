"""How the pages of files that are brought in speak of each kind, and of what becomes of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.models.vocabulary import Brought, Outcome
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words import Sign


@dataclass(frozen=True, slots=True)
class About:
    """How the pages of one kind of file speak of it."""

    title: str
    hint: str
    empty: str
    known: str


ABOUT: Mapping[Brought, About] = {
    Brought.CUSTOMERS: About(
        N_("Import customers"),
        N_(
            "Its first line names the columns: name, email, phone, birthday, whatever you keep. Nothing is written "
            "before you have seen its first rows."
        ),
        N_(
            "Bring your customers in from the file you keep them in. Who is known already by an address or a number is "
            "recognised, and nobody's no becomes a yes."
        ),
        N_("known already"),
    ),
    Brought.PURCHASES: About(
        N_("Import purchases"),
        N_(
            "Its first line names the columns: the number of the purchase, date, amount, and whose it is (customer's "
            "number, email or phone). Nothing is written before you have seen its first rows."
        ),
        N_(
            "What customers bought is added up and scored (RFM) on their pages, and segments ask for it: “bought more "
            "than twice, but not for a year”. A file may be imported again: a purchase counts once by its number."
        ),
        N_("counts already"),
    ),
}


def outcomes(kind: Brought) -> Mapping[Outcome, Sign]:
    """What becomes of rows, in the order in which it is counted."""
    return {
        Outcome.ADDED: Sign(N_("added"), "plus", "good"),
        Outcome.KNOWN: Sign(ABOUT[kind].known, "check", ""),
        Outcome.CHANGED: Sign(N_("changed"), "pencil", "good"),
        Outcome.REJECTED: Sign(N_("not taken"), "alert-circle", "bad"),
    }
