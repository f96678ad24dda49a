"""Exports with django-import-export, limited to a person's companies: https://django-import-export.readthedocs.io/en/stable/admin_integration.html"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from import_export.admin import ExportActionMixin

from accounts.audit import log_action
from accounts.models import Company
from accounts.roles import Right
from accounts.scoping import company_path_of, rows_for, rows_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from import_export.formats.base_formats import Format


class ScopedExportMixin(ExportActionMixin):  # type: ignore[misc]  # the library ships no types
    """To be listed before ScopedModelAdmin: exports the rows of companies where the person may, and records it."""

    show_change_form_export = False

    def has_export_permission(self, request: HttpRequest) -> bool:
        allowed: bool = self.allows(request, Right.EXPORT, None)
        return allowed

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Raises BadRequest for a filter that the list would refuse as well."""
        try:
            rows = super().get_export_queryset(request)
        except IncorrectLookupParameters as error:
            raise BadRequest("Unknown filter") from error
        return rows_for(request.user, rows, Right.EXPORT)

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[Any]:
        posted = filter(self.may_be_key, request.POST.getlist("export_items"))
        return list(self.get_export_queryset(request).filter(pk__in=posted).values_list("pk", flat=True))

    def export_admin_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        if not self.has_export_permission(request):
            raise PermissionDenied
        rows = rows_for(request.user, queryset, Right.EXPORT)
        answer: HttpResponseBase = super().export_admin_action(request, rows)
        return answer

    def get_export_data(
        self, file_format: Format, request: HttpRequest, queryset: QuerySet[Any], **kwargs: object
    ) -> bytes | str:
        data: bytes | str = super().get_export_data(file_format, request, queryset, **kwargs)
        self.record_export(request, queryset, file_format.get_extension())
        return data

    def record_export(self, request: HttpRequest, queryset: QuerySet[Any], extension: str) -> None:
        """Write one audit log entry for each company whose rows were exported."""
        rows = queryset.order_by()
        path = company_path_of(rows.model)
        noun = rows.model._meta.verbose_name_plural
        if path is None:
            log_action(
                company=None, user=request.user, verb="export", target=f"{rows.count()} {noun} as {extension}"
            )
            return
        for company in Company.objects.filter(pk__in=rows.values(path or "pk")):
            target = f"{rows_of(company, rows).count()} {noun} as {extension}"
            log_action(company=company, user=request.user, verb="export", target=target)
