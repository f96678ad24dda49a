"""What people read about customers and jobs, their matches and merges, and the phase entries that push them."""

from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog


class CustomerMessage(Catalog):
    """Beside what stands in the text, a question about a name has the `holder_id` of the customer that has it."""

    ACCOUNT_ARCHIVED = (
        Cause.ACCOUNT_ARCHIVED,
        "“{account}” is archived in Coperniq. Restore it there and try again, or push it to QuickBooks anyway.",
    )
    ACCOUNT_MISSING = (
        Cause.ACCOUNT_MISSING,
        "Coperniq no longer shows account {account}. "
        "Restore it, or give the API key's user access to it, then try again.",
    )
    ACCOUNT_WITHOUT_NAME = (
        Cause.ACCOUNT_WITHOUT_NAME,
        "Account {account} has no title, and no contact with a name. Name it in Coperniq, then try again.",
    )
    CHOSEN_CUSTOMER_MISSING = (
        Cause.CHOICE_GONE,
        "The QuickBooks customer you chose is no longer available. Please choose again.",
    )
    CUSTOMER_ACTIVE_AGAIN = (
        Cause.CUSTOMER_ACTIVE_AGAIN,
        "“{name}” is active again in QuickBooks. What was held because of it is tried again.",
    )
    CUSTOMER_INACTIVE = (
        Cause.CUSTOMER_INACTIVE,
        "The QuickBooks customer “{customer}” is inactive; its open balance is {balance}. "
        "Make it active again here or in QuickBooks.",
    )
    CUSTOMER_KEPT_ACTIVE = (
        Cause.HAS_BALANCE,
        "QuickBooks keeps this customer active because something is still open on it. Please settle that first.",
    )
    CUSTOMER_MADE_INACTIVE = (Cause.CUSTOMER_MADE_INACTIVE, "“{name}” was made inactive in QuickBooks.")
    CUSTOMER_MERGED = (
        Cause.CUSTOMER_MERGED,
        "“{old}” was merged into “{new}” in QuickBooks: move {links} to “{new}”? "
        "New work for “{old}” waits for your answer.",
    )
    CUSTOMER_MERGED_AND_SHARED = (
        Cause.CUSTOMER_MERGED,
        "“{old}” was merged into “{new}” in QuickBooks: move {links} to “{new}”? “{other}” is linked to “{new}” too, "
        "so both will share it. New work for “{old}” waits for your answer.",
    )
    CUSTOMER_MERGED_INTO_INACTIVE = (
        Cause.CUSTOMER_MERGED,
        "“{old}” was merged into “{new}” in QuickBooks, but “{new}” is inactive there now. "
        "Make it active again in QuickBooks, then try again.",
    )
    CUSTOMER_MISSING = (
        Cause.CUSTOMER_MISSING,
        "QuickBooks no longer shows the linked customer “{name}”. Look for it in QuickBooks, then try again.",
    )
    CUSTOMER_NAME_TAKEN = (
        Cause.NAME_TAKEN,
        "QuickBooks already uses the name “{name}” for {holder}. "
        "Names must be unique there: choose another one, or rename the other record and try again.",
    )
    CUSTOMER_RENAMED = (
        Cause.CUSTOMER_RENAMED,
        "“{before}” was renamed to “{after}” in QuickBooks. It stays linked.",
    )
    CUSTOMER_WRITTEN = (Cause.NONE, "{verb} the {kind} “{name}” in QuickBooks.")
    EMAIL_INVALID = (Cause.WARNING, "The e-mail address “{email}” is not valid and was left out.")
    EMAIL_TOO_LONG = (
        Cause.WARNING,
        "The e-mail address “{email}” was left out: QuickBooks accepts {limit} characters for all of them together.",
    )
    INACTIVE_TAKES_NO_DOCUMENTS = (
        Cause.WARNING,
        "QuickBooks accepts no new invoices or payments for it while it is inactive. "
        "If you expect more, make it active again there.",
    )
    JOB_INACTIVE = (
        Cause.JOB_INACTIVE,
        "The QuickBooks job “{job}” is inactive; its open balance is {balance}. "
        "Make it active again here or in QuickBooks.",
    )
    JOB_MISSING = (
        Cause.JOB_MISSING,
        "QuickBooks no longer shows the linked job “{name}”. Look for it in QuickBooks, then try again.",
    )
    JOB_NAME_TAKEN = (
        Cause.NAME_TAKEN,
        "QuickBooks uses the name “{name}”, and that name with each of the next numbers, for other customers, "
        "vendors or employees. Rename those, or try again with the numbers after them.",
    )
    LINKS_LEFT = (Cause.NONE, "The links of “{name}” were left as they are.")
    LINKS_MOVED = (Cause.RELINKED, "Moved {links} from “{old}” to “{new}”.")
    MATCH_ALREADY_LINKED = (
        Cause.MATCH_ALREADY_LINKED,
        "The QuickBooks customer “{customer}” is already linked to “{account}”. "
        "Two Coperniq accounts cannot share one customer: create a new one, or leave this account.",
    )
    MATCH_BY_EMAIL_ALONE = (
        Cause.MATCH_RENAMED,
        "The QuickBooks customer “{customer}” has the same e-mail address as “{account}” in Coperniq, but another name. "
        "Linking it with the matching strategy Replace would rename it, on its old invoices too.",
    )
    MATCH_INACTIVE = (
        Cause.MATCH_INACTIVE,
        "The QuickBooks customer {customer} matches but is inactive; its open balance is {balance}. "
        "Make it active again, or create another one.",
    )
    MATCH_IN_FOREIGN_CURRENCY = (
        Cause.MATCH_CURRENCY,
        "The QuickBooks customer “{customer}” uses {currency}, and the portal works in US dollars only. "
        "Create another one, or leave it.",
    )
    MERGE_PENDING = (
        Cause.MERGE_PENDING,
        "“{name}” was merged into another {kind} in QuickBooks. Decide under Needs attention whether its links move "
        "there; this continues by itself after that.",
    )
    NAME_CHANGED = (
        Cause.WARNING,
        "“{name}” is written as “{written}”: QuickBooks does not allow colons, tabs or line breaks in names.",
    )
    NAME_LOOKS_ALIKE = (
        Cause.NAME_TAKEN,
        "QuickBooks has {holder}, which looks like “{name}”. "
        "If it is the same customer, link to it; else choose another name, or create a customer with this one anyway.",
    )
    NEW_NAME_LOOKS_ALIKE = (
        Cause.NAME_TAKEN,
        "QuickBooks has {holder}, which looks like “{name}”, the new name of this one. "
        "Choose another name, rename the other record and try again, or use this name anyway.",
    )
    NAME_TAKEN_BY_CUSTOMER = (
        Cause.NAME_TAKEN,
        "QuickBooks already uses the name “{name}” for {holder}, and names must be unique there. "
        "If it is the same customer, link to it; else choose another name, or rename the other record and try again.",
    )
    NAME_OF_REJECTED = (
        Cause.CUSTOMER_REJECTED,
        "QuickBooks already uses the name “{name}” for {holder}, and names must be unique there. Under Customer mapping "
        "it was rejected for this account, so it was not linked. Choose another name, or undo the rejection there.",
    )
    NOT_LINKED = (Cause.NONE, "No {kind} in Coperniq is linked to it.")
    NO_NEW_ENTRY = (Cause.NONE, "No new entry into a trigger phase.")
    NO_RELEVANT_CHANGE = (Cause.NONE, "Nothing the portal follows has changed on “{name}”.")
    PARTS_LEFT = (
        Cause.WARNING,
        "QuickBooks kept {parts} of the address or name that was replaced. Please remove it there.",
    )
    PHASE_ENTERED = (Cause.PHASE_ENTERED, "“{project}” entered {phase}: its customer and job are pushed.")
    PROBABLY_SAME = (
        Cause.PROBABLY_SAME_CUSTOMER,
        "QuickBooks has {customers}, with nearly the same name as “{account}” and the same phone or address. "
        "Is it the same customer?",
    )
    PROJECT_MISSING = (
        Cause.PROJECT_MISSING,
        "Coperniq no longer shows project {project}. "
        "Restore it, or give the API key's user access to it, then try again.",
    )
    PROJECT_MOVED = (
        Cause.PROJECT_MOVED,
        "Project “{project}” was moved to another account in Coperniq. Its QuickBooks history stays where it is: "
        "move the job in QuickBooks yourself if it should follow, or leave it.",
    )
    PROJECT_WITHOUT_ACCOUNT = (
        Cause.PROJECT_WITHOUT_ACCOUNT,
        "Project “{project}” has no account in Coperniq, so there is no customer to put its job under. "
        "Give it an account, then try again.",
    )
    QUEUED_IN_ORDER = (Cause.NONE, "Queued behind the other work for its account.")
    REJECTED_CUSTOMER = (
        Cause.CUSTOMER_REJECTED,
        "The QuickBooks customer “{customer}” was rejected for this account under Customer mapping. Undo that there to "
        "link them, or choose another one.",
    )
    REENTRY_ASK = (
        Cause.REENTRY_ASK,
        "“{project}” entered {phase} again. Should its customer and job be updated?",
    )
    REENTRY_ONCE = (
        Cause.REENTRY_ONCE,
        "“{project}” entered {phase} again. The trigger is set to push a project only once.",
    )
    SAME_EMAIL_ALREADY_LINKED = (
        Cause.WARNING,
        "{customer}{more} has the same e-mail address but is linked to “{account}”, so it was not used.",
    )
    SEVERAL_MATCHES = (
        Cause.SEVERAL_MATCHES,
        "QuickBooks has {count} customers that could be “{account}”. Choose the right one.",
    )
    VALUE_SHORTENED = (Cause.WARNING, "{field} was shortened to the {limit} characters QuickBooks accepts.")
    VALUE_TOO_LONG = (
        Cause.WARNING,
        "{field} is longer than the {limit} characters QuickBooks accepts and was left out.",
    )
    SIMILAR_NOT_SEARCHED = (
        Cause.WARNING,
        "QuickBooks did not list all customers, so one with nearly the same name and the same phone or address may have "
        "been missed. Please look there for a second customer like “{account}”.",
    )
    WAITS_FOR_CUSTOMER = (
        Cause.WAITS_FOR_CUSTOMER,
        "Waiting for the customer of “{project}” to be linked to QuickBooks.",
    )
