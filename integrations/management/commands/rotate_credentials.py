from __future__ import annotations

from collections.abc import Iterator, Mapping

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db.models import Model

from integrations.management.json_command import JsonCommand, Options
from integrations.models.encryption import rotate


class Command(JsonCommand):
    help = (
        "Encrypts every credential again with the first of CREDENTIAL_KEYS, so that the others can be retired. "
        "OLD_CREDENTIAL_KEYS are tried as well."
    )

    def answer(self, _options: Options) -> Mapping[str, object]:
        rotated = unreadable = 0
        for model, column in encrypted_columns():
            for pk, value in model._default_manager.exclude(**{column: ""}).values_list("pk", column):
                if rotate_row(model, column, pk, value):
                    rotated += 1
                else:
                    unreadable += 1
        answer = {"rotated": rotated, "unreadable": unreadable}
        if unreadable:
            self.show(answer)
            self.refuse(
                {
                    "CREDENTIAL_KEYS": [
                        f"None of the keys opens {unreadable} credentials. Name former ones in OLD_CREDENTIAL_KEYS."
                    ]
                }
            )
        return answer


def encrypted_columns() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_app_config("integrations").get_models():
        for field in model._meta.concrete_fields:
            if field.name.endswith("_encrypted"):
                yield model, field.name


def rotate_row(model: type[Model], column: str, pk: int, value: str) -> bool:
    """Encrypt one value again, unless it was replaced meanwhile; False if no key opens it."""
    try:
        rotated = rotate(value)
    except InvalidToken:
        return False
    model._default_manager.filter(pk=pk, **{column: value}).update(**{column: rotated})
    return True
