from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_base import FactAdmin, scoped_action
from accounts.admin_site import site
from accounts.audit import log_action
from accounts.roles import Right
from integrations import queue
from integrations.models import CoperniqConnection, PendingAuthorization, QuickBooksConnection


@admin.register(CoperniqConnection, site=site)
class CoperniqConnectionAdmin(FactAdmin):
    list_display = (
        "company",
        "state",
        "connected_at",
        "last_event_at",
        "last_poll_ended_at",
        "poll_failures",
    )
    list_filter = ("state",)
    list_select_related = ("company",)
    fields = (
        "company", "state", "state_reason", "connected_at", "last_event_at", "workflows_read_at", "projects_cursor_at",
        "invoices_cursor_at", "next_invoice_sweep_at", "next_poll_at", "last_poll_started_at",
        "last_poll_ended_at", "poll_failures",
    )  # fmt: skip
    secret_fields = (
        "api_key_encrypted",
        "proposed_api_key_encrypted",
        "api_key_digest",
        "webhook_token_digest",
        "webhook_token_encrypted",
        "former_webhook_token_digest",
    )
    actions = ("poll_now",)

    @scoped_action(Right.RETRY, "Poll now")
    def poll_now(self, request: HttpRequest, queryset: QuerySet[CoperniqConnection]) -> None:
        polled = queryset.live().select_related("company")  # type: ignore[attr-defined]  # its own queryset class
        for connection in polled:
            connection.make_poll_due(timezone.now())
            log_action(company=connection.company, user=request.user, verb="poll now", target=str(connection))
        queue.wake()
        self.message_user(
            request, f"{len(polled)} connected Coperniq accounts are polled now.", messages.SUCCESS
        )


@admin.register(QuickBooksConnection, site=site)
class QuickBooksConnectionAdmin(FactAdmin):
    list_display = ("company_name", "company", "state", "home_currency", "connected_at", "refresh_expires_at")
    list_filter = ("state",)
    list_select_related = ("company",)
    search_fields = ("company_name", "realm_id__exact")
    fields = (
        "company", "company_name", "realm_id", "state", "state_reason", "country", "home_currency", "multicurrency",
        "custom_txn_numbers", "using_sales_tax", "book_close_on", "preferences_read_at", "itemless_lines",
        "payments_account_id", "changes_cursor_at", "changes_read_at", "captured_at", "money_captured_at",
        "compared_fully_at", "compared_fully_because", "connected_at", "disconnected_at", "refresh_expires_at",
        "refresh_hard_expires_at",
    )  # fmt: skip
    secret_fields = ("access_token_encrypted", "refresh_token_encrypted")


@admin.register(PendingAuthorization, site=site)
class PendingAuthorizationAdmin(FactAdmin):
    list_display = ("company", "user", "started_at")
    list_select_related = ("company", "user")
    fields = ("company", "user", "started_at")
    secret_fields = ("state_digest",)
