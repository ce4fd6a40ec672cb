"""What stands out in a mail: its subject, its links and pictures, its size, and the way out of an offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from urllib.parse import urlsplit

from channels import links
from hub.models.vocabulary import Purpose
from hub.outbound import holes
from hub.outbound.rendering import Rendered
from hub.sentences import Gap, Sentence
from hub.texts import spam_words
from hub.texts.markings import Mark

LONGEST_SUBJECT = 60  # letters; telephones show about forty of them, desktops about sixty
LARGEST = 102 * 1024  # bytes of HTML: Gmail shows no more, and cuts the way out at the end off
_SHOUTING = 10  # letters from which on a line in capitals is one
_WAYS_OUT = ("unsubscribe_url", "preferences_url")
_OPENS = ("http", "https", "mailto", "tel", "cid")


def marks(parts: Mapping[str, str], purpose: Purpose, said: Rendered) -> Iterator[Mark]:
    """`parts`: as they are written, of one language; `said`: as somebody gets it."""
    design = "mjml" if parts.get("mjml") else "html"
    yield from _subject(said)
    yield from _way_out(parts, purpose, design)
    yield from _design(parts.get(design, ""), design)
    yield from _text(parts.get("body", ""))
    if parts.get(design) and not parts.get("body", "").strip():
        yield Mark("body", Sentence("there is none: it is made of the design, with less care than yours. Write it"))
    yield from (Mark(design, big) for big in too_large(said.html))
    for word in spam_words.found(f"{said.subject} {said.text}", said.language):
        yield Mark("body", Sentence("filters distrust “%(word)s”. Say it in other words", {"word": word}))


def too_large(html: str) -> Iterator[Sentence]:
    """Whether Gmail would show less than all of it."""
    if (size := len(html.encode())) > LARGEST:
        gaps: dict[str, Gap] = {"size": -(-size // 1024), "most": LARGEST // 1024}
        yield Sentence(
            "%(size)s KB: Gmail cuts a mail off at %(most)s KB, often with the way out. Make it shorter", gaps
        )


def _subject(said: Rendered) -> Iterator[Mark]:
    subject = said.subject
    if len(subject) > LONGEST_SUBJECT:
        gaps: dict[str, Gap] = {"length": len(subject), "most": LONGEST_SUBJECT}
        yield Mark(
            "subject",
            Sentence(
                "%(length)s letters: mail programs show about %(most)s, telephones fewer. Begin with what matters", gaps
            ),
        )
    if sum(map(str.isalpha, subject)) >= _SHOUTING and subject == subject.upper():
        yield Mark("subject", Sentence("capitals only look like unwanted mail. Write it as a sentence"))
    if "!!" in subject or subject.count("!") > 2:
        yield Mark("subject", Sentence("so many exclamation marks look like unwanted mail. One is enough"))


def _way_out(parts: Mapping[str, str], purpose: Purpose, design: str) -> Iterator[Mark]:
    """The header that mail programs show is added to every offer by itself; the link is for who reads the mail."""
    if not purpose.needs_consent:
        return
    for part in (design, "body"):
        if parts.get(part) and not any(way in parts[part] for way in _WAYS_OUT):
            yield Mark(
                part,
                Sentence(
                    "no way out: offers must say how to end them. Put {{ unsubscribe_url }} or {{ preferences_url }} in"
                ),
                stops=purpose is Purpose.MARKETING,
            )


def _text(body: str) -> Iterator[Mark]:
    for number, line in enumerate(body.splitlines(), 1):
        for link in links.find(line):
            yield from (Mark("body", said, number) for said in _plainly(link.url))


def _design(source: str, part: str) -> Iterator[Mark]:
    reader = _Reader(part)
    reader.feed(holes.replaced(source, _blank))
    yield from reader.found


def _blank(piece: str, _start: int) -> str:
    """A name stays: an address may begin with one."""
    return piece if piece.startswith("{{") else "\n" * piece.count("\n")


class _Reader(HTMLParser):
    """Links that lead nowhere and pictures that say nothing, with their lines; in HTML and MJML alike."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part, self.found = part, list[Mark]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if "href" in values and tag not in ("link", "base"):
            self._mark(*_leads(values["href"] or ""))
        if tag in ("img", "mj-image"):
            self._mark(*_shows(values))

    def _mark(self, *found: tuple[Sentence, bool]) -> None:
        self.found += [Mark(self.part, said, self.getpos()[0], stops) for said, stops in found]


def _shows(values: Mapping[str, str | None]) -> Iterator[tuple[Sentence, bool]]:
    if "alt" not in values:
        yield Sentence("a picture without “alt”: who does not see it learns nothing. Say in it what it shows"), False
    source = values.get("src") or ""
    if not source.startswith(("{{", "https:", "http:", "cid:", "data:")):
        yield Sentence("a picture at “%(url)s” is found by no mail program. Upload it here", {"url": source[:80]}), True
    if source.startswith("http:"):
        yield (
            Sentence("“%(url)s” is not encrypted: many programs do not show it. Write https:", {"url": source[:80]}),
            False,
        )


def _leads(url: str) -> Iterator[tuple[Sentence, bool]]:
    url = url.strip()
    if url.startswith("{{"):
        return
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    if scheme not in _OPENS:
        yield (
            Sentence(
                "the link “%(url)s” leads nowhere in a mail. Write the whole address, with https:", {"url": url[:80]}
            ),
            True,
        )
        return
    for said in _plainly(url):
        yield said, False


def _plainly(url: str) -> Iterator[Sentence]:
    """What is wrong with a whole address."""
    if url.startswith("http:") and not _is_here(url):
        yield Sentence("“%(url)s” is not encrypted, and browsers warn of it. Write https:", {"url": url[:80]})
    if url.startswith(("http:", "https:")) and "{{" not in url and not _is_host(url):
        yield Sentence("“%(url)s” names no place on the Internet. Correct it", {"url": url[:80]})


def _is_here(url: str) -> bool:
    """A hub that is tried out on its own machine."""
    return _host(url) in ("127.0.0.1", "localhost")


def _is_host(url: str) -> bool:
    return "." in _host(url).strip(".") or _is_here(url)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
