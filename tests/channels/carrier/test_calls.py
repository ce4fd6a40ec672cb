"""Calls both ways over real HTTP: the adapter writes TwiML, the pretend carrier does what it says."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from channels import screening
from channels.errors import Refused, TryLater, Unknown
from channels.message import (
    AnsweredBy,
    Ask,
    CallEvent,
    Direction,
    HangUp,
    Play,
    Progress,
    Reason,
    Ring,
    Say,
    Script,
    Voicemail,
)
from channels.sandbox.carrier import Carrier
from channels.sandbox.resources import Call, CompanyNumber
from channels.sandbox.telephone import Answer, Behaviour, Held, Scripted

PERSON = "+48601234567"
AGENT = "+48602222222"


def magic(ending: str) -> str:
    return f"+4860123{ending}"


def follow(scripts: Mapping[str, Script]) -> Callable[[CallEvent], Script]:
    """Answer each step with its script; screening as it should be; anything else ends the call."""

    def script(event: CallEvent) -> Script:
        if screening.is_screening(event):
            return screening.script(event)
        return scripts.get(event.step, Script((HangUp(),)))

    return script


def heard(call: Call) -> list[tuple[str, str]]:
    return [(h.verb, h.what) for h in call.heard]


async def test_a_spoken_message_is_heard_and_its_progress_told(desk: Any, company: Any) -> None:
    desk.script = follow({"answered": Script((Say("Your parcel is here", "pl"), Play("https://hub.example/bye.mp3")))})
    accepted = await desk.voice.sender.send(company.call_to(PERSON))
    await desk.carrier.settled()
    (call,) = desk.carrier.calls(PERSON)
    assert [v for v, _ in heard(call)] == ["rings", "answered", "say", "play", "ended"]
    told = [(e.step, e.asks, e.progress) for e in desk.calls]
    assert told == [
        ("", False, Progress.SENDING),
        ("", False, Progress.RINGING),
        ("", False, Progress.ANSWERED),
        ("answered", True, Progress.ANSWERED),
        ("", False, Progress.DELIVERED),
    ]
    assert {(e.call_id, e.token, e.direction) for e in desk.calls} == {(accepted.provider_id, "t-2", Direction.OUT)}
    assert desk.calls[-1].seconds is not None
    assert call.problems == []


@pytest.mark.parametrize(("ending", "reason"), [
    ("0011", Reason.BUSY), ("0012", Reason.NO_ANSWER), ("0018", Reason.UNREACHABLE),
])  # fmt: skip
async def test_a_call_that_does_not_come_about_says_why(desk: Any, company: Any, ending: str, reason: Reason) -> None:
    await desk.voice.sender.send(company.call_to(magic(ending)))
    await desk.carrier.settled()
    assert (desk.calls[-1].progress, desk.calls[-1].reason) == (Progress.FAILED, reason)
    assert not any(e.asks for e in desk.calls)


@pytest.mark.parametrize(("ending", "error"), [("0002", Refused), ("0004", TryLater), ("0008", Unknown)])
async def test_a_call_the_provider_does_not_take_raises_what_to_do(
    desk: Any, company: Any, ending: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await desk.voice.sender.send(company.call_to(magic(ending)))
    assert desk.carrier.calls() == []


async def test_a_call_whose_answer_was_lost_is_settled_by_its_callbacks(desk: Any, company: Any) -> None:
    with pytest.raises(Unknown):
        await desk.voice.sender.send(company.call_to(magic("0005")))
    await desk.carrier.settled()
    (call,) = desk.carrier.calls()
    assert {(e.call_id, e.token) for e in desk.calls} == {(call.sid, "t-2")}


@pytest.mark.parametrize(("number", "detect", "who"), [
    (magic("0013"), True, AnsweredBy.MACHINE), (PERSON, True, AnsweredBy.HUMAN), (magic("0013"), False, None),
])  # fmt: skip
async def test_who_answered_is_told_when_it_was_asked_for(
    desk: Any, company: Any, number: str, detect: bool, who: AnsweredBy | None
) -> None:
    await desk.voice.sender.send(company.call_to(number, detect_machine=detect))
    await desk.carrier.settled()
    (answered,) = [e for e in desk.calls if e.step == "answered"]
    assert answered.answered_by is who


@pytest.mark.parametrize(("ending", "key"), [("0014", "1"), ("0015", "2"), ("0016", "9")])
async def test_a_question_brings_the_key_that_was_pressed(desk: Any, company: Any, ending: str, key: str) -> None:
    question = Ask("confirm", (Say("Press 1 to confirm, 2 to cancel"),))
    desk.script = follow({"answered": Script((question, Say("No answer")))})
    await desk.voice.sender.send(company.call_to(magic(ending)))
    await desk.carrier.settled()
    (pressed,) = [e for e in desk.calls if e.step == "confirm"]
    assert (pressed.digits, pressed.asks, pressed.token) == (key, True, "t-2")


async def test_without_a_key_the_steps_after_the_question_run(desk: Any, company: Any) -> None:
    question = Ask("confirm", (Say("Press 1"),))
    desk.script = follow({"answered": Script((question, Say("We will write instead")))})
    await desk.voice.sender.send(company.call_to(PERSON))
    await desk.carrier.settled()
    (call,) = desk.carrier.calls(PERSON)
    assert ("say", "We will write instead") in heard(call)
    assert "confirm" not in [e.step for e in desk.calls]


async def test_an_inbound_call_nobody_takes_ends_in_voicemail_with_a_real_recording(desk: Any, company: Any) -> None:
    desk.carrier.behave(AGENT, Behaviour())  # picks up, but does not press 1: a machine would do that
    desk.script = follow({
        "incoming": Script((Say("Welcome"), Ring("agents", (AGENT, magic("0012")), screen=Say("Press 1 to take it")))),
        "agents": Script((Say("Nobody is free"), Voicemail("message"))),
    })  # fmt: skip
    call = desk.carrier.dial(PERSON, Behaviour(speaks=3))
    await desk.carrier.settled()
    (rang,) = [e for e in desk.calls if e.step == "agents" and e.asks]
    assert (rang.progress, rang.reason, rang.token) == (Progress.FAILED, Reason.NO_ANSWER, "inbound-token")
    (recorded,) = [e for e in desk.calls if e.recording]
    assert (recorded.call_id, recorded.step, recorded.token) == (call.sid, "message", "inbound-token")
    assert recorded.recording.seconds == 3
    sound = await desk.voice.webhook.fetch(recorded.recording.media)
    assert sound.name.endswith(".wav")
    with wave.open(io.BytesIO(sound.content)) as file:
        assert file.getnframes() == 3 * file.getframerate()
    assert call.problems == []


async def test_the_first_agent_who_presses_1_is_joined_and_the_others_stop_ringing(desk: Any, company: Any) -> None:
    ring = Ring("agents", (magic("0014"), magic("0011")), screen=Say("A customer & her question: press 1"), record=True)
    desk.script = follow({"incoming": Script((ring,))})
    call = desk.carrier.dial(PERSON)
    await desk.carrier.settled()
    assert ("joined", magic("0014")) in heard(call)
    (rang,) = [e for e in desk.calls if e.step == "agents" and e.asks]
    assert (rang.progress, rang.reason, rang.call_id) == (Progress.DELIVERED, None, call.sid)
    screened = [(e.step, e.leg_id, e.call_id, e.digits) for e in desk.calls if screening.is_screening(e)]
    leg = rang.leg_id
    assert screened == [("screen", leg, call.sid, ""), ("screened", leg, call.sid, "1")]
    (joined,) = [c for c in desk.carrier.calls() if c.sid == leg]
    assert ("say", "A customer & her question: press 1") in heard(joined)
    assert [e.step for e in desk.calls if e.recording] == ["agents"]
    assert {c.status for c in desk.carrier.calls() if c.parent_sid} == {"completed", "busy"}


async def test_an_inbound_call_carries_the_hubs_token_from_its_first_answer_on(desk: Any) -> None:
    desk.script = follow({"incoming": Script((Ask("menu", (Say("Press 1"),)),))})
    desk.carrier.dial(magic("0014"))
    await desk.carrier.settled()
    tokens = [(e.step, e.token, e.progress) for e in desk.calls]
    assert tokens[:2] == [("incoming", "", Progress.RINGING), ("menu", "inbound-token", Progress.ANSWERED)]
    assert (desk.calls[-1].progress, desk.calls[-1].asks) == (Progress.DELIVERED, False)


async def test_a_person_holds_a_telephone_takes_the_call_presses_and_hangs_up(desk: Any, company: Any) -> None:
    """What the sandbox's page does."""
    desk.script = follow({"answered": Script((Ask("menu", (Say("Press a key"),), digits=2, seconds=60),)),
                          "menu": Script((Ask("more", (Say("Another"),), seconds=60),))})  # fmt: skip
    desk.carrier.exchange.hold(PERSON, held=True)
    await desk.voice.sender.send(company.call_to(PERSON))
    (call,) = desk.carrier.calls(PERSON)
    assert isinstance(call.telephone, Held)
    call.telephone.take()
    call.telephone.key("4")
    call.telephone.key("2")
    await desk.carrier.until(lambda: ("say", "Another") in heard(call))
    desk.carrier.exchange.hang_up(call)
    await desk.carrier.settled()
    (menu,) = [e for e in desk.calls if e.step == "menu"]
    assert menu.digits == "42"
    assert (call.status, desk.calls[-1].progress) == ("completed", Progress.DELIVERED)


