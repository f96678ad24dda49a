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
RESIDENT_KNOWN_SECONDS = 1.0

_lock = threading.Lock()
_next_check = 0.0


def wake() -> None:
    """Let the worker loops that run look at once, and queue one if none stays.

    Every call notifies: what the last one announced may have been looked at before the news of this one were committed.
    At most four tasks a second come from one process, which asks once a second whether a loop stays.
    """
    global _next_check
    notify_loop()
    with _lock:
        now = time.monotonic()
        if now < _next_check:
            return
        a_loop_stays = Heartbeat.is_recent(Heartbeat.QUEUE)
        _next_check = now + (RESIDENT_KNOWN_SECONDS if a_loop_stays else WAKE_SPACING_SECONDS)
    if not a_loop_stays:
        enqueue_loop()


def enqueue_loop() -> None:
    """Queue a worker loop, unless the queue is full: any loop in it does what this one would."""
    if OrmQ.objects.count() < 4 * settings.QUEUE_WORKERS:
        async_task(WORKER_LOOP, q_options={"save": False})
