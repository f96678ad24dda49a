"""Records that a person sends together: looked at first, then sent by ordinary runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations import batches
from integrations.batches import create_batch, findings_of, progress_of
from integrations.models import (
    Batch,
    CoperniqConnection,
    InvoiceSyncPeriod,
    PhaseEntry,
    PhaseTrigger,
    Reentry,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import API_KEY

pytestmark = pytest.mark.django_db


@pytest.fixture
def first_day(portal: PortalHarness) -> PortalHarness:
    """An account in use before the portal: the trigger was saved after everything that is in Coperniq."""
    portal.coperniq.workflows = [
        {"id": str(portal.workflow["id"]), "name": "Solar", "phases": [
            {"id": str(phase["id"]), "name": phase["name"]} for phase in portal.workflow["phases"]
        ]}
    ]  # fmt: skip
    portal.coperniq.workflows_read_at = timezone.now()
    portal.coperniq.save()
    return portal


def project_in(portal: PortalHarness, title: str, phase: str, **fields: Any) -> dict[str, Any]:
    account = portal.account(title, **fields)
    project = portal.project(account, f"{title} House")
    if phase != "Welcome":
        portal.simulator.start_phase(project["id"], portal.phases[phase])
    return {**project, "account": account}


def invoice_on(portal: PortalHarness, project: dict[str, Any], dollars: int, **fields: Any) -> dict[str, Any]:
    item = portal.simulator.make("catalog-items", name=f"Work of {project['title']} {dollars}")
    line = {"catalogItemId": item["id"], "quantity": 1, "unitPrice": dollars, "description": "as agreed"}
    return portal.simulator.make(
        "invoices", **{"recordId": project["id"], "lineItems": [line], "status": "SENT",
                       "issueDate": timezone.now().isoformat(), **fields}
    )  # fmt: skip


def switch_on(portal: PortalHarness) -> None:
    """The trigger and invoice syncing begin now, after all that was made before."""
    later = timezone.now() + timedelta(seconds=2)
    PhaseTrigger.objects.update(saved_at=later)
    InvoiceSyncPeriod.objects.create(connection=portal.quickbooks, on_at=later)
    SyncSettings.objects.filter(connection=portal.quickbooks).update(invoice_sync=True, fallback_item="1")


def look(portal: PortalHarness, selection: str = "projects", **chosen: Any) -> Batch:
    batch = create_batch(portal.quickbooks, None, selection=selection, **chosen)
    portal.work()
    batch.refresh_from_db()
    return batch


def send(portal: PortalHarness, batch: Batch, **options: Any) -> Batch:
    batches.start(batch, None, **options)
    portal.work()
    batch.refresh_from_db()
    return batch


def shown(batch: Batch) -> dict[str, tuple[str, str]]:
    return {row.name: (row.finding, row.quickbooks_name) for row in batch.records.all()}


def written(portal: PortalHarness, entity: str) -> list[str]:
    rows = portal.simulator.state()["quickbooks"][portal.realm].get(entity, [])
    return sorted(row.get("DisplayName") or row.get("DocNumber", "") for row in rows)


def test_what_was_shown_is_what_is_written_and_once(first_day: PortalHarness) -> None:
    portal = first_day
    portal.simulator.in_books(portal.realm, DisplayName="Maria Garcia")
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="Sunline Supply")
    john = project_in(portal, "John Smith", "Installation")
    maria = project_in(portal, "Maria Garcia", "Billing")
    project_in(portal, "Early Bird", "Welcome")
    vendor = project_in(portal, "Sunline Supply", "Installation")
    numbers = [invoice_on(portal, john, 100), invoice_on(portal, maria, 250), invoice_on(portal, vendor, 70)]
    declined = invoice_on(portal, john, 999)
    portal.simulator.control(f"coperniq/{API_KEY}/invoices/{declined['id']}/decline")
    switch_on(portal)
    portal.simulator.forget_log()

    batch = look(portal, with_invoices=True)

    assert batch.state == Batch.State.READY
    assert portal.simulator.log(write=True) == []
    assert SyncLogEntry.objects.count() == 0
    found = shown(batch)
    assert found["John Smith"] == ("create", "John Smith")
    assert found["Maria Garcia"] == ("match", "Maria Garcia")
    assert found["Sunline Supply"][0] == "attention"
    assert found["John Smith House"][0] == found["Maria Garcia House"][0] == "create"
    assert found["Sunline Supply House"][0] == "waits"
    assert "Early Bird House" not in found
    assert findings_of(batch)["invoice"] == {"create": 2, "waits": 1, "skipped": 1}
    assert batches.total_cents(batch) == 42000

    batch = send(portal, batch)

    assert batch.state == Batch.State.DONE
    customers = set(written(portal, "Customer"))
    jobs = {
        name for kind, (finding, name) in found.items() if kind.endswith(" House") and finding == "create"
    }
    assert customers == {"John Smith", "Maria Garcia"} | jobs
    assert written(portal, "Invoice") == sorted(str(each["uid"]) for each in numbers[:2])
    progress = progress_of(batch)
    assert (progress.done, progress.attention, progress.waiting) == (4, 1, 1)
    assert portal.held().cause == "name_taken"
    assert SyncLogEntry.objects.filter(run__batch=batch, outcome="done").exists()

    portal.simulator.forget_log()
    second = look(portal, with_invoices=True)
    assert findings_of(second)["invoice"] == {"linked": 2, "asked": 1, "skipped": 1}
    assert {row.finding for row in second.records.filter(kind="job")} == {"linked", "asked"}
    with pytest.raises(ValidationError):
        batches.start(second, None)
    assert portal.simulator.log(write=True) == []

    portal.decide("create_with_suffix")
    assert written(portal, "Invoice") == sorted(str(each["uid"]) for each in numbers)


def test_two_accounts_of_one_name_are_shown_as_they_will_end(first_day: PortalHarness) -> None:
    portal = first_day
    for _ in range(2):
        project_in(portal, "Ann Lee", "Installation")
    switch_on(portal)
    batch = look(portal)
    assert sorted(batch.records.filter(kind="customer").values_list("finding", flat=True)) == [
        "attention",
        "create",
    ]
    send(portal, batch)
    assert len(written(portal, "Customer")) == 2
    assert portal.held().cause == "match_already_linked"


def test_a_batch_pauses_goes_on_and_is_cancelled(
    first_day: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Portions of two: what was handed over is finished, the rest waits; a cancelled one sends no more."""
    monkeypatch.setattr("integrations.sync.batches.sending._AT_ONCE", 2)
    portal = first_day
    for number in range(5):
        project_in(portal, f"Customer {number}", "Installation")
    switch_on(portal)
    batch = look(portal)
    batches.start(batch, None)
    portal.work_once()
    batches.pause(batch, None)
    portal.work()
    batch.refresh_from_db()
    progress = progress_of(batch)
    assert (batch.state, progress.done, progress.to_do) == (Batch.State.PAUSED, 2, 3)
    with pytest.raises(ValidationError):
        create_batch(portal.quickbooks, None, selection="projects")

    batches.resume(batch, None)
    portal.work_once()
    queued = SyncRun.objects.filter(batch=batch, action="notice_entry", state="queued").count()
    assert queued == 2
    batches.cancel(batch, None)
    portal.work()
    assert len(written(portal, "Customer")) == 4  # two customers, two jobs
    assert SyncRun.objects.filter(batch=batch, state="cancelled").count() >= 2
    assert not SyncRun.objects.unfinished().exists()

    again = send(portal, look(portal))
    assert (again.state, len(written(portal, "Customer"))) == (Batch.State.DONE, 10)
    nothing = look(portal)
    with pytest.raises(ValidationError):
        batches.start(nothing, None)


