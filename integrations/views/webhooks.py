"""The vendors' webhooks: verify the sender, store the events, answer. No request leads to a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

from integrations.errors import UnreadableWebhook
from integrations.models import CoperniqConnection
from integrations.models.connections import digest
from integrations.quickbooks.webhooks import is_authentic
from integrations.sync.ingest.events import follow_up, receive_coperniq, receive_quickbooks

CHUNK = 64 * 1024
PREFIX = "/webhooks/"
MOST_KNOWN_TOKENS = 10_000

_known_tokens: dict[str, CoperniqConnection] = {}
"""In this process, by the digest of the webhook token."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Refusal(Exception):
    """The answer's status and, for people, a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Stored(JsonResponse):
    """Does the rest of the work after the answer: the server closes a response when it has been sent."""

    def close(self) -> None:
        try:
            follow_up()
        finally:
            super().close()


def short_cut(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: webhooks skip the middleware after it, which serves browsers (sessions, CSRF, messages).

    Other paths, and addresses that do not exist, take the usual way. The latter may hold a token, so none is logged.
    """

    def call(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        try:
            match = resolve(request.path_info)
            request.get_host()
        except Resolver404:
            return unlogged(get_response(request))
        except DisallowedHost:
            return unlogged(HttpResponseBadRequest())
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response["Content-Length"] = str(len(response.content))
        return response

    return call


@require_POST
def quickbooks(request: HttpRequest) -> HttpResponse:
    return answer(lambda: {"kept": take_quickbooks(request)})


def coperniq(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        return unlogged(HttpResponseNotAllowed(["POST"]))
    return unlogged(answer(lambda: {"kept": take_coperniq(request, token)}))


def unlogged(response: HttpResponse) -> HttpResponse:
    """Keep Django from logging the address of a refused request, because this address is a secret."""
    vars(response)["_has_been_logged"] = True
    return response


def answer(take: Callable[[], dict[str, int]]) -> HttpResponse:
    """503 makes the sender try again, so only for errors that may pass."""
    try:
        return Stored(take())
    except Refusal as refusal:
        return JsonResponse({"error": str(refusal)}, status=refusal.status)
    except UnreadableWebhook as error:
        return JsonResponse({"error": error.sentence}, status=400)
    except (OperationalError, InterfaceError):
        return JsonResponse({"error": "The portal cannot store this right now."}, status=503)


def take_quickbooks(request: HttpRequest) -> int:
    body = read_body(request)
    signature = request.headers.get("intuit-signature", "")
    if not is_authentic(body, signature, settings.INTUIT_WEBHOOK_VERIFIER_TOKENS):
        raise Refusal(401, "The signature is missing or wrong.")
    return receive_quickbooks(body)


def take_coperniq(request: HttpRequest, token: str) -> int:
    """The token is looked up by its digest, so that timing reveals nothing about existing tokens.

    After a disconnection the event is answered but not stored, because Coperniq would repeat a refused one.

    A known token is not looked up again: the insert checks in the same statement that it is still valid. If the insert
    stores nothing, the token is looked up.
    """
    connection = _known_tokens.get(digest(token)) or look_up(token)
    body = read_body(request)
    try:
        if receive_coperniq(connection, body):
            return 1
    except UnreadableWebhook:
        if look_up(token).state != CoperniqConnection.State.DISCONNECTED:
            raise
    else:
        current = look_up(token)
        if (
            current.webhook_token_digest != connection.webhook_token_digest
        ):  # it was replaced since it was known
            return int(receive_coperniq(current, body))
    return 0


def look_up(token: str) -> CoperniqConnection:
    """Raises Refusal."""
    _known_tokens.pop(digest(token), None)
    connection = CoperniqConnection.objects.with_webhook_token(token)
    if connection is None:
        raise Refusal(404, "There is nothing at this address.")
    is_in_force = connection.webhook_token_digest == digest(token)  # the other kind ends by time
    if is_in_force and len(_known_tokens) < MOST_KNOWN_TOKENS:
        _known_tokens[digest(token)] = connection
    return connection


def read_body(request: HttpRequest) -> bytes:
    """The whole body, but never more than the limit, whatever length the sender declares."""
    largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if declared_length(request) > largest:
        raise Refusal(413, "This is too large.")
    stream = stream_of(request)
    body = bytearray()
    try:
        while chunk := stream.read(min(CHUNK, largest + 1 - len(body))):
            body += chunk
            if len(body) > largest:
                raise Refusal(413, "This is too large.")
    except OSError as error:
        raise Refusal(400, "The connection broke off.") from error
    return bytes(body)


def declared_length(request: HttpRequest) -> int:
    declared = request.META.get("CONTENT_LENGTH") or ""
    return int(declared[:20]) if declared.isdecimal() else 0


def stream_of(request: HttpRequest) -> Readable:
    """A chunked body has no length, and Django treats it as empty; the server says whether its stream ends by itself."""
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        stream: Readable = request.META["wsgi.input"]
        return stream
    return request
