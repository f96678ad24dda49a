"""Is the process alive, and can the portal do its work? For load balancers and monitors; nothing secret."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from integrations.models import CoperniqConnection, Heartbeat

BEATS = (Heartbeat.WORKER_LOOP, Heartbeat.QUEUE, Heartbeat.SUPERVISOR)
STALE_AFTER = timedelta(seconds=30)


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    checks = {"database": database_answers(), "queue": queue_answers(), "worker": worker_beats()}
    ready = all(checks.values())
    return JsonResponse({"ready": ready, **checks}, status=200 if ready else 503)


def database_answers() -> bool:
    try:
        CoperniqConnection.objects.exists()
    except (DatabaseError, InterfaceError):
        return False
    return True


def queue_answers() -> bool:
    try:
        OrmQ.objects.exists()
    except (DatabaseError, InterfaceError):
        return False
    return True


def worker_beats() -> bool:
    try:
        latest = Heartbeat.latest(*BEATS)
    except (DatabaseError, InterfaceError):
        return False
    return latest is not None and timezone.now() - latest < STALE_AFTER
