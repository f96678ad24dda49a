"""The address of Coperniq's webhooks holds a secret: who sees it, and how it is replaced."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, User
from integrations.models import CoperniqConnection, InboundEvent
from integrations.views import webhooks
from tests.factories import JSON, SignIn, coperniq_connection

STATUS = reverse("integrations:status")
REPLACE = reverse("integrations:replace_webhook")


@pytest.fixture
def coperniq(acme: Company) -> CoperniqConnection:
    webhooks._known_tokens.clear()
    return coperniq_connection(acme)


def path_of(connection: CoperniqConnection) -> str:
    connection.refresh_from_db()
    return reverse("integrations:webhook_coperniq", args=[connection.webhook_token])


def ring(client: Client, path: str) -> tuple[int, int]:
    """The answer's status, and how many events it has added."""
    before = InboundEvent.objects.count()
    body = json.dumps({"id": before + 1, "triggerKey": "project_phase_started", "data": {"id": 7}})
    answer = client.post(path, body, content_type="application/json")
    return answer.status_code, InboundEvent.objects.count() - before


def test_who_may_not_connect_does_not_see_the_address(
    sam: User, frank: User, alice: User, sign_in: SignIn, coperniq: CoperniqConnection
) -> None:
    seen = {user.email: sign_in(user).get(STATUS) for user in (sam, frank, alice)}
    assert seen[sam.email].json()["coperniq"]["webhook_address"] == ""
    assert coperniq.webhook_token not in seen[sam.email].content.decode()
    for path in ("/integrations/", "/integrations/quickbooks/", "/admin/integrations/coperniqconnection/"):
        assert coperniq.webhook_token not in sign_in(sam).get(path).content.decode()
    for user in (frank, alice):
        assert coperniq.webhook_token in seen[user.email].json()["coperniq"]["webhook_address"]


def test_an_admin_replaces_the_address(
    client: Client, alice: User, sign_in: SignIn, coperniq: CoperniqConnection
) -> None:
    first = path_of(coperniq)
    assert ring(client, first) == (200, 1)
    answer = sign_in(alice).post(REPLACE, headers=JSON)
    second = path_of(coperniq)
    assert answer.json()["webhook_address"].endswith(second)
    assert second != first
    assert ring(client, first) == (200, 1), "for an hour, also where the former one was known"
    assert ring(client, second) == (200, 1)
    CoperniqConnection.objects.update(former_webhook_token_until=timezone.now() - timedelta(seconds=1))
    assert ring(client, first) == (404, 0)
    assert ring(client, second) == (200, 1)
    act = AuditLogEntry.objects.get(verb="replace the webhook address")
    assert (act.user, act.company) == (alice, coperniq.company)
    assert coperniq.webhook_token not in f"{act.target}{act.before}{act.after}"


@pytest.mark.every_database
def test_replacing_twice_ends_the_first_address_at_once(
    client: Client, alice: User, sign_in: SignIn, coperniq: CoperniqConnection
) -> None:
    first, browser = path_of(coperniq), sign_in(alice)
    ring(client, first)
    browser.post(REPLACE)
    second = path_of(coperniq)
    ring(client, first)
    browser.post(REPLACE)
    assert ring(client, first) == (404, 0)
    assert ring(client, second) == (200, 1)


@pytest.mark.every_database
def test_a_second_click_leaves_the_address_in_use(
    client: Client, alice: User, sign_in: SignIn, coperniq: CoperniqConnection
) -> None:
    first, browser = path_of(coperniq), sign_in(alice)
    page = browser.get("/integrations/").content.decode()
    form = dict(re.findall(r'name="(replaces|company)" value="([^"]+)"', page))
    assert form["replaces"] not in first
    assert [browser.post(REPLACE, form, headers=JSON).status_code for _ in range(3)] == [200] * 3
    second = path_of(coperniq)
    assert second != first
    assert [ring(client, each) for each in (first, second)] == [(200, 1), (200, 1)]
    assert AuditLogEntry.objects.filter(verb="replace the webhook address").count() == 1
    again = dict(re.findall(r'name="(replaces|company)" value="([^"]+)"', browser.get("/integrations/").text))
    browser.post(REPLACE, again)
    assert [ring(client, each) for each in (first, second)] == [(404, 0), (200, 1)]


@pytest.mark.parametrize("who", ["sam", "frank"])
def test_only_an_admin_replaces_it(
    who: str, sam: User, frank: User, sign_in: SignIn, coperniq: CoperniqConnection
) -> None:
    before = path_of(coperniq)
    browser = sign_in({"sam": sam, "frank": frank}[who])
    assert browser.post(REPLACE).status_code == 403
    assert "Replace the address" not in browser.get("/integrations/").content.decode()
    assert path_of(coperniq) == before


def test_without_a_connection_there_is_no_address(alice: User, sign_in: SignIn) -> None:
    assert sign_in(alice).post(REPLACE, headers=JSON).status_code == 400


def test_the_operator_replaces_it_by_command(client: Client, coperniq: CoperniqConnection) -> None:
    first, printed = path_of(coperniq), StringIO()
    call_command("rotate_webhook", "--company", "acme", stdout=printed)
    assert json.loads(printed.getvalue())["webhook_address"].endswith(path_of(coperniq))
    assert ring(client, first) == (200, 1)
