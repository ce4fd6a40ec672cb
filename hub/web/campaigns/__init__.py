"""Campaigns: planned, tried out, followed, counted."""

from __future__ import annotations

from hub.web.campaigns import answers, calendar, campaign, looking, results, steps, trials, writing

PAGES = (
    writing,
    looking,
    answers,
    calendar,
    results,
    trials,
    steps,  # before campaign, which takes any word for a step of its life
    campaign,
)
