"""With the demo's keys, which everybody knows, the portal answers this machine alone, whatever host is named."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("2001:db8::1", {}, 403),
        ("", {}, 403),
        ("localhost", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, 403),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}, 403),
        ("127.0.0.1", {"x-forwarded-host": "portal.example.com"}, 403),
        ("127.0.0.1", {"x-forwarded-proto": "https"}, 403),
        ("127.0.0.1", {"x-real-ip": "192.0.2.7"}, 403),
        ("127.0.0.1", {"via": "1.1 proxy"}, 403),
        ("127.0.0.1", {"cf-connecting-ip": "192.0.2.7"}, 403),
    ],
)
def test_strangers_do_not_reach_the_demo(
    settings: Settings, address: str, headers: dict[str, str], status: int
) -> None:
    client = Client(REMOTE_ADDR=address, headers={"host": "localhost", **headers})
    assert client.get("/healthz").status_code == 200, "with keys of its own the portal answers everybody"
    settings.DEMO = True
    client = Client(REMOTE_ADDR=address, headers={"host": "localhost", **headers})
    for path in ("/healthz", "/accounts/login/", "/webhooks/coperniq/x/"):
        answered = client.get(path).status_code
        assert (answered == 403) == (status == 403), path
