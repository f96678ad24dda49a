"""What people do in the admin: actions that end in a number, rules corrected within their company, exports."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry
from integrations.models import (
    CoperniqConnection,
    FieldMapping,
    InboundEvent,
    Kind,
    PhaseTrigger,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncRun,
    SyncSettings,
)
from tests.factories import held_run, preview_run, record_link

RUNS = reverse("admin:integrations_syncrun_changelist")
LINKS = reverse("admin:integrations_recordlink_changelist")


def act(client: Client, address: str, action: str, *rows: Model) -> Any:
    chosen = [str(row.pk) for row in rows]
    return client.post(address, {"action": action, "_selected_action": chosen}, follow=True)


def state(row: SyncRun) -> str:
    row.refresh_from_db()
    return row.state


def test_retry_says_how_many(acme_books: QuickBooksConnection, client_of_sam: Client) -> None:
    rows = [held_run(acme_books, "1"), held_run(acme_books, "2")]
    answer = act(client_of_sam, RUNS, "retry", *rows)
    assert "2 of 2 runs are tried again" in answer.text
    assert [state(row) for row in rows] == [RunState.QUEUED] * 2
    assert AuditLogEntry.objects.filter(verb="retry").count() == 2


def test_previews_are_released_and_held_runs_discarded_by_admins(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    shown, match = preview_run(acme_books, "1"), held_run(acme_books, "2")
    assert "1 previews were released" in act(client_of_alice, RUNS, "release_previews", shown, match).text
    assert state(shown) == RunState.QUEUED
    assert "1 runs were discarded" in act(client_of_alice, RUNS, "discard", match).text
    assert state(match) == RunState.CANCELLED


@pytest.mark.parametrize("action", ["release_previews", "discard"])
def test_staff_and_finance_are_not_offered_decisions(
    acme_books: QuickBooksConnection, client_of_sam: Client, client_of_frank: Client, action: str
) -> None:
    row = preview_run(acme_books)
    for client in (client_of_sam, client_of_frank):
        assert action not in client.get(RUNS).text
        act(client, RUNS, action, row)
    assert state(row) == RunState.HELD


@pytest.mark.parametrize("action", ["retry", "release_previews", "discard"])
def test_posted_ids_of_another_company_are_left_alone(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_alice: Client, action: str
) -> None:
    own, theirs = preview_run(acme_books, "1"), preview_run(bolt_books, "1")
    act(client_of_alice, RUNS, action, own, theirs)
    assert state(own) != RunState.HELD
    assert state(theirs) == RunState.HELD


def test_events_are_routed_again(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    mine, theirs = (
        InboundEvent.objects.create(
            company=connection.company, source="person", key="1", planned_at=timezone.now(), outcome="ignored"
        )
        for connection in (acme_books, bolt_books)
    )
    address = reverse("admin:integrations_inboundevent_changelist")
    assert "1 events are processed again" in act(client_of_alice, address, "route_again", mine, theirs).text
    assert set(InboundEvent.objects.unplanned()) == {mine}
    assert AuditLogEntry.objects.get().before == "ignored"


def test_poll_now_makes_the_poll_due(acme_books: QuickBooksConnection, client_of_sam: Client) -> None:
    later = timezone.now() + timedelta(hours=1)
    CoperniqConnection.objects.update(next_poll_at=later)
    row = acme_books.company.coperniq
    address = reverse("admin:integrations_coperniqconnection_changelist")
    assert "1 connected Coperniq accounts are polled now" in act(client_of_sam, address, "poll_now", row).text
    row.refresh_from_db()
    assert row.next_poll_at < later


@pytest.fixture
def trigger(acme_books: QuickBooksConnection) -> PhaseTrigger:
    return PhaseTrigger.objects.create(
        connection=acme_books,
        workflow_id="11",
        workflow_name="Residential",
        phase_template_id="101",
        phase_name="Sold",
        saved_at=timezone.now() - timedelta(days=9),
    )


def change(client: Client, row: Model, **fields: Any) -> Any:
    address = reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])
    return client.post(address, fields)


def test_another_phase_counts_from_now_on(trigger: PhaseTrigger, client_of_alice: Client) -> None:
    answer = change(client_of_alice, trigger, phase_template_id="102", reentry="once", preview="on")
    assert answer.status_code == 302
    saved = PhaseTrigger.objects.get()
    assert (saved.phase_name, saved.reentry, saved.preview) == ("Installed", "once", True)
    assert timezone.now() - saved.saved_at < timedelta(minutes=1)
    assert {"configure"} == set(AuditLogEntry.objects.values_list("verb", flat=True))


def test_the_same_phase_keeps_the_moment_it_was_saved(trigger: PhaseTrigger, client_of_alice: Client) -> None:
    change(client_of_alice, trigger, phase_template_id="101", reentry="ask")
    saved = PhaseTrigger.objects.get()
    assert (saved.reentry, saved.saved_at) == ("ask", trigger.saved_at)


@pytest.mark.parametrize("phase_id", ["201", "", "999"])
def test_a_phase_of_another_workflow_is_no_choice(
    trigger: PhaseTrigger, client_of_alice: Client, phase_id: str
) -> None:
    assert change(client_of_alice, trigger, phase_template_id=phase_id, reentry="once").status_code == 200
    assert PhaseTrigger.objects.get().phase_template_id == "101"


def test_a_lost_phase_stays_a_choice_until_another_is_made(
    trigger: PhaseTrigger, client_of_alice: Client
) -> None:
    PhaseTrigger.objects.update(phase_template_id="999", phase_name="Handover")
    page = client_of_alice.get(reverse("admin:integrations_phasetrigger_change", args=[trigger.pk]))
    assert '<option value="999" selected>Handover (no longer in Coperniq)</option>' in page.text
    assert change(client_of_alice, trigger, phase_template_id="999", reentry="once").status_code == 302


def test_a_company_not_in_dollars_gets_no_new_trigger(trigger: PhaseTrigger, client_of_alice: Client) -> None:
    QuickBooksConnection.objects.update(home_currency="CAD")
    answer = change(client_of_alice, trigger, phase_template_id="102", reentry="once")
    assert "CAD" in answer.text
    assert PhaseTrigger.objects.get().phase_template_id == "101"


def test_rules_are_changed_by_admins_of_their_company_alone(
    trigger: PhaseTrigger,
    bolt_books: QuickBooksConnection,
    client_of_sam: Client,
    client_of_frank: Client,
    client_of_alice: Client,
) -> None:
    fields = {"phase_template_id": "102", "reentry": "once"}
    for client in (client_of_sam, client_of_frank):
        assert change(client, trigger, **fields).status_code == 403
    assert change(client_of_alice, bolt_books.settings, matching_strategy="skip").status_code == 404
    assert PhaseTrigger.objects.get().phase_template_id == "101"
    assert SyncSettings.objects.get(connection=bolt_books).matching_strategy == "enrich"


def test_a_rule_cannot_be_moved_to_another_companys_books(
    trigger: PhaseTrigger, bolt_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    fields = {"phase_template_id": "102", "reentry": "once", "connection": bolt_books.pk}
    change(client_of_alice, trigger, **fields)
    assert PhaseTrigger.objects.get().connection == trigger.connection


@pytest.mark.parametrize(
    ("path", "source", "kept"),
    [
        ("PrimaryPhone.FreeFormNumber", "custom: mobile ", "custom:mobile"),
        ("PrimaryPhone.FreeFormNumber", "", ""),
        ("PrimaryPhone.FreeFormNumber", "shoe_size", "phone"),
        ("DisplayName", "", "name"),
    ],
)
def test_mappings_follow_the_rule_of_the_configuration_page(
    acme_books: QuickBooksConnection, client_of_alice: Client, path: str, source: str, kept: str
) -> None:
    row = FieldMapping.objects.get(connection=acme_books, quickbooks_field=path)
    change(client_of_alice, row, source=source)
    row.refresh_from_db()
    assert row.source == kept


def exported(client: Client) -> Any:
    names = client.get(f"{LINKS}export/").context["form"].fields
    columns = {name: "on" for name in names if name.startswith("recordlinkresource_")}
    return client.post(f"{LINKS}export/", {"format": "0", "resource": "0", **columns})


@pytest.fixture
def formula(acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection) -> RecordLink:
    record_link(bolt_books, Kind.CUSTOMER, "theirs")
    row = record_link(acme_books, Kind.CUSTOMER, "1")
    row.coperniq_name, row.quickbooks_name, row.amount_cents = "=cmd|' /C calc'!A0", "+1 Smith", -500
    row.coperniq_snapshot = {"DisplayName": "image-stays-here"}
    row.save()
    return row


def test_links_leave_as_csv_without_formulas_and_of_the_own_company(
    formula: RecordLink, client_of_frank: Client
) -> None:
    answer = exported(client_of_frank)
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["coperniq_name"] == "'=cmd|' /C calc'!A0"
    assert row["quickbooks_name"] == "'+1 Smith"
    assert row["amount_cents"] == "-500"
    assert row["company"] == "Acme Solar"
    assert "image-stays-here" not in answer.text
    assert AuditLogEntry.objects.filter(verb="export", company=formula.connection.company).exists()


def test_staff_export_nothing(formula: RecordLink, client_of_sam: Client) -> None:
    assert client_of_sam.get(f"{LINKS}export/").status_code == 403
    assert client_of_sam.post(f"{LINKS}export/", {"format": "0"}).status_code == 403


def test_releasing_previews_leaves_other_questions_unanswered(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    """A question about money, whose choices might even be spelled alike, is not answered by a bulk release."""
    shown = preview_run(acme_books, "1")
    deleted = held_run(
        acme_books,
        "2",
        cause="quickbooks_invoice_deleted",
        choices=[
            {"key": "release", "label": "Decline it in Coperniq too", "question": "deleted_in_quickbooks"}
        ],
    )
    page = act(client_of_alice, RUNS, "release_previews", shown, deleted).text
    assert "1 previews were released" in page
    assert "1 left out: asks something else." in page
    assert state(deleted) == RunState.HELD
    assert not deleted.decisions
