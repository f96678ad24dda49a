"""Several management commands in one process: starting Django is what costs the time."""

from __future__ import annotations

import json
import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for command in json.load(sys.stdin):
        call_command(*command)


if __name__ == "__main__":
    main()
