"""The errors of the v3 API by their codes, worded as recorded where a recording exists.

docs/vendors/quickbooks-online.md, 2.1 and 2.2.
"""

from __future__ import annotations

from simulator.quickbooks.responses import Problem, Refused, refused

OTHER_USER = "Dana Whitfield"
GONE = (
    "Object Not Found : Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


def unsupported_operation(what: str) -> Refused:
    return refused("500", "Unsupported Operation", f"Operation {what} is not supported.")


def wrong_path(path: str) -> Refused:
    shown = f"Could not find resource for relative : {path} of full path: https://c50.sandbox.qbo.intuit.com/qbo50{path}"
    return unsupported_operation(shown)


def not_found() -> Refused:
    return refused("610", "Object Not Found", GONE, "")


def invalid_id(supplied: str) -> Refused:
    problem = Problem("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{supplied}", "Id")
    return Refused(problem, timed=False)


def missing(parameter: str) -> Refused:
    message = "Required param missing, need to supply the required value for the API"
    return refused("2020", message, f"Required parameter {parameter} is missing in the request", parameter)


def bad_property(reason: str) -> Refused:
    detail = f"Property Name:{reason}\n specified is unsupported or invalid"
    return refused("2010", "Request has invalid or unsupported property", detail)


def stale() -> Refused:
    detail = (
        f"Stale Object Error : You and {OTHER_USER} were working on this at the same time. "
        f"{OTHER_USER} finished before you did, so your work was not saved."
    )
    return refused("5010", "Stale Object Error", detail, "")


def duplicate_name(tail: str) -> Refused:
    """`tail` "null" is the form recorded without an `element`."""
    detail = f"The name supplied already exists. : {tail}"
    return refused("6240", "Duplicate Name Exists Error", detail, None if tail == "null" else "")


def duplicate_request() -> Refused:
    return refused("600", "Duplicate Request ID", "The request id was used by another request already.", "")


def too_long(name: str, limit: int, supplied: int) -> Problem:
    message = "String length is either shorter or longer than supported by specification"
    return Problem("2050", message, f"Min:0 Max:{limit} supported. Supplied length:{supplied}", name)


def bad_email(address: str, element: str = "PrimaryEmailAddr") -> Problem:
    detail = f"Email Address does not conform to the syntax rules of RFC 822. Supplied value:{address}"
    return Problem("2210", "Invalid Email Address format", detail, element)


def unreadable_email(code: str, status: int) -> Refused:
    """A whole answer fails for one address in it, of which nothing says whose it is; as recorded with 4002."""
    message, text = "Error processing query", "To email address entered is invalid"
    if code != "4002":
        return refused(code, "Invalid Email Address format", text, "")
    kind = "ValidationFault" if status == 400 else "Service"
    return Refused(Problem(code, message, f"QueryProcessingError: {text}"), kind=kind, status=status)


def forbidden_characters(name: str, code: str) -> Problem:
    message = "Invalid String. The string either has unsupported or special characters"
    return Problem(code, message, f"{name} must not hold a colon, a tab or a newline", name)


def bad_date(code: str, name: str, supplied: str) -> Refused:
    return refused(code, "Invalid Date", f"Date should be yyyy-MM-dd. Supplied value:{supplied}", name)


def bad_amount(name: str, supplied: object) -> Refused:
    return refused("2140", "Invalid Amount", f"Amount is not valid. Supplied value:{supplied}", name)


def bad_quantity(name: str, supplied: object) -> Refused:
    return refused("2160", "Invalid Quantity", f"Quantity is not valid. Supplied value:{supplied}", name)


def bad_choice(name: str, supplied: str) -> Refused:
    return refused("2170", "Invalid Enumeration", f"Supplied value {supplied} is no value of {name}", name)


def negative(name: str) -> Refused:
    return refused("2290", "Negative Amount", f"Negative amount is not allowed for {name}", name)


def no_lines() -> Refused:
    return refused("2250", "Line Missing", "At least one line is required", "Line")


def bad_reference(code: str, kind: str, id_: str) -> Refused:
    """610 speaks of something made inactive, 2500 of the reference."""
    if code == "610":
        return not_found()
    return refused(
        code, "Invalid Reference Id", f"Invalid Reference Id : {kind} element id {id_} not found", ""
    )


def wrong_account_type(name: str) -> Refused:
    return business(
        f"You need to select a different type of account for {name}.", "6430", "Invalid Account Type Used"
    )


def not_linkable(detail: str) -> Refused:
    return refused("620", "Transaction cannot be linked", detail, "")


def miscalculated(sent: object, expected: object) -> Refused:
    detail = f"Amount is not equal to UnitPrice * Qty. Supplied value:{sent} Expected value:{expected}"
    return refused("6070", "Amount calculation incorrect in the request", detail, "Line.Amount")


def duplicate_number(number: str, kind: str, id_: str, *, tail: bool) -> Refused:
    message = "Duplicate Document Number Error"
    detail = f"{message} : You must specify a different number. This number has already been used."
    where = f" DocNumber={number} is assigned to TxnType={kind} with TxnId={id_}" if tail else ""
    return refused("6140", message, detail + where, "")


def closed_books(code: str, until: str) -> Refused:
    return business(
        f"The account period has closed and the account books cannot be updated through {until}.",
        code,
        "Account Period Closed, Cannot Update Through Services API",
    )


def deposited() -> Refused:
    return business(
        "This transaction has been deposited. If you want to change it, remove it from the deposit first.",
        "6540",
        "Deposited transaction cannot be changed",
    )


def business(
    detail: str, code: str = "6000", message: str = "A business validation error has occurred"
) -> Refused:
    return refused(code, message, f"Business Validation Error: {detail}", "")


def application_error() -> Refused:
    text = "An application error has occurred while processing your request"
    return Refused(
        Problem("10000", text, f"System Failure Error: {text}", ""), kind="SystemFault", status=500
    )
