"""Small pages for people outside: no script, no picture, nothing fetched but one style sheet of our own."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

STYLE_PATH = "/api/plain.css"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

router = APIRouter(include_in_schema=False)


def page(title: str, body: str, *, language: str = "en", status: int = 200) -> HTMLResponse:
    """A whole page. `title` is text; `body` is HTML whose every foreign word went through `escape`."""
    html = f"""<!doctype html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{STYLE_PATH}">
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
    return HTMLResponse(html, status, HEADERS)


@router.get(STYLE_PATH)
async def style() -> Response:
    """The one style sheet."""
    return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


_STYLE = """
:root { color-scheme: light dark; --ink: #1d273b; --paper: #fff; --line: #dce1e7; --soft: #f6f8fb; --act: #0054a6;
  --edge: #6b7785; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --paper: #182433; --line: #2f4054; --soft: #1f2d3d; --act: #7db8f5;
    --edge: #8fa1b5; --bad: #ff9c94 }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem; overflow-wrap: break-word }
h1 { font-size: 1.6rem; line-height: 1.25 }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem }
h3 { margin-top: 2.5rem; font-size: 1.05rem }
h3 code { background: none }
button { font: inherit; font-weight: 600; padding: .7rem 1.2rem; border: 0; border-radius: .4rem; cursor: pointer;
  background: var(--act); color: var(--paper); min-height: 2.75rem }
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
[aria-invalid] { border: 2px solid var(--bad) !important }
button.plain { background: none; color: var(--act); border: 2px solid var(--act) }
textarea { font: inherit; width: 100%; box-sizing: border-box; color: inherit; background: var(--soft);
  border: 1px solid var(--line) }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: var(--soft); border-radius: .25rem }
code { padding: .1em .3em }
pre { padding: .8rem; overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .95rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line) }
"""
