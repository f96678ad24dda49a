"""The only access to django-q2. A queued task only wakes a worker and may be lost: the supervisor finds what is due."""

import threading
import time

from django.conf import settings
from django_q.models import OrmQ
from django_q.tasks import async_task

from integrations.models import Heartbeat
from integrations.wakeup import notify_loop

WORKER_LOOP = "integrations.tasks.run_worker_loop"

WAKE_SPACING_SECONDS = 0.25
NOTIFY_SPACING_SECONDS = 0.02
RESIDENT_KNOWN_SECONDS = 1.0

_lock = threading.Lock()
_last_wake = 0.0
_resident_until = 0.0


def wake() -> None:
    """Let a worker loop look soon: the one that stays, or a new one if there is none.

    At most four tasks a second from one process, since one loop does the work of many calls. That a loop stays is known
    for a second, so that waking it costs a busy web process nothing.
    """
    global _last_wake, _resident_until
    with _lock:
        now = time.monotonic()
        is_known = now < _resident_until
        if now - _last_wake < (NOTIFY_SPACING_SECONDS if is_known else WAKE_SPACING_SECONDS):
            return
        _last_wake = now
        if not is_known and Heartbeat.is_recent(Heartbeat.QUEUE):
            is_known, _resident_until = True, now + RESIDENT_KNOWN_SECONDS
    if is_known:
        notify_loop()
    else:
        enqueue_loop()


def enqueue_loop() -> None:
    """Queue a worker loop, unless the queue is full: any loop in it does what this one would."""
    if OrmQ.objects.count() < 4 * settings.QUEUE_WORKERS:
        async_task(WORKER_LOOP, q_options={"save": False})
