"""Every registered table, for every kind of person: nothing of another company, nothing secret, nothing editable."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db.models import IntegerField, Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.admin_site import site
from accounts.models import Company, User
from integrations.models import (
    Batch,
    BatchRecord,
    CallCount,
    CoperniqConnection,
    CustomerListRead,
    CustomerMatch,
    ExternalInvoice,
    ExternalPayment,
    FieldMapping,
    InboundEvent,
    InvoiceSyncPeriod,
    Kind,
    ListedCustomer,
    LookupList,
    PendingAuthorization,
    PhaseEntry,
    PhaseTrigger,
    PolledInvoice,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.models.encryption import encrypt
from tests.factories import held_run, log_entry, record_link
from tests.sampling import thinned
from tests.views.lists import item

SCOPED: list[type[Model]] = [
    Batch, BatchRecord,
    CallCount, CoperniqConnection, CustomerListRead, CustomerMatch, FieldMapping, ExternalInvoice, ExternalPayment,
    InboundEvent, InvoiceSyncPeriod, ListedCustomer, PhaseEntry, PhaseTrigger,
    QuickBooksConnection, RecordLink, LookupList, RemoteWrite, PolledInvoice, SyncLogEntry,
    SyncRun, SyncSettings,
]  # fmt: skip
OPERATORS = [
    "integrations.CompanyLease",
    "integrations.RateLimitState",
    "integrations.Heartbeat",
    "integrations.EventCount",
]
QUEUE = ["django_q.OrmQ", "django_q.Success", "django_q.Failure", "django_q.Schedule"]
RULES = (FieldMapping, PhaseTrigger, SyncSettings)


def address(model: type[Model], page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fill(connection: QuickBooksConnection) -> dict[type[Model], Any]:
    """A row of everything, named so that it would be recognised where it does not belong."""
    company, name = connection.company, f"{connection.company.slug}-row"
    trigger = PhaseTrigger.objects.create(
        connection=connection, workflow_id="11", workflow_name=name, phase_template_id="101"
    )
    event = InboundEvent.objects.create(company=company, source="person", key=name, name=name)
    started = PhaseEntry.objects.create(
        connection=connection,
        trigger=trigger,
        project_id=name,
        phase_instance_id="1",
        phase_template_id="101",
        started_at=event.received_at,
    )
    write = RemoteWrite.objects.create(
        connection=connection,
        kind=Kind.CUSTOMER,
        coperniq_id=name,
        entity="Customer",
        operation="create",
        body_encrypted=encrypt("sealed"),
    )
    CallCount.add(company.pk, "quickbooks", reads=1, writes=1)
    pair = record_link(connection, Kind.CUSTOMER, name)
    rows = [trigger, event, started, write, pair, log_entry(connection, record_name=name)]
    rows += [held_run(connection, record_name=name), company.coperniq, connection, connection.settings]
    rows += [CallCount.objects.get(company=company), connection.mappings.earliest("pk")]
    rows += noticed(connection, name)
    person = User.objects.create(email=f"{name}@acme.example", name=name)
    rows += [PendingAuthorization.objects.create(company=company, user=person, state_digest=name)]
    return {type(row): row for row in rows}


def noticed(connection: QuickBooksConnection, name: str) -> list[Model]:
    keyed = connection.company.coperniq
    paid = {"amount_cents": 100, "on": timezone.now().date(), "quickbooks_invoice_id": "1"}
    batch = Batch.objects.create(connection=connection, selection="record", wanted=name)
    return [
        batch,
        BatchRecord.objects.create(batch=batch, kind=Kind.JOB, coperniq_id=name, name=name),
        InvoiceSyncPeriod.objects.create(connection=connection),
        LookupList.objects.create(connection=connection, name="items", rows=[item("1", name)]),
        PolledInvoice.objects.create(connection=keyed, invoice_id=name, version="1"),
        ExternalPayment.objects.create(connection=connection, quickbooks_id=name, **paid),
        CustomerListRead.request(connection),
        CustomerMatch.objects.create(
            connection=connection, coperniq_id=name, coperniq_name=name, state=CustomerMatch.State.NONE
        ),
        ListedCustomer.objects.create(connection=connection, vendor="quickbooks", record_id=name, name=name),
        ExternalInvoice.objects.create(
            connection=connection,
            quickbooks_id=name,
            customer_id="1",
            total_cents=100,
            on=timezone.now().date(),
        ),
    ]


def test_every_model_of_the_integrations_is_registered() -> None:
    registered = set(site._registry)
    assert set(apps.get_app_config("integrations").get_models()) <= registered
    assert {apps.get_model(name) for name in QUEUE} <= registered


def test_the_own_companys_rows_alone_are_listed_and_opened(
    acme_books: QuickBooksConnection, bolt_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    mine, theirs = fill(acme_books), fill(bolt_books)
    for model in SCOPED:
        page = client_of_alice.get(address(model))
        assert page.status_code == 200, model
        shown = set(page.context["cl"].result_list.values_list("pk", flat=True))
        assert mine[model].pk in shown, model
        assert theirs[model].pk not in shown, model
        assert "bolt" not in page.text.lower(), model
        for name in ("change", "history", "delete"):
            status = client_of_alice.get(address(model, name, theirs[model].pk)).status_code
            assert status in (403, 404), (model, name)
        assert client_of_alice.get(address(model, "change", mine[model].pk)).status_code == 200, model


def test_nothing_encrypted_is_ever_shown_even_to_the_operator(
    acme_books: QuickBooksConnection, client_of_olga: Client
) -> None:
    rows = fill(acme_books)
    for model in SCOPED:
        row = rows[model]
        own, listed = address(model, "change", row.pk), address(model)
        text = client_of_olga.get(own).text + client_of_olga.get(listed).text
        for name in columns(model, "_encrypted", "_digest", "_snapshot"):
            assert name not in text, model
            assert str(getattr(row, name)) not in text or getattr(row, name) in ("", {}), (model, name)


def columns(model: type[Model], *endings: str) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if field.name.endswith(endings)]


def test_facts_are_read_and_never_written(
    acme_books: QuickBooksConnection, client_of_alice: Client, client_of_olga: Client
) -> None:
    rows = fill(acme_books)
    for model in [model for model in SCOPED if model not in RULES]:
        stored = model._default_manager.filter(pk=rows[model].pk).values()
        before = stored.get()
        fields = {field.name: "tampered" for field in model._meta.concrete_fields}
        for client in (client_of_alice, client_of_olga):
            assert client.post(address(model, "change", rows[model].pk), fields).status_code == 403, model
            assert client.post(address(model, "add"), fields).status_code == 403, model
            gone = client.post(address(model, "delete", rows[model].pk), {"post": "yes"})
            assert gone.status_code == 403, model
        assert stored.all().get() == before


def test_how_the_machine_works_is_the_operators_alone(
    acme_books: QuickBooksConnection, client_of_alice: Client, client_of_olga: Client
) -> None:
    for name in OPERATORS + QUEUE:
        model = apps.get_model(name)
        assert client_of_alice.get(address(model)).status_code == 403, name
        assert client_of_olga.get(address(model)).status_code == 200, name
        assert client_of_olga.post(address(model, "add"), {}).status_code == 403, name


def test_encrypted_columns_cannot_be_guessed_at_by_filters(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    fill(acme_books)
    guesses = [(model, name) for model in SCOPED for name in columns(model, "_encrypted", "_digest")]
    assert (QuickBooksConnection, "access_token_encrypted") in guesses
    for model, name in guesses:
        guess = {f"{name}__startswith": "g"}
        assert client_of_alice.get(address(model), guess).status_code == 400, (model, name)


@pytest.mark.parametrize(
    "lookup",
    [
        "connection__company__name__startswith",
        "connection__access_token_encrypted__startswith",
        "company__slug",
    ],
)
def test_other_tables_cannot_be_probed_through_the_log(
    acme_books: QuickBooksConnection, client_of_alice: Client, lookup: str
) -> None:
    assert client_of_alice.get(address(SyncLogEntry), {lookup: "b"}).status_code == 400


def test_a_list_of_many_rows_takes_few_queries(
    acme: Company,
    acme_books: QuickBooksConnection,
    client_of_olga: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    fill(acme_books)
    for number in range(20):
        multiply(acme_books, number)
    for model in SCOPED:
        with django_assert_max_num_queries(12, info=model.__name__):
            client_of_olga.get(address(model))


def multiply(connection: QuickBooksConnection, number: int) -> None:
    company, name = connection.company, str(number)
    event = InboundEvent.objects.create(company=company, source="person", key=f"{number}-many")
    trigger = PhaseTrigger.objects.create(
        connection=connection, workflow_id=f"many-{name}", phase_template_id="1"
    )
    PhaseEntry.objects.create(
        connection=connection,
        trigger=trigger,
        project_id=name,
        phase_instance_id=f"many-{name}",
        phase_template_id="1",
        started_at=event.received_at,
    )
    RemoteWrite.objects.create(
        connection=connection, kind="job", coperniq_id=name, entity="Customer", operation="create"
    )
    InvoiceSyncPeriod.objects.create(connection=connection)
    PolledInvoice.objects.create(connection=company.coperniq, invoice_id=f"many-{name}", version="1")
    record_link(connection, Kind.JOB, name)
    log_entry(connection, name, run=held_run(connection, f"many-{name}"))
    CallCount.objects.create(company=company, vendor="coperniq", on=f"2026-01-{number + 1:02}")


@pytest.mark.parametrize("key", thinned(["x", "", "1.5", "9" * 30, "1'", "-" + "9" * 30, "²", "9" * 5000], 3))
def test_chosen_rows_that_cannot_exist_are_refused(client_of_olga: Client, key: str) -> None:
    client_of_olga.raise_request_exception = False
    for model, page in site._registry.items():
        for action in ("retry", "discard", "export_admin_action", "no such action", "delete_selected"):
            form = {"action": action, "index": "0", "_selected_action": ["1", key]}
            status = client_of_olga.post(address(model), form).status_code
            is_text = not isinstance(model._meta.pk, IntegerField)
            assert status == 400 or (is_text and status < 500), (model, action)
        if hasattr(page, "get_valid_export_item_pks"):
            form = {"format": "0", "resource": "0", "export_items": [key]}
            assert client_of_olga.post(address(model, "export"), form).status_code < 500, model
