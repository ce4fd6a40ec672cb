"""Writing a template: all its languages in one form, kept as a draft while one types, shown as somebody gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from channels.address import BadAddress
from hub.customers import directory
from hub.models import MailPicture
from hub.models.vocabulary import Kind
from hub.outbound import trial
from hub.outbound.trial import NotForTests
from hub.texts import blocks, drafts, lint, lint_short, pictures, previews
from hub.texts.drafts import Draft, Overtaken
from hub.texts.lint import Finding
from hub.texts.previews import NothingToTry, Said
from hub.texts.shelf import TextProblem
from hub.web import uploads
from hub.web.access import Visit, Writer
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.texts import measuring
from hub.web.texts.shelf import note
from hub.web.texts.text_words import BLOCKS, NAMES, PARTS
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)

_FOUND, _HUNG = 8, 12
_TESTS = {f"test.{kind.value}": kind for kind in Kind}
_WIDTHS = ("wide", "narrow")
_HERE = (
    "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
)
POLICY = f"{_HERE}frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
"""Of our own mails: nothing runs and nothing is sent; pictures may come from where the writer says."""


@dataclass
class Typed:
    """The form as it was typed: it comes back whole when something is wrong with it. `customer` None: the example.

    `seen` and `begun_at`: the revision, and the version that is sent, when the page was loaded.
    """

    variants: dict[str, dict[str, str]]
    language: str
    seen: int = 0
    begun_at: int = 0
    customer: UUID | None = None
    q: str = ""
    width: str = "wide"
    to: dict[Kind, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """What a page's address says of whom and what it shows."""
        return f"?language={self.language}&width={self.width}" + (f"&customer={self.customer}" if self.customer else "")


@router.get("/templates/{name}/edit")
async def edit(
    visit: Writer, name: str, language: str = "", customer: UUID | None = None, q: str = "", width: str = "wide"
) -> Response:
    async with visit.hub.database.unit() as session:
        draft = await drafts.read(session, name)
    tongues = _tongues(visit, draft)
    chosen = language if language in tongues else tongues[0]
    width = width if width in _WIDTHS else "wide"
    typed = Typed(draft.variants, chosen, draft.revision, draft.version, customer, q[:200], width)
    return await _shown(visit, draft, typed)


@router.get("/templates/{name}/frame")
async def frame(visit: Writer, name: str, language: str = "", customer: UUID | None = None) -> Response:
    """The mail of the draft as it is designed, for a frame without scripts and without our origin."""
    async with visit.hub.database.unit() as session:
        draft = await drafts.read(session, name)
        who = await previews.somebody(session, customer, name, draft.purpose, gate=visit.hub.gate, now=visit.now)
    said = previews.say(draft.variants, Kind.EMAIL, language, who, gate=visit.hub.gate)
    html = said.rendered.html if said.rendered else ""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store"}
    return HTMLResponse(f'<!doctype html><meta charset="utf-8"><base target="_blank">{html}', headers=headers)


@router.post("/templates/{name}/edit")
async def write(visit: Writer, name: str) -> Response:
    """Keeps the draft, whatever else is asked for. `act`: "show", "publish", "test.email" and so on, "block.text"."""
    form = await visit.request.form()
    async with visit.hub.database.unit() as session:
        draft = await drafts.read(session, name)
    typed, act = _typed(visit, draft, form), str(form.get("act", ""))
    try:
        await _put_in(visit, draft, typed, form, act)
        async with visit.hub.database.unit() as session:
            typed.seen = await _keep(session, visit, name, typed, anyway=bool(form.get("anyway")))
            draft = await drafts.read(session, name)
            typed.begun_at = draft.version
        return await _then(visit, draft, typed, act)
    except Overtaken as e:
        async with visit.hub.database.unit() as session:
            draft = await drafts.read(session, name)
        return await _shown(visit, draft, typed, worded(e), overtaken=True)
    except (TextProblem, BadAddress, NotForTests, NothingToTry) as e:
        return await _shown(visit, draft, typed, worded(e))


