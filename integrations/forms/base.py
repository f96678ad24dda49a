from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model

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

    def __init__(self, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.only = only
        for name in set(self.fields).difference(self.fields if only is None else only):
            del self.fields[name]
        if "connection" in self.fields:
            theirs = list(self.fields["connection"].queryset[:2])  # type: ignore[attr-defined]  # of a foreign key
            if len(theirs) == 1:
                self.initial.setdefault("connection", theirs[0].pk)

    def chosen_connection(self) -> QuickBooksConnection | None:
        """For a row that is added, the one a person chose among those that are theirs."""
        if "connection" not in self.fields:
            own: QuickBooksConnection = self.instance.connection
            return own
        try:
            chosen: QuickBooksConnection = self.fields["connection"].clean(self["connection"].value())
        except ValidationError:
            return None
        return chosen

    @classmethod
    def find(cls, connection: QuickBooksConnection, row: str = "") -> Model:
        """The stored row, or a new one that is not stored yet."""
        raise NotImplementedError

    @classmethod
    def takes(cls, row: str) -> bool:
        """Whether there can be a row of this name: of a workflow Coperniq is asked, not this."""
        return True

    @classmethod
    def sent(cls, connection: QuickBooksConnection, row: str, values: dict[str, str]) -> Self:
        return cls(values, instance=cls.find(connection, row), only=values)

    @property
    def row(self) -> str:
        """What follows the dot in the keys of this row."""
        return ""

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
