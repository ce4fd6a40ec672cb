"""Bytes to text, whatever the label says (RFC 2045-2047, requirements M2, M3, M6). Never raises."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# What mail calls them → what Python calls them. Supersets where senders use the superset's characters under the
# subset's name, as the WHATWG encoding standard does.
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso8859-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "iso-gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "korean": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-user-defined": "cp1252",
}
_WINDOWS = re.compile(r"(?:cp|windows|win|x-cp|cp-|ms)[-_]?(12[5-9]\d|8[57]\d|874)\Z")
_LABELLED = re.compile(r"[a-z0-9]+(?:[-_.:+][a-z0-9]+)*")
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")


def decode(data: bytes, charset: str = "", fallback: str = "") -> str:
    """Text of `data`. `charset` is its label, `fallback` the label of the mail around it; both may be nonsense."""
    label = codec(charset)
    if label is None or (label in ("cp1252", "utf-8") and not data.isascii()):
        return _clean(_guess(data, label, codec(fallback)))
    return _clean(_lenient(data, label))


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """Python's name of a text encoding, or None when the label names none (`default`, `x-unknown`, `utf-7bit`)."""
    name = label.strip().strip("\"'").lower()
    windows = _WINDOWS.match(name)
    name = f"cp{windows.group(1)}" if windows else _ALIASES.get(name, name)
    found = _LABELLED.match(name)
    if not found:
        return None
    try:
        info = codecs.lookup(_ALIASES.get(found.group(), found.group()))
        text = info._is_text_encoding and isinstance(b"".decode(info.name), str)  # noqa: SLF001 - base64 & co. are no charsets
    except (LookupError, UnicodeError, ValueError):
        return None
    return info.name if text and info.name not in ("idna", "punycode", "unicode-escape", "raw-unicode-escape") else None


def _guess(data: bytes, label: str | None, fallback: str | None) -> str:
    """UTF-8 proves itself; then what the label or the mail around says; then what most unlabelled mail is."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if label in (None, "utf-8") and _mostly_utf8(data):
            return data.decode("utf-8", "replace")
    for name in (label, fallback, "cp1252"):
        if name and name != "utf-8":
            return _lenient(data, name)
    return data.decode("utf-8", "replace")


def _mostly_utf8(data: bytes) -> bool:
    """More characters beyond ASCII than broken bytes."""
    good = data.decode("utf-8", "ignore")
    beyond = len(good) - len(good.encode("ascii", "ignore"))
    return beyond > len(data) - len(good.encode())


_JAPANESE = ("cp932", "euc_jp", "iso2022_jp_ext")  # senders mix these up under one label


def _lenient(data: bytes, name: str) -> str:
    for candidate in (name, *_JAPANESE) if name in _JAPANESE else (name,):
        try:
            return data.decode(candidate)
        except (UnicodeError, ValueError, LookupError):
            continue
    try:
        return data.decode(name, "replace")
    except (UnicodeError, ValueError, LookupError):
        return data.decode("cp1252", "replace")


def _clean(text: str) -> str:
    """No NUL, no lone surrogates: every stored text is valid in PostgreSQL and in JSON (M6)."""
    return _FORBIDDEN.sub("", text)
