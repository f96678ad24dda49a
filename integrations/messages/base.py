from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from integrations.causes import Cause


@dataclass(frozen=True)
class Message:
    """A sentence that people read, with the cause and the parameters it was made from."""

    cause: Cause
    text: str
    parameters: Mapping[str, object] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return self.text


class Catalog(Enum):
    """Base of the enums of messages. The value of a member is (cause, text with {named} parameters)."""

    def __init__(self, cause: Cause, template: str) -> None:
        self.cause = cause
        self.template = template

    def __call__(self, **parameters: object) -> Message:
        """Raises KeyError if a parameter of the text is missing."""
        return Message(self.cause, self.template.format(**parameters), parameters)
