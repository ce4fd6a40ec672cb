"""Every table, and no behaviour."""

from sqlmodel import SQLModel

from hub.models.campaigns import (
    Appointment,
    Campaign,
    CampaignRecipient,
    DryRun,
    DryRunLine,
    Occasion,
    Reminder,
    Schedule,
    Template,
    TemplateVersion,
)
from hub.models.customers import ChannelPreference, Consent, Customer, Identity, IdentityEvent, Suppression
from hub.models.inbound import MailboxCursor, MailboxGrant, MailboxQuestion, RawMessage, Rejected
from hub.models.interactions import (
    AttachmentRow,
    Attempt,
    Conversation,
    DedupeKey,
    EarlyReceipt,
    Interaction,
    MailReference,
    ProviderReference,
    Rearrangement,
    ReceiptRow,
    Task,
)
from hub.models.outbox import Outbox, SenderRow, Worker
from hub.models.staff import ApiToken, Audit, SignInFailure, Staff, StaffSession, Team, TeamChannel, TeamMember

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "ApiToken",
    "Appointment",
    "AttachmentRow",
    "Attempt",
    "Audit",
    "Campaign",
    "CampaignRecipient",
    "ChannelPreference",
    "Consent",
    "Conversation",
    "Customer",
    "DedupeKey",
    "DryRun",
    "DryRunLine",
    "EarlyReceipt",
    "Identity",
    "IdentityEvent",
    "Interaction",
    "MailReference",
    "MailboxCursor",
    "MailboxGrant",
    "MailboxQuestion",
    "Occasion",
    "Outbox",
    "ProviderReference",
    "RawMessage",
    "Rearrangement",
    "ReceiptRow",
    "Rejected",
    "Reminder",
    "Schedule",
    "SenderRow",
    "SignInFailure",
    "Staff",
    "StaffSession",
    "Suppression",
    "Task",
    "Team",
    "TeamChannel",
    "TeamMember",
    "Template",
    "TemplateVersion",
    "Worker",
]
