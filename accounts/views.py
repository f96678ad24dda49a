from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.forms import SignInForm
from accounts.scoping import companies_of, wants_json
from accounts.throttle import WINDOW, address_of, claim_try, forget_tries, origin_of

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm

    from accounts.models import Company

MOST_COMPANIES_SHOWN = 100
TOO_MANY_TRIES = "Too many tries. Please wait a quarter of an hour and try again."


class SignIn(LoginView):
    template_name = "accounts/login.html"
    authentication_form = SignInForm

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        if not claim_try(self.origin()):
            return self.refuse_for_now()
        return super().post(request, *args, **kwargs)

    def origin(self) -> str:
        return origin_of(self.request.POST.get("username", ""), address_of(self.request))

    def refuse_for_now(self) -> HttpResponse:
        """Answer 429 without a check of the password."""
        if wants_json(self.request):
            answer: HttpResponse = JsonResponse({"errors": [TOO_MANY_TRIES]}, status=429)
        else:
            # An unbound form shows no errors.
            context = self.get_context_data(form=SignInForm(self.request), refusal=TOO_MANY_TRIES)
            answer = self.render_to_response(context, status=429)
        answer["Retry-After"] = str(int(WINDOW.total_seconds()))
        return answer

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        forget_tries(self.origin())
        answer = super().form_valid(form)
        return JsonResponse({"ok": True}) if wants_json(self.request) else answer

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if wants_json(self.request):
            return JsonResponse({"errors": form.errors}, status=400)
        return self.render_to_response(self.get_context_data(form=form), status=400)


class SignOut(LogoutView):
    next_page = "accounts:login"

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        return JsonResponse({"ok": True}) if wants_json(request) else answer


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
