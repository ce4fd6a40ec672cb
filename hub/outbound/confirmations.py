"""The link by which somebody confirms that it was they who signed up. It stands in the message alone: the log, which
colleagues read, has `PLACE` where it stood, so that nobody can say yes for somebody else.
"""

from __future__ import annotations

from html import escape
from uuid import UUID

from hub.models import Interaction
from hub.models.vocabulary import Kind, Origin
from hub.outbound.asking import Gate
from hub.outbound.rendering import Rendered
from hub.signing import Signer

OCCASION = "sign-up"
PLACE = "[•••]"
_SIGNED = "sign-up"


def is_one(row: Interaction) -> bool:
    """It goes to somebody who is no customer yet: `hub.joining.asking` has decided that it may, the gate cannot."""
    return row.origin is Origin.AUTOMATION and row.occasion == OCCASION


def address(gate: Gate, message: UUID, kind: Kind) -> str:
    base = gate.short_url if kind is Kind.SMS and gate.short_url else gate.public_url
    return f"{base}/join/yes/{gate.signer.link_token(_SIGNED, message)}"


def read(signer: Signer, token: str) -> UUID | None:
    """The message that the link stood in; None when the token is forged or meant for something else."""
    return signer.read_link_token(_SIGNED, token)


def written(said: Rendered, kind: Kind, message: UUID, gate: Gate) -> Rendered:
    """As it leaves."""
    link = address(gate, message, kind)
    text, html = said.text.replace(PLACE, link), said.html.replace(PLACE, escape(link))
    return Rendered(said.subject, text, html, said.language, said.closing)
