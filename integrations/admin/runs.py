from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import FactAdmin, scoped_action
from accounts.admin_site import site
from accounts.models import User
from accounts.roles import Right
from integrations.deciding import RELEASE, decide_all, retry_all
from integrations.models import SyncRun

DISCARD = "discard"


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
    fields = (
        "company", "connection", "direction", "kind", "action", "record_name", "coperniq_id", "quickbooks_id",
        "quickbooks_part", "coperniq_parent_id", "state", "cause", "sentence", "not_before", "attempts", "asked",
        "preview", "planned", "choices", "decision", "waits_for_kind", "waits_for_id", "event", "created_at",
        "updated_at", "finished_at",
    )  # fmt: skip
    actions = ("retry", "release_previews", "discard")

    @scoped_action(Right.RETRY, "Retry")
    def retry(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        count = retry_all(queryset, cast("User", request.user))
        self.tell(
            request,
            f"{count} of {queryset.count()} runs are tried again; the others neither are held nor pause.",
        )

    @scoped_action(Right.CONFIGURE, "Release previews")
    def release_previews(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        count = decide_all(queryset, RELEASE, cast("User", request.user))
        self.tell(request, f"{count} previews were released and are written as they were shown.")

    @scoped_action(Right.CONFIGURE, "Discard")
    def discard(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        count = decide_all(queryset, DISCARD, cast("User", request.user))
        self.tell(request, f"{count} held runs were discarded; nothing of them was written.")

    def tell(self, request: HttpRequest, sentence: str) -> None:
        self.message_user(request, sentence, messages.SUCCESS)
