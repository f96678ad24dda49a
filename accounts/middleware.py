"""Refuses input that no page can use."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from accounts.scoping import wants_json


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
