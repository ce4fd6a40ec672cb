"""A mail's HTML made fit for its frame within limits. A few kilobytes of HTML can keep any parser busy for minutes,
and the server answers nobody else meanwhile: what is not plainly small goes to a child process that may be stopped.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE

from hub.web.messages import markup

TAGS, LETTERS = 1_500, 100_000  # up to here it takes a fraction of a second, whatever it says
SECONDS = 10.0  # the child's own limit is CPU time; this one is for a machine that is very busy
_COMMAND = (sys.executable, "-P", markup.__file__)  # as a script: it needs nothing else of ours, and starts in 0.1 s


async def document(html: str, mark: str = "") -> str | None:
    """The page for the frame, `mark` as in hub.web.markup; None when the HTML is too large or too tangled."""
    if len(html) <= LETTERS and html.count("<") <= TAGS:
        return markup.document(html, mark)
    child = await asyncio.create_subprocess_exec(*_COMMAND, mark, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        async with asyncio.timeout(SECONDS):
            page, _nothing = await child.communicate(html.encode("utf-8", "replace"))
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return page.decode() if child.returncode == 0 else None