async def test_declining_a_held_telephone_is_busy(desk: Any, company: Any) -> None:
    desk.carrier.exchange.hold(PERSON, held=True)
    await desk.voice.sender.send(company.call_to(PERSON))
    (call,) = desk.carrier.calls(PERSON)
    call.telephone.take(Answer.BUSY)
    await desk.carrier.settled()
    assert (desk.calls[-1].progress, desk.calls[-1].reason) == (Progress.FAILED, Reason.BUSY)


# ---- TwiML that our adapter does not write, but a Twilio carrier understands ---------------------


async def carrier_with(company: Any, answers: Mapping[str, str]) -> tuple[Carrier, CompanyNumber, list[dict[str, str]]]:
    """A carrier that also serves TwiML at /twiml/<name>, and what was posted there."""
    posted: list[dict[str, str]] = []

    async def serve(request: web.Request) -> web.Response:
        form = {k: str(v) for k, v in (await request.post()).items()}
        posted.append({"at": request.match_info["name"], **form})
        return web.Response(text=answers[request.match_info["name"]], content_type="text/xml")

    carrier = Carrier(company.sid, company.token, [])
    await carrier.start(routes=[web.post("/twiml/{name}", serve)])
    return carrier, CompanyNumber(company.number, voice_url=f"{carrier.base_url}/twiml/start"), posted


