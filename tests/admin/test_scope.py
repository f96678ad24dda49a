"""Every registered table, for every kind of person: nothing of another company, nothing secret, nothing editable."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.admin_site import site
from accounts.models import Company, User
from integrations.models import (
    CallCount,
    CoperniqConnection,
    ExternalPayment,
    FieldMapping,
    InboundEvent,
    InvoiceSyncPeriod,
    Kind,
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
from tests.views.lists import item

SCOPED: list[type[Model]] = [
    CallCount, CoperniqConnection, FieldMapping, ExternalPayment, InboundEvent, InvoiceSyncPeriod, PhaseEntry,
    PhaseTrigger, QuickBooksConnection, RecordLink, LookupList, RemoteWrite, PolledInvoice, SyncLogEntry, SyncRun,
    SyncSettings,
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
    return [
        InvoiceSyncPeriod.objects.create(connection=connection),
        LookupList.objects.create(connection=connection, name="items", rows=[item("1", name)]),
        PolledInvoice.objects.create(connection=keyed, invoice_id=name, version="1"),
        ExternalPayment.objects.create(connection=connection, quickbooks_id=name, **paid),
    ]


def test_every_model_of_the_integrations_is_registered() -> None:
    registered = set(site._registry)
    assert set(apps.get_app_config("integrations").get_models()) <= registered
    assert {apps.get_model(name) for name in QUEUE} <= registered


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_lists_hold_the_own_companys_rows_alone(
    acme_books: QuickBooksConnection,
    bolt_books: QuickBooksConnection,
    client_of_alice: Client,
    model: type[Model],
) -> None:
    mine, theirs = fill(acme_books), fill(bolt_books)
    page = client_of_alice.get(address(model))
    assert page.status_code == 200
    shown = set(page.context["cl"].result_list.values_list("pk", flat=True))
    assert mine[model].pk in shown
    assert theirs[model].pk not in shown
    assert "bolt" not in page.text.lower()


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_pages_of_other_companies_rows_do_not_exist(
    acme_books: QuickBooksConnection,
    bolt_books: QuickBooksConnection,
    client_of_alice: Client,
    model: type[Model],
) -> None:
    mine, theirs = fill(acme_books), fill(bolt_books)
    for page in ("change", "history", "delete"):
        assert client_of_alice.get(address(model, page, theirs[model].pk)).status_code in (403, 404)
    assert client_of_alice.get(address(model, "change", mine[model].pk)).status_code == 200


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_nothing_encrypted_is_ever_shown_even_to_the_operator(
    acme_books: QuickBooksConnection, client_of_olga: Client, model: type[Model]
) -> None:
    row = fill(acme_books)[model]
    text = client_of_olga.get(address(model, "change", row.pk)).text + client_of_olga.get(address(model)).text
    names = [field.name for field in model._meta.concrete_fields]
    secret = [name for name in names if name.endswith(("_encrypted", "_digest", "_snapshot"))]
    for name in secret:
        assert name not in text
        assert str(getattr(row, name)) not in text or getattr(row, name) in ("", {})


@pytest.mark.parametrize("model", [model for model in SCOPED if model not in RULES], ids=lambda m: m.__name__)
def test_facts_are_read_and_never_written(
    acme_books: QuickBooksConnection, client_of_alice: Client, client_of_olga: Client, model: type[Model]
) -> None:
    row = fill(acme_books)[model]
    before = model._default_manager.filter(pk=row.pk).values().get()
    fields = {field.name: "tampered" for field in model._meta.concrete_fields}
    for client in (client_of_alice, client_of_olga):
        assert client.post(address(model, "change", row.pk), fields).status_code == 403
        assert client.post(address(model, "add"), fields).status_code == 403
        assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("name", OPERATORS + QUEUE)
def test_how_the_machine_works_is_the_operators_alone(
    acme_books: QuickBooksConnection, client_of_alice: Client, client_of_olga: Client, name: str
) -> None:
    model = apps.get_model(name)
    assert client_of_alice.get(address(model)).status_code == 403
    assert client_of_olga.get(address(model)).status_code == 200
    assert client_of_olga.post(address(model, "add"), {}).status_code == 403


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_sealed_columns_cannot_be_guessed_at_by_filters(
    acme_books: QuickBooksConnection, client_of_alice: Client, model: type[Model]
) -> None:
    fill(acme_books)
    names = [field.name for field in model._meta.concrete_fields if field.name.endswith("_sealed")]
    for name in names:
        assert client_of_alice.get(address(model), {f"{name}__startswith": "g"}).status_code == 400


@pytest.mark.parametrize(
    "lookup",
    ["connection__company__name__startswith", "connection__access_token_sealed__startswith", "company__slug"],
)
def test_other_tables_cannot_be_probed_through_the_log(
    acme_books: QuickBooksConnection, client_of_alice: Client, lookup: str
) -> None:
    assert client_of_alice.get(address(SyncLogEntry), {lookup: "b"}).status_code == 400


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_a_list_of_many_rows_takes_few_queries(
    acme: Company,
    acme_books: QuickBooksConnection,
    client_of_olga: Client,
    model: type[Model],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    fill(acme_books)
    for number in range(20):
        multiply(acme_books, number)
    with django_assert_max_num_queries(12):
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
