"""`hub demo --once`: the whole story over the real wires, verified by itself, told as data."""

from __future__ import annotations

from typing import Any

from hub.cli.demo.story import SCENES


async def test_json_is_of_the_story_that_ends(shell: Any) -> None:
    ran = await shell.hub("demo", "--json")
    assert (ran.code, "is for --once" in ran.err) == (2, True)


async def test_the_story_holds_and_is_told_with_every_promised_figure(shell: Any, tmp_path: Any) -> None:
    ran = await shell.hub("demo", "--once", "--json")
    assert ran.code == 0, ran.out + ran.err
    told = ran.json
    assert [(scene["scene"], scene["ok"]) for scene in told["scenes"]] == [(scene.name, True) for scene in SCENES]
    assert (told["ok"], told["doctor"]) == (True, [])

    log = told["log"]
    ways = [f"{way} {kind}" for way in ("in", "out") for kind in ("email", "sms", "voice")]
    assert [way for way in ways if log["words"].get(way, 0) < 1] == []
    assert log["words"]["note"] >= 1
    assert log["customers"] >= 200
    assert log["receipts"]["delivered"] >= 1
    assert sum(log["states"].values()) == sum(log["words"][way] for way in ways[3:])
    assert sum(log["withheld"].values()) == log["states"]["withheld"] > 0

    campaign = told["campaign"]
    assert campaign["sum"] == campaign["fed"] == campaign["audience"] > 0
    assert sum(campaign["withheld"].values()) > 0
    assert _scene(told, "greetings")["seen"].endswith("the next 0")
    assert [file.name for file in tmp_path.iterdir()] == ["config.toml"]  # its folder was another one, and is gone


def _scene(told: Any, name: str) -> Any:
    (found,) = (scene for scene in told["scenes"] if scene["scene"] == name)
    return found
