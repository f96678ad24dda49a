"""Refuses input that no page can use, and requests to the demo from other machines; believes named proxies alone."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import BadRequest, MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden, JsonResponse

from accounts.scoping import wants_json
from accounts.throttle import is_trusted_proxy

_SCHEME = "HTTP_X_FORWARDED_PROTO"
_OF_PROXIES = (
    "forwarded",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-",
    "true-client-ip",
    "cf-",
    "via",
)


def serve_this_machine_alone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """With the demo's keys: refuse other machines, which may name any host, and what a proxy passes on for them."""
    if not settings.DEMO:
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_passed_on = any(name.lower().startswith(_OF_PROXIES) for name in request.headers)
        if is_passed_on or not is_loopback(request.META.get("REMOTE_ADDR", "")):
            return HttpResponseForbidden("The demo serves this machine alone: everybody knows its keys.")
        return get_response(request)

    return middleware


def believe_trusted_proxies(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Make the request secure only if a trusted proxy says so, and everybody before it, where it appends to a list."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        reported = request.META.pop(_SCHEME, None)
        if reported is not None and is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
            schemes = {each.strip().lower() for each in reported.split(",")}
            request.META[_SCHEME] = "https" if schemes == {"https"} else "http"
        return get_response(request)

    return middleware


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def refuse_null_characters(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 400 to parameters with a null character: PostgreSQL stores and compares none."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = [*request.GET.lists(), *request.POST.lists()]
        names = [name for name, texts in given if any("\0" in text for text in (name, *texts))]
        if not names:
            return get_response(request)
        if wants_json(request):
            errors = {name.replace("\0", ""): ["Null characters are not allowed."] for name in names}
            return JsonResponse({"errors": errors}, status=400)
        raise BadRequest("Null characters are not allowed")

    return middleware
