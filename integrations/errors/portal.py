"""What goes wrong inside the portal, or waits there, and the stem of every error."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, NamedTuple


class Remedy(StrEnum):
    RETRY = "retry"
    RECONNECT = "reconnect"
    CONFIGURE = "configure"
    INSPECT = "inspect"


class PortalError(Exception):
    """`sentence` is read by a bookkeeper and says the next step; `cause` is a stable key for grouping."""

    remedy: ClassVar[Remedy] = Remedy.INSPECT
    cause: str = "unexpected"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnreadableWebhook(PortalError):
    cause = "unreadable_webhook"


class UnreadableJson(PortalError):
    cause = "unreadable_json"


class UnexpectedShape(PortalError):
    """`path` is where in the document the reader was, e.g. "Customer.MetaData.LastUpdatedTime"."""

    cause = "unexpected_shape"

    def __init__(self, path: str, wanted: str) -> None:
        self.path, self.wanted = path, wanted
        super().__init__(f"The answer has no {wanted} at {path or 'its top'}. Please tell support.")


class Choice(NamedTuple):
    """A way out offered to a person; `key` is what the decision stores, `question` what it answers.

    Trying again and leaving the record alone answer no question.
    """

    key: str
    label: str
    question: str = ""


class Hold(PortalError):
    """The run has to wait for a person, who picks one of the choices.

    `compared` are fields whose values are shown side by side: {field, before, coperniq, quickbooks}.
    """

    def __init__(
        self,
        cause: str,
        sentence: str,
        choices: Sequence[Choice] = (),
        *,
        compared: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.choices = tuple(choices)
        self.compared = tuple(compared)


class Skip(PortalError):
    """There is a good reason to leave this record alone; the choices, if any, are ways to do it all the same.

    `silent`: nothing a reader of the log would miss.
    """

    def __init__(
        self, cause: str, sentence: str, choices: Sequence[Choice] = (), *, silent: bool = False
    ) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.choices = tuple(choices)
        self.silent = silent


class Wait(PortalError):
    """The run waits for the link of another record, and is released when that appears."""

    def __init__(self, cause: str, sentence: str, *, kind: str, coperniq_id: str) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.kind, self.coperniq_id = kind, coperniq_id


class LaneLost(PortalError):
    """Another worker holds the lane by now: nothing of what we know may be stored any more."""

    remedy = Remedy.RETRY
    cause = "lane_lost"

    def __init__(self) -> None:
        super().__init__("Another worker has taken over this company. The portal goes on by itself.")


class CredentialUnreadable(PortalError):
    remedy = Remedy.CONFIGURE
    cause = "credential_unreadable"

    def __init__(self) -> None:
        super().__init__("A stored credential cannot be opened. Please ask support to check CREDENTIAL_KEYS.")
