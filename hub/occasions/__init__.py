"""Writing because of the calendar: birthdays, appointments, and what recurs."""
