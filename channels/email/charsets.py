"""Bytes to text, whatever the label says (RFC 2045-2047, requirements M2, M3, M6). Never raises."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# What mail and the WHATWG encoding standard call them, where Python does not know the label.
_ALIASES = {
    "l1": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "x-user-defined": "cp1252",
    "visual": "iso8859-8",
    "logical": "iso8859-8",
    "csisolatin9": "iso8859-15",
    "latin-9": "iso8859-15",
    "dos-874": "cp874",
    "sun_eu_greek": "iso8859-7",
    "iso-gb2312": "gb18030",
    "iso-ir-58": "gb18030",
    "csgb2312": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "euc-cn": "gb18030",
    "hz-gb-2312": "hz",
    "ks_c_5601": "cp949",
    "ksc_5601": "cp949",
    "ks-c-5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "csksc56011987": "cp949",
    "cseuckr": "cp949",
    "iso-ir-149": "cp949",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "cseucpkdfmtjapanese": "euc_jp",
    "x-euc": "euc_jp",
    "big5-eten": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "dos-866": "cp866",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "mac": "mac-roman",
    "csmacintosh": "mac-roman",
    "x-mac-ukrainian": "mac-cyrillic",
    "x-mac-ce": "mac-latin2",
    "x-mac-centraleurroman": "mac-latin2",
    "x-mac-icelandic": "mac-iceland",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "csunicode11utf7": "utf-7",
    "utf8mb4": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "windows-65001": "utf-8",
    "iso-10646-ucs-2": "utf-16",
    "ucs-2": "utf-16",
    "csunicode": "utf-16",
    "unicode": "utf-16",
    "unicodefeff": "utf-16",
    "unicodefffe": "utf-16-be",
    "iso-10646-ucs-4": "utf-32",
    "ucs-4": "utf-32",
}
# Senders use the superset's characters under the subset's name, as browsers read them.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
}
_WINDOWS = re.compile(
    r"(?:x-)?(?:cp|windows|win|ms|csibm|ibm)[-_]?(12[5-9]\d|8[3-7]\d|9(?:32|36|49|50)|437|720|737|775|1006|1125)\Z"
)
_ISO_8859 = re.compile(r"(?:x-|cs)?iso[-_ ]?8859[-_ ]?(1[0-6]|[1-9])(?:-?[ei]|:\d{4})?\Z")
_LABELLED = re.compile(r"[a-z0-9]+(?:[-_.:+][a-z0-9]+)*")
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_GB2312 = re.compile(rb"(?:[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])+\Z")
_SEQUENCES = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")
_ESCAPES = {b"\x1b$B": "iso2022_jp_ext", b"\x1b$@": "iso2022_jp_ext", b"\x1b$)C": "iso2022_kr"}
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_SINGLE = ("iso8859", "cp125", "koi8")
_WIDE = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4, "utf-32-le": 4, "utf-32-be": 4}
_NO_FALLBACK = ("utf-8", "utf-7", *_WIDE)  # raw bytes in a header are none of these
_JAPANESE = ("cp932", "euc_jp", "iso2022_jp_ext")  # senders mix these up under one label


def decode(data: bytes, charset: str = "", fallback: str = "") -> str:
    """Text of `data`. `charset` is its label, `fallback` the label of the mail around it; both may be nonsense."""
    label = codec(charset)
    if label in (None, "cp1252", "utf-8"):
        if data.isascii() and b"\x1b" not in data:
            return data.decode("ascii").replace("\0", "")
        return _clean(_guess(data, label, fallback), label)
    if label in _WIDE:
        return _clean(_wide(data, label), label)
    if label.startswith(_SINGLE) and _is_utf8(data):
        return _clean(_guess(data, label, fallback), label)
    return _clean(_lenient(data, label), label)


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """Python's name of a text encoding, or None when the label names none (`default`, `x-unknown`, `utf-7bit`)."""
    name = label.strip().strip("\"'").lower()
    found = _LABELLED.match(name)
    if not found:
        return None
    name = _aliased(found.group())
    try:
        info = codecs.lookup(name)
        text = info._is_text_encoding and isinstance(b"".decode(info.name), str)  # noqa: SLF001 - base64 & co. are no charsets
    except (LookupError, UnicodeError, ValueError):
        return codec(name[2:]) if name.startswith("x-") else None
    if not text or info.name in ("idna", "punycode", "unicode-escape", "raw-unicode-escape"):
        return None
    return _SUPERSETS.get(info.name, info.name)


