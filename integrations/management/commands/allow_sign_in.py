from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accounts.audit import log_action
from accounts.models import normal_email
from accounts.throttle import lift_limits
from integrations.management.json_command import JsonCommand, Options

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(JsonCommand):
    help = "Forgets the tries to sign in with an e-mail address, so that its owner need not wait."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)

    def answer(self, options: Options) -> Mapping[str, object]:
        email = normal_email(options["email"])
        forgotten = lift_limits(email)
        log_action(company=None, user=None, verb="allow", target=f"sign-in of {email}")
        return {"email": email, "forgotten": forgotten}
