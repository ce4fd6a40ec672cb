"""Twilio's webhooks: their addresses, their signature, their fields."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlsplit

from channels import address
from channels.adapter import WebRequest
from channels.errors import Forged, Unreadable


def hook(base: str, name: str, **query: str) -> str:
    """The public URL of one of our webhooks, in the one spelling that is signed."""
    asked = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    return f"{base.rstrip('/')}/{name}" + (f"?{asked}" if asked else "")


def name_of(request: WebRequest, base: str) -> str:
    """Which of our webhooks a request is for: the path below `base`. Raises Unreadable."""
    path, root = urlsplit(request.url).path, urlsplit(base).path.rstrip("/") + "/"
    if not path.startswith(root):
        raise Unreadable("This request is for none of this channel's webhooks")
    return path.removeprefix(root)


def query_of(request: WebRequest) -> dict[str, str]:
    """What we wrote into the URL ourselves: the signature covers it."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def verified(request: WebRequest, tokens: Sequence[str]) -> dict[str, str]:
    """The form of a webhook whose X-Twilio-Signature holds (requirement T1). Raises Forged.

    https://www.twilio.com/docs/usage/webhooks/webhooks-security: HMAC-SHA1 over the URL and the sorted form; a JSON
    body is covered by its hash in the URL (bodySHA256). The port may or may not have been signed.
    """
    given = request.headers.get("x-twilio-signature", "").encode("utf-8", "replace")
    if not given:
        raise Forged("The request carries no X-Twilio-Signature")
    pairs = _form(request)
    signed = "".join(key + value for key, value in sorted(set(pairs)))
    expected = (_sign(token, url + signed) for url in _spellings(request.url) for token in tokens)
    if not any(
        hmac.compare_digest(given, one) for one in expected
    ):  # each in constant time; which one held is no secret
        raise Forged("The signature does not hold")
    return dict(pairs)


def _form(request: WebRequest) -> list[tuple[str, str]]:
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        hashed = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(hashed.encode(), query_of(request).get("bodySHA256", "").encode()):
            raise Forged("The body is not the one that was signed")
        return []
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=500)
    except ValueError as e:
        raise Forged("The body is no form") from e


def _spellings(url: str) -> tuple[str, str]:
    """The URL with and without its port."""
    try:
        split = urlsplit(url)
        port = split.port or (443 if split.scheme == "https" else 80)
    except ValueError as e:
        raise Forged("The request's own address makes no sense") from e
    host = split.netloc.removesuffix(f":{split.port}")
    return split._replace(netloc=host).geturl(), split._replace(netloc=f"{host}:{port}").geturl()


def _sign(token: str, signed: str) -> bytes:
    return base64.b64encode(hmac.digest(token.encode(), signed.encode("utf-8", "replace"), "sha1"))


def said(form: Mapping[str, str], key: str) -> str:
    """A field that must be there. Raises Unreadable."""
    if not form.get(key):
        raise Unreadable(f"Twilio's request lacks {key}")
    return form[key]


@lru_cache(maxsize=4096)  # every message is told of several times
def number(text: str) -> str:
    """Canonical when it is a telephone number; short codes, names and withheld numbers come back as they are."""
    try:
        return address.phone(text)
    except address.BadAddress:
        return text
