from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from integrations.models import CompanyLease, Heartbeat, RateLimitState


@admin.register(CompanyLease, site=site)
class CompanyLeaseAdmin(FactAdmin):
    right_to_view = None  # internals, for the operator only

    list_display = ("company", "leased_until", "owner", "fence", "notify_count")
    list_select_related = ("company",)
    fields = ("company", "leased_until", "owner", "fence", "notify_count")


@admin.register(Heartbeat, site=site)
class HeartbeatAdmin(FactAdmin):
    list_display = ("name", "beat_at")
    fields = ("name", "beat_at")


@admin.register(RateLimitState, site=site)
class RateLimitStateAdmin(FactAdmin):
    list_display = ("realm_id", "slots", "version")
    fields = ("realm_id", "slots", "starts", "version")
