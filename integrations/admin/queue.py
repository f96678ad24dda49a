"""The queue's tables, read-only for the operator: tasks are wake-ups, and the state is in other rows."""

from __future__ import annotations

from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from accounts.admin_base import FactAdmin
from accounts.admin_site import site


@admin.register(OrmQ, site=site)
class QueuedTaskAdmin(FactAdmin):
    list_display = ("id", "key", "lock")
    fields = ("key", "lock")


@admin.register(Success, Failure, site=site)
class FinishedTaskAdmin(FactAdmin):
    ordering = ("-stopped",)
    list_display = ("name", "func", "started", "stopped", "attempt_count")
    fields = ("name", "func", "started", "stopped", "success", "attempt_count", "result")


@admin.register(Schedule, site=site)
class ScheduleAdmin(FactAdmin):
    list_display = ("name", "func", "schedule_type", "next_run")
    fields = ("name", "func", "schedule_type", "minutes", "repeats", "next_run")