def _aliased(name: str) -> str:
    if windows := _WINDOWS.match(name):
        return f"cp{windows.group(1)}"
    if iso := _ISO_8859.match(name):
        return f"iso8859-{iso.group(1)}"
    return _ALIASES.get(name, name)


def _guess(data: bytes, label: str | None, fallback: str) -> str:
    """UTF-8 proves itself; then what the label or the mail around says; then what most unlabelled mail is."""
    if label is None and data.startswith(_MARKS):
        return _wide(data, "utf-32" if b"\0\0" in data[:4] else "utf-16")
    if b"\x1b" in data and data.isascii():
        return _lenient(data, next((name for mark, name in _ESCAPES.items() if mark in data), "ascii"))
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        if label in (None, "utf-8") and _mostly_utf8(data):
            return data.decode("utf-8", "replace").removeprefix("\ufeff")
    candidates = (label, codec(fallback))
    named = next((name for name in candidates if name and name not in _NO_FALLBACK), "cp1252")
    return _lenient(data, "gb18030" if named == "cp1252" and _is_gb2312(data) else named)


def _mostly_utf8(data: bytes) -> bool:
    """More characters beyond ASCII than broken bytes."""
    good = data.decode("utf-8", "ignore")
    beyond = len(good) - len(good.encode("ascii", "ignore"))
    return beyond > len(data) - len(good.encode())


def _is_utf8(data: bytes) -> bool:
    """At least two characters beyond ASCII, and not a byte that does not fit: no single-byte text looks like that."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(_SEQUENCES.findall(data[:4096])) > 1


def _is_gb2312(data: bytes) -> bool:
    """No Western text, no Cyrillic: all in pairs of GB2312, most from its everyday plane, many bytes under 0xC0."""
    runs = _BEYOND_ASCII.findall(data[:4096])
    if not runs or not all(len(run) % 2 == 0 and _GB2312.match(run) for run in runs):
        return False
    joined = b"".join(runs)
    everyday = sum(0xB0 <= lead <= 0xD7 for lead in joined[::2])
    low = sum(byte < 0xC0 for byte in joined)
    return len(joined) >= 8 and everyday * 10 >= len(joined) * 3 and low * 5 >= len(joined)


def _wide(data: bytes, name: str) -> str:
    """UTF-16 and UTF-32, by the byte order mark, the name, or where the zeros stand; ASCII under a wrong name too."""
    width = _WIDE[name]
    if b"\0" not in data and data.isascii() and len(data) > 1:
        return data.decode("ascii")
    marked = data.startswith(_MARKS)
    if name in ("utf-16", "utf-32") and not marked:
        zeros = [data[place::width].count(0) for place in range(width)]
        name += "-be" if zeros[0] > zeros[-1] else "-le"
    return data[: len(data) - len(data) % width].decode(name, "replace").removeprefix("\ufeff")


def _lenient(data: bytes, name: str) -> str:
    for candidate in (name, *_JAPANESE) if name in _JAPANESE else (name,):
        try:
            return data.decode(candidate)
        except (UnicodeError, ValueError, LookupError):
            continue
    if name.startswith("cp125"):
        return codecs.charmap_decode(data, "replace", _complete(name))[0]
    try:
        return data.decode("utf-8" if _is_utf8(data) else name, "replace")
    except (UnicodeError, ValueError, LookupError):
        return data.decode("cp1252", "replace")


@lru_cache(maxsize=16)
def _complete(name: str) -> str:
    """A Windows code page with its holes filled as browsers fill them, so that no byte is lost."""
    return "".join(bytes([code]).decode(name, "ignore") or chr(code) for code in range(256))


def _clean(text: str, label: str | None) -> str:
    """No NUL, no lone surrogates: every stored text is valid in PostgreSQL and in JSON (M6).

    Of all codecs only UTF-7 lets surrogates through one by one.
    """
    return _FORBIDDEN.sub("", text) if label == "utf-7" else text.replace("\0", "")
