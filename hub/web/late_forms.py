"""Forms that come when nobody is signed in any more, or somebody signed in anew: what was typed is shown again."""

from __future__ import annotations

from fastapi import HTTPException, Request

from hub.web.mending import Field, Mending, back, called, is_secret, typed
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

SIGNED_OUT = (
    N_("You are not signed in any more"),
    N_("Nothing that you typed is lost. Sign in in another tab, come back here and send it again."),
)
OLD = (
    N_("This page was too old"),
    N_("You signed in again since it was opened. Look at what you typed and send it again."),
)


async def kept(request: Request) -> Mending | None:
    """The form as it came. None where nothing was typed, and where another site may have sent it.

    Whoever sends it again gives it this session's token, so only a browser's word that it stood on a page of ours
    counts; one too old to give its word gets the plain answer.
    """
    if request.headers.get("sec-fetch-site") != "same-origin":
        return None
    try:
        form = await typed(request)
    except HTTPException:  # more than a stranger may send, or no form at all
        return None
    if is_secret(form) or not any(value.strip() for _name, value in form):
        return None
    return Mending([], [Field(name, value, called(name)) for name, value in form], back(request))
