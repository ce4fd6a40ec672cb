"""What trying a channel out found, and what stands in its way, in the reader's language: our own words about it. What a
server or a provider said stays as it came, and so do the names of settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from re import Pattern

from hub.web.retold import pattern
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

# More particular lines stand above those that would fit them too.
FOUND = (
    # whose trouble it is
    N_("mailbox: %(rest)s"),
    N_("it cannot be read: %(rest)s. It is tried again by itself"),
    N_("new mail cannot be stored and waits on the mail server. %(said)s"),
    N_("folder %(folder)s: %(rest)s"),
    # steps
    N_("%(server)s: connect, %(security)s, %(login)s"),
    N_("%(server)s: connect, %(security)s"),
    N_("%(provider)s: an access token for %(account)s"),
    N_("%(server)s: folder %(folder)s"),
    N_("%(server)s: login as %(account)s"),
    N_("login as %(account)s"),
    N_("no login"),
    N_("no TLS"),
    N_("account"),
    N_("number"),
    # what was found
    N_("good"),
    N_("given"),
    N_("offers %(extensions)s"),
    N_("connection trouble at connect: %(said)s"),
    N_("Twilio cannot be reached: %(said)s"),
    N_("Twilio did not answer within %(seconds)s s"),
    N_("The connection broke before Twilio answered: %(said)s"),
    N_("%(where)s: login refused: %(said)s"),
    N_("%(where)s: no trusted TLS: %(said)s"),
    N_("%(server)s: no answer in %(seconds)s s"),
    N_("the server asks for a login: %(said)s"),
    N_("Twilio %(code)s: %(said)s. Look at the account, the token and the number in Twilio's console"),
    N_("%(number)s is not in this account"),
    N_("%(number)s can do %(what)s"),
    N_("%(number)s cannot do %(what)s"),
    N_("%(what)s arrives at nowhere"),
    N_("%(what)s arrives at %(address)s"),
    N_("The Messaging Service chooses it; its webhook is not checked"),
    # what stands in a channel's way
    N_("login refused: %(said)s"),
    N_("no trusted TLS: %(said)s"),
    N_("%(server)s: no login now: %(said)s"),
    N_("%(server)s: connection lost: %(said)s"),
    N_("%(folder)s cannot be opened: %(said)s"),
    N_("the server does not let us in as %(account)s: %(said)s"),
    N_("%(provider)s no longer accepts the permission (%(said)s)"),
    N_("%(provider)s no longer accepts the permission"),
    N_("%(provider)s refuses the app: %(said)s"),
)
REMEDIES = (
    N_("Check host, port and ca_file"),
    N_("Check its spelling"),
    N_("Connect it again: Settings, Mailboxes"),
    N_("Connect it again, signed in as the mailbox's owner, and see that IMAP is allowed for the mailbox"),
    N_(
        "Connect it again, signed in as the mailbox's owner, and see that the provider lets the mailbox send by SMTP "
        "(Microsoft: Authenticated SMTP)"
    ),
    N_("Check client_id and client_secret; a client secret may have expired"),
    N_("Check %(settings)s, and that the server is up and reachable"),
    N_("Check username and password"),
    N_("Check host, certificate and ca_file"),
    N_("Check port and security"),
    N_("Check account_sid, auth_token and base_url"),
    N_("Check the account first"),
    N_("See whether this machine reaches the internet, and whether base_url is right; then try again"),
    N_("Set smtp.username and smtp.password"),
    N_("Buy it or correct `number`"),
    N_("Ask Twilio why"),
    N_("Take a number with %(what)s"),
    N_("Set the number's %(what)s webhook to %(address)s (POST)"),
    N_("Try again; if it goes on, see whether the provider has trouble"),
)
LINES = (*FOUND, *REMEDIES)
_OURS = ("security", "login", "rest")  # gaps that hold one of these lines


def told(line: str) -> str:
    """A line of a finding, or what stands in a channel's way; what is none of ours stays as it is.

    Where it was and what to do stand around what a server said: each is told by itself.
    """
    place = _PLACE.match(line)
    if place is not None:
        return place[0] + told(line[place.end() :])
    for sentence in _NEXT.finditer(line):
        remedy = _put(line[sentence.end() :], _REMEDIES)
        if remedy is not None:
            return f"{told(line[: sentence.start()])}. {remedy}"
    return _put(line, _PATTERNS) or line


def _put(line: str, patterns: Mapping[str, Pattern[str]]) -> str | None:
    for message, found in ((message, fits.fullmatch(line)) for message, fits in patterns.items()):
        if found is not None:
            gaps = {name: told(text) if name in _OURS else text for name, text in found.groupdict().items()}
            return _(message) % gaps
    return None


_PLACE = re.compile(r"\[channels\.[^\]\n]+\][^:\n]{0,60}: ")
_NEXT = re.compile(r"\. ")
_PATTERNS: Mapping[str, Pattern[str]] = {message: pattern(message) for message in LINES}
_REMEDIES: Mapping[str, Pattern[str]] = {message: _PATTERNS[message] for message in REMEDIES}
