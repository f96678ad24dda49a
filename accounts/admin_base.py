"""The base of all admin pages: a person sees only rows, choices and actions of their own companies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied, ValidationError
from django.db import DataError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm, ModelMultipleChoiceField
from django.http import Http404, HttpRequest, HttpResponse

from accounts.admin_actions import narrowed, scoped_action
from accounts.admin_exports import ScopedExportMixin
from accounts.admin_filters import ScopedRelatedFilter, path_of, refuse_foreign_values, scoped_filter
from accounts.audit import log_action
from accounts.models import Company
from accounts.paging import CappedPaginator
from accounts.roles import Right, is_operator, may
from accounts.scoping import company_of, company_path_of, rights_held, rows_granted, rows_of

if TYPE_CHECKING:
    from django.db.models.fields.related import RelatedField
    from django.db.models.options import Options

    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin

__all__ = ["FactAdmin", "ScopedExportMixin", "ScopedModelAdmin", "ScopedRelatedFilter", "scoped_action"]

HIDDEN = "(hidden)"
FILTER_LOOKUPS = frozenset({"exact", "in", "isnull", "gte", "lt", "year", "month", "day", "id", "pk"})
"""What Django's own list filters ask by. Another one, such as a regular expression, can keep a server busy for ever."""


def owners_of(row: Model) -> Iterator[Company | None]:
    """The companies of the row and of every row it refers to; in valid data they are the same."""
    yield company_of(row)
    for field in row._meta.concrete_fields:
        target = getattr(row, field.name) if isinstance(field, ForeignKey) else None
        if target is not None and company_path_of(type(target)) is not None:
            yield company_of(target)


def limit_choices(company: Company, form: type[ModelForm[Any]]) -> None:
    for field in form.base_fields.values():
        choices = field.queryset if isinstance(field, ModelChoiceField) else None
        if choices is not None and company_path_of(choices.model) is not None:
            field.queryset = rows_of(company, choices)  # type: ignore[attr-defined]  # a ModelChoiceField, as above


def shown(row: Model, name: str) -> str:
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    return "" if value is None else str(value)


