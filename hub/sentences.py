"""What people are told, before it is known in which language: English words with named gaps, and what fills them.

The middle says why not; pages say it in their reader's language (`hub.web.translations.worded`), everything else in
English. Never the words of a message to a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from channels.address import BadAddress

Gap: TypeAlias = "str | int | float | Sentence | tuple[str | Sentence, ...]"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`words` are a message id of the catalogues, with gaps as in `%(name)s`.

    A gap holds a name, a number, another sentence, or several of these. An exception raised with a sentence has it as
    its first argument, and its English as its text.
    """

    words: str
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    def told(self, translated: Callable[[str], str]) -> str:
        """In the language of `translated`, which gives the words of one message id."""
        words = translated(self.words)
        return words % {name: _filled(gap, translated) for name, gap in self.gaps.items()} if self.gaps else words

    def __str__(self) -> str:
        return self.told(str)


def marked(message: str) -> str:
    """Marks a message for the catalogue where it is written down and translates nothing: `_` does so when shown."""
    return message


LONG_NAME = Sentence("The name has %(length)s characters and takes at most %(most)s. Shorten it")
LONG_TITLE = Sentence("The title has %(length)s characters and takes at most %(most)s. Shorten it")
LONG_PLACE = Sentence("The place has %(length)s characters and takes at most %(most)s. Shorten it")
LONG_NOTE = Sentence("The note has %(length)s characters and takes at most %(most)s. Shorten it")
LONG_DESCRIPTION = Sentence("The description has %(length)s characters and takes at most %(most)s. Shorten it")


def too_long(refusal: Sentence, text: str, most: int) -> Sentence | None:
    """`refusal` with both lengths filled in; None: the text fits."""
    return Sentence(refusal.words, {"length": len(text), "most": most}) if len(text) > most else None


def as_json(gaps: Mapping[str, Gap]) -> dict[str, Any]:
    """What fills a sentence's gaps, to be kept."""
    return {name: _plain(gap) for name, gap in gaps.items()}


def of_json(kept: Mapping[str, Any]) -> dict[str, Gap]:
    """What `as_json` kept."""
    return {name: _read(gap) for name, gap in kept.items()}


def _plain(gap: Gap) -> Any:
    if isinstance(gap, Sentence):
        return {"words": gap.words, "gaps": as_json(gap.gaps)}
    return [_plain(one) for one in gap] if isinstance(gap, tuple) else gap


def _read(kept: Any) -> Gap:
    if isinstance(kept, Mapping):
        said = kept["words"]
        return Sentence(said, of_json(kept["gaps"]))
    return tuple(_read(one) for one in kept) if isinstance(kept, list) else kept  # type: ignore[misc]


def _filled(gap: Gap, translated: Callable[[str], str]) -> str:
    if isinstance(gap, Sentence):
        return gap.told(translated)
    if isinstance(gap, tuple):
        between = " " if any(isinstance(one, Sentence) and " " in one.words for one in gap) else ", "
        return between.join(_filled(one, translated) for one in gap)
    return str(gap)


def of(error: BaseException) -> Sentence | None:
    """The sentence that an error was raised with; None: it has only English words."""
    if isinstance(error, BadAddress):
        return Sentence(error.words, error.gaps)
    first = error.args[0] if error.args else None
    return first if isinstance(first, Sentence) else None
