from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.audit import offers_to, settle_offer
from accounts.forms import SignInForm
from accounts.scoping import OFFERED, companies_of, wants_json
from accounts.throttle import (
    WINDOW,
    Try,
    claim_try,
    forget_tries,
    remember_device,
    remember_network,
    sign_in_try,
)

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm

    from accounts.models import Company, User

MOST_COMPANIES_SHOWN = 100
PRIMARY_KEY = re.compile("[0-9]{1,18}")
TOO_MANY_TRIES = "Too many tries. Please wait a quarter of an hour and try again."


class SignIn(LoginView):
    template_name = "accounts/login.html"
    authentication_form = SignInForm

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        if not claim_try(self.this_try()):
            return self.refuse_for_now()
        return super().post(request, *args, **kwargs)

    @property
    def email(self) -> str:
        return self.request.POST.get("username", "")

    def this_try(self) -> Try:
        return sign_in_try(self.request, self.email)

    def refuse_for_now(self) -> HttpResponse:
        """Answer 429 without a check of the password."""
        # An unbound form shows no errors.
        page = "accounts/login.html"
        return too_many_tries(self.request, page, self.get_context_data(form=SignInForm(self.request)))

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        forget_tries(self.this_try())
        answer = super().form_valid(form)
        if offers_to(form.get_user()).exists():
            self.request.session[OFFERED] = True
        if wants_json(self.request):
            answer = JsonResponse({"ok": True})
        remember_device(self.request, answer, self.email)
        remember_network(self.request, self.email)
        return answer

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if wants_json(self.request):
            return JsonResponse({"errors": form.errors}, status=400)
        return self.render_to_response(self.get_context_data(form=form), status=400)


def too_many_tries(request: HttpRequest, page: str, context: Mapping[str, Any]) -> HttpResponse:
    if wants_json(request):
        answer: HttpResponse = JsonResponse({"errors": [TOO_MANY_TRIES]}, status=429)
    else:
        answer = render(request, page, {**context, "refusal": TOO_MANY_TRIES}, status=429)
    answer["Retry-After"] = str(int(WINDOW.total_seconds()))
    return answer


class SignOut(LogoutView):
    next_page = "accounts:login"

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        return JsonResponse({"ok": True}) if wants_json(request) else answer


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def offers(request: HttpRequest) -> HttpResponse:
    """Memberships that companies offer to this person, who accepts or declines each."""
    person = cast("User", request.user)
    if request.method == "POST":
        wanted = request.POST.get("offer", "")
        offer = get_object_or_404(offers_to(person), pk=wanted if PRIMARY_KEY.fullmatch(wanted) else 0)
        answer = request.POST.get("answer")
        if answer not in ("accept", "decline"):
            return JsonResponse({"errors": {"answer": ["Say accept or decline."]}}, status=400)
        settle_offer(offer, person, accepted=answer == "accept")
        if not offers_to(person).exists():
            request.session.pop(OFFERED, None)
        if wants_json(request):
            return JsonResponse({"ok": True})
        return redirect("accounts:offers" if OFFERED in request.session else settings.LOGIN_REDIRECT_URL)
    found = offers_to(person).select_related("company", "offered_by").order_by("company__name")
    if wants_json(request):
        rows = [
            {
                "offer": str(each.pk),
                "company": str(each.company),
                "role": each.role,
                "offered_by": str(each.offered_by or ""),
            }
            for each in found
        ]
        return JsonResponse({"offers": rows})
    return render(request, "accounts/offers.html", {"offers": found})


@never_cache
@login_required
@require_safe
def choose_company(request: HttpRequest) -> HttpResponse:
    """Links to the wanted page, one for each company; the page remembers the choice."""
    wanted = request.GET.get("q", "").strip()
    companies = companies_of(request.user).filter(name__icontains=wanted).order_by("name")
    page = safe_next(request)
    shown = list(companies[: MOST_COMPANIES_SHOWN + 1])
    context = {
        "choices": [(company, with_company(page, company)) for company in shown[:MOST_COMPANIES_SHOWN]],
        "is_offered": offers_to(cast("User", request.user)).exists(),
        "next": page,
        "q": wanted,
        "searchable": bool(wanted) or len(shown) > MOST_COMPANIES_SHOWN,
    }
    return render(request, "accounts/choose_company.html", context)


def safe_next(request: HttpRequest) -> str:
    page = request.GET.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(page, allowed_hosts=hosts, require_https=request.is_secure()):
        return page
    return settings.LOGIN_REDIRECT_URL


def with_company(page: str, company: Company) -> str:
    parts = urlsplit(page)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "company"]
    return parts._replace(query=urlencode([*kept, ("company", company.slug)])).geturl()
