"""Browsers run no script and no style but the portal's files, whatever stands in a record's name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.factories import SignIn

TEMPLATES = Path(__file__).parents[2] / "templates"
INLINE = re.compile(r"<style|<script(?![^>]* src=)|\s(style|on[a-z]+)=[\"']|javascript:", re.IGNORECASE)


@pytest.mark.parametrize(
    "path", ["/integrations/home/", "/integrations/log/", "/admin/", "/nowhere/", "/integrations/status/"]
)
def test_every_answer_has_the_policy(path: str, alice: User, sign_in: SignIn) -> None:
    policy = sign_in(alice).get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_forms_may_lead_to_the_consent_page_of_intuit_and_nowhere_else(
    client: Client, settings: Settings
) -> None:
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    (targets,) = re.findall("form-action ([^;]+)", policy)
    assert targets.split() == ["'self'", "/".join(settings.INTUIT_AUTHORIZE_URL.split("/")[:3])]


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_what_the_policy_forbids(template: Path) -> None:
    text = re.sub(r"{%.*?%}", "", template.read_text(), flags=re.DOTALL)
    assert not INLINE.search(text)
