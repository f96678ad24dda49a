"""Rows and mocked vendors for tests: a company, its people, both connections, runs, links and log entries."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import responses
from django.conf import settings
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from requests import PreparedRequest

from accounts.models import Company, Membership, User
from accounts.roles import Role
from integrations.models import (
    Action,
    CoperniqConnection,
    Direction,
    FieldMapping,
    Heartbeat,
    Kind,
    Outcome,
    Question,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.models.encryption import encrypt

REALM = "9341450000000001"
OTHER_REALM = "9341450000000002"
ACCESS = "demo-access-token-of-acme"
REFRESH = "demo-refresh-token-of-acme"
API_KEY = "demo-coperniq-key"
WORKFLOWS = [
    {
        "id": 11,
        "name": "Residential",
        "phases": [{"id": 101, "name": "Sold"}, {"id": 102, "name": "Installed"}],
    },
    {"id": 12, "name": "Commercial", "phases": [{"id": 201, "name": "Signed"}]},
]
STORED_WORKFLOWS = [
    {
        "id": "11",
        "name": "Residential",
        "phases": [{"id": "101", "name": "Sold"}, {"id": "102", "name": "Installed"}],
    },
    {"id": "12", "name": "Commercial", "phases": [{"id": "201", "name": "Signed"}]},
]
JSON = {"accept": "application/json"}

SignIn: TypeAlias = Callable[[User], Client]


def company(name: str) -> Company:
    return Company.objects.create(name=f"{name.title()} Solar", slug=name, time_zone="America/Denver")


def person(name: str, *memberships: tuple[Company, Role]) -> User:
    user = User.objects.create_user(f"{name}@example.com", name=name.title())
    for employer, role in memberships:
        Membership.objects.create(user=user, company=employer, role=role)
    return user


def quickbooks_connection(owner: Company, realm: str = REALM, **values: Any) -> QuickBooksConnection:
    """Connected, as a consent leaves it, with a worker that has just been alive."""
    Heartbeat.record(Heartbeat.SUPERVISOR)
    tokens = {
        "access_token_encrypted": encrypt(ACCESS),
        "refresh_token_encrypted": encrypt(REFRESH),
        "access_expires_at": timezone.now() + timedelta(minutes=50),
    }
    named = {"company_name": f"{owner.name} Books", "home_currency": "USD", "country": "US"}
    connection = QuickBooksConnection.objects.create(
        company=owner, realm_id=realm, **{**tokens, **named, **values}
    )
    SyncSettings.objects.create(connection=connection)
    for path, source in FieldMapping.DEFAULTS.items():
        FieldMapping.objects.create(connection=connection, quickbooks_field=path, source=source)
    return connection


def coperniq_connection(owner: Company, api_key: str = API_KEY, **values: Any) -> CoperniqConnection:
    connection = CoperniqConnection(
        company=owner, api_key_encrypted=encrypt(api_key), **{"workflows": STORED_WORKFLOWS, **values}
    )
    connection.issue_webhook_token()
    connection.save()
    return connection


def sync_run(
    connection: QuickBooksConnection, state: RunState, coperniq_id: str = "1", **values: Any
) -> SyncRun:
    usual = {"kind": Kind.CUSTOMER, "action": Action.PUSH_CUSTOMER}
    return SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        coperniq_id=coperniq_id,
        state=state,
        **{**usual, **values},
    )


def record_answer(row: SyncRun, question: Question, answer: str, subject: str = "") -> None:
    """A person has answered this before."""
    row.decision_rows.create(question=question, answer=answer, subject=subject)
    SyncRun.objects.filter(pk=row.pk).update(has_decisions=True)


def record_link(connection: QuickBooksConnection, kind: Kind, coperniq_id: str, **values: Any) -> RecordLink:
    return RecordLink.objects.create(
        connection=connection,
        kind=kind,
        coperniq_id=coperniq_id,
        quickbooks_id=f"qb-{coperniq_id}",
        match_method=RecordLink.MatchMethod.CREATED,
        **values,
    )


class MockedVendors:
    """Both vendors at their real addresses, played by `responses`."""

    def __init__(self, stage: responses.RequestsMock) -> None:
        self.stage = stage

    def grants(self, access: str = ACCESS, refresh: str = REFRESH) -> None:
        body = {
            "token_type": "bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": 3600,
            "x_refresh_token_expires_in": 8726400,
        }
        self.stage.upsert("POST", settings.INTUIT_TOKEN_URL, json=body)

    def grants_nothing(self, error: str, status: int = 400) -> None:
        self.stage.upsert("POST", settings.INTUIT_TOKEN_URL, json={"error": error}, status=status)

    def has_books(self, realm: str = REALM, name: str = "Acme Books", currency: str = "USD") -> None:
        info = {"CompanyInfo": {"Id": "1", "CompanyName": name, "Country": "US"}}
        preferences = {
            "Preferences": {
                "CurrencyPrefs": {"HomeCurrency": {"value": currency}, "MultiCurrencyEnabled": False},
                "SalesFormsPrefs": {"CustomTxnNumbers": True},
                "AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"},
            }
        }
        self.stage.upsert("GET", self.books_at(realm, f"companyinfo/{realm}"), json=info)
        self.stage.upsert("GET", self.books_at(realm, "preferences"), json=preferences)

    def refuses_books(self, body: dict[str, Any], status: int, realm: str = REALM) -> None:
        self.stage.upsert("GET", self.books_at(realm, f"companyinfo/{realm}"), json=body, status=status)

    @staticmethod
    def books_at(realm: str, path: str) -> str:
        return f"{settings.QUICKBOOKS_API_URL}/v3/company/{realm}/{path}"

    def revokes(self, status: int = 200) -> None:
        self.stage.upsert("POST", settings.INTUIT_REVOKE_URL, body="", status=status)

    def has_workflows(self, workflows: list[dict[str, Any]] | None = None, status: int = 200) -> None:
        rows = WORKFLOWS if workflows is None else workflows
        self.stage.upsert("GET", f"{settings.COPERNIQ_API_URL}/workflows", json=rows, status=status)

    def has_record(self, path: str, status: int = 200) -> None:
        body = {"id": path.rpartition("/")[2], "title": "A record"} if status == 200 else {"message": "no"}
        self.stage.upsert("GET", f"{settings.COPERNIQ_API_URL}/{path}", json=body, status=status)

    def asked(self, url: str) -> list[PreparedRequest]:
        return [call.request for call in self.stage.calls if (call.request.url or "").startswith(url)]

    def revoked(self) -> list[str]:
        return [str(request.body) for request in self.asked(settings.INTUIT_REVOKE_URL)]


def press_connect(client: Client, **query: str) -> str:
    """A person presses Connect: the state that Intuit will bring back."""
    answer = client.post(reverse("integrations:connect_quickbooks"), query_params=query)
    assert answer.status_code == 302, answer.content
    return parse_qs(urlsplit(answer["Location"]).query)["state"][0]


def return_from_intuit(client: Client, state: str, realm: str = REALM, **query: str) -> Any:
    logged = {"state": state, "code": "demo-code", "realmId": realm, **query}
    return client.get(reverse("integrations:callback"), logged)


CHANGES = [{"field": "DisplayName", "before": "", "after": "John Smith"}]
PREVIEW_CHOICES = [
    {"key": "release", "label": "Write this to QuickBooks", "question": "preview"},
    {"key": "discard", "label": "Leave it"},
]
MATCH_CHOICES = [
    {"key": "link:58", "label": "Link to “Oak East”", "question": "customer"},
    {
        "key": "create_with_suffix",
        "label": "Create a new one with “#2” after the name",
        "question": "customer",
    },
    {"key": "retry", "label": "Try again"},
    {"key": "discard", "label": "Leave it"},
]


def log_entry(connection: QuickBooksConnection, coperniq_id: str = "1", **values: Any) -> SyncLogEntry:
    defaults = {
        "direction": Direction.PUSH,
        "kind": Kind.CUSTOMER,
        "outcome": Outcome.DONE,
        "sentence": "Created the customer “John Smith” in QuickBooks.",
        "record_name": "John Smith",
    }
    return SyncLogEntry.objects.create(
        company=connection.company, connection=connection, coperniq_id=coperniq_id, **{**defaults, **values}
    )


def held_run(connection: QuickBooksConnection, coperniq_id: str = "1", **values: Any) -> SyncRun:
    defaults = {
        "cause": "several_matches",
        "sentence": "QuickBooks has 2 customers that could be it.",
        "choices": MATCH_CHOICES,
    }
    return sync_run(connection, RunState.HELD, coperniq_id, **{**defaults, **values})


def preview_run(connection: QuickBooksConnection, coperniq_id: str = "1", **values: Any) -> SyncRun:
    planned = [{"operation": "update", "entity": "Customer", "quickbooks_id": "58", "changes": CHANGES}]
    shown = {"question": Question.PREVIEW, "question_subject": "plan-a"}
    defaults = {"cause": "preview", "choices": PREVIEW_CHOICES, "planned": planned, **shown}
    return held_run(connection, coperniq_id, **{"preview": True, **defaults, **values})


COMPARED = {"field": "Due date", "before": "2026-06-30", "coperniq": "2026-07-15", "quickbooks": ""}
CONFLICT_CHOICES = [
    {"key": "use_coperniq", "label": "Use what Coperniq has", "question": "side"},
    {"key": "use_quickbooks", "label": "Use what QuickBooks has", "question": "side"},
    {"key": "retry", "label": "Try again"},
]


def conflict_run(connection: QuickBooksConnection, **values: Any) -> SyncRun:
    """An invoice that both sides have changed."""
    defaults = {
        "kind": Kind.INVOICE,
        "action": Action.PUSH_INVOICE,
        "cause": "conflict",
        "sentence": "Both sides have changed invoice 1042.",
        "choices": CONFLICT_CHOICES,
        "planned": [{"compared": COMPARED}],
    }
    return held_run(connection, "11", **{**defaults, **values})


def read_csv(answer: Any) -> list[dict[str, str]]:
    assert isinstance(answer, StreamingHttpResponse)
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
