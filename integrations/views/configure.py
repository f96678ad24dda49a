"""The forms of the configuration page: each posts a few keys of `configure`."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page
from integrations.connections.coperniq_api_key import refresh_workflows as read_workflows
from integrations.errors import PortalError
from integrations.forms import configure
from integrations.forms.refresh import message_now
from integrations.views.answers import CONFIGURATION, done, refused

FORM_ITSELF = {"csrfmiddlewaretoken", "company"}
TRIGGER_FIELDS = {"phase": "trigger", "reentry": "reentry", "preview": "preview"}
SWITCHED = {
    "on": "Invoice and payment syncing is on. What is created from now on is synced.",
    "off": "Invoice and payment syncing is off. What is synced already stays in both systems.",
}


@require_POST
@company_page(Right.CONFIGURE)
def triggers(request: CompanyRequest) -> HttpResponse:
    """`phase-<workflow id>` (empty: no trigger), `reentry-<workflow id>`, `preview-<workflow id>`."""
    return saved(request, {field: key_of(field) for field in fields(request)})


def key_of(field: str) -> str:
    prefix, _, workflow_id = field.partition("-")
    return f"{TRIGGER_FIELDS.get(prefix, prefix)}.{workflow_id}"


@require_POST
@company_page(Right.CONFIGURE)
def matching_strategy(request: CompanyRequest) -> HttpResponse:
    return saved(request, {"strategy": "matching_strategy"})


@require_POST
@company_page(Right.CONFIGURE)
def invoice_sync(request: CompanyRequest) -> HttpResponse:
    """`enabled` is on or off."""
    switched = SWITCHED.get(request.POST.get("enabled", ""), "")
    return saved(request, {"enabled": "invoice_sync"}, switched)


@require_POST
@company_page(Right.CONFIGURE)
def settings(request: CompanyRequest) -> HttpResponse:
    return saved(request, {field: field for field in fields(request)})


def fields(request: CompanyRequest) -> list[str]:
    return [name for name in request.POST if name not in FORM_ITSELF]


def saved(request: CompanyRequest, keys: Mapping[str, str], sentence: str = "Saved.") -> HttpResponse:
    """`keys` maps fields to keys; errors are returned by field."""
    wanted = {key: request.POST.get(field, "") for field, key in keys.items()}
    try:
        changes = configure(request.company, request.user, wanted)
    except ValidationError as error:
        named = {key: field for field, key in keys.items()}
        errors = {named.get(key, key): sentences for key, sentences in error.message_dict.items()}
        return refused(request, errors, title="Nothing was saved", back=CONFIGURATION)
    return done(request, sentence if changes else "Saved: nothing was different.", CONFIGURATION)


@require_POST
@company_page(Right.CONFIGURE)
def refresh_workflows(request: CompanyRequest) -> HttpResponse:
    try:
        count = read_workflows(request.company)
    except PortalError as error:
        return refused(request, {"coperniq": [message_now(error)]}, back=CONFIGURATION)
    return done(request, f"{count} workflows were read from Coperniq.", CONFIGURATION)
