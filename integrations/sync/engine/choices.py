"""Choices that any question may offer."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.messages.choices import ChoiceLabel
from integrations.models import Question

DISCARD = Choice("discard", ChoiceLabel.LEAVE())
RETRY = Choice("retry", ChoiceLabel.TRY_AGAIN())
CREATE_AGAIN = Choice("create", ChoiceLabel.CREATE_AGAIN(), Question.CREATE_AGAIN)
RECORD_AGAIN = CREATE_AGAIN._replace(label=ChoiceLabel.RECORD_AGAIN())
