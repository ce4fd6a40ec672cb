"""Every table, and no behaviour."""

from sqlmodel import SQLModel

from hub.models.branding import BrandRow, LogoRow
from hub.models.calendars import CalendarFeed
from hub.models.call_lists import CallList, CallListPerson
from hub.models.campaigns import (
    Appointment,
    Campaign,
    CampaignRecipient,
    CampaignTempo,
    DryRun,
    DryRunLine,
    Occasion,
    Reminder,
    Schedule,
    Template,
    TemplateVersion,
)
from hub.models.copies import MailCopy
from hub.models.customers import (
    ChannelPreference,
    Consent,
    Customer,
    GeneralReach,
    Identity,
    IdentityEvent,
    Suppression,
)
from hub.models.desk import CannedAnswer, DraftRow, HeldReply, LabelRow, MacroRow, Mention, SavedView
from hub.models.gatherings import Gathering, Guest
from hub.models.greetings import Greeting, GreetingLook, GreetingSkip
from hub.models.imports import FileImport, ImportedCustomer, RejectedRow
from hub.models.inbound import MailboxCursor, MailboxGrant, MailboxQuestion, RawMessage, Rejected
from hub.models.interactions import (
    AttachmentRow,
    Attempt,
    Conversation,
    DedupeKey,
    EarlyReceipt,
    EvidenceLook,
    Interaction,
    MailReference,
    ProviderReference,
    Rearrangement,
    ReceiptRow,
    Task,
)
from hub.models.last_contacts import LastContact, LastContactsUntil, StaleContact
from hub.models.merging import CustomerKeys, CustomerMerge, MergeSuggestion
from hub.models.outbox import Outbox, SenderRow, Worker
from hub.models.personal import AuditCut, ErasedAddress, Erasure, ErasureSalt, GoingFile, PersonalExport
from hub.models.purchases import Purchase, Refund, RfmFormula
from hub.models.reactions import CustomerEvent, Reaction, ShortLink
from hub.models.reports import Letter, ReportSubscription
from hub.models.segments import SavedSegment, SegmentMember
from hub.models.sign_ups import SignUp, SignUpDay, SignUpForm
from hub.models.staff import (
    ApiToken,
    AskedOnce,
    Audit,
    SignInFailure,
    Staff,
    StaffSession,
    Team,
    TeamChannel,
    TeamMember,
)
from hub.models.steps import CampaignStep, CampaignTest, CampaignVariant
from hub.models.telephone import CallOutcome, CurrentCall, HandledCall, MissedCall
from hub.models.texts import MailPicture, TemplateDraft
from hub.models.topics import Topic
from hub.models.webhooks import WebhookDelivery, WebhookEndpoint
from hub.models.work import OpeningHours, Promise, SlaPolicy, Survey, SurveyRule

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "ApiToken",
    "Appointment",
    "AskedOnce",
    "AttachmentRow",
    "Attempt",
    "Audit",
    "AuditCut",
    "BrandRow",
    "CalendarFeed",
    "CallList",
    "CallListPerson",
    "CallOutcome",
    "Campaign",
    "CampaignRecipient",
    "CampaignStep",
    "CampaignTempo",
    "CampaignTest",
    "CampaignVariant",
    "CannedAnswer",
    "ChannelPreference",
    "Consent",
    "Conversation",
    "CurrentCall",
    "Customer",
    "CustomerEvent",
    "CustomerKeys",
    "CustomerMerge",
    "DedupeKey",
    "DraftRow",
    "DryRun",
    "DryRunLine",
    "EarlyReceipt",
    "ErasedAddress",
    "Erasure",
    "ErasureSalt",
    "EvidenceLook",
    "FileImport",
    "Gathering",
    "GeneralReach",
    "GoingFile",
    "Greeting",
    "GreetingLook",
    "GreetingSkip",
    "Guest",
    "HandledCall",
    "HeldReply",
    "Identity",
    "IdentityEvent",
    "ImportedCustomer",
    "Interaction",
    "LabelRow",
    "LastContact",
    "LastContactsUntil",
    "Letter",
    "LogoRow",
    "MacroRow",
    "MailCopy",
    "MailPicture",
    "MailReference",
    "MailboxCursor",
    "MailboxGrant",
    "MailboxQuestion",
    "Mention",
    "MergeSuggestion",
    "MissedCall",
    "Occasion",
    "OpeningHours",
    "Outbox",
    "PersonalExport",
    "Promise",
    "ProviderReference",
    "Purchase",
    "RawMessage",
    "Reaction",
    "Rearrangement",
    "ReceiptRow",
    "Refund",
    "Rejected",
    "RejectedRow",
    "Reminder",
    "ReportSubscription",
    "RfmFormula",
    "SavedSegment",
    "SavedView",
    "Schedule",
    "SegmentMember",
    "SenderRow",
    "ShortLink",
    "SignInFailure",
    "SignUp",
    "SignUpDay",
    "SignUpForm",
    "SlaPolicy",
    "Staff",
    "StaffSession",
    "StaleContact",
    "Suppression",
    "Survey",
    "SurveyRule",
    "Task",
    "Team",
    "TeamChannel",
    "TeamMember",
    "Template",
    "TemplateDraft",
    "TemplateVersion",
    "Topic",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Worker",
]
