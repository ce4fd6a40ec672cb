"""The company's brand on public pages and in the hub's own mails, seen before it is kept."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from hub.branding import brands, colours, logos, paper
from hub.branding.brands import Brand, Wanted
from hub.branding.paper import Company
from hub.branding.problem import BrandProblem
from hub.joining import markup, page_words
from hub.joining import words as join_words
from hub.joining.markup import Typed
from hub.models import SignUpForm
from hub.models.vocabulary import Purpose
from hub.web import uploads
from hub.web.access import Administrator, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
HERE = "/settings/brand"
_LOOKS = ("light", "dark")


@router.get(HERE)
async def show(visit: Administrator) -> Response:
    """What holds now, and a page as customers see it."""
    kept = await _kept(visit)
    return _shown(visit, kept, Wanted(kept.accent, kept.footers, kept.privacy_url))


@router.post(HERE)
async def change(visit: Administrator) -> Response:
    wanted = _wanted(visit, await visit.request.form())
    try:
        async with visit.hub.database.unit() as session:
            await brands.change(session, wanted, by=visit.staff_id, ip=visit.ip, now=visit.now)
    except BrandProblem as e:
        return _shown(visit, await _kept(visit), wanted, e, status=422)
    return go(visit, HERE, _("Saved. Public pages look like this from now on."))


@router.post(HERE + "/preview")
async def preview(visit: Administrator) -> Response:
    """The page as it would be; nothing is kept."""
    wanted, kept = _wanted(visit, await visit.request.form()), await _kept(visit)
    try:
        return _shown(visit, _tried(kept, brands.checked(wanted)), wanted)
    except BrandProblem as e:
        return _shown(visit, kept, wanted, e)


@router.post(HERE + "/logo")
async def set_logo(visit: Administrator) -> Response:
    """`act` "drop": none from now on."""
    form = await visit.request.form()
    if form.get("act") == "drop":
        async with visit.hub.database.unit() as session:
            await brands.drop_logo(session, by=visit.staff_id, ip=visit.ip, now=visit.now)
        return go(visit, HERE, _("Saved. The company's name stands in its place."))
    try:
        await _put(visit, form)
    except BrandProblem as e:
        kept = await _kept(visit)
        return _shown(visit, kept, Wanted(kept.accent, kept.footers, kept.privacy_url), e, status=422)
    return go(visit, HERE, _("Saved. Public pages look like this from now on."))


async def _put(visit: Visit, form: FormData) -> None:
    """Raises BrandProblem."""
    logo = logos.read(await uploads.content(form.get("logo"), logos.LARGEST))
    sha256 = await visit.hub.storage.put(logo.content)
    async with visit.hub.database.unit() as session:
        await brands.set_logo(session, logo, sha256, by=visit.staff_id, ip=visit.ip, now=visit.now)


def _wanted(visit: Visit, form: FormData) -> Wanted:
    footers = {str(code): str(form.get(f"footer.{code}", "")) for code in visit.hub.settings.hub.languages}
    return Wanted(str(form.get("accent", "")), footers, str(form.get("privacy_url", "")))


async def _kept(visit: Visit) -> Brand:
    async with visit.hub.database.unit() as session:
        return await brands.read(session)


def _tried(kept: Brand, wanted: Wanted) -> Brand:
    return replace(kept, accent=wanted.accent, footers=wanted.footers, privacy_url=wanted.privacy_url)


def _shown(
    visit: Visit, brand: Brand, typed: Wanted, problem: BrandProblem | None = None, *, status: int = 200
) -> Response:
    """`brand` is what the sample looks like, `typed` what stands in the fields."""
    palette = colours.palette(brand.accent) if brand.accent else None
    return page(
        visit,
        "brand.html",
        status=status,
        brand=brand,
        typed=typed,
        trouble=worded(problem),
        wrong=problem.field if problem else "",
        company=visit.hub.settings.hub.name,
        logo=logos.path(visit.hub.signer, brand.logo.sha256) if brand.logo else "",
        palette=palette,
        contrast=colours.contrast(palette.fill, palette.ink) if palette else 0,
        samples={look: _sample(visit, brand, look) for look in _LOOKS},
        tongues=visit.hub.settings.hub.languages,
        limits={"footer": brands.LONGEST_FOOTER, "url": brands.LONGEST_URL, "logo": logos.LARGEST},
        side=logos.LARGEST_SIDE,
    )


def _sample(visit: Visit, brand: Brand, look: str) -> str:
    """A page of a sign-up form that nobody can send, in the reader's language where the company has it."""
    tongues = visit.hub.settings.hub.languages
    code = visit.staff.language if visit.staff.language in tongues else tongues[0]
    said, company = page_words.WORDS[code], Company(visit.hub.settings.hub.name, tongues[0], visit.hub.signer)
    form = SignUpForm(key="sample", name="", kinds=["email"], items=["marketing"], created_at=visit.now)
    offered = {"marketing": join_words.WORDS[code].purposes[Purpose.MARKETING]}
    body = markup.body(markup.Shown(form, offered, (code,), said, Typed()))
    return paper.page(said.title, body, language=code, frame=paper.frame(company, brand, code, look=look))
