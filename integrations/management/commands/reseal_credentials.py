from __future__ import annotations

from collections.abc import Iterator, Mapping

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db.models import Model

from integrations.management.json_command import JsonCommand, Options
from integrations.models.encryption import rotate


class Command(JsonCommand):
    help = "Seals every credential anew with the first of CREDENTIAL_KEYS, so that the others can be retired."

    def answer(self, _options: Options) -> Mapping[str, object]:
        resealed = unreadable = 0
        for model, column in sealed_columns():
            for pk, sealed in model._default_manager.exclude(**{column: ""}).values_list("pk", column):
                if reseal_row(model, column, pk, sealed):
                    resealed += 1
                else:
                    unreadable += 1
        answer = {"resealed": resealed, "unreadable": unreadable}
        if unreadable:
            self.show(answer)
            self.refuse({"CREDENTIAL_KEYS": [f"None of the keys opens {unreadable} credentials."]})
        return answer


def sealed_columns() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_app_config("integrations").get_models():
        for field in model._meta.concrete_fields:
            if field.name.endswith("_encrypted"):
                yield model, field.name


def reseal_row(model: type[Model], column: str, pk: int, sealed: str) -> bool:
    """Conditional: a token that was renewed meanwhile is sealed with the first key already."""
    try:
        anew = rotate(sealed)
    except InvalidToken:
        return False
    model._default_manager.filter(pk=pk, **{column: sealed}).update(**{column: anew})
    return True
