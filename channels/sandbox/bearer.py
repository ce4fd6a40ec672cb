"""SASL XOAUTH2 for the sandbox's servers: developers.google.com/workspace/gmail/imap/xoauth2-protocol.

A token that is not good gets a challenge that says so, which the client answers with nothing; only then is it refused.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any

from pymap.parsing import Params, Space
from pymap.parsing.command.nonauth import AuthenticateCommand
from pymap.parsing.exceptions import NotParseable
from pymap.parsing.primitives import Atom
from pymap.parsing.specials import AString
from pysasl import SASLAuth
from pysasl.creds.server import ServerCredentials
from pysasl.mechanism import ChallengeResponse, ServerChallenge, ServerMechanism

from channels.sandbox.authority import Authority

REFUSAL = b'{"status":"400","schemes":"Bearer","scope":"mail"}'
_RESPONSE = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.IGNORECASE)


def account(authority: Authority | None, response: bytes) -> str:
    """Whom an initial response lets in: empty when its token is not good for the account it names."""
    found = _RESPONSE.fullmatch(response)
    if authority is None or found is None:
        return ""
    user, token = (part.decode("utf-8", "replace") for part in found.groups())
    return user if authority.accepts(user, token) else ""


def decoded(text: bytes | str) -> bytes:
    """Base64, or nothing when it is none."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


class WithInitialResponse(AuthenticateCommand):
    """AUTHENTICATE with the first answer in the same line (RFC 4959), which the library does not read."""

    @classmethod
    def parse(cls, buf: memoryview, params: Params) -> tuple[Any, memoryview]:
        """The answer travels with the mechanism's name: `XOAUTH2 dXNlcj1…`."""
        try:
            _, after = Space.parse(buf, params)
            name, after = Atom.parse(after, params)
            _, after = Space.parse(after, params)
            initial, after = AString.parse(after, params)
        except NotParseable:
            return super().parse(buf, params)
        return cls(params.tag, name.value.upper() + b" " + initial.value), after


class Mechanisms(SASLAuth):
    """The usual ones and XOAUTH2."""

    def __init__(self, authority: Authority) -> None:
        super().__init__([*SASLAuth.defaults().server_mechanisms, _Bearer(authority, b"")])
        self._authority = authority

    def get_server(self, name: bytes) -> ServerMechanism | None:
        mechanism, _, initial = name.partition(b" ")
        if mechanism.upper() == b"XOAUTH2" and initial:
            return _Bearer(self._authority, decoded(initial))
        return super().get_server(mechanism)


class _Bearer(ServerMechanism):
    def __init__(self, authority: Authority, initial: bytes) -> None:
        super().__init__(b"XOAUTH2")
        self._authority, self._initial = authority, initial

    def server_attempt(self, responses: Any) -> tuple[ServerCredentials, None]:
        given = [ChallengeResponse(b"", self._initial), *responses] if self._initial else list(responses)
        if not given:
            raise ServerChallenge(b"")
        who = account(self._authority, given[0].response)
        if not who and len(given) == 1:
            raise ServerChallenge(REFUSAL)
        return _Checked(who), None


class _Checked(ServerCredentials):
    """Whom the token lets in has been seen already; nobody when `who` is empty."""

    def __init__(self, who: str) -> None:
        self._who = who

    @property
    def authcid(self) -> str:
        return self._who

    @property
    def authzid(self) -> str:
        return self._who

    def verify(self, identity: Any) -> bool:
        return bool(self._who)
