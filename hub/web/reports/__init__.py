"""Figures over days, on pages, by mail and on the wall."""

from __future__ import annotations

from hub.web.reports import board, mails, reports

PAGES = (
    board,
    mails,
    reports,
)
