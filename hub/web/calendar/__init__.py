"""What has its hour: appointments, tasks, events; and calendars of other programs."""

from __future__ import annotations

from hub.web.calendar import appointments, calendars, feeds, gatherings, guests, tasks

PAGES = (
    gatherings,  # before guests, which takes any word for a number
    guests,
    calendars,  # before appointments, which takes any word for a number
    appointments,
    tasks,
    feeds,
)
