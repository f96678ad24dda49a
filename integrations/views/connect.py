"""Connecting and disconnecting. Intuit's callback is a GET; everything else is a form."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Company, User
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page, company_unknown, wants_json
from integrations.connections import company_mismatch, coperniq_api_key, disconnection, oauth_flow
from integrations.errors import AccessLost, AuthorizationRevoked, NotAdministrator, PortalError, VendorError
from integrations.messages.engine import EngineMessage
from integrations.models import QuickBooksConnection
from integrations.status import webhook_address
from integrations.views.answers import (
    CONFIGURATION,
    JUST_CONNECTED,
    OVERVIEW,
    done,
    redirect_to_vendor,
    refused,
)

Decision = Callable[[Company, User], object]

NOT_CONNECTED = "QuickBooks was not connected"
CANCELLED = (
    "You cancelled in QuickBooks, so nothing was connected and nothing was stored. "
    "If that was not meant, start again with Connect and choose the company there."
)
ENDED = "QuickBooks' permission could not be used: it has expired or was used already. Please start again with Connect."
NO_ACCESS = (
    "QuickBooks does not let the portal into this company. Please start again, signed in at QuickBooks as an "
    "administrator of the company, and check that it is one of the kind this portal works with."
)
NOT_ADMINISTRATOR = (
    "You are not an administrator of this QuickBooks company. "
    "Please let one of its administrators connect it."
)
ASK_DISCONNECT = (
    "Disconnecting will stop all syncing. "
    "Existing synced data will remain in both systems, but no new data will sync."
)

WEBHOOK_REPLACED = (
    "There is a new webhook address. Enter it in Coperniq's automations within an hour; until then the former one works "
    "too. To end the former one at once, replace the address again."
)


def redirect_uri() -> str:
    """As registered with Intuit, character by character; never taken from the request."""
    return f"{settings.PORTAL_URL}{reverse('integrations:callback')}"


@require_POST
@company_page(Right.CONNECT)
def quickbooks(request: CompanyRequest) -> HttpResponse:
    try:
        address = oauth_flow.begin_authorization(
            request.session, request.company, request.user, redirect_uri()
        )
    except PortalError as error:
        return refused(request, {"quickbooks": [error.sentence]})
    return redirect_to_vendor(request, address)


def company_at_intuit(request: HttpRequest) -> Company | None:
    """The company that was being connected, whichever another tab has shown since."""
    return oauth_flow.company_of_state(request.session, request.GET.get("state", ""))


def start_again(request: HttpRequest) -> HttpResponse:
    """Lead to the page with Connect: the address of the callback holds Intuit's code, so nothing may lead back to it."""
    if wants_json(request):
        return company_unknown(request)
    is_signed_in = request.user.is_authenticated
    cause = EngineMessage.AUTHORIZATION_UNKNOWN if is_signed_in else EngineMessage.AUTHORIZATION_SIGNED_OUT
    messages.warning(request, cause().text)
    return redirect(OVERVIEW)


@require_GET
@company_page(Right.CONNECT, company_at_intuit, start_again)
def callback(request: CompanyRequest) -> HttpResponse:
    """Intuit sends `code`, `state` and `realmId`, or `error` and `state` (docs/vendors/quickbooks-online.md, 1.2)."""
    answer = request.GET
    try:
        if "error" in answer:
            raise disconnection.NotConnected(refusal_of(answer["error"]))
        oauth_flow.claim_state(request.session, request.company, request.user, answer.get("state", ""))
        connection = oauth_flow.complete_authorization(
            request.company,
            request.user,
            code=answer.get("code", ""),
            realm_id=answer.get("realmId", ""),
            redirect_uri=redirect_uri(),
        )
    except PortalError as error:
        return refused(request, {"quickbooks": [sentence_for_callback(error)]}, title=NOT_CONNECTED)
    return connected_answer(request, connection)


def refusal_of(code: str) -> str:
    if code == "access_denied":
        return CANCELLED
    named = f" ({code})" if re.fullmatch(r"[a-z_]{1,40}", code) else ""
    return f"QuickBooks could not ask you for permission{named}. Please try again, or write to support."


