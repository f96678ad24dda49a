"""The catalog of everything people read in the log, on held runs, in warnings and in the answers of forms.

One enum per record kind. A member names its cause and its text; called with the text's parameters it gives a message.
American English, as a bookkeeper speaks: what happened, and what to do next.
"""

from integrations.messages.base import Catalog, Message

__all__ = ["Catalog", "Message"]
