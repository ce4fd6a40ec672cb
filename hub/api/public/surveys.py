"""/survey/{token}: how satisfied somebody is, without signing in and without a script."""

from __future__ import annotations

import time
from html import escape

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of
from hub.api.problems import Endpoint
from hub.api.public.outside import Form, alert, fields, page, sentence, unless_away, words_for
from hub.api.public.survey_words import WORDS, Words
from hub.bootstrap import Hub
from hub.conversations import surveys
from hub.customers import directory
from hub.models import Customer, Survey

router = APIRouter(prefix="/survey", route_class=Endpoint, include_in_schema=False)
_MOST = 10  # fields
_LARGEST = 60_000  # bytes: a number and a comment, also one that is somewhat too long and is to come back


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(request: Request, token: str) -> Response:
    """The question. Looking changes nothing: mail scanners open every link."""
    return await unless_away(request, _answered(request, token, acts=False), WORDS)


@router.post("/{token}")
async def answer(request: Request, token: str) -> Response:
    """Kept at once; said again, the later word counts. Each stands in the log: there are not any number of them."""
    return await unless_away(request, _answered(request, token, acts=True), WORDS)


async def _answered(request: Request, token: str, *, acts: bool) -> Response:
    found = await _read(hub_of(request), token)
    if found is None:
        said = words_for(request, WORDS)
        return await sentence(request, said, said.broken, status=404)
    survey, customer = found
    said = words_for(request, WORDS, customer.language)
    return await (_kept(request, survey, said) if acts else _question(request, survey, said))


async def _kept(request: Request, survey: Survey, said: Words) -> Response:
    form = await fields(request, largest=_LARGEST, most=_MOST)
    score = _score(form.get("score", ""))
    if score is None or not survey.scale.lowest <= score <= survey.scale.highest:
        return await _question(request, survey, said, form, trouble=said.choose, status=422)
    if len(form.get("comment", "")) > surveys.LONGEST_COMMENT:
        long = said.long.format(length=len(form["comment"]), most=surveys.LONGEST_COMMENT)
        return await _question(request, survey, said, form, trouble=long, status=422)
    if not request.state.meters.answers.take(str(survey.id), time.monotonic()):
        return await _question(request, survey, said, form, trouble=said.too_often, status=429)
    async with hub_of(request).database.unit() as session:
        await surveys.answer(session, survey.id or 0, score, form.get("comment", ""), now=clock.now())
    return await page(request, said, f"<h1>{escape(said.title)}</h1>\n<p>{escape(said.thanks)}</p>")


async def _read(hub: Hub, token: str) -> tuple[Survey, Customer] | None:
    """The question that a link stands for; None: the link is forged, expired, or its customer is gone."""
    value = hub.signer.read(surveys.SIGNED, token, now=clock.now()) if len(token) <= 500 else None
    if value is None:
        return None
    async with hub.database.unit() as session:
        try:
            survey = await surveys.get(session, int(value))
            return survey, await directory.get(session, survey.customer_id)
        except (surveys.NoSuchSurvey, directory.NotFound):
            return None


def _score(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else None


async def _question(
    request: Request, survey: Survey, said: Words, typed: Form | None = None, *, trouble: str = "", status: int = 200
) -> Response:
    """With what was said before, or with what was typed now and not kept."""
    scale, kept = survey.scale, {"score": str(survey.score), "comment": survey.comment}
    shown = kept if typed is None else typed
    choices = "\n".join(
        f'<label class="choice"><input type="radio" name="score" value="{n}" required'
        f"{' checked' if str(n) == shown.get('score') else ''}> {n}{_end(said, survey, n)}</label>"
        for n in range(scale.highest, scale.lowest - 1, -1)
    )
    longest, comment = surveys.LONGEST_COMMENT, escape(shown.get("comment", ""))
    body = f"""<h1>{escape(said.title)}</h1>
{alert(trouble)}
<form method="post">
<fieldset><legend>{escape(said.questions[scale])}</legend>
{choices}</fieldset>
<label>{escape(said.comment)}<br><textarea name="comment" rows="4" maxlength="{longest}">{comment}</textarea></label>
<p><button>{escape(said.button)}</button></p>
</form>"""
    return await page(request, said, body, status=status)


def _end(said: Words, survey: Survey, number: int) -> str:
    """What the ends of the scale mean."""
    low, high = said.ends[survey.scale]
    word = {survey.scale.lowest: low, survey.scale.highest: high}.get(number, "")
    return f" · {escape(word)}" if word else ""
