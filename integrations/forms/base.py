from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import QuickBooksConnection

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[Any]
else:
    AnyModelForm = forms.ModelForm


class RowForm(AnyModelForm):
    """The form of one row whose fields are keys of `configure`: `keys` says which field is which key, or the key's head.

    The page and the admin show it; a command or a page that sends a few keys binds it with those fields alone.
    """

    keys: ClassVar[dict[str, str]]
    row_field: ClassVar[str] = ""
    """The column with what follows the dot in the keys of a row."""

    def __init__(self, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.only = only
        for name in set(self.fields).difference(self.fields if only is None else only):
            del self.fields[name]
        if "connection" in self.fields:
            offered = list(self.fields["connection"].queryset[:2])  # type: ignore[attr-defined]  # of a foreign key
            if len(offered) == 1:
                self.initial.setdefault("connection", offered[0].pk)

    def chosen_connection(self) -> QuickBooksConnection | None:
        """The connection of the row; for a new row the one that the person chose."""
        try:
            field = self.fields.get("connection")
            chosen: QuickBooksConnection = (
                field.clean(self["connection"].value()) if field else self.instance.connection
            )
        except ValidationError:
            return None
        return chosen

    @classmethod
    def instances(cls, connection: QuickBooksConnection, rows: Iterable[str] = ("",)) -> dict[str, Any]:
        """The rows of these names, stored or new, and all others that are stored."""
        model: Any = cls._meta.model
        stored = {getattr(row, cls.row_field, ""): row for row in model.objects.filter(connection=connection)}
        found = {}
        for name in dict.fromkeys([*rows, *stored]):
            found[name] = stored.get(name) or model(**({cls.row_field: name} if cls.row_field else {}))
            found[name].connection = connection
        return found

    @classmethod
    def shown(cls, connection: QuickBooksConnection, rows: Iterable[str], **kwargs: Any) -> list[Self]:
        instances = cls.instances(connection, rows).items()
        names = list(cls.keys)
        return [cls(instance=row, prefix=name, auto_id="%s", only=names, **kwargs) for name, row in instances]

    @classmethod
    def sent(cls, connection: QuickBooksConnection, row: str, values: dict[str, str]) -> Self:
        return cls(values, instance=cls.instances(connection, [row])[row], only=values)

    @property
    def row(self) -> str:
        return getattr(self.instance, self.row_field, "")

    def key_of(self, name: str) -> str:
        return f"{self.keys[name]}.{self.row}" if self.row else self.keys[name]

    def values(self) -> dict[str, str]:
        """What is stored, as `configure` takes it."""
        return {self.key_of(name): str(self[name].value()) for name in self.fields if name in self.keys}

    @property
    def wanted(self) -> dict[str, str]:
        """What was changed, as `configure` takes it."""
        return {self.key_of(name): str(self[name].data) for name in self.changed_data if name in self.keys}

    def store(self) -> None:
        self.instance.save()
