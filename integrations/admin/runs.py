from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import FactAdmin, scoped_action
from accounts.admin_site import site
from accounts.models import User
from accounts.roles import Right
from integrations.models import Question, RunDecision, SyncRun
from integrations.run_decisions import discard_all, release_all, retry_all


@admin.register(RunDecision, site=site)
class RunDecisionAdmin(FactAdmin):
    list_display = ("decided_at", "run", "question", "answer", "decided_by", "withdrawn_at")
    list_filter = ("question",)
    list_select_related = ("run", "decided_by")
    fields = ("run", "question", "answer", "subject", "decided_by", "decided_at", "withdrawn_at")


@admin.register(SyncRun, site=site)
class SyncRunAdmin(FactAdmin):
    list_display = (
        "updated_at",
        "company",
        "action",
        "record_name",
        "state",
        "cause",
        "sentence",
        "attempts",
        "not_before",
    )
    list_filter = ("state", "kind", "action", "direction", "company")
    list_select_related = ("company",)
    search_fields = ("coperniq_id__exact", "quickbooks_id__exact", "cause__exact")
    readonly_fields = ("decisions_made",)
    fields = (
        "company", "connection", "direction", "kind", "action", "record_name", "coperniq_id", "quickbooks_id",
        "allocation_invoice_id", "coperniq_parent_id", "state", "cause", "sentence", "not_before", "attempts",
        "requested_count", "preview", "planned", "question", "choices", "decisions_made", "waits_for_kind",
        "waits_for_id", "event", "created_at", "updated_at", "finished_at",
    )  # fmt: skip
    actions = ("retry", "release_previews", "discard")

    @admin.display(description="decisions")
    def decisions_made(self, run: SyncRun) -> str:
        rows = run.decision_rows.select_related("decided_by").order_by("pk")
        return "; ".join(
            f"{row}{f' ({row.decided_by})' if row.decided_by else ''}{' (withdrawn)' if row.withdrawn_at else ''}"
            for row in rows
        )

    @scoped_action(Right.RETRY, "Retry")
    def retry(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        count = retry_all(queryset, cast("User", request.user))
        self.tell(
            request,
            f"{count} of {queryset.count()} runs are tried again; the others neither need attention nor pause.",
        )

    @scoped_action(Right.CONFIGURE, "Release previews")
    def release_previews(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        result = release_all(queryset, (Question.PREVIEW,), cast("User", request.user))
        released = f"{result.decided} previews were released and are written as they were shown."
        self.tell(request, f"{released} {result.left_out}".strip())

    @scoped_action(Right.CONFIGURE, "Discard")
    def discard(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        result = discard_all(queryset, cast("User", request.user))
        discarded = f"{result.decided} runs were discarded; nothing of them was written."
        self.tell(request, f"{discarded} {result.left_out}".strip())

    def tell(self, request: HttpRequest, sentence: str) -> None:
        self.message_user(request, sentence, messages.SUCCESS)