async def _then(visit: Visit, draft: Draft, typed: Typed, act: str) -> Response:
    if visit.request.headers.get("hx-request") == "true":
        return await _shown(visit, draft, typed)
    address = f"/templates/{draft.name}/edit{typed.query}"
    if act == "publish":
        return await _publish(visit, draft, typed)
    if act in _TESTS:
        to = await _test(visit, draft, typed, _TESTS[act])
        return go(visit, address, _("The test is on its way to %(to)s.") % {"to": to})
    if act.startswith(("block.", "picture")):
        said = _("The picture is in the mail.") if act.startswith("picture") else ""
        return go(visit, f"{address}#text.{typed.language}.mjml", said)
    return await _shown(visit, draft, typed) if typed.q else go(visit, address, _("The draft is saved."))


async def _publish(visit: Visit, draft: Draft, typed: Typed) -> Response:
    if stops := lint.errors(_findings(visit, draft)):
        said = _("It cannot be published: %(why)s") % {"why": " ".join(f"{worded(one.told)}." for one in stops[:5])}
        return await _shown(visit, draft, typed, said)
    async with visit.hub.database.unit() as session:
        seen = draft.revision
        version = await drafts.publish(session, draft.name, seen=seen, staff_id=visit.staff_id, now=visit.now)
        await note(session, visit, "template.publish", draft.name, f"version {version.number}")
    return go(visit, f"/templates/{draft.name}", _("Published. From now on it is sent like this."))


async def _test(visit: Visit, draft: Draft, typed: Typed, kind: Kind) -> str:
    to, gate = typed.to.get(kind, ""), visit.hub.gate
    async with visit.hub.database.unit() as session:
        who = await previews.somebody(session, typed.customer, draft.name, draft.purpose, gate=gate, now=visit.now)
        await previews.send_test(
            session,
            previews.say(draft.variants, kind, typed.language, who, gate=gate),
            kind,
            to,
            who,
            staff=visit.staff,
            gate=gate,
            country=visit.hub.settings.hub.country,
            most=visit.hub.settings.campaigns.tests_a_day,
            now=visit.now,
        )
        await note(session, visit, "template.test", draft.name, f"{kind.value} {typed.language}")
    return to


async def _keep(session: Any, visit: Visit, name: str, typed: Typed, *, anyway: bool) -> int:
    return await drafts.keep(
        session,
        name,
        typed.variants,
        seen=typed.seen,
        staff_id=visit.staff_id,
        now=visit.now,
        anyway=anyway,
        begun_at=typed.begun_at,
    )


async def _put_in(visit: Visit, draft: Draft, typed: Typed, form: FormData, act: str) -> None:
    """A block, a picture that is uploaded, or one that was before, into the mail of the language that is shown."""
    parts = typed.variants.setdefault(typed.language, {})
    what, _dot, name = act.partition(".")
    source = parts.get("mjml", "")
    if what == "block" and name in blocks.NAMES:
        parts["mjml"] = blocks.added(source, name, language=typed.language, purpose=draft.purpose)
    if what == "picture":
        picture = await (_known(visit, name) if name else _uploaded(visit, form))
        parts["mjml"] = blocks.with_picture(source, pictures.address(visit.hub.gate, picture), picture.alt)


async def _known(visit: Visit, number: str) -> MailPicture:
    async with visit.hub.database.unit() as session:
        return await pictures.get(session, _uuid(number) or UUID(int=0))


async def _uploaded(visit: Visit, form: FormData) -> MailPicture:
    file, alt = form.get("picture"), str(form.get("alt", ""))
    content = await uploads.content(file, pictures.LARGEST)
    new = pictures.read(content, uploads.name(file), alt, decorates=bool(form.get("decorates")))
    sha256 = await visit.hub.storage.put(new.content)
    async with visit.hub.database.unit() as session:
        made = await pictures.add(session, new, sha256, staff_id=visit.staff_id, now=visit.now)
        await note(session, visit, "template.picture", str(made.id))
    return made


