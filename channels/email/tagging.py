"""Plus-addresses (RFC 5233): the channel's own address with a token in it, and the token found again."""

from __future__ import annotations

from collections.abc import Iterable

from channels.errors import Misconfigured

_LOCAL_PART_LIMIT = 64  # RFC 5321 4.5.3.1.1


def tagged(own: str, token: str) -> str:
    """`support@example.com` with `k7x` is `support+k7x@example.com`. Raises Misconfigured when it grows too long."""
    if not token:
        return own
    local, _, domain = own.rpartition("@")
    full = f"{local}+{token}"
    if len(full.encode()) > _LOCAL_PART_LIMIT:
        raise Misconfigured(f"{local!r} leaves no room for a {len(token)} character token before the @")
    return f"{full}@{domain}"


def tokens(own: str, recipients: Iterable[str]) -> tuple[str, ...]:
    """The tokens in those of `recipients` that are plus-addresses of `own`, each once, as they were written."""
    found = (_token(own, recipient) for recipient in recipients)
    return tuple(dict.fromkeys(token for token in found if token))


def is_own(own: str, recipient: str) -> bool:
    """True for the address itself and all of its plus-addresses."""
    return recipient.lower() == own.lower() or bool(_token(own, recipient))


def _token(own: str, recipient: str) -> str:
    local, _, domain = own.lower().rpartition("@")
    theirs, _, their_domain = recipient.rpartition("@")
    if their_domain.lower() != domain or not theirs.lower().startswith(f"{local}+"):
        return ""
    return theirs[len(local) + 1 :]
