"""The pages of the pretend provider: one question, and what is told when it cannot be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from aiohttp import web

# No form-action: browsers hold the redirect back to the app, which is another origin, against it as well.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;"
    "padding:0 1rem}button,input{font:inherit;padding:.5rem 1rem;margin:.25rem .5rem .25rem 0}label{display:block}"
)


def question(
    action: str, carried: Mapping[str, str], accounts: Sequence[str], hint: str, *, user_code: str | None = None
) -> web.Response:
    """May the app use one of these mailboxes? `carried` comes back with the answer; with `user_code` it is typed."""
    hidden = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in carried.items())
    code = (
        ""
        if user_code is None
        else f'<label>The code <input name="user_code" value="{escape(user_code)}" autocomplete="off" required></label>'
    )
    choices = "".join(_choice(account, chosen=account == (hint or accounts[0])) for account in accounts)
    return _page(
        "May Contact Hub read and send this mailbox's mail?",
        f'<form method="post" action="{action}">{hidden}{code}<fieldset><legend>Mailbox</legend>{choices}</fieldset>'
        '<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>',
    )


def done() -> web.Response:
    return _page("Done", "<p>You may close this page.</p>")


def wrong(words: str) -> web.Response:
    """Told here and not to the app: its address cannot be believed (RFC 6749 4.1.2.1)."""
    return _page("This cannot be asked", f"<p>{escape(words)}.</p>", status=400)


def _choice(account: str, *, chosen: bool) -> str:
    name, checked = escape(account), " checked" if chosen else ""
    return f'<label><input type="radio" name="account" value="{name}" required{checked}> {name}</label>'


def _page(title: str, body: str, *, status: int = 200) -> web.Response:
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    return web.Response(status=status, text=html, content_type="text/html", headers=_HEADERS)
