"""What customers, vendors and employees demand before they are stored; and the rules of every kind by its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import names, problems
from simulator.quickbooks.answers import Problem, Refused
from simulator.quickbooks.list_rules import LISTS
from simulator.quickbooks.people import CUSTOMER, EMPLOYEE, VENDOR
from simulator.quickbooks.presenting import DEFAULT_TAX_CODE, balance_with_jobs
from simulator.quickbooks.ruling import Rules, refuse_all, refuse_unknown_currency
from simulator.quickbooks.sales.registry import SALES
from simulator.quickbooks.schema import overlong

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

MAX_LEVELS = 5
DELIVERY = {"Print", "Email", "None"}


@dataclass(frozen=True)
class PersonRules(Rules):
    """Customers, vendors and employees: one list of names."""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        fields.setdefault("Active", True)
        fields["DisplayName"] = fields.get("DisplayName") or names.from_parts(fields)
        if not fields["DisplayName"]:
            raise Refused(
                Problem("6080", "Missing name", "At least one part of the name must be given.", "DisplayName")
            )
        names.follow_activity(company, record, old)
        fields.setdefault("PrintOnCheckName", names.for_checks(fields))

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        found = [*names.forbidden(company, record.fields), *overlong(self.entity.properties, record.fields)]
        refuse_all([*found, *_bad_emails(record.fields)])
        _check_references(company, record)
        names.refuse_taken(company, record)


@dataclass(frozen=True)
class VendorRules(PersonRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        record.fields.setdefault("Vendor1099", False)


@dataclass(frozen=True)
class EmployeeRules(PersonRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        record.fields.setdefault("BillableTime", False)


@dataclass(frozen=True)
class CustomerRules(PersonRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        fields, taxed = record.fields, company.settings.using_sales_tax
        for name, value in {
            "Job": False,
            "BillWithParent": False,
            "PreferredDeliveryMethod": "Print",
            "Taxable": taxed,
        }.items():
            fields.setdefault(name, value)
        if old is not None:
            _keep_currency(fields, old)
            _drop_default_tax_code(fields, old)
        _take_opening_balance(record, old)
        _settle_job(company, fields)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        super().check(company, record, old)
        if record.fields["PreferredDeliveryMethod"] not in DELIVERY:
            raise Refused(
                Problem("2170", "Invalid Enumeration", "Supplied value is no PreferredDeliveryMethod", "")
            )
        code = record.fields.get("CurrencyRef", {}).get("value", company.settings.home_currency)
        refuse_unknown_currency(company, code)
        if old is None or old.parent_id != record.parent_id:
            _check_parents(company, record)
        if old is not None and old.active and not record.active:
            _check_deactivation(company, record)

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        if old is None or record.active or company.switch("deactivating_parent") != "jobs_follow":
            return
        for job in company.children(record):
            if job.active:
                follow = replace(job, fields={**job.fields, "Active": False})
                names.follow_activity(company, follow, job)
                job.fields, job.sync_token, job.updated = follow.fields, job.sync_token + 1, company.now()
                company.changed(job)
                self.after(company, job, job)


def _bad_emails(fields: dict[str, Any]) -> list[Problem]:
    """Several addresses in one field, separated by commas, are common."""
    given = fields.get("PrimaryEmailAddr", {}).get("Address", "")
    addresses = [one.strip() for one in given.split(",")] if given else []
    return [problems.bad_email(one) for one in addresses if not names.looks_like_email(one)]


_REFERENCES = {
    "SalesTermRef": "Term",
    "TermRef": "Term",
    "PaymentMethodRef": "PaymentMethod",
    "ARAccountRef": "Account",
}
_REFERENCES["APAccountRef"] = "Account"


def _check_references(company: Company, record: Record) -> None:
    for name, entity in _REFERENCES.items():
        value = record.fields.get(name, {}).get("value")
        target = company.find(entity, value) if value else None
        if value and (target is None or not target.active):
            raise problems.not_found()


def _take_opening_balance(record: Record, old: Record | None) -> None:
    """Amount and date count on creation; later both are read-only."""
    opening = record.fields.pop("Balance", None)
    if old is None:
        record.balance_cents = round((opening or 0) * 100)
        return
    record.fields.pop("OpenBalanceDate", None)
    if "OpenBalanceDate" in old.fields:
        record.fields["OpenBalanceDate"] = old.fields["OpenBalanceDate"]


def _keep_currency(fields: dict[str, Any], old: Record) -> None:
    fields.pop("CurrencyRef", None)
    if "CurrencyRef" in old.fields:
        fields["CurrencyRef"] = old.fields["CurrencyRef"]


def _drop_default_tax_code(fields: dict[str, Any], old: Record) -> None:
    """Read and sent back, the company's default is still nobody's choice."""
    if "DefaultTaxCodeRef" not in old.fields and fields.get("DefaultTaxCodeRef") == DEFAULT_TAX_CODE:
        del fields["DefaultTaxCodeRef"]


def _settle_job(company: Company, fields: dict[str, Any]) -> None:
    if "ParentRef" in fields and not fields["Job"]:
        if company.switch("parent_without_job") == "refuse":
            raise problems.missing("Job")
        del fields["ParentRef"]
    if fields["Job"] and "ParentRef" not in fields:
        raise problems.missing("ParentRef")


def _check_parents(company: Company, record: Record) -> None:
    if not record.parent_id:
        return
    parent = company.find("Customer", record.parent_id)
    if parent is None or not parent.active:
        raise problems.not_found()
    line = [parent, *company.ancestors(parent)]
    if any(one.id == record.id for one in line):
        raise problems.business("A customer cannot be a job of itself or of one of its jobs.")
    if 1 + len(line) + _depth_below(company, record) > MAX_LEVELS:
        raise problems.business("A customer can have at most five levels.", "6180", "Too many levels")


def _depth_below(company: Company, record: Record) -> int:
    return max((1 + _depth_below(company, child) for child in company.children(record)), default=0)


def _check_deactivation(company: Company, record: Record) -> None:
    if balance_with_jobs(company, record):
        raise problems.business(
            "A customer with a balance cannot be made inactive.", "6220", "Cannot make inactive"
        )
    if record.unbilled_cents:
        raise problems.business(
            "A customer with unbilled charges cannot be made inactive.", "6280", "Cannot make inactive"
        )


RULES: dict[str, Rules] = {
    "Customer": CustomerRules(CUSTOMER),
    "Vendor": VendorRules(VENDOR),
    "Employee": EmployeeRules(EMPLOYEE),
    **LISTS,
    **SALES,
}
