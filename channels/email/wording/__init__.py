"""The wording of mail servers, as they and their makers publish it: one row of patterns for each ground.

Every pattern is linear: gaps are bounded, and what is searched is cut before.
"""

from __future__ import annotations

from channels.email.wording.hosts import HOSTS
from channels.email.wording.recipients import RECIPIENTS
from channels.email.wording.rows import Row
from channels.email.wording.senders import SENDERS

# The first row that matches wins: what can only mean one thing stands before what may mean several. A doubt about the
# sender, its host or its words comes before a doubt about the recipient: a customer is lost by a wrong guess.
PHRASES: tuple[Row, ...] = (*SENDERS, *RECIPIENTS, *HOSTS)
