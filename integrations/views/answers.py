"""How every form answers: 302 with a message, or 400; for programs 200 {"ok": true} or 400 {"errors": …}."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.scoping import wants_json

Errors = Mapping[str, Sequence[str]]

OVERVIEW = "integrations:overview"
CONFIGURATION = "integrations:configuration"
JUST_CONNECTED = "just_connected"
"""In the session: the id of a connection whose next steps the configuration page shows once."""


def done(
    request: HttpRequest, sentence: str, to: str, *, level: int = messages.SUCCESS, **values: object
) -> HttpResponse:
    """`to` is the next page, by name or path; `values` are added to the JSON answer."""
    if wants_json(request):
        return JsonResponse({"ok": True, **values})
    messages.add_message(request, level, sentence)
    return redirect(to)


def redirect_to_vendor(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect to a vendor's page; the JSON answer has its address."""
    if wants_json(request):
        return JsonResponse({"ok": True, "location": address})
    return redirect(address)


def refused(
    request: HttpRequest,
    errors: Errors,
    *,
    title: str = "That did not work",
    back: str = OVERVIEW,
    question: str = "",
) -> HttpResponse:
    """`question` is a button that posts the same form again with `confirm=yes`."""
    if wants_json(request):
        return JsonResponse({"errors": errors}, status=400)
    sentences = [sentence for sentences in errors.values() for sentence in sentences]
    context = {"title": title, "sentences": sentences, "back": back, "question": question}
    return render(request, "integrations/callback_problem.html", context, status=400)


def next_page(request: HttpRequest, to: str) -> str:
    """The address in `next`, if it is a page of this portal; else the page `to`.

    A text without a slash would be taken for the name of a view.
    """
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    is_own = url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
    return wanted if is_own and wanted.startswith("/") else reverse(to)