def test_no_portion_follows_before_the_one_before_is_nearly_done(
    first_day: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.sync.batches.sending._AT_ONCE", 2)
    for number in range(5):
        project_in(first_day, f"Customer {number}", "Installation")
    switch_on(first_day)
    batch = look(first_day)
    batches.start(batch, None)
    for _ in range(3):
        first_day.work_once()
        assert SyncRun.objects.unfinished().filter(batch=batch, action="notice_entry").count() == 2


def test_what_people_do_overtakes_a_batch(first_day: PortalHarness) -> None:
    portal = first_day
    for number in range(12):
        project_in(portal, f"Old {number:02}", "Installation")
    late = project_in(portal, "Late Arrival", "Welcome")
    switch_on(portal)
    PhaseTrigger.objects.update(saved_at=timezone.now() - timedelta(minutes=1))
    batch = look(portal)
    batches.start(batch, None)
    for _ in range(4):
        portal.work_once()
    before = SyncLogEntry.objects.count()
    portal.enter(late)
    for _ in range(3):
        portal.work_once()
    names = list(SyncLogEntry.objects.order_by("id")[before:].values_list("record_name", flat=True))
    assert any("Late Arrival" in name for name in names), names
    portal.work()
    assert len(written(portal, "Customer")) == 26


def test_an_entry_into_the_phase_is_not_sent_a_second_time(first_day: PortalHarness) -> None:
    """The project entered after the trigger was saved: the batch is first, and the event then finds it known."""
    portal = first_day
    PhaseTrigger.objects.update(reentry=Reentry.ASK)
    project = project_in(portal, "John Smith", "Installation")
    batch = send(portal, look(portal))
    assert batch.state == Batch.State.DONE
    assert PhaseEntry.objects.filter(project_id=str(project["id"])).count() == 1
    writes = len(portal.simulator.log("quickbooks", write=True))
    portal.ring(project)
    portal.work()
    assert len(portal.simulator.log("quickbooks", write=True)) == writes
    assert not SyncRun.objects.held().exists()


def test_another_company_is_not_concerned(first_day: PortalHarness) -> None:
    portal = first_day
    other = open_portal(portal.simulator, "other", "key-of-the-second-company")
    project_in(portal, "John Smith", "Installation")
    switch_on(portal)
    batch = send(portal, look(portal))
    assert batch.state == Batch.State.DONE
    assert not SyncRun.objects.filter(company=other.company).exists()
    assert written(other, "Customer") == []


def test_open_invoices_bring_their_projects_and_payments(first_day: PortalHarness) -> None:
    portal = first_day
    john = project_in(portal, "John Smith", "Billing")
    early = project_in(portal, "Early Bird", "Welcome")
    half_paid, waiting = invoice_on(portal, john, 100), invoice_on(portal, early, 50)
    full = invoice_on(portal, john, 70)
    for invoice, dollars in ((half_paid, 40), (full, 70)):
        path = f"coperniq/{API_KEY}/invoices/{invoice['id']}/payments"
        portal.simulator.control(path, {"amount": dollars})
    switch_on(portal)
    batch = look(portal, "invoices", since=timezone.now().date() - timedelta(days=2))
    found = {row.number: row.finding for row in batch.records.filter(kind="invoice")}
    assert found == {str(half_paid["uid"]): "create", str(waiting["uid"]): "waits"}
    send(portal, batch)
    assert written(portal, "Invoice") == [str(half_paid["uid"])]
    payments = portal.simulator.state()["quickbooks"][portal.realm]["Payment"]
    assert [payment["TotalAmt"] for payment in payments] == [40]

    # Off and on again: what was waiting is still accepted.
    SyncSettings.objects.update(invoice_sync=False)
    InvoiceSyncPeriod.objects.update(off_at=timezone.now())
    SyncSettings.objects.update(invoice_sync=True)
    InvoiceSyncPeriod.objects.create(
        connection=portal.quickbooks, on_at=timezone.now() + timedelta(seconds=5)
    )
    PhaseTrigger.objects.update(saved_at=timezone.now() - timedelta(minutes=1))
    portal.enter(early)
    portal.work()
    assert written(portal, "Invoice") == sorted([str(half_paid["uid"]), str(waiting["uid"])])


def test_the_rest_of_the_day_s_calls_is_left_to_what_people_do(
    first_day: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = first_day
    project_in(portal, "John Smith", "Installation")
    switch_on(portal)
    batch = look(portal)
    monkeypatch.setattr("integrations.sync.batches.sending.is_scarce", lambda *_: True)
    batches.start(batch, None)
    portal.work_once()
    batch.refresh_from_db()
    assert batch.state == Batch.State.RUNNING
    assert batch.resumes_at is not None
    assert written(portal, "Customer") == []
    monkeypatch.undo()
    batches.pause(batch, None)
    batches.resume(batch, None)
    portal.work()
    assert len(written(portal, "Customer")) == 2


@pytest.mark.parametrize("wanted", ["project:{number}", "https://app.coperniq.io/x/projects/{id}?tab=1"])
def test_one_project_now(first_day: PortalHarness, wanted: str) -> None:
    portal = first_day
    project = project_in(portal, "John Smith", "Installation")
    early = project_in(portal, "Early Bird", "Welcome")
    invoice = invoice_on(portal, early, 60)
    switch_on(portal)
    batch = look(portal, "record", wanted=wanted.format(**project))
    assert (batch.state, len(written(portal, "Customer"))) == (Batch.State.DONE, 2)

    refused = look(portal, "record", wanted=f"invoice:{invoice['uid']}")
    assert refused.state == Batch.State.READY
    why = refused.records.order_by("id")[0].detail
    assert "is in Welcome; the trigger is Installation" in why
    assert send(portal, refused, anyway=True).state == Batch.State.DONE
    assert written(portal, "Invoice") == [str(invoice["uid"])]

    unknown = look(portal, "record", wanted="invoice:nowhere")
    assert unknown.state == Batch.State.READY
    assert not CoperniqConnection.objects.filter(poll_failures__gt=0).exists()


def test_the_catalog_is_linked_without_a_write(first_day: PortalHarness) -> None:
    portal = first_day
    income = next(
        row
        for row in portal.simulator.state()["quickbooks"][portal.realm]["Account"]
        if row["AccountType"] == "Income"
    )
    portal.simulator.in_books(
        portal.realm, "Item", Name="Permit", Type="Service", IncomeAccountRef={"value": income["Id"]}
    )
    for name in ("Permit", "Unknown work"):
        portal.simulator.make("catalog-items", name=name)
    portal.simulator.forget_log()
    batch = look(portal, "items")
    assert shown(batch) == {"Permit": ("match", "Permit"), "Unknown work": ("skipped", "")}
    assert send(portal, batch).state == Batch.State.DONE
    assert portal.link("item").quickbooks_name == "Permit"
    assert portal.simulator.log(write=True) == []
