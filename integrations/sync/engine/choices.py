"""Choices that any question may offer."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.models import Question

DISCARD = Choice("discard", "Leave it")
RETRY = Choice("retry", "Try again")
CREATE_AGAIN = Choice("create", "Create it again", Question.CREATE_AGAIN)
