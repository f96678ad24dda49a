"""Triggers and field mappings are added, changed and removed in the admin as on the configuration page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, User
from accounts.roles import Role
from integrations.models import CoperniqConnection, FieldMapping, PhaseTrigger, QuickBooksConnection
from tests.factories import OTHER_REALM, SignIn, coperniq_connection, person, quickbooks_connection

TRIGGER = {"workflow_id": "11", "phase_template_id": "101", "reentry": "once", "preview": "on"}
PHONE = "PrimaryPhone.FreeFormNumber"


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:integrations_{model._meta.model_name}_{page}", args=args)


def add(client: Client, model: type[Model], connection: QuickBooksConnection, **fields: str) -> Any:
    return client.post(address(model, "add"), {"connection": str(connection.pk), **fields})


def change(client: Client, row: Model, **fields: str) -> Any:
    return client.post(address(type(row), "change", row.pk), fields)


def remove(client: Client, row: Model) -> Any:
    return client.post(address(type(row), "delete", row.pk), {"post": "yes"})


@pytest.fixture
def trigger(acme_books: QuickBooksConnection) -> PhaseTrigger:
    return acme_books.triggers.create(workflow_id="11", phase_template_id="101", phase_name="Sold")


@pytest.fixture
def phone(acme_books: QuickBooksConnection) -> FieldMapping:
    return acme_books.mappings.get(quickbooks_field=PHONE)


@pytest.fixture
def client_of_nora(acme: Company, bolt: Company, sign_in: SignIn) -> Client:
    return sign_in(person("nora", (acme, Role.ADMIN), (bolt, Role.ADMIN)))


def acts() -> list[tuple[str, str, str]]:
    return list(AuditLogEntry.objects.order_by("pk").values_list("target", "before", "after"))


def test_an_added_trigger_is_as_one_of_the_configuration_page(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    CoperniqConnection.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    asked_at = timezone.now()
    assert add(client_of_alice, PhaseTrigger, acme_books, **TRIGGER).status_code == 302
    trigger = acme_books.triggers.get()
    assert (trigger.workflow_name, trigger.phase_name) == ("Residential", "Sold")
    assert (trigger.reentry, trigger.preview) == ("once", True)
    assert trigger.saved_at >= asked_at
    assert acts() == [("trigger.11", "", "101"), ("reentry.11", "", "once"), ("preview.11", "", "on")]
    act = AuditLogEntry.objects.earliest("pk")
    assert (act.verb, act.company, act.actor) == ("configure", acme_books.company, "alice@example.com")
    assert CoperniqConnection.objects.get().next_poll_at <= timezone.now()


def test_the_only_connection_is_chosen_and_its_workflows_are_offered(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    CoperniqConnection.objects.filter(company=bolt_books.company).update(
        workflows=[{"id": "77", "name": "Of Bolt", "phases": [{"id": "701", "name": "Of Bolt too"}]}]
    )
    page = client_of_alice.get(address(PhaseTrigger, "add")).text
    assert f'<option value="{acme_books.pk}" selected>' in page
    assert '<optgroup label="Residential">' in page
    assert "bolt" not in page.lower()
    assert (
        f'<option value="{acme_books.pk}" selected>' in client_of_alice.get(address(FieldMapping, "add")).text
    )


def test_of_several_companies_one_is_chosen_first(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_nora: Client
) -> None:
    page = client_of_nora.get(address(PhaseTrigger, "add")).text
    assert "Residential" not in page
    assert "choose one and save" in page
    answer = add(client_of_nora, PhaseTrigger, bolt_books)
    assert answer.status_code == 200
    assert "Residential" in answer.text
    assert add(client_of_nora, PhaseTrigger, bolt_books, **TRIGGER).status_code == 302
    assert bolt_books.triggers.exists()
    assert not acme_books.triggers.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"phase_template_id": "201"}, "The workflow “Residential” has no phase 201."),
        ({"workflow_id": "99"}, "Coperniq has no workflow 99."),
        ({"workflow_id": ""}, "This field is required."),
        ({"phase_template_id": ""}, "This field is required."),
        ({"reentry": "sometimes"}, "Choose one of: update, once, ask."),
    ],
)
def test_what_the_page_would_refuse_is_not_added(
    acme_books: QuickBooksConnection, client_of_alice: Client, fields: dict[str, str], words: str
) -> None:
    answer = add(client_of_alice, PhaseTrigger, acme_books, **{**TRIGGER, **fields})
    assert answer.status_code == 200
    assert words in answer.text
    assert not PhaseTrigger.objects.exists()
    assert not AuditLogEntry.objects.exists()


def test_a_company_not_in_dollars_gets_no_trigger(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    QuickBooksConnection.objects.update(home_currency="CAD")
    assert "US dollars" in add(client_of_alice, PhaseTrigger, acme_books, **TRIGGER).text
    assert not PhaseTrigger.objects.exists()


def test_a_workflow_has_one_trigger(trigger: PhaseTrigger, client_of_alice: Client) -> None:
    answer = add(client_of_alice, PhaseTrigger, trigger.connection, **TRIGGER | {"phase_template_id": "102"})
    assert "This workflow has a trigger already" in answer.text
    assert PhaseTrigger.objects.get().phase_template_id == "101"


def test_a_removed_trigger_is_gone_and_recorded(trigger: PhaseTrigger, client_of_alice: Client) -> None:
    assert client_of_alice.get(address(PhaseTrigger, "delete", trigger.pk)).status_code == 200
    assert remove(client_of_alice, trigger).status_code == 302
    assert not PhaseTrigger.objects.exists()
    assert acts()[0] == ("trigger.11", "101", "")


def test_a_mapping_is_removed_and_added_again(phone: FieldMapping, client_of_alice: Client) -> None:
    assert remove(client_of_alice, phone).status_code == 302
    assert not FieldMapping.objects.filter(quickbooks_field=PHONE).exists()
    answer = add(
        client_of_alice, FieldMapping, phone.connection, quickbooks_field=PHONE, source=" custom: mobile "
    )
    assert answer.status_code == 302
    assert FieldMapping.objects.get(quickbooks_field=PHONE).source == "custom:mobile"
    assert acts() == [(f"mapping.{PHONE}", "phone", ""), (f"mapping.{PHONE}", "", "custom:mobile")]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"quickbooks_field": PHONE, "source": "email"}, "This QuickBooks field is mapped already"),
        ({"quickbooks_field": "CompanyName", "source": "shoe_size"}, "Choose one of: name, title"),
        ({"quickbooks_field": "CompanyName", "source": "custom: "}, "custom:tax_number"),
        ({"quickbooks_field": "CompanyName", "source": ""}, "This field is required."),
        ({"quickbooks_field": "Balance", "source": "name"}, "“Balance” is not possible here."),
        ({"quickbooks_field": "", "source": "name"}, "This field cannot be blank."),
    ],
)
def test_mappings_the_page_would_refuse_are_not_added(
    phone: FieldMapping, client_of_alice: Client, fields: dict[str, str], words: str
) -> None:
    FieldMapping.objects.filter(quickbooks_field="CompanyName").delete()
    answer = add(client_of_alice, FieldMapping, phone.connection, **fields)
    assert answer.status_code == 200
    assert words in answer.text
    assert FieldMapping.objects.count() == 10
    assert not AuditLogEntry.objects.exists()


def test_the_name_of_customers_stays_mapped(
    phone: FieldMapping, client_of_alice: Client, client_of_olga: Client
) -> None:
    name = FieldMapping.objects.get(quickbooks_field="DisplayName")
    for client in (client_of_alice, client_of_olga):
        assert remove(client, name).status_code == 403
    assert FieldMapping.objects.filter(pk=name.pk).exists()


@pytest.mark.parametrize("model", [PhaseTrigger, FieldMapping])
def test_staff_and_finance_neither_add_nor_remove(
    trigger: PhaseTrigger,
    phone: FieldMapping,
    client_of_sam: Client,
    client_of_frank: Client,
    model: type[Model],
) -> None:
    row = {PhaseTrigger: trigger, FieldMapping: phone}[model]
    for client in (client_of_sam, client_of_frank):
        assert client.get(address(model, "change", row.pk)).status_code == 200
        assert client.get(address(model, "add")).status_code == 403
        assert add(client, model, trigger.connection, **TRIGGER).status_code == 403
        assert remove(client, row).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()
    assert not AuditLogEntry.objects.exists()


def test_a_connection_of_another_company_cannot_be_guessed(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    FieldMapping.objects.filter(quickbooks_field=PHONE).delete()
    for model, fields in (
        (PhaseTrigger, TRIGGER),
        (FieldMapping, {"quickbooks_field": PHONE, "source": "email"}),
    ):
        answer = add(client_of_alice, model, bolt_books, **fields)
        assert answer.status_code == 200
        assert "Select a valid choice" in answer.text
        prefilled = client_of_alice.get(address(model, "add"), {"connection": bolt_books.pk})
        assert "bolt" not in answer.text.lower() + prefilled.text.lower()
    assert not PhaseTrigger.objects.exists()
    assert not FieldMapping.objects.filter(quickbooks_field=PHONE).exists()


@pytest.mark.parametrize("guess", ["", "x", "0", "999999", "1 OR 1=1"])
def test_a_connection_that_is_none_is_refused(
    acme_books: QuickBooksConnection, client_of_alice: Client, guess: str
) -> None:
    form = {**TRIGGER, "connection": guess}
    assert client_of_alice.post(address(PhaseTrigger, "add"), form).status_code == 200
    assert not PhaseTrigger.objects.exists()


def test_rows_of_another_company_are_neither_changed_nor_removed(
    trigger: PhaseTrigger, phone: FieldMapping, bolt: Company, sign_in: SignIn
) -> None:
    bob: User = person("bob", (bolt, Role.ADMIN))
    quickbooks_connection(bolt, OTHER_REALM)
    coperniq_connection(bolt)
    client = sign_in(bob)
    for row in (trigger, phone):
        assert remove(client, row).status_code == 404
        assert change(client, row, phase_template_id="102", reentry="ask", source="email").status_code == 404
        row.refresh_from_db()
    assert (trigger.phase_template_id, phone.source) == ("101", "phone")


def test_an_admin_here_who_is_staff_there_adds_here_alone(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, sign_in: SignIn
) -> None:
    both = person("ines", (acme_books.company, Role.ADMIN), (bolt_books.company, Role.STAFF))
    client = sign_in(both)
    theirs = bolt_books.mappings.get(quickbooks_field=PHONE)
    assert add(client, PhaseTrigger, bolt_books, **TRIGGER).status_code == 200
    assert remove(client, theirs).status_code == 403
    assert add(client, PhaseTrigger, acme_books, **TRIGGER).status_code == 302
    assert [row.connection for row in PhaseTrigger.objects.all()] == [acme_books]
    assert FieldMapping.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize("state", ["archived", "disconnected"])
def test_rows_of_a_former_connection_are_read_only(
    trigger: PhaseTrigger, phone: FieldMapping, client_of_alice: Client, client_of_olga: Client, state: str
) -> None:
    QuickBooksConnection.objects.update(state=state)
    current = quickbooks_connection(trigger.connection.company, OTHER_REALM)
    for client in (client_of_alice, client_of_olga):
        for row in (trigger, phone):
            assert (
                change(client, row, phase_template_id="102", reentry="ask", source="email").status_code == 403
            )
            assert remove(client, row).status_code == 403
        answer = add(client, PhaseTrigger, trigger.connection, **TRIGGER | {"workflow_id": "12"})
        assert "Select a valid choice" in answer.text
    assert not current.triggers.exists()
    assert not AuditLogEntry.objects.exists()


def test_the_operator_adds_for_any_company(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_olga: Client
) -> None:
    assert add(client_of_olga, PhaseTrigger, bolt_books, **TRIGGER).status_code == 302
    assert AuditLogEntry.objects.earliest("pk").company == bolt_books.company


def test_a_row_that_is_added_can_be_gone_on_with(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    answer = add(client_of_alice, PhaseTrigger, acme_books, **TRIGGER, _continue="1")
    assert answer["Location"] == address(PhaseTrigger, "change", acme_books.triggers.get().pk)
