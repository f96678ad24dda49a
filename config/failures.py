"""The pages for what failed. If the database is locked or away, that is 503: the same request may succeed in a moment."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults

from accounts.scoping import wants_json

UNAVAILABLE = "The portal's database is busy or away. This was not finished: please try again in a moment."


def server_error(request: HttpRequest) -> HttpResponse:
    return unavailable(request) if _waits_in_vain(sys.exc_info()[1]) else defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A session that cannot be written is reported as a bad request, too."""
    return unavailable(request) if _waits_in_vain(exception) else defaults.bad_request(request, exception)


def unavailable(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        answer: HttpResponse = JsonResponse({"errors": [UNAVAILABLE]}, status=503)
    else:  # without the request, whose person would be looked up
        answer = HttpResponse(loader.render_to_string("503.html", {"sentence": UNAVAILABLE}), status=503)
    answer["Retry-After"] = "5"
    return answer


def _waits_in_vain(error: BaseException | None) -> bool:
    """A table that does not exist is an OperationalError of SQLite as well, and stays an error of the portal."""
    return any(
        isinstance(each, (OperationalError, InterfaceError)) and "no such" not in str(each)
        for each in _with_causes(error)
    )


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
