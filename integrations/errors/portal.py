"""The base of all exceptions, and those raised inside the portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, NamedTuple, Self

from integrations.causes import Cause
from integrations.messages import Message
from integrations.messages.choices import Label
from integrations.messages.vendors import ErrorMessage


class Remedy(StrEnum):
    RETRY = "retry"
    RECONNECT = "reconnect"
    CONFIGURE = "configure"
    INSPECT = "inspect"


class PortalError(Exception):
    """`sentence` says to a bookkeeper what happened and what to do; `cause` is its stable key.

    `parameters` are the values in the sentence: with the cause they say whether two errors are the same.
    """

    remedy: ClassVar[Remedy] = Remedy.INSPECT
    cause: str = Cause.UNEXPECTED

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.parameters: Mapping[str, object] = {}

    def with_parameters(self, parameters: Mapping[str, object]) -> Self:
        self.parameters = parameters
        return self


class UnreadableWebhook(PortalError):
    cause = Cause.UNREADABLE_WEBHOOK


class UnreadableJson(PortalError):
    cause = Cause.UNREADABLE_JSON


class UnexpectedShape(PortalError):
    """A field is missing or of another type. `path` says where, for example "Customer.MetaData.LastUpdatedTime"."""

    cause = Cause.UNEXPECTED_SHAPE

    def __init__(self, path: str, wanted: str) -> None:
        self.path, self.wanted = path, wanted
        message = ErrorMessage.UNEXPECTED_SHAPE(wanted=wanted, path=path or "its top")
        super().__init__(message.text)
        self.parameters = message.parameters


class Choice(NamedTuple):
    """An option offered to a person; `key` is stored as the answer, `question` is what it answers.

    Labels come from `messages/choices.py`. Trying again and leaving the record alone answer no question. `input` labels
    the box for a text that belongs to the answer, which is then "key:text".
    """

    key: str
    label: Label
    question: str = ""
    input: Label = Label("")

    def is_taken_by(self, answer: str) -> bool:
        key, _, text = answer.partition(":")
        return bool(key == self.key and text.strip()) if self.input else answer == self.key


class _Outcome(PortalError):
    """What becomes of the run is no failure: a message says what it is and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message
        self.cause = message.cause
        self.parameters = message.parameters


class NeedsDecision(_Outcome):
    """The run is held until a person picks one of the choices.

    `compared` lists fields whose values are shown side by side: {field, before, coperniq, quickbooks}. `waits_for` is
    the record, if any, whose link would release the run as well.
    """

    def __init__(
        self,
        message: Message,
        choices: Sequence[Choice] = (),
        *,
        compared: Sequence[Mapping[str, str]] = (),
        waits_for: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(message)
        self.choices = tuple(choices)
        self.compared = tuple(compared)
        self.waits_for = waits_for


class Skipped(_Outcome):
    """The record is not synced, for the reason given; the choices, if any, are ways to sync it anyway.

    `silent` leaves it out of the log, because a reader would not miss it.
    """

    def __init__(self, message: Message, choices: Sequence[Choice] = (), *, silent: bool = False) -> None:
        super().__init__(message)
        self.choices = tuple(choices)
        self.silent = silent


class BlockedBy(_Outcome):
    """The run waits for the link of another record and is released when that link is created.

    Without a record it waits for invoice syncing to be switched on. The choices, if any, are ways to wait no longer.
    """

    def __init__(
        self, message: Message, choices: Sequence[Choice] = (), *, kind: str = "", coperniq_id: str = ""
    ) -> None:
        super().__init__(message)
        self.choices = tuple(choices)
        self.kind, self.coperniq_id = kind, coperniq_id


class LeaseLost(PortalError):
    """Another worker has the company's lease: results of this worker must not be stored."""

    remedy = Remedy.RETRY
    cause = Cause.LANE_LOST

    def __init__(self) -> None:
        super().__init__(ErrorMessage.LANE_LOST().text)


class CredentialUnreadable(PortalError):
    remedy = Remedy.CONFIGURE
    cause = Cause.CREDENTIAL_UNREADABLE

    def __init__(self) -> None:
        super().__init__(ErrorMessage.CREDENTIAL_UNREADABLE().text)
