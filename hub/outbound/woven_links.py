"""The links of a mail to many, followed without putting its words together first: where the template's own links stand
is found once, and only the tokens are made for each recipient.

What it makes is what `links.mail` makes of the whole words. Where a recipient's values could change what is a link, it
leaves the mail to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

from channels import links as found_links
from channels.woven import Stretch, Woven
from hub.outbound import links
from hub.outbound.links import Trail
from hub.outbound.rendering import Rendered, Written

_GAP = "\0"  # what the database cannot hold
_RUN = re.compile(r'[^\s<>"“”«»]+')  # no address goes beyond these
_TAG = re.compile(r"<(?:a|area)\b[^<>]*", re.IGNORECASE)
_HALF = re.compile(rf"<(?:a|ar|are|/|/b|/bo|/bod|/body\s*)?{_GAP}", re.IGNORECASE)
_MARKUP = re.compile("[<>\"']").search
_KEPT = 256  # plans
_ROLE_TRAP, _ROLE_PICTURE = "trap", "picture"

_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Loose:
    """Words with gaps: what they say, and with that whether they lead anywhere, differs from one mail to the next."""

    form: str
    gaps: tuple[int, ...]

    def filled(self, values: Sequence[str]) -> str:
        return self.form % tuple([values[gap] for gap in self.gaps])


@dataclass(frozen=True, slots=True)
class _Plan:
    """`stretch` takes a text's own values and, behind them, a token for each of `followed`."""

    stretch: Stretch
    followed: tuple[str, ...]
    loose: tuple[_Loose, ...]
    leads_nowhere: bool  # the words in `loose`: only values could make an address there
    tail: tuple[str, ...] = ()  # of HTML: `trap` and `picture`, whose tokens come last


@dataclass(frozen=True, slots=True)
class _Form:
    """A text with one letter for each gap, and which of the values stands there."""

    words: str
    gaps: tuple[int, ...]
    count: int  # of the values

    @classmethod
    def of(cls, text: Woven) -> _Form | None:
        parts, gaps, count = list[str](), list[int](), 0
        for stretch, values in text.stretches:
            gaps += stretch.spread(tuple(range(count, count + len(values))))
            count += len(values)
            parts.append(_GAP.join(stretch.fixed))
        words = "".join(parts)
        return cls(words, tuple(gaps), count) if words.count(_GAP) == len(gaps) else None

    def loose(self, start: int, end: int) -> _Loose:
        first = self.words.count(_GAP, 0, start)
        words = self.words[start:end]
        form = words.replace("%", "%%").replace(_GAP, "%s")
        return _Loose(form, self.gaps[first : first + words.count(_GAP)])


def mail(words: Written, trail: Trail) -> Rendered | Written:
    """As `links.mail`."""
    text, html = words.text, words.html
    if isinstance(text, Woven) and isinstance(html, Woven):
        said, shown = _tracked(text, trail, is_html=False), _tracked(html, trail, is_html=True) if html else html
        if said is not None and shown is not None:
            return Written(words.subject, said, shown, words.language)
    return links.mail(words.whole, trail)


def _tracked(text: Woven, trail: Trail, *, is_html: bool) -> Woven | None:
    plan = _plan(text, trail, is_html=is_html)
    if plan is None:
        return None
    values = [value for _, some in text.stretches for value in some]
    if is_html and _MARKUP("".join(values)):
        return None
    if not (plan.leads_nowhere and _are_ours(values, trail)):
        leads = _href_leads if is_html else _run_leads
        if any(leads(loose.filled(values), trail) for loose in plan.loose):
            return None
    tokens = [trail.token(url) for url in plan.followed]
    tokens += [trail.trap_token() if role == _ROLE_TRAP else trail.picture_token() for role in plan.tail]
    return Woven([(plan.stretch, (*values, *tokens))])


def _are_ours(values: Sequence[str], trail: Trail) -> bool:
    """All of them that might be addresses. Those of HTML are escaped: there is no other way to write a slash in one."""
    ours = f"{trail.gate.public_url}/"
    slashed = [value for value in values if "/" in value]
    return all(one.startswith(ours) and "://" not in one[len(ours) :] for one in slashed)


def _href_leads(href: str, trail: Trail) -> bool:
    return trail.follows(unescape(href).strip())


def _run_leads(run: str, trail: Trail) -> bool:
    ours = f"{trail.gate.public_url}/"
    if run.startswith(ours) and "://" not in run[len(ours) :]:  # as most values that are addresses
        return False
    return "://" in run and any(run[one.start : one.end] == one.url and trail.follows(one.url) for one in _find(run))


