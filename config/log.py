"""How the log is written: Coperniq's webhook addresses hold a secret, wherever a line comes from."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(?i)(webhooks/+coperniq/+)[^/\s\"'?]+")
_LONG_SEGMENT = re.compile(r"(?i)(/|%2F)[\w-]{40,}(?![\w.-])", re.ASCII)
"""A token in an address that was typed wrong. File names in tracebacks have a dot."""


class MaskingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _LONG_SEGMENT.sub(r"\1***", _SECRET.sub(r"\1***", super().format(record)))
