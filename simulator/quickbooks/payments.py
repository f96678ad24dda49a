"""Payments, deposits and credits, and what they do to the invoices they name.

docs/vendors/quickbooks-online.md, 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from simulator.quickbooks import errors, sale_rules
from simulator.quickbooks.company import Company, Record, owed, rebalance
from simulator.quickbooks.entities import LINE_EX
from simulator.quickbooks.responses import Json, Refused, cents
from simulator.quickbooks.rules import Rules, active_reference, check_currency, refuse_all
from simulator.quickbooks.sale_rules import check_customer
from simulator.quickbooks.schema import overlong


def may_pay(company: Company, payment: Record, target: Record) -> bool:
    """The payment's own customer, or a job below it that is billed with its parent, each on the way up."""
    payer, owner = payment.fields["CustomerRef"]["value"], target.customer_id
    way = company.switch("parent_pays_jobs")
    record = company.find("Customer", owner)
    while record is not None and record.id != payer:
        billed_above = way == "any_job" or (way == "bill_with_parent" and record.fields.get("BillWithParent"))
        record = company.parent(record) if billed_above else None
    return record is not None


HOLDING = ("Bank", "Other Current Asset")
_NO_SUCH = {"Expense", "Check", "CreditCardCredit"}
_GIVES = {"Invoice": 1, "CreditMemo": -1, "JournalEntry": -1}


@dataclass(frozen=True)
class PaymentRules(Rules):
    def begin(self, body: Json) -> None:
        for line in body.get("Line") or []:
            if not isinstance(line, dict):
                raise errors.bad_property("Can not construct instance of com.intuit.schema.finance.v3.Line")
            if line.get("Amount") is None:
                raise errors.missing("Line.Amount")
            if not line.get("LinkedTxn"):
                raise errors.missing("Line.LinkedTxn")

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        for name in ("CustomerRef", "TotalAmt"):
            if name not in fields:
                raise errors.missing(name)
        fields.pop("ProjectRef", None)
        fields.setdefault("TxnDate", sale_rules.today(company))
        fields.setdefault("DepositToAccountRef", {"value": undeposited_funds(company)})
        if (
            "Line" not in fields
            and old is not None
            and company.switch("payment_full_without_line") == "keeps"
        ):
            fields["Line"] = old.fields["Line"]
        fields["Line"] = [one for one in fields.get("Line", []) if one["Amount"]]
        record.sale.total = cents(fields["TotalAmt"])

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        if old is not None and old.sale.deposit_id and fields != old.fields:
            raise errors.deposited()
        refuse_all(list(overlong(self.entity.properties, fields)))
        _check_reference(company, fields)
        if record.sale.total < 0:
            raise errors.negative("TotalAmt")
        check_currency(company, fields)
        check_customer(company, record, old)
        active_reference(company, "PaymentMethod", fields, "PaymentMethodRef")
        _check_account(company, fields, "DepositToAccountRef", HOLDING)
        _check_account(company, fields, "ARAccountRef", ("Accounts Receivable",))
        sale_rules.refuse_closed(company, fields["TxnDate"], old.fields["TxnDate"] if old else "")
        record.sale.applied = _applied_amounts(company, record)
        if not record.sale.total and not fields["Line"] and not record.sale.voided:
            raise errors.business("You must set a transaction amount.")
        if record.sale.open < 0:
            raise errors.business("The amount applied to invoices is greater than the amount of the payment.")

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        record.sale.voided = record.sale.voided and not record.sale.total
        apply_payment(company, record, old)


def _check_reference(company: Company, fields: Json) -> None:
    number, limit = fields.get("PaymentRefNum", ""), int(company.switch("payment_reference_limit"))
    if len(number) > limit:
        raise Refused(errors.too_long("PaymentRefNum", limit, len(number)))


def undeposited_funds(company: Company) -> str:
    accounts = company.records["Account"].values()
    found = (one.id for one in accounts if one.fields.get("AccountSubType") == "UndepositedFunds")
    return next(found, "")


def _check_account(company: Company, fields: Json, name: str, kinds: Iterable[str]) -> None:
    account = active_reference(company, "Account", fields, name)
    if account is not None and account.fields["AccountType"] not in kinds:
        raise errors.wrong_account_type(name)


def _applied_amounts(company: Company, record: Record) -> dict[str, int]:
    """By target, what the lines give away; refused where it is too much or another customer's."""
    found: Counter[str] = Counter()
    kept = []
    for line in record.fields["Line"]:
        target = _target(company, line)
        if line["Amount"] < 0:
            raise errors.negative("Line.Amount")
        if not may_pay(company, record, target):
            if company.switch("foreign_invoice") == "refuse":
                raise errors.not_linkable(
                    f"{target.entity} {target.id} belongs to another customer than the payment."
                )
            continue
        kept.append(line)
        found[f"{target.entity}:{target.id}"] += _GIVES[target.entity] * cents(line["Amount"])
        _refuse_too_much(company, record, target, found[f"{target.entity}:{target.id}"])
    record.fields["Line"] = kept
    return dict(found)


def _target(company: Company, line: Json) -> Record:
    links = line["LinkedTxn"]
    if len(links) != 1:
        raise errors.not_linkable("A line of a payment names one transaction.")
    for name in ("TxnId", "TxnType"):
        if not links[0].get(name):
            raise errors.missing(f"Line.LinkedTxn.{name}")
    kind, id_ = links[0]["TxnType"], links[0]["TxnId"]
    if kind not in _GIVES.keys() | _NO_SUCH:
        raise errors.bad_choice("Line.LinkedTxn.TxnType", kind)
    if not id_.isdigit():
        raise errors.invalid_id(id_)
    target = company.find(kind, id_) if kind in _GIVES else None
    if target is None:
        raise errors.not_found()
    return target


