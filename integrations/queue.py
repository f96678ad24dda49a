"""The only door to django-q2. A queued task is a nudge and may be lost: the clock of the worker finds what is due."""

import threading
import time

from django.conf import settings
from django_q.models import OrmQ
from django_q.tasks import async_task

PUMP = "integrations.tasks.pump"
CANARY = "integrations.tasks.canary"

_lock = threading.Lock()
_last_wake = 0.0
WAKE_SPACING_SECONDS = 0.25


def wake() -> None:
    """Start a pump soon. At most a few a second from one process: one pump does the work of many nudges."""
    global _last_wake
    with _lock:
        now = time.monotonic()
        if now - _last_wake < WAKE_SPACING_SECONDS:
            return
        _last_wake = now
    enqueue(PUMP)


def enqueue(task: str) -> None:
    """Nothing is queued onto a queue that nobody empties: it would only delay the pumps to come."""
    if OrmQ.objects.count() < 4 * settings.QUEUE_WORKERS:
        async_task(task, q_options={"save": False})
