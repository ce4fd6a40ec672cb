"""One canonical spelling for mail addresses (RFC 5321, IDNA domain) and telephone numbers (E.164)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

# phonenumbers and idna are imported where they are needed: who reads mail starts often, and seldom needs either

_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+\Z")
_ROBOT = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|(?:.*[-_.])?(?:no|do[-_.]?not)[-_.]?reply(?:[-_.].*)?|bounces?|owner-.*|"
    r".*-(?:request|owner|bounces?)|daemon|root|auto(?:mailer|reply|responder)|listserv|majordomo)(?:[+=].*)?\Z",
    re.IGNORECASE,
)
_LONGEST_DOMAIN = 253  # letters, RFC 1035 2.3.4 without the root
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


class BadAddress(ValueError):
    """Not an address; the message says why in words a person can use: `words` with `gaps`, to be translated."""

    def __init__(self, words: str, gaps: Mapping[str, str] | None = None) -> None:
        self.words, self.gaps = words, gaps or {}
        super().__init__(words % gaps if gaps else words)


def mail(text: str) -> str:
    """Canonical mail address: local part as written but lower case, domain as an A-label (`bücher.example` → `xn--…`).

    Raises BadAddress. Lower-casing the local part departs from RFC 5321 2.4 on purpose: no mailbox provider
    tells `Ana@` from `ana@`, and customers write both.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain:
        raise BadAddress("“%(address)s” is not a mail address: it needs a name, an @ and a domain", {"address": text})
    if len(local.encode()) > 64 or not _LOCAL.match(local) or ".." in local or local[0] == "." or local[-1] == ".":
        raise BadAddress("“%(address)s”: “%(part)s” cannot stand before the @", {"address": text, "part": local})
    return f"{local.lower()}@{_domain(domain, text)}"


def is_robot(value: str) -> bool:
    """By what stands before the @: nobody reads what is sent there, or a machine answers it (requirement L1)."""
    return _ROBOT.match(value.rpartition("@")[0]) is not None


def phone(text: str, region: str | None = None) -> str:
    """E.164 (`+48601123456`). `region` (ISO 3166 alpha-2) reads national spellings. Raises BadAddress."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as e:
        if text.strip().startswith("+"):
            raise BadAddress("“%(number)s” is not a telephone number. Correct it", {"number": text}) from e
        raise BadAddress(
            "“%(number)s” is not a telephone number; write it with the country code, as in +48601123456",
            {"number": text},
        ) from e
    if not phonenumbers.is_possible_number(number):
        raise BadAddress("“%(number)s” has the wrong number of digits for its country", {"number": text})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def pretty_phone(number: str) -> str:
    """How a person writes it: `+48 601 123 456`; anything unparsable comes back as it is."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def pretty_mail(value: str) -> str:
    """How a person writes it: an A-label is shown as the U-label it stands for; anything odd comes back as it is."""
    local, at, domain = value.rpartition("@")
    if "xn--" not in domain:
        return value
    import idna

    try:
        return f"{local}{at}{idna.decode(domain)}"
    except UnicodeError:
        return value


def _domain(domain: str, whole: str) -> str:
    bare = domain.rstrip(".")
    canonical = _canonical(bare) if len(bare) <= _LONGEST_DOMAIN else ""
    if not canonical:
        raise BadAddress("“%(address)s”: “%(part)s” is not a domain name", {"address": whole, "part": domain})
    return canonical


@lru_cache(maxsize=2_000)  # many people have their mailboxes at the same few
def _canonical(domain: str) -> str:
    """IDNA 2008 with the mapping of UTS 46, as browsers do; what is in ASCII already is taken at its word. Empty for
    what is no domain."""
    ascii_domain = domain.lower()
    if not ascii_domain.isascii():
        import idna

        try:
            ascii_domain = idna.encode(domain, uts46=True).decode().rstrip(".")
        except UnicodeError:
            return ""
    named = len(ascii_domain) <= _LONGEST_DOMAIN and all(map(_LABEL.match, ascii_domain.split(".")))
    return ascii_domain if named else ""
