"""The pages of records sent together, and of one record now."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLogEntry, User
from accounts.roles import Role
from integrations.models import Batch, CoperniqConnection, PhaseTrigger, SyncSettings
from tests.factories import SignIn, person
from tests.portal_harness import PortalHarness
from tests.sync.test_batches import first_day, invoice_on, project_in, switch_on, written

pytestmark = pytest.mark.django_db
__all__ = ["first_day"]

PAGE = "/integrations/batches/"


@pytest.fixture
def admin(first_day: PortalHarness, sign_in: SignIn) -> Client:
    return sign_in(person("anna", (first_day.company, Role.ADMIN)))


def post(client: Client, path: str, **fields: Any) -> Any:
    return client.post(path, {"company": "brightfield", **fields}, headers={"Accept": "application/json"})


def command(name: str, *arguments: str) -> Any:
    out = io.StringIO()
    call_command(name, "--company", "brightfield", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_choose_look_start_and_follow(first_day: PortalHarness, admin: Client) -> None:
    portal = first_day
    john = project_in(portal, "John <b>Smith</b>", "Installation")
    invoice_on(portal, john, 120)
    switch_on(portal)

    answer = post(admin, f"{PAGE}look/", selection="projects", with_invoices="on")
    page = f"{PAGE}{answer.json()['batch']}/"
    moving = admin.get(page)
    assert moving.headers["Refresh"]
    assert b"being looked at" in moving.content
    portal.work()

    ready = admin.get(f"{page}?format=json").json()
    assert (ready["state"], ready["total_cents"]) == ("ready", 12000)
    assert ready["found"] == {"customer": {"create": 1}, "invoice": {"create": 1}, "job": {"create": 1}}
    assert {record["kind"] for record in ready["records"]} == {"customer", "job", "invoice"}
    shown = admin.get(page)
    assert "Refresh" not in shown.headers
    assert b"$120" in shown.content
    assert b"<b>Smith" not in shown.content

    assert post(admin, f"{page}start/").json() == {"ok": True}
    portal.work()
    after = admin.get(f"{page}?format=json").json()
    assert (after["state"], after["progress"]["done"], after["progress"]["percent"]) == ("done", 2, 100)
    assert {record["status"] for record in after["records"]} == {"done"}, "its customer, too"
    assert "Will be created" not in admin.get(page).text
    assert len(written(portal, "Invoice")) == 1
    entries = admin.get(f"/integrations/log/?format=json&batch={after['id']}").json()["entries"]
    assert {"customer", "job", "invoice"} <= {entry["kind"] for entry in entries}
    assert admin.get("/integrations/log/?batch=7777&format=json").json()["entries"] == []
    assert post(admin, f"{page}start/").status_code == 400
    assert AuditLogEntry.objects.filter(verb="start", target__startswith="batch").exists()
    assert (
        admin.get(PAGE).status_code == admin.get(f"/integrations/log/?batch={after['id']}").status_code == 200
    )


def test_only_admins_of_the_company_send(
    first_day: PortalHarness, sign_in: SignIn, bob: User, admin: Client
) -> None:
    frank = sign_in(person("frank", (first_day.company, Role.FINANCE)))
    assert post(frank, f"{PAGE}look/", selection="items").status_code == 403
    pk = post(admin, f"{PAGE}look/", selection="items").json()["batch"]
    assert frank.get(f"{PAGE}{pk}/").status_code == 200
    for verb in ("start", "pause", "resume", "cancel"):
        assert post(frank, f"{PAGE}{pk}/{verb}/").status_code == 403
    of_another_company = sign_in(bob)
    assert of_another_company.get(f"{PAGE}{pk}/").status_code == 404
    assert of_another_company.get(f"{PAGE}?format=json").json() == {"batches": []}
    assert of_another_company.post(f"{PAGE}{pk}/cancel/", {"company": "bolt"}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"selection": "everything"}, "selection"),
        ({"selection": "invoices"}, "with_invoices"),
        ({"selection": "projects", "with_invoices": "on"}, "with_invoices"),
        ({"selection": "projects", "workflow": "999"}, "workflow"),
        ({"selection": "record"}, "record"),
        ({"selection": "invoices", "since": "yesterday"}, "since"),
    ],
)
def test_what_cannot_be_chosen_is_refused(admin: Client, fields: dict[str, str], named: str) -> None:
    answer = post(admin, f"{PAGE}look/", **fields)
    assert answer.status_code == 400
    assert named in answer.json()["errors"]
    assert not Batch.objects.exists()


def test_the_commands_do_the_same(first_day: PortalHarness) -> None:
    portal = first_day
    project = project_in(portal, "John Smith", "Installation")
    early = project_in(portal, "Early Bird", "Welcome")
    switch_on(portal)
    looked = command("batch", "look", "selection=projects", "with_invoices=on")
    assert looked["state"] == "reading"
    portal.work()
    assert command("batch", "status", "--id", str(looked["id"]))["found"]["job"] == {"create": 1}
    assert command("batch", "start")["state"] == "running"
    assert command("batch", "pause")["state"] == "paused"
    assert command("batch", "resume")["state"] == "running"
    portal.work()
    assert command("batch", "status")["batches"][0]["progress"]["done"] == 1
    with pytest.raises(CommandError):
        command("batch", "cancel")
    again = command("sync_now", "--record", f"project:{project['number']}")
    portal.work()
    assert command("batch", "status", "--id", str(again["id"]))["state"] == "done"
    refused = command("sync_now", "--record", f"project:{early['number']}")
    portal.work()
    assert command("batch", "status", "--id", str(refused["id"]))["state"] == "ready"
    assert command("sync_now", "--record", f"project:{early['number']}", "--anyway")["state"] == "reading"
    portal.work()
    assert len(written(portal, "Customer")) == 4


def test_without_a_trigger_projects_cannot_be_chosen(admin: Client) -> None:
    PhaseTrigger.objects.all().delete()
    SyncSettings.objects.update(invoice_sync=True)
    answer = post(admin, f"{PAGE}look/", selection="projects")
    assert answer.json()["errors"].keys() == {"workflow"}


def test_the_cards_say_what_is_not_in_quickbooks_and_ask_before_switching_off(
    first_day: PortalHarness, admin: Client
) -> None:
    portal = first_day
    john = project_in(portal, "John Smith", "Installation")
    project_in(portal, "Maria Garcia", "Billing")
    project_in(portal, "Early Bird", "Welcome")
    invoice_on(portal, john, 100)
    switch_on(portal)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    portal.work(polls=True)
    portal.simulator.forget_log()
    page = admin.get("/integrations/quickbooks/").text
    assert "2 projects are in or past Installation, 2 are not in QuickBooks" in page
    assert "1 invoice in Coperniq is not in QuickBooks" in page
    assert portal.simulator.log() == []  # a page calls no vendor

    portal.work()
    batch = post(admin, f"{PAGE}look/", selection="record", record=f"project:{john['number']}").json()[
        "batch"
    ]
    portal.work()
    assert Batch.objects.get(pk=batch).state == "done"
    assert "1 is not in QuickBooks" in admin.get("/integrations/quickbooks/").text

    # Off only after the question, by page; by script at once.
    asked = admin.get("/integrations/quickbooks/?ask=off").text
    assert "Switch invoice and payment syncing off?" in asked
    assert SyncSettings.objects.get(connection=portal.quickbooks).invoice_sync
    assert post(admin, "/integrations/quickbooks/invoice-sync/", enabled="off").json() == {"ok": True}
    assert not SyncSettings.objects.get(connection=portal.quickbooks).invoice_sync
    assert (
        "Switch invoice and payment syncing off?" not in admin.get("/integrations/quickbooks/?ask=off").text
    )


def test_a_record_is_synced_now_from_its_timeline_and_from_a_search(
    first_day: PortalHarness, admin: Client
) -> None:
    portal = first_day
    project_in(portal, "John Smith", "Installation")
    switch_on(portal)
    post(admin, f"{PAGE}look/", selection="projects")
    portal.work()
    batch = Batch.objects.get()
    post(admin, f"{PAGE}{batch.pk}/start/")
    portal.work()
    entry = next(
        row
        for row in admin.get("/integrations/log/?format=json").json()["entries"]
        if row["kind"] == "customer"
    )
    page = admin.get(f"/integrations/log/{entry['id']}/").text
    named = f"customer:id={entry['coperniq_id']}"
    assert named in page
    answer = post(admin, f"{PAGE}look/", selection="record", record=named)
    portal.work()
    assert Batch.objects.get(pk=answer.json()["batch"]).state == "done"
    found = admin.get("/integrations/log/?q=12345").text
    assert "/integrations/batches/?record=12345#choose-record" in found
    assert 'value="12345"' in admin.get("/integrations/batches/?record=12345").text