def _typed(visit: Visit, draft: Draft, form: FormData) -> Typed:
    tongues, width = _tongues(visit, draft), str(form.get("width", ""))
    language = str(form.get("language", ""))
    return Typed(
        variants=_texts(form, tongues),
        language=language if language in tongues else tongues[0],
        seen=_number(form, "seen", 0),
        begun_at=_number(form, "begun_at", draft.version),
        customer=_uuid(str(form.get("customer", ""))),
        q=str(form.get("q", "")).replace("\0", "")[:200],
        width=width if width in _WIDTHS else "wide",
        to={kind: str(form.get(f"to.{kind}", ""))[:320] for kind in Kind},
    )


def _number(form: FormData, name: str, otherwise: int) -> int:
    typed = str(form.get(name, ""))
    return int(typed) if typed.isdecimal() and len(typed) < 10 else otherwise


def _texts(form: FormData, tongues: list[str]) -> dict[str, dict[str, str]]:
    wanted = {f"text.{code}.{part}": (code, part) for code in tongues for part in PARTS}
    found: dict[str, dict[str, str]] = {}
    for key, (code, part) in wanted.items():
        value = form.get(key)
        if isinstance(value, str):
            found.setdefault(code, {})[part] = value.replace("\r\n", "\n").replace("\0", "")
    return found


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written) if written else None
    except ValueError:
        return None


def _tongues(visit: Visit, draft: Draft) -> list[str]:
    own = visit.hub.settings.hub.languages
    return [*own, *(code for code in draft.variants if code not in own)]


def _findings(visit: Visit, draft: Draft) -> list[Finding]:
    languages = visit.hub.settings.hub.languages
    return previews.judged(
        draft.name, draft.variants, draft.purpose, languages=languages, gate=visit.hub.gate, now=visit.now
    )


async def _shown(visit: Visit, draft: Draft, typed: Typed, trouble: str = "", *, overtaken: bool = False) -> Response:
    """The form as it was typed, beside what is kept."""
    gate = visit.hub.gate
    async with visit.hub.database.unit() as session:
        try:
            who = await previews.somebody(session, typed.customer, draft.name, draft.purpose, gate=gate, now=visit.now)
        except directory.NotFound:
            who = previews.example(draft.name, draft.purpose, gate=gate, now=visit.now)
        hung = await pictures.latest(session, limit=_HUNG)
        lines = await directory.listing(session, query=typed.q, limit=_FOUND) if typed.q.strip() else []
    said = {kind: previews.say(draft.variants, kind, typed.language, who, gate=gate) for kind in Kind}
    return page(
        visit,
        "template_edit.html",
        status=422 if trouble and visit.request.headers.get("hx-request") != "true" else 200,
        draft=draft,
        typed=typed,
        tongues=_tongues(visit, draft),
        fallback=gate.default_language,
        who=who,
        lines=lines,
        said=said,
        own={kind: typed.to.get(kind) or trial.own_address(visit.staff, kind) for kind in Kind},
        findings=_findings(visit, draft),
        trouble=trouble,
        overtaken=overtaken,
        parts=PARTS,
        names=[name for name in NAMES if name.purposes is None or draft.purpose in name.purposes],
        blocks=BLOCKS,
        pictures=[(one, pictures.path(visit.hub.signer, one)) for one in hung],
        largest=pictures.LARGEST,
        longest_alt=pictures.LONGEST_ALT,
        longest=drafts.LONGEST_PART,
        **_figures(visit, said),
    )


def _figures(visit: Visit, said: dict[Kind, Said]) -> dict[str, Any]:
    """How long the SMS and the call are for whoever is shown."""
    text, spoken = said[Kind.SMS].rendered, said[Kind.VOICE].rendered
    return {
        "length": measuring.length(visit, text.text) if text else None,
        "guessed": False,
        "seconds": lint_short.seconds(spoken.text) if spoken else 0,
    }
