from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.urls import reverse

from accounts.audit import log_action
from accounts.roles import is_operator
from accounts.throttle import claim_try, forget_tries, password_change_try, return_try
from accounts.views import too_many_tries

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry
    from django.db.models import ForeignKey, Model, QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern, URLResolver


REDIRECTED = 302


class ScopedAutocomplete(AutocompleteJsonView):
    """Completes only fields that a page open to this person completes, with rows they may see."""

    def process_request(self, request: HttpRequest) -> tuple[str, ModelAdmin[Any], ForeignKey[Any, Any], str]:
        term, model_admin, field, to_field = super().process_request(request)
        model = apps.get_model(request.GET["app_label"], request.GET["model_name"])
        try:
            asking = model_admin.admin_site.get_model_admin(model)
        except NotRegistered as error:
            raise PermissionDenied from error
        completed = asking.get_autocomplete_fields(request)
        if field.name not in completed or not asking.has_view_permission(request):
            raise PermissionDenied
        return term, model_admin, field, to_field


class PortalAdminSite(AdminSite):
    site_title = "Portal"
    site_header = "Coperniq and QuickBooks"
    index_title = "Administration"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: object,
    ) -> None:
        """Raise ImproperlyConfigured for an admin class that does not check companies and roles."""
        from accounts.admin_base import ScopedModelAdmin

        if admin_class is None or not issubclass(admin_class, ScopedModelAdmin):
            raise ImproperlyConfigured(f"{admin_class} must be a ScopedModelAdmin.")
        super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_active or user.is_anonymous:
            return False
        return is_operator(user) or user.memberships.exists()

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the portal's own sign-in page, which limits the tries."""
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), settings.LOGIN_URL)

    def password_change(  # type: ignore[override]  # it may answer with any page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The old password can be guessed no more often than at the sign-in."""
        if request.method != "POST" or request.user.pk is None:
            return super().password_change(request, extra_context)
        this_try = password_change_try(request.user.pk)
        if not claim_try(this_try):
            return too_many_tries(request, "accounts/too_many_tries.html", {})
        answer = super().password_change(request, extra_context)
        shown = getattr(answer, "context_data", None)
        if shown and "old_password" not in shown["form"].errors:
            return_try(this_try)
        if answer.status_code == REDIRECTED:
            forget_tries(this_try)
            log_action(company=None, user=request.user, verb="change", target="own password")
        return answer

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # "View on site" redirects to objects of every company.
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast("HttpResponse", ScopedAutocomplete.as_view(admin_site=self)(request))

    def get_log_entries(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """Recent actions, for the operator only: they may name rows of a company that the person has left."""
        entries: QuerySet[LogEntry] = super().get_log_entries(request)
        return entries if is_operator(request.user) else entries.none()


site = PortalAdminSite()
