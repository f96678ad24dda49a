"""Warnings of a company: what keeps its books from agreeing, in the status, on its pages and in the command `status`."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import NamedTuple

OVERVIEW = "integrations:overview"
CONFIGURATION = "integrations:configuration"
RUNS = "integrations:runs"
BATCHES = "integrations:batches"


class Notice(NamedTuple):
    """`remedy_url_name` names the page that helps, "" where only the operator can."""

    key: str
    sentence: str
    remedy_url_name: str


class HealthMessage(StrEnum):
    """What the Home page says of a part; when it was follows."""

    WORKER_ALIVE = "Running, last checked in"
    WORKER_SILENT = "Does not answer, so nothing syncs; last checked in"
    POLLED = "Last looked"
    POLL_LATE = "Late; last looked"
    POLLS_FAIL = "Coperniq does not let the portal look; last tried"
    COPERNIQ_NOT_CONNECTED = "Coperniq is not connected; last looked"
    KEY_REFUSED = "Coperniq refuses the API key; last looked"
    LAST_EVENT = "Last event"
    NO_EVENT_YET = "No event has arrived yet"
    NO_EVENT_FOR_A_DAY = "No event for a day, the last"
    EVENTS_WAIT = "{} wait to be looked at, the oldest came"
    NO_EVENTS_WAIT = "None waits"
    AUTHORIZED = "Valid"
    AUTHORIZATION_ENDS = "Valid until"
    NOT_AUTHORIZED = "QuickBooks does not let the portal in"


class StatusMessage(Enum):
    """The value of a member is (key, text with {named} parameters, page that helps). Keys are public."""

    QUICKBOOKS_GUARD = (
        "quickbooks_guard",
        "Syncing has stopped: “{proposed}” answered instead of “{old}”. Choose whether to switch to it or to keep "
        "the one you had.",
        OVERVIEW,
    )
    QUICKBOOKS_NOT_CONNECTED = (
        "quickbooks_not_connected",
        "QuickBooks is not connected, so nothing syncs.",
        OVERVIEW,
    )
    NEEDS_AUTHORIZATION = ("needs_authorization", "{reason} Runs wait until it is re-authorized.", OVERVIEW)
    NOT_IN_DOLLARS = (
        "not_in_dollars",
        "“{name}” keeps its books in {currency}. Only companies in US dollars can be switched on.",
        OVERVIEW,
    )
    AUTHORIZATION_ENDS = (
        "authorization_ends",
        "The authorization of QuickBooks ends on {day:%B %-d, %Y}. Re-authorize it before.",
        OVERVIEW,
    )
    COPERNIQ_NOT_CONNECTED = (
        "coperniq_not_connected",
        "Coperniq is not connected, so nothing syncs.",
        OVERVIEW,
    )
    COPERNIQ_GUARD = (
        "coperniq_guard",
        "Syncing has stopped: with the new Coperniq API key nothing that is linked can be found. "
        "Choose whether to switch to that company or to keep the former key.",
        OVERVIEW,
    )
    COPERNIQ_REFUSED = ("coperniq_refused", "{reason}", OVERVIEW)
    NO_EVENT = (
        "no_event",
        "Coperniq has sent no event for a day. Check that its automations call the webhook address; "
        "until then the portal finds changes by polling, which takes longer.",
        OVERVIEW,
    )
    POLLS_FAIL = (
        "coperniq_polls_fail",
        "The portal could not look for changes in Coperniq since {since:%B %-d, %-I:%M %p %Z} ({failures} in a row). "
        "{reason} It tries again by itself; until then, what Coperniq does not report by webhook waits.",
        "",
    )
    CHANGES_FAIL = (
        "quickbooks_changes_fail",
        "The portal could not look for changes in QuickBooks since {since:%B %-d, %-I:%M %p %Z} ({failures} in a row). "
        "{reason} It tries again by itself; until then, what QuickBooks does not report by webhook waits.",
        "",
    )
    UNLISTABLE = (
        "quickbooks_unlistable",
        "Since {since:%B %-d, %-I:%M %p %Z}, QuickBooks refuses every list that has {record} in it: {reason} Perhaps it "
        "has an e-mail address that is none: correct it in QuickBooks. Everything else goes on.",
        "",
    )
    NO_WORKER = (
        "worker_silent",
        "The portal's worker has never run, so nothing syncs. Ask the operator to start it.",
        "",
    )
    WORKER_SILENT = (
        "worker_silent",
        "Nothing has synced since {since:%B %-d, %-I:%M %p %Z}: the portal's worker does not answer. What comes in is "
        "kept and syncs once it runs again. If this stays for some minutes, tell the operator.",
        "",
    )
    POLL_LATE = (
        "poll_late",
        "The portal should have looked for changes in Coperniq at {since:%B %-d, %-I:%M %p %Z} and has not yet. What "
        "Coperniq reports by webhook is synced.",
        "",
    )
    EVENTS_WAIT = (
        "events_wait",
        "{events} come in and wait to be looked at, the oldest since {since:%B %-d, %-I:%M %p %Z}. They are kept; if "
        "the number grows, tell the operator.",
        "",
    )
    COPERNIQ_CALLS = (
        "coperniq_calls",
        "Most of the {allowed:,} calls Coperniq allows a day are used ({used:,} by this portal), so it polls for "
        "missed changes less often. What Coperniq reports by webhook is synced at once.",
        OVERVIEW,
    )
    NO_TRIGGER = ("no_trigger", "No phase starts the sync yet. Choose a trigger phase.", CONFIGURATION)
    BROKEN_TRIGGER = (
        "broken_trigger",
        "Coperniq no longer has this phase: {names}. Choose another one.",
        CONFIGURATION,
    )
    STAGE_TRIGGER = (
        "stage_trigger",
        "This is a stage of an older workflow, and Coperniq does not report when a project enters one, so it never "
        "starts: {names}. Choose a phase of another workflow.",
        CONFIGURATION,
    )
    NO_ENTRY = (
        "no_entry",
        "No project has entered a trigger phase since it was saved ({names}). "
        "Projects that enter it from then on are synced by themselves; those in it before can be sent together.",
        BATCHES,
    )
    INVOICE_SYNC_OFF = (
        "invoice_sync_off",
        "Invoice syncing is off, so invoices and payments stay where they are. Once it is switched on, those "
        "created from then on are synced.",
        CONFIGURATION,
    )
    HELD_RUNS = ("held_runs", "{records} your attention: a decision or a correction.", RUNS)
    CREDENTIALS_UNREADABLE = (
        "credentials_unreadable",
        "The portal cannot open the stored access to QuickBooks or Coperniq, so nothing syncs. Ask the operator to run "
        "rotate_credentials with the former keys in OLD_CREDENTIAL_KEYS, or connect again.",
        OVERVIEW,
    )
    WEBHOOKS_UNVERIFIED = (
        "webhooks_unverified",
        "QuickBooks' notifications are refused until the operator of this portal has set their verifier token. "
        "Until then the portal finds changes in QuickBooks by polling every few minutes.",
        "",
    )

    def __call__(self, **parameters: object) -> Notice:
        """Raises KeyError if a parameter of the text is missing."""
        key, template, remedy_url_name = self.value
        return Notice(key, template.format(**parameters), remedy_url_name)