class CheckedChangeList(ChangeList):
    """Takes a value that the database refuses, such as a year before 1, for a wrong filter."""

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (ValueError, TypeError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters(error) from error


class ScopedModelAdmin(AnyModelAdmin):
    """Shows and changes rows according to a person's companies and roles.

    Where a right is None, and for models without a company, only the operator is allowed. Changes are written to the
    audit log, those of `secret_fields` without values.
    """

    right_to_view: ClassVar[Right | None] = Right.READ
    right_to_change: ClassVar[Right | None] = Right.CONFIGURE
    right_to_add: ClassVar[Right | None] = None
    right_to_delete: ClassVar[Right | None] = None
    secret_fields: ClassVar[Sequence[str]] = ()

    ordering = ("-pk",)
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    view_on_site = False

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.raw_id_fields:
            # Its widget looks up and names any row whose id is posted.
            raise ImproperlyConfigured(f"{self} must not use raw_id_fields; use autocomplete_fields.")
        for entry in self.list_filter:
            refuse_foreign_values(model, entry)

    # Rights

    def allows(self, request: HttpRequest, right: Right | None, row: Model | None) -> bool:
        if is_operator(request.user):
            return True
        if right is None or company_path_of(self.model) is None or right not in rights_held(request):
            return False
        return row is None or rows_granted(request.user, self.stored(row), right).exists()

    def stored(self, row: Model) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._base_manager.filter(pk=row.pk)
        return rows

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.allows(request, self.right_to_view, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.allows(request, self.right_to_change, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, self.right_to_add, None)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.allows(request, self.right_to_delete, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) or self.has_add_permission(request)

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rows_granted(request.user, super().get_queryset(request), self.right_to_view)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [scoped_filter(self.model, entry) for entry in super().get_list_filter(request)]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only lookups that the page offers as filters; others could be used to guess hidden values."""
        if any(lookup == secret or lookup.startswith(f"{secret}__") for secret in self.secret_fields):
            return False
        offered = any(
            lookup == path
            or (
                lookup.startswith(f"{path}__")
                and FILTER_LOOKUPS.issuperset(lookup[len(path) + 2 :].split("__"))
            )
            for path in self.offered_lookups(request)
        )
        return offered and super().lookup_allowed(lookup, value, request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not all(map(self.may_be_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest("A chosen row has no such key")
        return super().changelist_view(request, extra_context)

    def may_be_key(self, posted: str) -> bool:
        """False for what the database would stumble over, such as a number without end."""
        try:
            self.opts.pk.run_validators(self.opts.pk.to_python(posted))
        except ValidationError:
            return False
        return True

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return CheckedChangeList

    def offered_lookups(self, request: HttpRequest) -> Iterator[str]:
        for entry in self.get_list_filter(request):
            yield path_of(entry) or getattr(entry, "parameter_name", None) or self.opts.pk.name
        if self.date_hierarchy:
            yield self.date_hierarchy

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = {}
        found: dict[str, Any] = super().get_actions(request)
        for name, (action, _, description) in found.items():
            right = getattr(action, "right", self.right_to_change)
            if name != "delete_selected" and self.allows(request, right, None):
                actions[name] = (narrowed(action, right), name, description)
        return actions

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Options[Any], object_id: str
    ) -> NoReturn:
        raise Http404  # the same for rows that do not exist and for rows of other companies

    # Forms

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: object
    ) -> ModelChoiceField[Any] | None:
        kwargs["queryset"] = self.choices_for(db_field, request, **kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: object
    ) -> ModelMultipleChoiceField[Any] | None:
        kwargs["queryset"] = self.choices_for(db_field, request, **kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def choices_for(
        self, field: RelatedField[Any, Any], request: HttpRequest, queryset: object = None, **_: object
    ) -> QuerySet[Any]:
        if not isinstance(queryset, QuerySet):
            queryset = self.get_field_queryset(None, field, request)
        if queryset is None:
            queryset = field.remote_field.model._default_manager.all()
        return rows_granted(request.user, queryset, self.right_to_change or self.right_to_add)

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: object
    ) -> type[ModelForm[Any]]:
        """The form of an existing row offers only choices of its own company, even to members of several."""
        form = super().get_form(request, obj, change, **kwargs)
        company = company_of(obj) if change and obj is not None else None
        if company is not None:
            limit_choices(company, form)
        return form

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        fields = list(super().get_fields(request, obj))
        if obj is None or self.has_change_permission(request, obj):
            return fields
        return [field for field in fields if field not in self.secret_fields]

    # Writing

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        before = self.stored(obj).first() if change else None
        self.refuse_other_company(request, obj, before)
        super().save_model(request, obj, form, change)
        if before is None:
            self.record(request, obj, "add")
        else:
            self.record_changes(request, before, obj, form.changed_data)

    def refuse_other_company(self, request: HttpRequest, row: Model, before: Model | None) -> None:
        """Raise PermissionDenied if the row would change its company, refer to two, or belong to another."""
        if company_path_of(self.model) is None:
            return
        company = company_of(row)
        if before is not None and company != company_of(before):
            raise PermissionDenied("A row never moves to another company.")
        if any(owner != company for owner in owners_of(row)):
            raise PermissionDenied("A row never belongs to two companies.")
        right = self.right_to_add if before is None else self.right_to_change
        if not is_operator(request.user) and not (company and right and may(request.user, company, right)):
            raise PermissionDenied

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.record(request, obj, "remove")
        super().delete_model(request, obj)

    def record_changes(self, request: HttpRequest, before: Model, after: Model, names: list[str]) -> None:
        plain = {field.name for field in self.opts.concrete_fields} - set(self.secret_fields)
        for name in names:
            values = (shown(before, name), shown(after, name)) if name in plain else ("", HIDDEN)
            self.record(request, after, "change", f": {name}", *values)

    def record(
        self, request: HttpRequest, row: Model, verb: str, detail: str = "", before: str = "", after: str = ""
    ) -> None:
        log_action(
            company=company_of(row),
            user=request.user,
            verb=verb,
            target=f"{self.opts.verbose_name} {row}{detail}",
            before=before,
            after=after,
        )


class FactAdmin(ScopedModelAdmin):
    """Read-only rows about what happened."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
