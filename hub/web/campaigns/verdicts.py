"""How a decided test of words came out, in a sentence: which text, by which numbers or by whose word."""

from __future__ import annotations

from typing import Any

from hub.campaigns.variants import Finding, Score
from hub.models import CampaignTest, CampaignVariant
from hub.outbound import templates
from hub.web.translations import gettext as _


async def verdict(session: Any, test: CampaignTest | None, tried: list[CampaignVariant]) -> str:
    """Empty while it is not decided."""
    if test is None or test.decided_at is None or test.finding is None:
        return ""
    version = next(one.template_version_id for one in tried if one.variant == test.winner)
    return _told(Finding.read(test.finding), await templates.title(session, version))


def is_doubtful(test: CampaignTest | None) -> bool:
    """The numbers decided, and the difference may be chance."""
    if test is None or test.decided_at is None or test.finding is None:
        return False
    finding = Finding.read(test.finding)
    return not (finding.by_hand or finding.tied or finding.clear)


def _told(finding: Finding, title: str) -> str:
    if finding.by_hand:
        return _("“%(title)s” was taken by a colleague, not by the numbers.") % {"title": title}
    if finding.tied:
        return _("No text did better than the others; of the best the first was taken: “%(title)s”.") % {"title": title}
    best, other = (_rate(score) for score in finding.ranked[:2])
    won = _("“%(title)s” won the test: %(best)s reached its goal, with the next best %(other)s.")
    return won % {"title": title, "best": best, "other": other}


def _rate(score: Score) -> str:
    return _("%(reached)s of %(people)s") % {"reached": score.reached, "people": score.people}
