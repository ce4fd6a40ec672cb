"""What has its hour: appointments, tasks, events; and calendars of other programs."""

from __future__ import annotations

from hub.web.calendar import appointments, calendars, feeds, gatherings, tasks

PAGES = (
    gatherings,
    calendars,  # before appointments, which takes any word for a number
    appointments,
    tasks,
    feeds,
)
