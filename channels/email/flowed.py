"""format=flowed (RFC 3676): lines that were broken for the wire become paragraphs again, quoted ones as well."""

from __future__ import annotations

from collections.abc import Iterator

_SIGNATURE = "-- "


def unwrapped(text: str, *, delete_space: bool) -> str:
    """The text as it was typed. `delete_space` is the parameter DelSp=yes. Lines end in \\n. Linear."""
    return "\n".join(_paragraphs(text, delete_space=delete_space))


def _paragraphs(text: str, *, delete_space: bool) -> Iterator[str]:
    open_depth, parts = -1, list[str]()
    for line in text.split("\n"):
        depth, words = _line(line)
        if parts and (depth != open_depth or words == _SIGNATURE):
            yield _quoted(open_depth, "".join(parts).rstrip(" "))
            parts = []
        flows = words.endswith(" ") and words != _SIGNATURE
        parts.append(words[:-1] if flows and delete_space else words)
        open_depth = depth
        if not flows:
            yield _quoted(depth, "".join(parts))
            parts = []
    if parts:
        yield _quoted(open_depth, "".join(parts).rstrip(" "))


def _line(line: str) -> tuple[int, str]:
    """How deep it is quoted, and its words without the space that was stuffed in front (RFC 3676 4.4, 4.5)."""
    words = line.lstrip(">")
    return len(line) - len(words), words.removeprefix(" ")


def _quoted(depth: int, words: str) -> str:
    return f"{'>' * depth} {words}" if depth > 0 else words
