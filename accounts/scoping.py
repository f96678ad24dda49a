"""Which rows a person may see, and which company a page is about.

A model names the company of its rows with `company_path`, the lookup to Company over foreign keys (such as
"connection__company", or "" for Company itself). Rows of a model without it are visible to the operator only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.models import Company, User
from accounts.roles import Right, is_operator, may, rights_anywhere, roles_with

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    Person = User | AnonymousUser

M = TypeVar("M", bound=Model)
P = ParamSpec("P")

CHOSEN_COMPANY = "company"
OFFERED = "membership_offered"
"""In the session of a person to whom membership was offered when they signed in."""
RIGHTS_HELD = "rights_held"
SAFE_METHODS = ("GET", "HEAD")
MOST_NAMED = 5


class CompanyNotChosen(Exception):
    """The request does not name a company, and the person belongs to several or to none."""


class CompaniesDisagree(Exception):
    """The form was made for the one company, its address names the other."""

    def __init__(self, addressed: Company, posted: Company) -> None:
        super().__init__(
            f"The address names {addressed}, but the form was opened for {posted}. Nothing was changed. Open the page "
            "of the company you mean, and try again."
        )


class CompanyGone(Exception):
    """The form names a company that is not, or no longer, one of the person's; which of both stays unsaid."""

    def __init__(self) -> None:
        super().__init__(
            "The company this form was opened for is not among yours: its address may have changed, or you may have left "
            "it. Nothing was changed. Open the page of the company you mean, and try again."
        )


class CompanyRequest(HttpRequest):
    """What a view behind `company_page` receives."""

    company: Company
    user: User


def company_path_of(model: type[Model]) -> str | None:
    return getattr(model, "company_path", None)


def companies_of(user: Person, right: Right = Right.READ) -> QuerySet[Company]:
    if is_operator(user):
        return Company.objects.all()
    if not user.is_active or user.is_anonymous:
        return Company.objects.none()
    granting = user.memberships.filter(role__in=roles_with(right))
    return Company.objects.filter(pk__in=granting.values("company"))


def rows_for(user: Person, queryset: QuerySet[M], right: Right = Right.READ) -> QuerySet[M]:
    """The rows of all companies where the person has the right; all rows for the operator."""
    if is_operator(user):
        return queryset
    path = company_path_of(queryset.model)
    if path is None:
        return queryset.none()
    return queryset.filter(**{f"{path or 'pk'}__in": companies_of(user, right)})


def rows_granted(user: Person, queryset: QuerySet[M], right: Right | None) -> QuerySet[M]:
    """As `rows_for`; a right that is None is the operator's."""
    if right is None and not is_operator(user):
        return queryset.none()
    return rows_for(user, queryset, right or Right.READ)


def rows_of(company: Company, queryset: QuerySet[M]) -> QuerySet[M]:
    path = company_path_of(queryset.model)
    if path is None:
        return queryset.none()
    return queryset.filter(**{path or "pk": company.pk})


def rights_held(request: HttpRequest) -> frozenset[Right]:
    """As `rights_anywhere`, but read once per request, since an admin page checks every model."""
    kept = vars(request)
    if RIGHTS_HELD not in kept:
        kept[RIGHTS_HELD] = rights_anywhere(request.user)
    held: frozenset[Right] = kept[RIGHTS_HELD]
    return held


def company_of(row: Model) -> Company | None:
    """The company of a row by its current attributes, whether they are saved or not."""
    path = company_path_of(type(row))
    if path is None:
        return None
    found: Model | None = row
    for name in filter(None, path.split("__")):
        found = getattr(found, name, None)
    return cast("Company | None", found)


def company_for(request: HttpRequest, meant: Company | None = None) -> Company:
    """The company named by the address (`?company=<slug>`) or by the form, else the only one of the person.

    A page that is only read falls back on the company chosen last. A form does not: another tab may have chosen another
    company since. `meant` is named by neither, but by what the request answers. Raises Http404 for a slug that is unknown
    or not the person's, CompanyGone for such a form, CompanyNotChosen with nothing to go by, CompaniesDisagree if
    address and form name different ones.
    """
    own = companies_of(request.user)
    slugs = [each.get("company") for each in (request.GET, request.POST)]
    named = [_named_company(request, own, slug) for slug in dict.fromkeys(slugs) if slug is not None]
    if len(named) > 1:
        raise CompaniesDisagree(*named)
    if not named and meant is not None:
        named = list(own.filter(pk=meant.pk))
    if named:
        if request.session.get(CHOSEN_COMPANY) != named[0].pk:
            request.session[CHOSEN_COMPANY] = named[0].pk
        return named[0]
    if request.method not in SAFE_METHODS:
        return only_company(own)
    # Searched among the person's companies, so that one they have left since is not found.
    remembered = request.session.get(CHOSEN_COMPANY, 0)
    return own.filter(pk=remembered).first() or only_company(own)


