"""What is true of a row alone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.errors import CredentialUnreadable
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    EventCount,
    FieldMapping,
    Heartbeat,
    PhaseTrigger,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncLogEntry,
    SyncRun,
)
from integrations.models.encryption import decrypt, encrypt, keyed_digest, rotate
from integrations.models.log import CallCount
from tests.portal_harness import PortalHarness

pytestmark = pytest.mark.every_database


def test_a_secret_at_rest_is_unreadable_without_its_key(settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    encrypted = encrypt("hunter2")
    assert "hunter2" not in encrypted
    assert decrypt(encrypted) == "hunter2"
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CredentialUnreadable):
        decrypt(encrypted)


def test_keys_rotate_without_a_gap(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [old]
    encrypted = encrypt("hunter2")
    settings.CREDENTIAL_KEYS = [new, old]
    encrypted = rotate(encrypted)
    settings.CREDENTIAL_KEYS = [new]
    assert decrypt(encrypted) == "hunter2"


def test_nothing_is_sealed_as_nothing() -> None:
    assert (encrypt(""), decrypt(""), rotate("")) == ("", "", "")


def test_tokens_and_keys_are_sealed_in_their_rows(portal: PortalHarness) -> None:
    row = QuickBooksConnection.objects.values().get()
    tokens = (portal.quickbooks.access_token, portal.quickbooks.refresh_token)
    assert all(token and token not in str(row) for token in tokens)
    assert portal.coperniq.webhook_token not in str(CoperniqConnection.objects.values().get())
    assert portal.coperniq.api_key not in str(CoperniqConnection.objects.values().get())


def test_a_webhook_token_finds_its_company(portal: PortalHarness) -> None:
    find = CoperniqConnection.objects.with_webhook_token
    assert find(portal.coperniq.webhook_token) == portal.coperniq
    assert find("guessed") is None


@pytest.mark.parametrize("field", ["realm_id", "company"])
def test_a_realm_is_live_once_and_a_company_has_one_live_connection(
    portal: PortalHarness, field: str
) -> None:
    values = {"realm_id": "another", "company": portal.company} | {field: getattr(portal.quickbooks, field)}
    with pytest.raises(IntegrityError), transaction.atomic():
        QuickBooksConnection.objects.create(**values)
    QuickBooksConnection.objects.create(**values, state=QuickBooksConnection.State.ARCHIVED)


def test_one_trigger_per_workflow(portal: PortalHarness) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PhaseTrigger.objects.create(
            connection=portal.quickbooks, workflow_id=portal.trigger.workflow_id, phase_template_id="9"
        )


def test_the_connection_pages_speak_of_is_the_last_unsealed_one(portal: PortalHarness) -> None:
    of = QuickBooksConnection.objects.of
    assert of(portal.company) == portal.quickbooks
    portal.quickbooks.state = QuickBooksConnection.State.DISCONNECTED
    portal.quickbooks.save()
    assert of(portal.company) == portal.quickbooks
    assert not portal.quickbooks.is_live
    portal.quickbooks.state = QuickBooksConnection.State.ARCHIVED
    portal.quickbooks.save()
    assert of(portal.company) is None


def test_a_poll_is_made_due_at_once_or_after_a_spacing(portal: PortalHarness) -> None:
    now = timezone.now()
    later = now + timedelta(hours=1)
    CoperniqConnection.objects.update(next_poll_at=later, last_poll_started_at=None)
    portal.coperniq.refresh_from_db()
    portal.coperniq.make_poll_due(now, timedelta(seconds=10))
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.next_poll_at == now
    CoperniqConnection.objects.update(next_poll_at=later, last_poll_started_at=now)
    portal.coperniq.refresh_from_db()
    portal.coperniq.make_poll_due(now, timedelta(seconds=10))
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.next_poll_at == now + timedelta(seconds=10)


def test_a_stopped_connection_says_so(portal: PortalHarness) -> None:
    before = portal.coperniq.awaits_decision
    portal.coperniq.proposed_api_key_encrypted = encrypt("other")
    portal.coperniq.save()
    assert (before, portal.coperniq.awaits_decision) == (False, True)
    assert not QuickBooksConnection.objects.syncing().exists()


def test_rows_name_themselves_for_people(portal: PortalHarness) -> None:
    run = SyncRun(action="push_job", record_name="House")
    rows = {
        "Coperniq of Brightfield": portal.coperniq,
        "Brightfield Books of Brightfield": portal.quickbooks,
        "Settings of Brightfield Books of Brightfield": portal.quickbooks.settings,
        "Solar: Installation": portal.trigger,
        "CompanyName ← nothing": FieldMapping(quickbooks_field="CompanyName"),
        "Lease of Brightfield": CompanyLease.objects.get(),
        "queue": Heartbeat(name="queue"),
        "Push the job House": run,
        "create Customer for job 7": RemoteWrite(
            operation="create", entity="Customer", kind="job", coperniq_id="7"
        ),
        "job 7 ↔ 9": RecordLink(kind="job", coperniq_id="7", quickbooks_id="9"),
        "It is done.": SyncLogEntry(sentence="It is done."),
        "coperniq 2026-05-01: 1 reads, 2 writes": CallCount(
            vendor="coperniq", on="2026-05-01", reads=1, writes=2
        ),
        "person: test, 3 times on 2026-05-01": EventCount(
            source="person", reason="test", count=3, on="2026-05-01"
        ),
    }
    assert [str(row) for row in rows.values()] == list(rows)


def test_an_event_and_an_entry_name_themselves(portal: PortalHarness) -> None:
    project = portal.project(portal.account())
    portal.enter(project)
    portal.work()
    entry = portal.trigger.entries.get()
    assert str(entry) == f"project {project['id']} at {entry.started_at:%Y-%m-%d %H:%M}"
    assert str(portal.company.events.get()) == f"PROJECT_PHASE_STARTED project {project['id']}"


def test_a_run_knows_whether_it_is_open(portal: PortalHarness) -> None:
    assert SyncRun(state="held").is_open
    assert not SyncRun(state="done").is_open


def test_a_digest_cannot_be_tried_out_without_the_key() -> None:
    assert keyed_digest("123456789") != hashlib.sha256(b"123456789").hexdigest()
    assert keyed_digest("") == ""
