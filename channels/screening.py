"""The question a rung telephone is asked before it is joined to a caller, so that no answering machine takes the call.

A channel reports it as a CallEvent of the rung leg: step SCREEN when somebody picked up (its payload has `say`, the
words of Ring.screen, and `language`), step SCREENED with the keys pressed. `script` is the right answer to both.
"""

from __future__ import annotations

from channels.message import Ask, CallEvent, HangUp, Say, Script

SCREEN = "screen"
SCREENED = "screened"
JOIN = Script(())  # saying nothing more joins the two


def is_screening(event: CallEvent) -> bool:
    return event.asks and event.step in (SCREEN, SCREENED)


def script(event: CallEvent) -> Script:
    """Ask for the 1; join the two when it came, hang up when not. Raises ValueError for any other event."""
    if not is_screening(event):
        raise ValueError(f"{event.step!r} is no screening question")
    if event.step == SCREEN:
        prompt = Say(event.payload.get("say", ""), event.payload.get("language", "en"))
        return Script((Ask(SCREENED, (prompt,)), HangUp()))
    return JOIN if event.digits == "1" else Script((HangUp(),))
