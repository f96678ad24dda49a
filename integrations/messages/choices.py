"""The labels of the choices that a held run offers: what its buttons say, and the boxes beside them."""

from __future__ import annotations

from enum import Enum
from typing import NewType

Label = NewType("Label", str)


class ChoiceLabel(Enum):
    """A member has the text, with {named} parameters; called with them it gives the label."""

    # Of every kind of record
    LEAVE = "Leave it"
    TRY_AGAIN = "Try again"
    CREATE_AGAIN = "Create it again"
    SEND_ANYWAY = "Send it anyway"
    WRITE_TO_QUICKBOOKS = "Write this to QuickBooks"
    WRITE_TO_COPERNIQ = "Write this to Coperniq"
    USE_COPERNIQ = "Use what Coperniq has"
    USE_QUICKBOOKS = "Use what QuickBooks has"

    # Customers and jobs
    CREATE_CUSTOMER = "Create a new one"
    CREATE_WITH_SUFFIX = "Create a new one with “#2” after the name"
    CREATE_WITH_NAME = "Create a new one with this name"
    RENAME_WITH_SUFFIX = "Give it the name with “#2” after it"
    RENAME_WITH_NAME = "Give it this name"
    ANOTHER_NAME = "Another name"
    CREATE_WITH_NAME_ANYWAY = "Create it as “{name}” anyway"
    RENAME_WITH_NAME_ANYWAY = "Give it the name “{name}” anyway"
    PUSH_ARCHIVED = "Push it although it is archived"
    LINK_CUSTOMER = "Link to {customer}"
    LINK_AND_RENAME = "Link to {customer}; rename it to “{name}”"
    LINK_AND_KEEP_NAME = "Link to {customer}; it keeps its name"
    OPEN_BALANCE = " (open balance {balance})"
    REACTIVATE_CUSTOMER = "Make {customer}{balance} active again and link to it"
    REACTIVATE_AND_RENAME = "Make {customer}{balance} active again and link to it; rename it to “{name}”"
    REACTIVATE_AND_KEEP_NAME = "Make {customer}{balance} active again and link to it; it keeps its name"
    MOVE_LINKS = "Move {links} to “{customer}”"
    LEAVE_LINKS = "Leave them"
    REACTIVATE_JOB = "Make it active again"
    UPDATE_CUSTOMER_AND_JOB = "Update the customer and the job"

    # Invoices
    SEND_CUSTOMER_AND_JOB_NOW = "Send its customer and job now"
    SEND_CUSTOMER_NOW = "Send its customer now"
    SEND_SHORTENED = "Send it with the long texts cut off"
    DATE_IT = "Date it {on:%B %-d, %Y}"
    LINK_INVOICE = "Link to invoice {number}"
    CREATE_WITH_OTHER_NUMBER = "Create it with another number"
    CREATE_ANOTHER_INVOICE = "Create another one in QuickBooks"
    BRING_OVER = "Bring it over"
    BRING_OVER_OTHER_INVOICE = "It is another invoice: bring it over"
    GO_ON_IN_QUICKBOOKS = "Go on with it where it is in QuickBooks"
    GO_ON_IN_COPERNIQ = "Go on with it where it is in Coperniq"
    LEAVE_BOTH = "Leave both as they are"
    VOID_IN_QUICKBOOKS = "Void it in QuickBooks too"
    DECLINE_IN_COPERNIQ = "Decline it in Coperniq too"

    # Payments
    PAYMENT = "{on:%B %-d, %Y}"
    PAYMENT_WITH_REFERENCE = "{on:%B %-d, %Y}, reference {reference}"
    LINK_PAYMENT = "Link to the payment of {payment}"
    LINK_PAYMENT_AS_IT_IS = "Link to the payment of {payment} as it is"
    APPLY_PAYMENT = "Apply the payment of {payment}, to invoice {invoice}"
    MOVE_PAYMENT = "Move it to invoice {invoice} in QuickBooks too"
    RECORD_BOTH = "Record both"
    RECORD_AGAIN = "Record it again in QuickBooks"
    SEND_STATUS = "Record payments of this status"
    LEAVE_STATUS = "Never record payments of this status"
    LEAVE_QUICKBOOKS = "Leave what QuickBooks has"
    LEAVE_COPERNIQ = "Leave Coperniq as it is"
    CHECK_AGAIN = "It is corrected in Coperniq: check again"

    def __call__(self, **parameters: object) -> Label:
        """Raises KeyError if a parameter of the text is missing."""
        return Label(self.value.format(**parameters))