def _find(run: str) -> Iterator[found_links.Link]:
    return found_links.find(run)


# ---- once for all who get it ----------------------------------------------------------------

_plans: dict[object, _Plan | None] = {}


def _plan(text: Woven, trail: Trail, *, is_html: bool) -> _Plan | None:
    gate = trail.gate
    key = (is_html, gate.public_url, gate.short_url, trail.hosts, *(stretch for stretch, _ in text.stretches))
    if key not in _plans:
        if len(_plans) >= _KEPT:
            _plans.clear()
        form = _Form.of(text)
        _plans[key] = None if form is None else (_html_plan(form, trail) if is_html else _text_plan(form, trail))
    return _plans[key]


def _text_plan(form: _Form, trail: Trail) -> _Plan:
    spots, loose = list[tuple[_Range, str, str]](), list[_Loose]()
    for run in _RUN.finditer(form.words):
        if _GAP in run[0]:
            loose.append(form.loose(*run.span()))
        elif "://" in run[0]:
            spots += [
                ((run.start() + one.start, run.start() + one.end), one.url, "")
                for one in _find(run[0])
                if run[0][one.start : one.end] == one.url and trail.follows(one.url)
            ]
    return _woven(form, spots, trail, tuple(loose))


def _html_plan(form: _Form, trail: Trail) -> _Plan | None:
    """None where a gap stands in a link's tag, but in the address itself."""
    hrefs = list(links.HREF.finditer(form.words))
    inside = sum(href[0].count(_GAP) for href in hrefs)
    if _HALF.search(form.words) or inside != sum(tag.count(_GAP) for tag in _TAG.findall(form.words)):
        return None
    if any(_GAP in href[1] for href in hrefs):
        return None
    spots, loose = list[tuple[_Range, str, str]](), list[_Loose]()
    for href in hrefs:
        group = 2 if href[2] is not None else 3
        url = unescape(href[group]).strip()
        if _GAP in href[group]:
            loose.append(form.loose(*href.span(group)))
        elif trail.follows(url):
            spots.append(((href.end(1), href.end()), url, '"'))
    return _woven(form, spots, trail, tuple(loose), behind=True, trapped=bool(hrefs))


def _woven(
    form: _Form,
    spots: Sequence[tuple[_Range, str, str]],
    trail: Trail,
    loose: tuple[_Loose, ...],
    *,
    behind: bool = False,
    trapped: bool = False,
) -> _Plan:
    """The form with a gap for each token."""
    followed = tuple(dict.fromkeys(url for _, url, _ in spots))
    tail = ((_ROLE_TRAP, _ROLE_PICTURE) if trapped else (_ROLE_PICTURE,)) if behind else ()
    tokens = list[_Token]()
    for (start, end), url, quote in spots:
        before, after = trail.around_token(url)
        tokens.append(_Token(start, end, quote + before, followed.index(url), after + quote))
    for number, role in enumerate(tail, start=len(followed)):
        place = links.end_of_body(form.words)
        before, after = trail.around_trap() if role == _ROLE_TRAP else trail.around_picture()
        tokens.append(_Token(place, place, before, number, after))
    made = _Weaving(form, iter(form.gaps))
    for one in sorted(tokens, key=lambda one: one.start):  # a link may stand behind the end of the body
        made.say_up_to(one.start)
        made.put(one)
    made.say_up_to(len(form.words))
    leads_nowhere = not any(sign in one.form for one in loose for sign in "/&")
    return _Plan(Stretch.of(made.fixed, made.gaps), followed, loose, leads_nowhere, tail)


class _Token(NamedTuple):
    """What stands instead of the form's words from `start` to `end`: the value of that number, between two words."""

    start: int
    end: int
    before: str
    number: int
    after: str


@dataclass(slots=True)
class _Weaving:
    """A form that is woven anew: its words as far as `done`, and between two of them the number of a gap's value."""

    form: _Form
    old: Iterator[int]  # the numbers of the form's own gaps that are still to come
    fixed: list[str] = field(default_factory=lambda: [""])
    gaps: list[int] = field(default_factory=list)
    done: int = 0

    def say_up_to(self, end: int) -> None:
        """As the form has it."""
        first, *others = self.form.words[self.done : end].split(_GAP)
        self.fixed[-1] += first
        for one in others:
            self.gaps.append(next(self.old))
            self.fixed.append(one)
        self.done = end

    def put(self, token: _Token) -> None:
        """Its value comes behind all of the form's own."""
        self.fixed[-1] += token.before
        self.gaps.append(self.form.count + token.number)
        self.fixed.append(token.after)
        self.done = token.end
