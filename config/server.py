"""The web server's processes: a request takes a thread once all of it has arrived, and not before.

gunicorn starts, watches and ends the processes; waitress reads requests and sends answers in each. gunicorn's own threads
belong to connections, so that a few dozen senders of half a request stop it. Health checks and webhooks have threads in
reserve, so that no number of slow pages stops them.
"""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_CONNECTIONS = 2000
_SILENT_SECONDS = 60
_LOOK_SECONDS = 1.0

_HEALTH_CHECKS = ("/healthz", "/readyz")
_WEBHOOKS = "/webhooks/"

Channels = dict[int, Any]


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Hands requests to threads. Each health check has its own, and webhooks have a reserve while all others are busy.

    Pages may wait for a vendor, for the database or for the check of a password until no thread is left for more pages.
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.set_thread_count(threads)
        self._webhooks = _pool(max(threads // 2, 1))
        self._health_checks = {path: _pool(1) for path in _HEALTH_CHECKS}

    def add_task(self, channel: HTTPChannel) -> None:
        path = getattr(channel.requests[0], "path", "")  # a request that could not be read has none
        pool = self._health_checks.get(path, super())
        if path.startswith(_WEBHOOKS) and not self._has_idle_thread():
            pool = self._webhooks
        pool.add_task(channel)

    def _has_idle_thread(self) -> bool:
        with self.lock:
            return bool(len(self.threads) - self.stop_count - self.active_count > len(self.queue))

    def shutdown(self) -> None:
        for pool in (super(), self._webhooks, *self._health_checks.values()):
            pool.shutdown()


def _pool(threads: int) -> ThreadedTaskDispatcher:
    pool = ThreadedTaskDispatcher()
    pool.set_thread_count(threads)
    return pool


def listen(
    application: WSGIApplication, sockets: list[socket.socket], threads: int, channels: Channels
) -> Dispatcher:
    """Add what listens to the sockets to `channels`, whose loop then reads requests and sends answers."""
    # It reports every request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    dispatcher = Dispatcher(threads)
    create_server(
        application,
        map=channels,
        sockets=sockets,
        _dispatcher=dispatcher,
        connection_limit=_CONNECTIONS,
        channel_timeout=_SILENT_SECONDS,
        cleanup_interval=10,
        max_request_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        max_request_header_size=64 * 1024,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,  # the portal itself knows whose to believe
        ident="",
    )
    return dispatcher


class BufferingWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """One process. `run` is called by gunicorn after the fork."""

    def run(self) -> None:
        _allow_open_files(_CONNECTIONS + 500)
        channels: Channels = {}
        sockets = [socket.socket(fileno=os.dup(each.fileno())) for each in self.sockets]
        dispatcher = listen(self.wsgi, sockets, self.cfg.threads, channels)
        while self.alive and self.ppid == os.getppid():
            self._look(channels)
        self._finish(dispatcher, channels)

    def _look(self, channels: Channels) -> None:
        """Read and send for a second, and tell gunicorn that this process is alive."""
        self.notify()
        until = time.monotonic() + _LOOK_SECONDS
        while self.alive and time.monotonic() < until:
            wasyncore.loop(timeout=_LOOK_SECONDS, use_poll=True, map=channels, count=1)

    def _finish(self, dispatcher: Dispatcher, channels: Channels) -> None:
        """Answer what has arrived, for gunicorn's graceful timeout at most."""
        for each in _of(BaseWSGIServer, channels):
            wasyncore.dispatcher.close(each)
        give_up_at = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < give_up_at and any(
            each.requests or each.total_outbufs_len for each in _of(HTTPChannel, channels)
        ):
            self.notify()
            wasyncore.loop(timeout=0.1, use_poll=True, map=channels, count=1)
        dispatcher.shutdown()
        wasyncore.close_all(channels)


def _of(kind: type[Any], channels: Channels) -> Iterator[Any]:
    return (each for each in list(channels.values()) if isinstance(each, kind))


def _allow_open_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
