"""Refusals in the documented shape `{message, code, field?}`; `field` only on 400."""

from __future__ import annotations


class Refused(Exception):
    """The answer to a request that broke a rule."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field

    def as_dict(self) -> dict[str, str]:
        named = {"field": self.field} if self.field else {}
        return {"message": self.message, "code": self.code, **named}


def invalid(field: str, message: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", message, field)


def not_found(what: str) -> Refused:
    return Refused(404, "NOT_FOUND", f"{what} not found")
