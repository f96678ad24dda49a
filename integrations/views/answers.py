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


def done(
    request: HttpRequest, sentence: str, to: str, *, level: int = messages.SUCCESS, **told: object
) -> HttpResponse:
    """`to` is the page to go on with, by name or path; `told` is what a program learns beyond "ok"."""
    if wants_json(request):
        return JsonResponse({"ok": True, **told})
    messages.add_message(request, level, sentence)
    return redirect(to)


def sent_away(request: HttpRequest, address: str) -> HttpResponse:
    """To a vendor's own page; a program is told where that is."""
    if wants_json(request):
        return JsonResponse({"ok": True, "location": address})
    return redirect(address)


def refused(
    request: HttpRequest,
    errors: Errors,
    *,
    title: str = "That did not work",
    back: str = OVERVIEW,
    asks: str = "",
) -> HttpResponse:
    """`asks` is a question whose yes posts the same form again with `confirm=yes`."""
    if wants_json(request):
        return JsonResponse({"errors": errors}, status=400)
    sentences = [sentence for told in errors.values() for sentence in told]
    context = {"title": title, "sentences": sentences, "back": back, "asks": asks}
    return render(request, "integrations/callback_problem.html", context, status=400)


def way_back(request: HttpRequest, to: str) -> str:
    """Where `next` says, if it is a page of ours; else the page of that name."""
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=request.is_secure()):
        return wanted
    return reverse(to)