def _named_company(request: HttpRequest, own: QuerySet[Company], slug: str) -> Company:
    if request.method in SAFE_METHODS:
        return get_object_or_404(own, slug=slug)
    company = own.filter(slug=slug).first()
    if company is None:
        raise CompanyGone
    return company


def only_company(companies: QuerySet[Company]) -> Company:
    first_two = list(companies[:2])
    if len(first_two) != 1:
        raise CompanyNotChosen
    return first_two[0]


def wants_json(request: HttpRequest) -> bool:
    preferred = request.get_preferred_type(["text/html", "application/json"])
    return preferred == "application/json" or request.GET.get("format") == "json"


def _nothing_meant(_request: HttpRequest) -> Company | None:
    return None


def company_unknown(request: HttpRequest) -> HttpResponse:
    """Nobody is signed in, or it is not clear which of several companies is meant."""
    return ask_for_company(request) if request.user.is_authenticated else ask_to_sign_in(request)


def company_page(
    right: Right,
    company_meant: Callable[[HttpRequest], Company | None] = _nothing_meant,
    if_unknown: Callable[[HttpRequest], HttpResponse] = company_unknown,
) -> Callable[
    [Callable[Concatenate[CompanyRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Decorate a view about one company, `request.company`, for people who have the right there.

    `company_meant` finds it for a request that does not name it. `if_unknown` answers where it cannot be found; the usual
    answers lead back to the address of the request.
    """

    def decorate(
        view: Callable[Concatenate[CompanyRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return if_unknown(request)
            try:
                company = company_for(request, company_meant(request))
            except CompanyNotChosen:
                return if_unknown(request)
            except CompanyGone as error:
                return refuse_form(request, str(error), status=404)
            except CompaniesDisagree as error:
                return refuse_form(request, str(error))
            if not may(request.user, company, right):
                return refuse(request, company)
            scoped = cast("CompanyRequest", request)
            scoped.company = company
            return view(scoped, *args, **kwargs)

        return guarded

    return decorate


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": ["Sign in first."]}, status=401)
    return redirect_to_login(return_address(request), settings.LOGIN_URL)


def ask_for_company(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": ["Say which company with ?company=<slug>."]}, status=400)
    if request.method not in SAFE_METHODS and companies_of(request.user).exists():
        names = [str(company) for company in companies_of(request.user).order_by("name")[:MOST_NAMED]]
        text = f"The form does not say which company it is for, {' or '.join(names)}. Nothing was changed. Open the page "
        return refuse_form(request, f"{text}of the company you mean, and try again.")
    chooser = reverse("accounts:choose_company")
    return redirect(f"{chooser}?{urlencode({'next': return_address(request)})}")


def refuse_form(request: HttpRequest, sentence: str, status: int = 400) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": [sentence]}, status=status)
    return render(request, "accounts/wrong_company.html", {"sentence": sentence}, status=status)


def return_address(request: HttpRequest) -> str:
    """The page to return to afterwards; a POST cannot be repeated by a redirect."""
    if request.method in SAFE_METHODS:
        return request.get_full_path()
    return settings.LOGIN_REDIRECT_URL


def refuse(request: HttpRequest, company: Company) -> HttpResponse:
    """403 with the addresses of the company's admins."""
    admins = [admin.user.email for admin in company.admins().select_related("user").order_by("user__email")]
    if wants_json(request):
        return JsonResponse({"errors": [refusal_text(company, admins)]}, status=403)
    membership = company.memberships.filter(user=cast("User", request.user)).first()
    context = {"company": company, "admins": admins, "membership": membership}
    return render(request, "accounts/refused.html", context, status=403)


def refusal_text(company: Company, admins: list[str]) -> str:
    whom = " or ".join(admins) or "the support"
    return f"Your role at {company} does not allow this. Ask {whom}."
