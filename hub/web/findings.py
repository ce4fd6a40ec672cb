"""What trying a channel out found, in the reader's language: our own words about it. What a server or a provider said
stays as it came, and so do the names of settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from re import Pattern

from hub.web.retold import pattern
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

# More particular lines stand above those that would fit them too.
LINES = (
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
    # what to do
    N_("Check %(settings)s, and that the server is up and reachable"),
    N_("Check username and password"),
    N_("Check host, certificate and ca_file"),
    N_("Check port and security"),
    N_("Check account_sid, auth_token and base_url"),
    N_("Check the account first"),
    N_("Set smtp.username and smtp.password"),
    N_("Buy it or correct `number`"),
    N_("Ask Twilio why"),
    N_("Take a number with %(what)s"),
    N_("Set the number's %(what)s webhook to %(address)s (POST)"),
    N_("Try again; if it goes on, see whether the provider has trouble"),
)
_OURS = ("security", "login")  # gaps that hold one of these lines


def told(line: str) -> str:
    """A line of a finding; one that is none of ours as it is."""
    for message, found in ((message, fits.fullmatch(line)) for message, fits in _PATTERNS.items()):
        if found is not None:
            gaps = {name: told(text) if name in _OURS else text for name, text in found.groupdict().items()}
            return _(message) % gaps
    return line


_PATTERNS: Mapping[str, Pattern[str]] = {message: pattern(message) for message in LINES}
