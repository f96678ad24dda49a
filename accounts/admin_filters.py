"""List filters that offer only values of rows that a person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.filters import AllValuesFieldListFilter, RelatedFieldListFilter
from django.contrib.admin.utils import get_fields_from_path, get_model_from_relation
from django.core.exceptions import ImproperlyConfigured
from django.db.models import BooleanField, DateField, Field, Model, QuerySet

from accounts.scoping import company_path_of, rows_for

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.db.models.fields.related import RelatedField
    from django.http import HttpRequest


class ScopedRelatedFilter(RelatedFieldListFilter):
    def field_choices(
        self, field: RelatedField[Any, Any], request: HttpRequest, model_admin: ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        choices = field.get_choices(
            include_blank=False,
            limit_choices_to={"pk__in": self.visible_keys(field, request, model_admin)},
            ordering=self.field_admin_ordering(field, request, model_admin),
        )
        return list(choices)

    def visible_keys(
        self, field: RelatedField[Any, Any], request: HttpRequest, model_admin: ModelAdmin[Any]
    ) -> QuerySet[Any, Any]:
        related = get_model_from_relation(field)
        if company_path_of(related) is not None:
            return rows_for(request.user, related._default_manager.all()).values("pk")
        # Of rows without a company, such as people, only those that visible rows refer to.
        return model_admin.get_queryset(request).order_by().values(f"{self.field_path}__pk")


def path_of(entry: object) -> str | None:
    """The field a list filter is about; None for a filter class that stands alone."""
    field = entry[0] if isinstance(entry, (tuple, list)) else entry
    if isinstance(field, Field):
        return field.name
    return field if isinstance(field, str) else None


def scoped_filter(model: type[Model], entry: object) -> object:
    """The list filter; an unscoped filter of a relation is replaced by the scoped one."""
    path = path_of(entry)
    if path is None or not get_fields_from_path(model, path)[-1].is_relation:
        return entry
    own_class = entry[1] if isinstance(entry, (tuple, list)) else None
    if own_class is not None and issubclass(own_class, ScopedRelatedFilter):
        return entry
    return path, ScopedRelatedFilter


def refuse_foreign_values(model: type[Model], entry: object) -> None:
    """Raises ImproperlyConfigured for a filter that would list every value in another table."""
    path = path_of(entry)
    if path is None or "__" not in path:
        return
    field: Any = get_fields_from_path(model, path)[-1]
    if field.is_relation or field.choices or isinstance(field, (BooleanField, DateField)):
        return
    own_class = entry[1] if isinstance(entry, (tuple, list)) else AllValuesFieldListFilter
    if issubclass(own_class, AllValuesFieldListFilter):
        raise ImproperlyConfigured(
            f"The list filter {path} of {model.__name__} would list other companies' values."
        )
