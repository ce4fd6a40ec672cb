"""Small pages for people outside: no script, nothing fetched but from the hub itself."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from hub.branding import paper
from hub.branding.paper import BARE, STYLE_PATH, Frame

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

router = APIRouter(include_in_schema=False)


def page(title: str, body: str, *, language: str = "en", status: int = 200, frame: Frame = BARE) -> HTMLResponse:
    """A whole page. `title` is text; `body` is HTML whose every foreign word went through `escape`."""
    return HTMLResponse(paper.page(title, body, language=language, frame=frame), status, HEADERS)


@router.get(STYLE_PATH)
async def style() -> Response:
    """The one style sheet."""
    return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


_DARK = """color-scheme: dark; --ink: #e8ecf1; --paper: #182433; --line: #2f4054; --soft: #1f2d3d; --act: #7db8f5;
    --edge: #8fa1b5; --bad: #ff9c94; --plate: #fff"""
_STYLE = f"""
:root {{ color-scheme: light; --ink: #1d273b; --paper: #fff; --line: #dce1e7; --soft: #f6f8fb; --act: #0054a6;
  --edge: #6b7785; --bad: #b3261e; --plate: none; --fill: var(--act); --on-fill: var(--paper) }}
@media (prefers-color-scheme: dark) {{
  :root:not([data-look=light]) {{ {_DARK} }}
}}
:root[data-look=dark] {{ {_DARK} }}
"""
_STYLE += """
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem; overflow-wrap: break-word }
body > header, body > footer { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1.25rem }
body > header { font-weight: 600 } body > header p { margin: 0 } body > header + main { padding-top: 1rem }
body > header img { display: block; max-width: 100%; height: auto; background: var(--plate); padding: .4rem;
  margin: -.4rem; border-radius: .4rem }
body > footer { font-size: .9rem; overflow-wrap: break-word } body > footer p { margin: .4rem 0 }
body > footer::before { content: ""; display: block; border-top: 1px solid var(--line); margin-bottom: 1rem }
h1 { font-size: 1.6rem; line-height: 1.25 }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem }
h3 { margin-top: 2.5rem; font-size: 1.05rem }
h3 code { background: none }
button { font: inherit; font-weight: 600; padding: .7rem 1.2rem; border-radius: .4rem; cursor: pointer;
  border: 2px solid var(--act); background: var(--fill); color: var(--on-fill); min-height: 2.75rem }
:focus-visible { outline: 3px solid var(--act); outline-offset: 3px }
a { color: var(--act) }
label { display: block; margin: 1rem 0 }
fieldset { border: 0; padding: 0; margin: 0 } legend { font-weight: 600; padding: 0 }
.choice { margin: .2rem 0; padding: .3rem 0 } .choice input { width: 1.2rem; height: 1.2rem; vertical-align: -.2rem }
.wish { margin: 2rem 0; padding: .25rem 0 0; border-top: 1px solid var(--line) } .wish legend { font-size: 1.15rem }
.wish p { margin: .25rem 0 .5rem } small { opacity: .8; white-space: nowrap }
.row { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; justify-content: space-between;
  padding: .35rem 0 } .row label { margin: 0 }
select, input:not([type=radio], [type=checkbox]) { font: inherit; min-height: 2.75rem; max-width: 100%;
  box-sizing: border-box; padding: .3rem .6rem; color: inherit; background: var(--soft);
  border: 1px solid var(--edge); border-radius: .4rem }
[role=alert], [role=status] { border-left: .25rem solid var(--act); background: var(--soft); padding: .7rem 1rem;
  border-radius: .25rem } [role=alert] { border-color: var(--bad) }
@media (max-width: 34rem) {
  select, label > input:not([type=radio], [type=checkbox]), .row input { width: 100% } .row label, .row select,
  .row input { flex: 1 0 100% }
}
[aria-invalid] { border: 2px solid var(--bad) !important }
button.plain { background: none; color: var(--act) }
textarea { font: inherit; width: 100%; box-sizing: border-box; color: inherit; background: var(--soft);
  padding: .5rem .6rem; border: 1px solid var(--edge); border-radius: .4rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: var(--soft); border-radius: .25rem }
code { padding: .1em .3em }
pre { padding: .8rem; overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .95rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line) }
"""