def sentence_for_callback(error: PortalError) -> str:
    """The errors of a running connection say to connect it again, which a person is doing here."""
    if isinstance(error, AuthorizationRevoked):
        return ENDED
    if isinstance(error, NotAdministrator):
        return NOT_ADMINISTRATOR
    if isinstance(error, AccessLost):
        return NO_ACCESS
    if isinstance(error, VendorError):
        return f"{error.sentence} Nothing was stored; please start again with Connect in a while."
    return error.sentence


def connected_answer(request: CompanyRequest, connection: QuickBooksConnection) -> HttpResponse:
    name = connection.company_name
    if connection.state == QuickBooksConnection.State.PROPOSED:
        sentence = (
            f"“{name}” is another QuickBooks company than before. Syncing has stopped until you decide."
        )
        return done(request, sentence, OVERVIEW, level=messages.WARNING)
    if not connection.in_dollars:
        sentence = (
            f"“{name}” is connected, but it keeps its books in {connection.home_currency or 'an unknown currency'}. "
            "Only companies in US dollars can be switched on."
        )
        return done(request, sentence, CONFIGURATION, level=messages.WARNING)
    if not connection.triggers.exists():
        request.session[JUST_CONNECTED] = connection.pk
    return done(request, f"“{name}” is connected.", CONFIGURATION)


@require_POST
@company_page(Right.CONFIGURE)
def disconnect(request: CompanyRequest) -> HttpResponse:
    if request.POST.get("confirm") != "yes":
        return refused(
            request, {"confirm": [ASK_DISCONNECT]}, title="Disconnect QuickBooks?", question="Disconnect"
        )
    try:
        connection, revoked = disconnection.disconnect(request.company, request.user)
    except PortalError as error:
        return refused(request, {"quickbooks": [error.sentence]})
    sentence = f"“{connection.company_name}” is disconnected. Existing synced data remains in both systems."
    if revoked:
        return done(request, sentence, OVERVIEW)
    by_hand = "QuickBooks could not be notified: please remove the app there too, under Apps → My apps."
    return done(request, f"{sentence} {by_hand}", OVERVIEW, level=messages.WARNING)


@require_POST
@company_page(Right.CONFIGURE)
def quickbooks_guard(request: CompanyRequest) -> HttpResponse:
    return decided(request, company_mismatch.switch_company, company_mismatch.keep_company)


@require_POST
@company_page(Right.CONNECT)
def coperniq(request: CompanyRequest) -> HttpResponse:
    try:
        connection = coperniq_api_key.connect_coperniq(
            request.company, request.user, request.POST.get("api_key", "")
        )
    except PortalError as error:
        return refused(request, {"api_key": [error.sentence]}, title="Coperniq was not connected")
    if connection.awaits_decision:
        sentence = "With this key nothing that is linked can be found. Syncing has stopped until you decide."
        return done(request, sentence, OVERVIEW, level=messages.WARNING)
    return done(request, "Coperniq is connected.", OVERVIEW)


@require_POST
@company_page(Right.CONFIGURE)
def replace_webhook(request: CompanyRequest) -> HttpResponse:
    try:
        shown = request.POST.get("replaces", "")
        connection = coperniq_api_key.replace_webhook_token(request.company, request.user, shown)
    except PortalError as error:
        return refused(request, {"coperniq": [error.sentence]})
    return done(request, WEBHOOK_REPLACED, OVERVIEW, webhook_address=webhook_address(connection))


@require_POST
@company_page(Right.CONFIGURE)
def coperniq_guard(request: CompanyRequest) -> HttpResponse:
    return decided(request, coperniq_api_key.switch_coperniq_company, coperniq_api_key.keep_coperniq_company)


def decided(request: CompanyRequest, move: Decision, keep: Decision) -> HttpResponse:
    choice = request.POST.get("choice")
    if choice not in ("move", "keep"):
        return refused(request, {"choice": ["Please choose either to switch or to keep."]})
    try:
        (move if choice == "move" else keep)(request.company, request.user)
    except PortalError as error:
        return refused(request, {"choice": [error.sentence]})
    switched = "The company was switched. New links start from now."
    return done(request, switched if choice == "move" else "Nothing was changed.", OVERVIEW)
