"""How the desk names what rows hold: one literal table per closed list, each entry a word, an icon and a tone.

Pages and templates know all of them as `words.STATES`, `words.ROLES` and so on.
"""

# ruff: noqa: F403 (every table of every room, and a new one stands in one place only)
from hub.web.words.calendar import *
from hub.web.words.campaigns import *
from hub.web.words.conversations import *
from hub.web.words.customers import *
from hub.web.words.messages import *
from hub.web.words.settings import *
from hub.web.words.signs import *
from hub.web.words.telephone import *
