"""The only access to django-q2. A queued task only wakes a worker and may be lost: the supervisor finds what is due."""

import threading
import time

from django.conf import settings
from django_q.models import OrmQ
from django_q.tasks import async_task

WORKER_LOOP = "integrations.tasks.run_worker_loop"
HEARTBEAT = "integrations.tasks.record_queue_heartbeat"

_lock = threading.Lock()
_last_wake = 0.0
WAKE_SPACING_SECONDS = 0.25


def wake() -> None:
    """Start a worker loop soon. At most four a second from one process, since one loop does the work of many calls."""
    global _last_wake
    with _lock:
        now = time.monotonic()
        if now - _last_wake < WAKE_SPACING_SECONDS:
            return
        _last_wake = now
    enqueue(WORKER_LOOP)


def enqueue(task: str) -> None:
    """Queue a task, unless the queue is full because nobody empties it: more tasks would only delay later ones."""
    if OrmQ.objects.count() < 4 * settings.QUEUE_WORKERS:
        async_task(task, q_options={"save": False})
