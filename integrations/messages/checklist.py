"""Steps of the set-up checklist, on the pages and in the status."""

from __future__ import annotations

from enum import Enum

OVERVIEW = "integrations:overview"
CONFIGURATION = "integrations:configuration"


class SetupStep(Enum):
    """The value of a member is (title, what to do, page, section of it). Names are public, in lower case."""

    COPERNIQ_KEY = (
        "Coperniq API key",
        "Enter an API key of your Coperniq company.",
        OVERVIEW,
        "#coperniq",
    )
    QUICKBOOKS = (
        "QuickBooks connected",
        "Connect your QuickBooks company, signed in there as one of its administrators.",
        OVERVIEW,
        "#quickbooks",
    )
    WEBHOOK = (
        "Webhook tested",
        "Add the automation in Coperniq, then move a test project into any phase. The event arrives here within seconds.",
        OVERVIEW,
        "#webhook",
    )
    TRIGGER = (
        "Trigger phase chosen",
        "Choose the phase in which a project's customer and job are sent to QuickBooks.",
        CONFIGURATION,
        "#trigger",
    )
    MAPPING = (
        "Customer mapping looked at",
        "Accept or reject the suggestions: which account in Coperniq is which QuickBooks customer.",
        "integrations:customer_mapping",
        "",
    )
    FIRST_SYNC = (
        "First project synced",
        "Move a test project into its trigger phase, or send what is in Coperniq already.",
        "integrations:batches",
        "",
    )
