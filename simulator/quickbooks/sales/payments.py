"""What a payment demands, and what it does to the invoices and credit memos it names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.answers import Refused
from simulator.quickbooks.balances import owed, rebalance
from simulator.quickbooks.ruling import Rules, active, check_currency, refuse_all
from simulator.quickbooks.sales import dates
from simulator.quickbooks.sales.form_lines import LINE_EX
from simulator.quickbooks.sales.linking import may_pay
from simulator.quickbooks.sales.money import cents
from simulator.quickbooks.sales.rules import check_customer
from simulator.quickbooks.schema import overlong

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.quickbooks.state import Company, Record

HOLDING = ("Bank", "Other Current Asset")
_NO_SUCH = {"JournalEntry", "Expense", "Check", "CreditCardCredit"}
_GIVES = {"Invoice": 1, "CreditMemo": -1}


@dataclass(frozen=True)
class PaymentRules(Rules):
    def begin(self, body: dict[str, Any]) -> None:
        for line in body.get("Line") or []:
            if not isinstance(line, dict):
                raise problems.bad_property("Can not construct instance of com.intuit.schema.finance.v3.Line")
            if line.get("Amount") is None:
                raise problems.missing("Line.Amount")
            if not line.get("LinkedTxn"):
                raise problems.missing("Line.LinkedTxn")

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        for name in ("CustomerRef", "TotalAmt"):
            if name not in fields:
                raise problems.missing(name)
        fields.pop("ProjectRef", None)
        fields.setdefault("TxnDate", dates.today(company))
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
            raise problems.deposited()
        refuse_all(list(overlong(self.entity.properties, fields)))
        _check_reference(company, fields)
        if record.sale.total < 0:
            raise problems.negative("TotalAmt")
        check_currency(company, fields)
        check_customer(company, record, old)
        active(company, "PaymentMethod", fields, "PaymentMethodRef")
        _check_account(company, fields, "DepositToAccountRef", HOLDING)
        _check_account(company, fields, "ARAccountRef", ("Accounts Receivable",))
        dates.refuse_closed(company, fields["TxnDate"], old.fields["TxnDate"] if old else "")
        record.sale.applied = _applied(company, record)
        if not record.sale.total and not fields["Line"] and not record.sale.voided:
            raise problems.business("You must set a transaction amount.")
        if record.sale.open < 0:
            raise problems.business(
                "The amount applied to invoices is greater than the amount of the payment."
            )

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        record.sale.voided = record.sale.voided and not record.sale.total
        apply(company, record, old)


def _check_reference(company: Company, fields: dict[str, Any]) -> None:
    number, limit = fields.get("PaymentRefNum", ""), int(company.switch("payment_reference_limit"))
    if len(number) > limit:
        raise Refused(problems.too_long("PaymentRefNum", limit, len(number)))


def undeposited_funds(company: Company) -> str:
    accounts = company.records["Account"].values()
    found = (one.id for one in accounts if one.fields.get("AccountSubType") == "UndepositedFunds")
    return next(found, "")


def _check_account(company: Company, fields: dict[str, Any], name: str, kinds: Iterable[str]) -> None:
    account = active(company, "Account", fields, name)
    if account is not None and account.fields["AccountType"] not in kinds:
        raise problems.wrong_account_type(name)


def _applied(company: Company, record: Record) -> dict[str, int]:
    """By target, what the lines give away; refused where it is too much or another customer's."""
    found: Counter[str] = Counter()
    kept = []
    for line in record.fields["Line"]:
        target = _target(company, line)
        if line["Amount"] < 0:
            raise problems.negative("Line.Amount")
        if not may_pay(company, record, target):
            if company.switch("foreign_invoice") == "refuse":
                raise problems.not_linkable(
                    f"{target.entity} {target.id} belongs to another customer than the payment."
                )
            continue
        kept.append(line)
        found[f"{target.entity}:{target.id}"] += _GIVES[target.entity] * cents(line["Amount"])
        _refuse_too_much(company, record, target, found[f"{target.entity}:{target.id}"])
    record.fields["Line"] = kept
    return dict(found)


def _target(company: Company, line: dict[str, Any]) -> Record:
    links = line["LinkedTxn"]
    if len(links) != 1:
        raise problems.not_linkable("A line of a payment names one transaction.")
    for name in ("TxnId", "TxnType"):
        if not links[0].get(name):
            raise problems.missing(f"Line.LinkedTxn.{name}")
    kind, id_ = links[0]["TxnType"], links[0]["TxnId"]
    if kind not in _GIVES.keys() | _NO_SUCH:
        raise problems.bad_choice("Line.LinkedTxn.TxnType", kind)
    if not id_.isdigit():
        raise problems.invalid_id(id_)
    target = company.find(kind, id_) if kind in _GIVES else None
    if target is None:
        raise problems.not_found()
    return target


def _refuse_too_much(company: Company, record: Record, target: Record, given: int) -> None:
    free = target.sale.open + target.sale.applied.get(record.id, 0)
    if abs(given) > free:
        raise _overapplied(
            company, f"The amount applied to {target.entity} {target.id} is greater than its open balance."
        )


def _overapplied(company: Company, detail: str) -> Refused:
    return problems.business(detail, str(company.switch("overapplied_code")))


def apply(company: Company, record: Record, old: Record | None) -> None:
    """Balances move on both sides; an invoice whose share changes gets a new version and the payment's time."""
    shares = {key: abs(amount) for key, amount in record.sale.applied.items()}
    keys = dict.fromkeys([*(old.sale.applied if old else {}), *shares])
    targets = [
        (company.records[kind][id_], f"{kind}:{id_}") for kind, id_ in (key.split(":") for key in keys)
    ]
    before = owed(old, *(target for target, _ in targets))
    for target, key in targets:
        _share(company, record, target, shares.get(key, 0))
    rebalance(company, before, owed(record, *(target for target, _ in targets)))


def _share(company: Company, record: Record, target: Record, share: int) -> None:
    if share == target.sale.applied.get(record.id, 0):
        return
    target.sale.applied.pop(record.id, None)
    if share:
        target.sale.applied[record.id] = share
    target.sync_token += 1
    target.updated = record.updated
    company.changed(target)


def release(company: Company, record: Record) -> None:
    """The payment gives back everything, as before it is voided or deleted."""
    old = record.copy(record.fields)
    record.sale.applied = {}
    record.sale.total = 0
    apply(company, record, old)


def refuse_line_ex(company: Company, body: dict[str, Any]) -> None:
    """What a read shows beside each line is not meant to be sent back."""
    lines = body.get("Line") or []
    sent = any(isinstance(one, dict) and LINE_EX in one for one in lines)
    if sent and company.switch("line_ex_sent_back") == "refuse":
        raise problems.bad_property(f"Can not deserialize {LINE_EX} of a Line")
