"""What a person does on QuickBooks' own pages: forms with names instead of numbers, and more than the API allows."""

from __future__ import annotations

from copy import deepcopy
from decimal import ROUND_HALF_UP, Decimal

from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.email_addresses import email_fields
from simulator.quickbooks.entities import (
    DISCOUNT_LINE,
    GROUP_LINE,
    ITEM_LINE,
    JOURNAL_LINE,
    MODELLED,
    NOTE_LINE,
)
from simulator.quickbooks.journal_entries import RECEIVABLE
from simulator.quickbooks.rendering import balance_with_jobs
from simulator.quickbooks.responses import CENT, Json
from simulator.quickbooks.sale_lines import PSEUDO_ITEMS, default_item
from simulator.quickbooks.writing import edit, enter, existing

_WANTED = {"amount", "date", "method", "account", "reference", "note", "customer"}
_CREDITS = {"credits": "CreditMemo", "journal_entries": "JournalEntry"}


def payment_body(company: Company, invoice: Record, wanted: Json) -> Json:
    """More than is open stays unapplied. `customer`: somebody else pays, such as the parent."""
    _refuse_unknown(wanted, _WANTED)
    left = Decimal(invoice.sale.open).scaleb(-2)
    amount = Decimal(str(wanted.get("amount", left)))
    body = {
        "CustomerRef": {"value": str(wanted.get("customer", invoice.fields["CustomerRef"]["value"]))},
        "TotalAmt": amount,
        "Line": [{"Amount": min(amount, left), "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}],
        "TxnDate": str(wanted.get("date", "")),
        "PaymentRefNum": str(wanted.get("reference", "")),
        "PrivateNote": str(wanted.get("note", "")),
    }
    return body | _references(company, wanted)


def _references(company: Company, wanted: Json) -> Json:
    found = {}
    for key, name, entity in (
        ("method", "PaymentMethodRef", "PaymentMethod"),
        ("account", "DepositToAccountRef", "Account"),
    ):
        if key in wanted:
            found[name] = {"value": id_by_name(company, entity, str(wanted[key]))}
    return found


def allocation(company: Company, wanted: Json, old: Record | None = None) -> Json:
    """One payment for several invoices, with credits used in it; each alone by its number or with an amount.

    `credits` are credit memos, `journal_entries` what journal entries credit the customer with.

    Without an amount of its own the payment is what the invoices need beyond the credits.
    """
    _refuse_unknown(wanted, _WANTED | {"invoices", *_CREDITS})
    names = {"date": "TxnDate", "reference": "PaymentRefNum", "note": "PrivateNote"}
    body: Json = {name: str(wanted[key]) for key, name in names.items() if key in wanted}
    if "customer" in wanted:
        body["CustomerRef"] = {"value": str(wanted["customer"])}
    paid = [_allocated_line(company, "Invoice", one, old) for one in wanted.get("invoices", [])]
    used = [
        _allocated_line(company, kind, one, old)
        for key, kind in _CREDITS.items()
        for one in wanted.get(key, [])
    ]
    if "invoices" in wanted or wanted.keys() & _CREDITS.keys():
        body["Line"] = [*paid, *used]
    if "amount" in wanted or old is None:
        needed = sum(one["Amount"] for one in paid) - sum(one["Amount"] for one in used)
        body["TotalAmt"] = Decimal(str(wanted.get("amount", max(needed, 0))))
    return body | _references(company, wanted)


def _allocated_line(company: Company, entity: str, wanted: object, old: Record | None) -> Json:
    given: Json = wanted if isinstance(wanted, dict) else {"id": wanted}
    target = company.find(entity, str(given["id"]))
    if target is None:
        raise ValueError(f"no {entity} {given['id']!r}")
    free = target.sale.open + (target.sale.applied.get(old.id, 0) if old else 0)
    amount = Decimal(str(given.get("amount", Decimal(free).scaleb(-2))))
    return {"Amount": amount, "LinkedTxn": [{"TxnId": target.id, "TxnType": entity}]}


def id_by_name(company: Company, entity: str, name: str) -> str:
    """Its number, which may also be given instead of the name."""
    records = company.records[entity].values()
    found = next((one.id for one in records if name in {one.id, one.fields["Name"]}), None)
    if found is None:
        raise ValueError(f"no {entity} {name!r}")
    return found


def enter_journal(company: Company, wanted: Json) -> Record:
    """Credits `customer` with `amount`, against the account that is named."""
    _refuse_unknown(wanted, {"customer", "amount", "account", "date", "number", "note"})
    receivable = next(
        one.id for one in company.records["Account"].values() if one.fields["AccountType"] == RECEIVABLE
    )
    account = id_by_name(company, "Account", str(wanted.get("account", "Services")))
    named = {"Entity": {"Type": "Customer", "EntityRef": {"value": str(wanted["customer"])}}}
    body: Json = {
        "Line": [
            _journal_line(wanted, "Debit", account),
            _journal_line(wanted, "Credit", receivable, **named),
        ]
    }
    names = {"date": "TxnDate", "number": "DocNumber", "note": "PrivateNote"}
    return enter(
        company,
        "JournalEntry",
        body | {name: str(wanted[key]) for key, name in names.items() if key in wanted},
    )


def _journal_line(wanted: Json, side: str, account: str, **more: Json) -> Json:
    detail = {"PostingType": side, "AccountRef": {"value": account}, **more}
    return {"Amount": _decimal(wanted["amount"]), "DetailType": JOURNAL_LINE, JOURNAL_LINE: detail}


def deposit_body(company: Company, wanted: Json) -> Json:
    links = [[{"TxnId": str(one), "TxnType": "Payment"}] for one in wanted["payments"]]
    account = id_by_name(company, "Account", str(wanted.get("account", "Checking")))
    return {
        "DepositToAccountRef": {"value": account},
        "TxnDate": str(wanted.get("date", "")),
        "Line": [{"LinkedTxn": one} for one in links],
    }


SHIPPING = "SHIPPING_ITEM_ID"
INLINE_SUBTOTAL = "Subtotal:"
_PLAIN = {
    "date": "TxnDate",
    "due": "DueDate",
    "number": "DocNumber",
    "note": "PrivateNote",
    "deposit": "Deposit",
    "tax_after_discount": "ApplyTaxAfterDiscount",
    "tax_calculation": "GlobalTaxCalculation",
}
_WRAPPED = {
    "customer": ("CustomerRef", "value"),
    "memo": ("CustomerMemo", "value"),
    "email": ("BillEmail", "Address"),
}
_HIDDEN = {"ServiceDate", "TaxCodeRef", "ClassRef"}
_ADDED = {"lines", "discount", "shipping"}
_KEYS = _PLAIN.keys() | _WRAPPED.keys() | _ADDED | {"terms", "tax", "tax_code"}
_LINE_KEYS = {
    *("id", "keep", "item", "bundle", "text", "subtotal"),
    *("description", "quantity", "price", "amount", "taxed", "service_date"),
}


def invoice_body(company: Company, wanted: Json, old: Record | None = None) -> Json:
    """Only what was typed; lines that nobody touched stay as they are beside a new discount or new shipping."""
    _refuse_unknown(wanted, _KEYS)
    body: Json = {name: wanted[key] for key, name in _PLAIN.items() if key in wanted}
    for key, (name, part) in _WRAPPED.items():
        if key in wanted:
            body[name] = {part: str(wanted[key])}
    if "terms" in wanted:
        body["SalesTermRef"] = {"value": id_by_name(company, "Term", str(wanted["terms"]))}
    if "tax" in wanted or "tax_code" in wanted:
        body["TxnTaxDetail"] = _typed_tax(wanted)
    if wanted.keys() & _ADDED:
        body["Line"] = _typed_lines(company, wanted, old)
    return body


def _refuse_unknown(wanted: Json, known: set[str]) -> None:
    if set(wanted) - known:
        raise ValueError(f"unknown keys {sorted(set(wanted) - known)}")


def _typed_tax(wanted: Json) -> Json:
    code = {"TxnTaxCodeRef": {"value": str(wanted["tax_code"])}} if wanted.get("tax_code") else {}
    return {**code, "TotalTax": _decimal(wanted["tax"])} if wanted.get("tax") is not None else dict(code)


def _typed_lines(company: Company, wanted: Json, old: Record | None) -> list[Json]:
    stored = deepcopy(old.fields["Line"]) if old else []
    sold = [one for one in stored if one["DetailType"] != DISCOUNT_LINE and not is_shipping(one)]
    shipping = [one for one in stored if is_shipping(one)]
    discount = [one for one in stored if one["DetailType"] == DISCOUNT_LINE]
    if "lines" in wanted:
        known = {one["Id"]: one for one in sold}
        sold = [_relined(company, one, known.get(str(one.get("id", "")))) for one in wanted["lines"]]
    if "shipping" in wanted:
        same = (
            {name: shipping[0][name] for name in ("Id", "Description") if name in shipping[0]}
            if shipping
            else {}
        )
        shipping = [{**same, **_shipping_line(wanted["shipping"])}] if wanted["shipping"] else []
    if "discount" in wanted:
        discount = [_discount_line(wanted["discount"])] if wanted["discount"] else []
    return [*sold, *shipping, *discount]


def _relined(company: Company, wanted: Json, before: Json | None) -> Json:
    """With `keep` nothing in a line changes; otherwise it keeps what the page of an invoice does not show."""
    if wanted.get("keep") and before is not None:
        return before
    line = _typed_line(company, wanted)
    if before is not None and ITEM_LINE in before and ITEM_LINE in line:
        hidden = {name: value for name, value in before[ITEM_LINE].items() if name in _HIDDEN}
        line[ITEM_LINE] = hidden | line[ITEM_LINE]
    return line


def is_shipping(line: Json) -> bool:
    return bool(line.get(ITEM_LINE, {}).get("ItemRef", {}).get("value") == SHIPPING)


def _shipping_line(amount: object) -> Json:
    detail = {"ItemRef": {"value": SHIPPING}}
    return {"DetailType": ITEM_LINE, "Amount": _decimal(amount), ITEM_LINE: detail}


def _discount_line(wanted: Json) -> Json:
    _refuse_unknown(wanted, {"percent", "amount"})
    if "percent" in wanted:
        detail = {"PercentBased": True, "DiscountPercent": _decimal(wanted["percent"])}
        return {"DetailType": DISCOUNT_LINE, DISCOUNT_LINE: detail}
    amount = _decimal(wanted["amount"])
    return {"DetailType": DISCOUNT_LINE, "Amount": amount, DISCOUNT_LINE: {"PercentBased": False}}


def _typed_line(company: Company, wanted: Json) -> Json:
    """`id` says which line it was; `text` and `subtotal` say something, `bundle` sells several items at once."""
    _refuse_unknown(wanted, _LINE_KEYS)
    head: Json = {"Id": str(wanted["id"])} if wanted.get("id") else {}
    if wanted.get("description"):
        head["Description"] = str(wanted["description"])
    if wanted.get("subtotal") or "text" in wanted:
        text = INLINE_SUBTOTAL if wanted.get("subtotal") else str(wanted["text"])
        return {**head, "DetailType": NOTE_LINE, "Description": text, "DescriptionLineDetail": {}}
    if "bundle" in wanted:
        group = {"value": id_by_name(company, "Item", str(wanted["bundle"]))}
        detail = {"GroupItemRef": group, "Quantity": _decimal(wanted.get("quantity", 1))}
        return {**head, "DetailType": GROUP_LINE, GROUP_LINE: detail}
    return {**head, "DetailType": ITEM_LINE, **_sold_line(company, wanted)}


def _sold_line(company: Company, wanted: Json) -> Json:
    """An amount alone has neither quantity nor price; a price left out is the item's."""
    name = str(wanted.get("item", "Services"))
    id_ = name if name in PSEUDO_ITEMS else id_by_name(company, "Item", name)
    detail: Json = {"ItemRef": {"value": id_}}
    if "taxed" in wanted:
        detail["TaxCodeRef"] = {"value": "TAX" if wanted["taxed"] else "NON"}
    if wanted.get("service_date"):
        detail["ServiceDate"] = str(wanted["service_date"])
    if "amount" in wanted and "price" not in wanted and "quantity" not in wanted:
        return {"Amount": _decimal(wanted["amount"]), ITEM_LINE: detail}
    item = company.find("Item", id_)
    price = _decimal(wanted.get("price", item.fields.get("UnitPrice", 0) if item else 0))
    count = _decimal(wanted.get("quantity", 1))
    amount = (count * price).quantize(CENT, ROUND_HALF_UP)
    return {"Amount": amount, ITEM_LINE: {**detail, "Qty": count, "UnitPrice": price}}


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


BALANCE_NOTE = "Created by QB Online to adjust balance for deletion"


def edit_record(company: Company, entity: str, id_: str, body: Json) -> Record:
    if entity == "Customer" and body.get("Active") is False:
        _close(company, existing(company, entity, id_))
    return edit(company, entity, id_, body)


def _close(company: Company, customer: Record) -> None:
    """Writes a credit memo over the balance; the invoices stay open. What jobs owe is refused later."""
    owes = customer.balance_cents
    alone = owes == balance_with_jobs(company, customer) and not customer.unbilled_cents
    if not customer.active or owes <= 0 or not alone:
        return
    if company.switch("person_deactivates_debtor") == "refuse":
        return
    detail = {"ItemRef": {"value": default_item(company)}}
    line = {"DetailType": ITEM_LINE, "Amount": Decimal(owes).scaleb(-2), ITEM_LINE: detail}
    memo = {"CustomerRef": {"value": customer.id}, "PrivateNote": BALANCE_NOTE, "Line": [line]}
    enter(company, "CreditMemo", memo)


def write_invoice(company: Company, wanted: Json) -> Record:
    return enter(company, "Invoice", invoice_body(company, wanted))


def rewrite_invoice(company: Company, id_: str, wanted: Json) -> Record:
    old = existing(company, "Invoice", id_)
    return edit(company, "Invoice", id_, invoice_body(company, wanted, old))


def receive_payment(company: Company, wanted: Json) -> Record:
    return enter(company, "Payment", allocation(company, wanted))


def reallocate(company: Company, id_: str, wanted: Json) -> Record:
    old = existing(company, "Payment", id_)
    return edit(company, "Payment", id_, allocation(company, wanted, old))


_ACCOUNTS = [
    ("Services", "Income", "ServiceFeeIncome"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Checking", "Bank", "Checking"),
]
_TERMS = [("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60), ("Net 10", 10)]
_METHODS = [("Cash", "NON_CREDIT_CARD"), ("Check", "NON_CREDIT_CARD"), ("Visa", "CREDIT_CARD")]


def add_default_lists(company: Company) -> None:
    """Sends no webhooks: these records exist before anybody can subscribe."""
    accounts = [
        enter(company, "Account", {"Name": name, "AccountType": kind, "AccountSubType": sub})
        for name, kind, sub in _ACCOUNTS
    ]
    for name, days in _TERMS:
        enter(company, "Term", {"Name": name, "Type": "STANDARD", "DueDays": days})
    for name, kind in _METHODS:
        enter(company, "PaymentMethod", {"Name": name, "Type": kind})
    income: Json = {"IncomeAccountRef": {"value": accounts[0].id}}
    for name in ("Services", "Hours"):
        enter(company, "Item", {"Name": name, "Type": "Service", "UnitPrice": 0, "Taxable": False, **income})
    company.changes.clear()


def import_email(company: Company, record: Record, wanted: Json) -> Record:
    """Leaves an address as older imports did, unchecked. `field`: another than the first one that its kind has."""
    known = email_fields(MODELLED[record.entity])
    name = str(wanted.get("field", known[0] if known else ""))
    if name not in known:
        raise ValueError(f"no address {name!r} on {record.entity}")
    record.fields = {**record.fields, name: {"Address": str(wanted["address"])}}
    record.sync_token += 1
    record.updated = company.now()
    company.changed(record)
    return record


def send_invoice(company: Company, record: Record, wanted: Json) -> Record:
    """A new time, and the same version, as recorded."""
    address = {"BillEmail": {"Address": str(wanted["email"])}} if "email" in wanted else {}
    record.fields = {**record.fields, "EmailStatus": "EmailSent", **address}
    record.sale.sent_at = record.updated = company.now()
    company.changed(record, "Emailed")
    return record
