"""A message, a call or a note: by which channel, what for, from whom, what became of it and why."""

from __future__ import annotations

from collections.abc import Mapping

from channels.message import Reason
from hub.models.vocabulary import CopyFate, Kind, Origin, Purpose, Recalled, State, Withheld
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign, sign

KINDS: Mapping[str, Sign] = {
    Kind.EMAIL: Sign(N_("Email"), "mail"),
    Kind.SMS: Sign(N_("SMS"), "message"),
    Kind.VOICE: Sign(N_("Call"), "phone"),
    "note": Sign(N_("Note"), "note"),
}

PURPOSES: Mapping[str, Sign] = {
    Purpose.SERVICE: Sign(N_("Service"), "headset"),
    Purpose.REMINDERS: Sign(N_("Reminders"), "bell"),
    Purpose.GREETINGS: Sign(N_("Greetings"), "cake"),
    Purpose.MARKETING: Sign(N_("Offers"), "speakerphone"),
}

ORIGINS: Mapping[str, Sign] = {
    Origin.CUSTOMER: Sign(N_("customer"), "user"),
    Origin.AGENT: Sign(N_("colleague"), "headset"),
    Origin.CAMPAIGN: Sign(N_("campaign"), "speakerphone"),
    Origin.OCCASION: Sign(N_("greeting"), "cake"),
    Origin.REMINDER: Sign(N_("reminder"), "bell"),
    Origin.API: Sign(N_("program"), "api"),
    Origin.AUTOMATION: Sign(N_("automatic"), "robot"),
    Origin.REPORT: Sign(N_("report"), "chart-bar"),
    Origin.TEST: Sign(N_("test"), "flask"),
}

STATES: Mapping[str, Sign] = {
    State.RECEIVED: Sign(N_("received"), "arrow-down-left"),
    State.NOTED: Sign(N_("noted"), "note"),
    State.QUEUED: Sign(N_("waiting to leave"), "clock"),
    State.SENDING: Sign(N_("on its way"), "send"),
    State.UNKNOWN: Sign(N_("not known whether it left"), "help-circle", "warn"),
    State.SENT: Sign(N_("sent"), "check"),
    State.RINGING: Sign(N_("ringing"), "phone-call"),
    State.TALKING: Sign(N_("talking"), "phone-call"),
    State.DELIVERED: Sign(N_("delivered"), "checks", "good"),
    State.FAILED: Sign(N_("failed"), "alert-circle", "bad"),
    State.MISSED: Sign(N_("missed"), "phone-off", "warn"),
    State.READ: Sign(N_("read"), "eye-check", "good"),
    State.WITHHELD: Sign(N_("not sent"), "ban", "warn"),
    State.EXPIRED: Sign(N_("too late, not sent"), "clock-off", "warn"),
    State.CANCELLED: Sign(N_("cancelled"), "x"),
}

CALLS: Mapping[str, Sign] = {State.DELIVERED: Sign(N_("answered"), "phone", "good")}

WITHHELD: Mapping[str, str] = {
    Withheld.NO_ADDRESS: N_("There is no address for this channel."),
    Withheld.ADDRESS_DEAD: N_("The address does not work any more."),
    Withheld.SUPPRESSED: N_("Nobody may write to this address."),
    Withheld.OPTED_OUT: N_("The customer opted out of this."),
    Withheld.TOPIC_UNWANTED: N_("The customer does not want this topic."),
    Withheld.NO_CONSENT: N_("The customer has not agreed to this."),
    Withheld.COMPLAINED: N_("The customer reported us as unwanted."),
    Withheld.DO_NOT_CONTACT: N_("The customer does not want to be contacted."),
    Withheld.DECEASED: N_("The customer has died."),
    Withheld.PAUSED: N_("The customer asked for a pause."),
    Withheld.COMPLAINT_OPEN: N_("A complaint of the customer's is open: no promotion or greeting until it is settled."),
    Withheld.ANSWER_OVERDUE: N_("The customer waits for an answer of ours: no promotion until it is given."),
    Withheld.DISSATISFIED: N_("The customer is dissatisfied, their card says: no promotion."),
    Withheld.FREQUENCY: N_("The customer already had enough from us this week."),
    Withheld.CHANNEL_UNWANTED: N_("The customer does not want this channel."),
    Withheld.NO_CHANNEL: N_("This channel is not set up."),
    Withheld.NO_TEXT: N_("The message has no text for any allowed channel."),
    Withheld.TEMPLATE_ERROR: N_("The template could not be filled in."),
    Withheld.TOO_LATE: N_("It would have come too late."),
    Withheld.AUTOMATIC_LIMIT: N_("Enough automatic answers were sent here already."),
}

FAILED: Mapping[str, str] = {
    Reason.BAD_ADDRESS: N_("The address does not exist. Ask the customer for another one."),
    Reason.WRONG_CHANNEL: N_("This number cannot take such messages. Try another channel."),
    Reason.OPTED_OUT: N_("The customer told the carrier to stop messages from us."),
    Reason.COMPLAINED: N_("The message was reported as unwanted."),
    Reason.BLOCKED: N_("The other side blocked it. Try another channel."),
    Reason.MAILBOX_FULL: N_("The mailbox is full. Try again later or by another channel."),
    Reason.UNREACHABLE: N_("The other side could not be reached for now."),
    Reason.BUSY: N_("The line was busy."),
    Reason.NO_ANSWER: N_("Nobody answered."),
    Reason.CANCELED: N_("It was cancelled."),
    Reason.TOO_LONG: N_("It was too long."),
    Reason.REJECTED: N_("The other side refused what it says or how it is made."),
    Reason.UNKNOWN: N_("The provider gave a reason that is not known here."),
}

DECIDED: Mapping[str, str] = {
    "left": N_("A colleague decided to leave it: it is not sent again."),
    "not_there": N_("The provider's list does not have it: it did not leave, as far as anybody can tell."),
}

RECALLED: Mapping[str, str] = {
    Recalled.TAKEN_BACK: N_("It was taken back before it left."),
    Recalled.ANSWERED_FIRST: N_("Not sent: the customer wrote or called before it left."),
    Recalled.NO_LONGER_SO: N_("Not sent: the appointment it reminds of was moved or cancelled."),
    Recalled.MERGED: N_("Not sent: two customers were merged, and the same message went to the other address."),
}

COPIES: Mapping[str, str] = {
    CopyFate.WAITING: N_("The mail server put off the copy to %(address)s: it is tried again by itself."),
    CopyFate.LEFT_OUT: N_("No copy to %(address)s: %(reason)s"),
    CopyFate.REFUSED: N_("The mail server did not take the copy to %(address)s: %(reason)s"),
    CopyFate.FAILED: N_("The copy to %(address)s did not arrive as it should: %(reason)s"),
}


def outcome(kind: str | None, state: str) -> Sign:
    """The state of a message; a call that came about was answered, not delivered."""
    return (CALLS.get(state) if kind == Kind.VOICE else None) or sign(STATES, state)


def why(state: str, reason: str) -> str:
    """The reason of a failed, withheld or left message as a sentence; an unknown word is shown as it is."""
    tables = {State.WITHHELD: WITHHELD, State.UNKNOWN: DECIDED, State.CANCELLED: RECALLED}
    return tables.get(State(state) if state in list(State) else State.FAILED, FAILED).get(reason, reason)
