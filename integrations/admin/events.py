from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import FactAdmin, scoped_action
from accounts.admin_site import site
from accounts.audit import log_action
from accounts.roles import Right
from integrations import queue
from integrations.models import EventCount, InboundEvent, PhaseEntry


@admin.register(InboundEvent, site=site)
class InboundEventAdmin(FactAdmin):
    list_display = (
        "received_at",
        "company",
        "source",
        "name",
        "record_type",
        "record_id",
        "outcome",
        "reason",
    )
    list_filter = ("source", "outcome", "company")
    list_select_related = ("company",)
    search_fields = ("record_id__exact", "key__exact")
    fields = (
        "company", "source", "key", "name", "record_type", "record_id", "detail", "occurred_at", "received_at",
        "planned_at", "outcome", "reason",
    )  # fmt: skip
    actions = ("route_again",)

    @scoped_action(Right.RETRY, "Route again")
    def route_again(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        """Safe to repeat, because an event only says which record to read."""
        count = 0
        for event in queryset.select_related("company"):
            again = InboundEvent.objects.filter(pk=event.pk, planned_at__isnull=False)
            if again.update(planned_at=None, outcome="", reason=""):
                count += 1
                log_action(
                    company=event.company,
                    user=request.user,
                    verb="route again",
                    target=f"event {event}",
                    before=event.outcome,
                )
        queue.wake()
        self.message_user(request, f"{count} events are processed again.", messages.SUCCESS)


@admin.register(EventCount, site=site)
class EventCountAdmin(FactAdmin):
    list_display = ("on", "source", "reason", "count")
    list_filter = ("source",)
    fields = ("on", "source", "reason", "count")


@admin.register(PhaseEntry, site=site)
class PhaseEntryAdmin(FactAdmin):
    list_display = ("started_at", "connection", "project_id", "trigger", "noticed_at")
    list_select_related = ("connection__company", "trigger")
    search_fields = ("project_id__exact", "phase_instance_id__exact")
    fields = (
        "connection", "trigger", "project_id", "phase_instance_id", "phase_template_id", "started_at", "noticed_at",
    )  # fmt: skip
