"""The faults of the v3 API by their codes, worded as recorded wherever a recording exists."""

from __future__ import annotations

from integrations.simulator.quickbooks.answers import Problem, Refused

OTHER_USER = "Dana Whitfield"
GONE = (
    "Object Not Found : Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


def unsupported_operation(what: str) -> Refused:
    return Refused(Problem("500", "Unsupported Operation", f"Operation {what} is not supported."))


def wrong_path(path: str) -> Refused:
    shown = f"Could not find resource for relative : {path} of full path: https://c50.sandbox.qbo.intuit.com/qbo50{path}"
    return unsupported_operation(shown)


def not_found() -> Refused:
    return Refused(Problem("610", "Object Not Found", GONE, ""))


def invalid_id(supplied: str) -> Refused:
    problem = Problem("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{supplied}", "Id")
    return Refused(problem, timed=False)


def missing(parameter: str) -> Refused:
    message = "Required param missing, need to supply the required value for the API"
    return Refused(
        Problem("2020", message, f"Required parameter {parameter} is missing in the request", parameter)
    )


def bad_property(reason: str) -> Refused:
    detail = f"Property Name:{reason}\n specified is unsupported or invalid"
    return Refused(Problem("2010", "Request has invalid or unsupported property", detail))


def stale() -> Refused:
    detail = (
        f"Stale Object Error : You and {OTHER_USER} were working on this at the same time. "
        f"{OTHER_USER} finished before you did, so your work was not saved."
    )
    return Refused(Problem("5010", "Stale Object Error", detail, ""))


def duplicate_name(tail: str) -> Refused:
    """`tail` "null" is the form recorded without an `element`."""
    detail = f"The name supplied already exists. : {tail}"
    return Refused(Problem("6240", "Duplicate Name Exists Error", detail, None if tail == "null" else ""))


def duplicate_request() -> Refused:
    return Refused(
        Problem("600", "Duplicate Request ID", "The request id was used by another request already.", "")
    )


def too_long(name: str, limit: int, supplied: int) -> Problem:
    message = "String length is either shorter or longer than supported by specification"
    return Problem("2050", message, f"Min:0 Max:{limit} supported. Supplied length:{supplied}", name)


def bad_email(address: str) -> Problem:
    detail = f"Email Address does not conform to the syntax rules of RFC 822. Supplied value:{address}"
    return Problem("2210", "Invalid Email Address format", detail, "PrimaryEmailAddr")


def forbidden_characters(name: str, code: str) -> Problem:
    message = "Invalid String. The string either has unsupported or special characters"
    return Problem(code, message, f"{name} must not hold a colon, a tab or a newline", name)


def business(
    detail: str, code: str = "6000", message: str = "A business validation error has occurred"
) -> Refused:
    return Refused(Problem(code, message, f"Business Validation Error: {detail}", ""))


def application_error() -> Refused:
    text = "An application error has occurred while processing your request"
    return Refused(
        Problem("10000", text, f"System Failure Error: {text}", ""), kind="SystemFault", status=500
    )
