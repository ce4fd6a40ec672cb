"""/survey/{token}: how satisfied somebody is, without signing in and without a script."""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of
from hub.api.plain import page
from hub.api.problems import Endpoint, Problem, limited
from hub.api.survey_words import Words, words
from hub.conversations import surveys
from hub.customers import directory
from hub.models import Survey

router = APIRouter(prefix="/survey", route_class=Endpoint, include_in_schema=False)
_LARGEST = 20_000  # bytes: a number and a comment of 2,000 characters, each of them up to nine bytes in a form


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that a link stands for; None: the link is forged, expired, or its customer is gone."""

    survey: Survey | None
    words: Words


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(request: Request, token: str) -> Response:
    """The question. Looking changes nothing: mail scanners open every link."""
    asked = await _read(request, token)
    if asked.survey is None:
        return _broken(asked.words)
    return _question(request, asked.survey, asked.words)


@router.post("/{token}")
async def answer(request: Request, token: str) -> Response:
    """Kept at once; said again, the later word counts. Each stands in the log: there are not any number of them."""
    asked = await _read(request, token)
    if asked.survey is None:
        return _broken(asked.words)
    score, comment = await _form(request)
    if score is None or not asked.survey.scale.lowest <= score <= asked.survey.scale.highest:
        return _question(request, asked.survey, asked.words, trouble=asked.words.choose, status=422)
    if not request.state.meters.answers.take(str(asked.survey.id), time.monotonic()):
        return _question(request, asked.survey, asked.words, trouble=asked.words.too_often, status=429)
    async with hub_of(request).database.unit() as session:
        await surveys.answer(session, asked.survey.id or 0, score, comment, now=clock.now())
    company = escape(hub_of(request).settings.hub.name)
    said = asked.words
    return page(said.title, f"<h1>{company}</h1>\n<p>{escape(said.thanks)}</p>", language=said.language)


async def _read(request: Request, token: str) -> Asked:
    hub = hub_of(request)
    value = hub.signer.read(surveys.SIGNED, token, now=clock.now()) if len(token) <= 500 else None
    default = hub.settings.hub.languages[0]
    nobody = Asked(None, words(request.headers.get("accept-language", default)[:2].lower(), default))
    if value is None:
        return nobody
    async with hub.database.unit() as session:
        try:
            survey = await surveys.get(session, int(value))
            customer = await directory.get(session, survey.customer_id)
        except (surveys.NoSuchSurvey, directory.NotFound):
            return nobody
    return Asked(survey, words(customer.language, default))


async def _form(request: Request) -> tuple[int | None, str]:
    try:
        body = await limited(request, _LARGEST).body()
    except Problem:
        return None, ""
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body.count(b"&") < 10 else {}
    score = fields.get("score", [""])[0]
    comment = fields.get("comment", [""])[0]
    return (int(score) if score.isascii() and score.isdecimal() and len(score) < 3 else None), comment


def _question(request: Request, survey: Survey, said: Words, *, trouble: str = "", status: int = 200) -> Response:
    scale = survey.scale
    choices = "\n".join(
        f'<label class="choice"><input type="radio" name="score" value="{n}" required'
        f"{' checked' if n == survey.score else ''}> {n}{_end(said, survey, n)}</label>"
        for n in range(scale.highest, scale.lowest - 1, -1)
    )
    alert = f'<p role="alert"><strong>{escape(trouble)}</strong></p>' if trouble else ""
    longest, typed = surveys.LONGEST_COMMENT, escape(survey.comment)
    body = f"""<h1>{escape(hub_of(request).settings.hub.name)}</h1>
{alert}
<form method="post">
<fieldset><legend>{escape(said.questions[scale])}</legend>
{choices}</fieldset>
<label>{escape(said.comment)}<br><textarea name="comment" rows="4" maxlength="{longest}">{typed}</textarea></label>
<p><button>{escape(said.button)}</button></p>
</form>"""
    return page(said.title, body, language=said.language, status=status)


def _end(said: Words, survey: Survey, number: int) -> str:
    """What the ends of the scale mean."""
    low, high = said.ends[survey.scale]
    word = {survey.scale.lowest: low, survey.scale.highest: high}.get(number, "")
    return f" · {escape(word)}" if word else ""


def _broken(said: Words) -> Response:
    return page(said.title, f"<p>{escape(said.broken)}</p>", language=said.language, status=404)