def _refuse_too_much(company: Company, record: Record, target: Record, given: int) -> None:
    free = target.sale.open + target.sale.applied.get(record.id, 0)
    if abs(given) > free:
        raise _overapplied(
            company, f"The amount applied to {target.entity} {target.id} is greater than its open balance."
        )


def _overapplied(company: Company, detail: str) -> Refused:
    return errors.business(detail, str(company.switch("overapplied_code")))


def apply_payment(company: Company, record: Record, old: Record | None) -> None:
    """Balances move on both sides; an invoice whose share changes gets a new version and the payment's time."""
    shares = {key: abs(amount) for key, amount in record.sale.applied.items()}
    keys = dict.fromkeys([*(old.sale.applied if old else {}), *shares])
    targets = [
        (company.records[kind][id_], f"{kind}:{id_}") for kind, id_ in (key.split(":") for key in keys)
    ]
    before = owed(old, *(target for target, _ in targets))
    for target, key in targets:
        _apply_share(company, record, target, shares.get(key, 0))
    rebalance(company, before, owed(record, *(target for target, _ in targets)))


def _apply_share(company: Company, record: Record, target: Record, share: int) -> None:
    if share == target.sale.applied.get(record.id, 0):
        return
    target.sale.applied.pop(record.id, None)
    if share:
        target.sale.applied[record.id] = share
    target.sync_token += 1
    target.updated = record.updated
    company.changed(target)


def release_payment(company: Company, record: Record) -> None:
    """The payment gives back everything, as before it is voided or deleted."""
    old = record.copy(record.fields)
    record.sale.applied = {}
    record.sale.total = 0
    apply_payment(company, record, old)


def refuse_line_ex(company: Company, body: Json) -> None:
    """What a read shows beside each line is not meant to be sent back."""
    lines = body.get("Line") or []
    sent = any(isinstance(one, dict) and LINE_EX in one for one in lines)
    if sent and company.switch("line_ex_sent_back") == "refuse":
        raise errors.bad_property(f"Can not deserialize {LINE_EX} of a Line")


@dataclass(frozen=True)
class DepositRules(Rules):
    """Its lines are the payments, each whole; they come from Undeposited Funds."""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        record.fields.setdefault("TxnDate", sale_rules.today(company))
        record.fields.setdefault("Line", [])
        payments = [_deposited_payment(company, one) for one in record.fields["Line"]]
        for line, payment in zip(record.fields["Line"], payments, strict=True):
            line["Amount"] = Decimal(payment.sale.total).scaleb(-2)
        record.sale.total = sum(one.sale.total for one in payments)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        if not record.fields["Line"]:
            raise errors.no_lines()
        if "DepositToAccountRef" not in record.fields:
            raise errors.missing("DepositToAccountRef")
        active_reference(company, "Account", record.fields, "DepositToAccountRef")
        sale_rules.refuse_closed(company, record.fields["TxnDate"])
        if old is not None:
            raise errors.business("A deposit is not changed here; remove it and make another.")
        for line in record.fields["Line"]:
            _refuse_elsewhere(company, _deposited_payment(company, line))

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        for line in record.fields["Line"]:
            _mark_deposited(company, _deposited_payment(company, line), record.id)


def _deposited_payment(company: Company, line: Json) -> Record:
    found = company.find("Payment", line["LinkedTxn"][0]["TxnId"]) if line.get("LinkedTxn") else None
    if found is None:
        raise errors.not_found()
    return found


def _refuse_elsewhere(company: Company, payment: Record) -> None:
    elsewhere = payment.fields["DepositToAccountRef"]["value"] != undeposited_funds(company)
    if payment.sale.deposit_id or payment.sale.voided or elsewhere:
        raise errors.business(f"Payment {payment.id} does not wait in Undeposited Funds.")


def _mark_deposited(company: Company, payment: Record, deposit_id: str) -> None:
    payment.sale.deposit_id = deposit_id
    payment.sync_token += 1
    payment.updated = company.now()
    company.changed(payment)


def undo_deposit(company: Company, record: Record) -> None:
    sale_rules.refuse_closed(company, record.fields["TxnDate"])
    for line in record.fields["Line"]:
        _mark_deposited(company, _deposited_payment(company, line), "")
    company.remove(record)


AUTOMATIC_NOTE = "Created by QB Online to link credits to charges."


def credit_application(invoice: Record, memo: Record, amount: Decimal | int | None = None) -> Json:
    share = Decimal(min(invoice.sale.open, memo.sale.open)).scaleb(-2) if amount is None else amount
    return {
        "CustomerRef": invoice.fields["CustomerRef"],
        "TotalAmt": 0,
        "Line": [
            {"Amount": share, "LinkedTxn": [{"TxnId": one.id, "TxnType": one.entity}]}
            for one in (invoice, memo)
        ],
    }


def automatic_credit(company: Company, record: Record) -> Json | None:
    """What QuickBooks would do next by itself for a new invoice, where the company lets it."""
    if record.entity != "Invoice" or not company.settings.auto_apply_credit or record.sale.open <= 0:
        return None
    memos = company.index.by("CreditMemo", "CustomerRef", record.fields["CustomerRef"]["value"])
    memo = next((one for one in memos if one.sale.open > 0), None)
    return {**credit_application(record, memo), "PrivateNote": AUTOMATIC_NOTE} if memo else None