async def call_in(company: Any, answers: Mapping[str, str], number: str = PERSON) -> tuple[Call, list[dict[str, str]]]:
    carrier, company_number, posted = await carrier_with(company, answers)
    carrier.numbers = (company_number,)
    call = carrier.dial(number)
    await carrier.settled()
    await carrier.stop()
    return call, posted


async def test_redirect_pause_and_hangup(company: Any) -> None:
    call, _ = await call_in(company, {
        "start": "<Response><Pause length='2'/><Redirect>/twiml/next</Redirect><Say>never</Say></Response>",
        "next": "<Response><Say>Here</Say><Hangup/><Say>never</Say></Response>",
    })  # fmt: skip
    assert heard(call) == [("rings", ""), ("pause", "2"), ("say", "Here"), ("ended", "completed")]


@pytest.mark.parametrize("answer", ["no XML", "<Other/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><Response/>"])
async def test_what_is_no_twiml_ends_the_call_and_says_so(company: Any, answer: str) -> None:
    call, _ = await call_in(company, {"start": answer})
    assert call.problems[0].startswith("12100")
    assert call.status == "completed"


async def test_an_unknown_verb_is_named_and_passed_over(company: Any) -> None:
    call, _ = await call_in(company, {"start": "<Response><Dance/><Say>Hello</Say></Response>"})
    assert call.problems == ["12200 <Dance> is not known here"]
    assert ("say", "Hello") in heard(call)


async def test_a_call_that_goes_round_in_circles_is_ended(company: Any) -> None:
    call, posted = await call_in(company, {"start": "<Response><Redirect>/twiml/start</Redirect></Response>"})
    assert (call.status, len(posted)) == ("failed", 100)


async def test_a_caller_who_loses_patience_leaves_the_queue(company: Any) -> None:
    call, _ = await call_in(company, {"start": "<Response><Enqueue>help</Enqueue><Say>never</Say></Response>"})
    assert heard(call)[-2:] == [("waits", "help"), ("ended", "completed")]


async def test_the_music_of_a_queue_may_say_leave(company: Any) -> None:
    carrier, number, posted = await carrier_with(company, {
        "start": "<Response><Enqueue waitUrl='/twiml/music' action='/twiml/after'>help</Enqueue></Response>",
        "music": "<Response><Play>la.mp3</Play><Leave/></Response>",
        "after": "<Response><Say>Later then</Say></Response>",
    })  # fmt: skip
    call = carrier.exchange.dial(PERSON, number, Held())
    await carrier.settled()
    await carrier.stop()
    assert [(p["at"], p.get("QueueResult")) for p in posted] == [("start", None), ("music", None), ("after", "leave")]
    assert ("say", "Later then") in heard(call)


async def test_an_agent_takes_the_longest_waiting_caller_out_of_the_queue(company: Any) -> None:
    carrier, number, posted = await carrier_with(company, {
        "start": "<Response><Enqueue action='/twiml/after'>help</Enqueue></Response>",
        "agent": "<Response><Dial><Queue>help</Queue></Dial></Response>",
        "after": "<Response/>",
    })  # fmt: skip
    caller = carrier.exchange.dial(PERSON, number, Held())
    await carrier.until(lambda: ("waits", "help") in heard(caller))
    desk = CompanyNumber(company.number, voice_url=f"{carrier.base_url}/twiml/agent")
    agent = carrier.exchange.dial(AGENT, desk, Scripted(Behaviour(), 0))
    await carrier.settled()
    await carrier.stop()
    assert ("joined", PERSON) in heard(agent)
    assert [p["QueueResult"] for p in posted if p["at"] == "after"] == ["bridged"]
    assert (caller.status, agent.status) == ("completed", "completed")
