"""What customers, vendors, employees, accounts, items, payment methods and terms demand before they are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from simulator.quickbooks import errors, rules
from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.email_addresses import bad_emails
from simulator.quickbooks.entities import (
    ACCOUNT,
    ACCOUNT_CLASSES,
    CUSTOMER,
    DEFAULT_SUBTYPES,
    EMPLOYEE,
    ITEM,
    PAYMENT_METHOD,
    TERM,
    TYPE_OF_SUBTYPE,
    VENDOR,
)
from simulator.quickbooks.rendering import DEFAULT_TAX_CODE, balance_with_jobs
from simulator.quickbooks.responses import Json, Problem, refused
from simulator.quickbooks.rules import Rules, active_reference, refuse_all, refuse_unknown_currency
from simulator.quickbooks.schema import overlong

INCOME = {"Income", "Other Income"}
LARGEST = Decimal(99_999_999_999)
_STOCK = ("AssetAccountRef", "ExpenseAccountRef", "QtyOnHand", "InvStartDate")


@dataclass(frozen=True)
class ListRules(Rules):
    """One name, once; the suffix of an inactive one frees it."""

    suffix: str = rules.SUFFIX
    forbidden: str = ""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        fields.setdefault("Active", True)
        if not fields.get("Name"):
            raise errors.missing("Name")
        was_off = old is not None and not old.active
        if not fields["Active"] and not fields["Name"].endswith(self.suffix):
            fields["Name"] += self.suffix
        elif fields["Active"] and was_off and company.switch("reactivation_strips_suffix"):
            fields["Name"] = fields["Name"].removesuffix(self.suffix)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        refuse_all(
            [*self._bad_names(company, fields), *overlong(self.entity.properties, self._named(fields))]
        )
        if record.active:
            self._refuse_taken(company, record)

    def _bad_names(self, company: Company, fields: Json) -> list[Problem]:
        if self.forbidden and re.search(self.forbidden, fields["Name"]):
            return [errors.forbidden_characters("Name", str(company.switch("forbidden_character_code")))]
        return []

    def _named(self, fields: Json) -> Json:
        """QuickBooks's own suffix does not count against the length of a name."""
        return {**fields, "Name": fields["Name"].removesuffix(self.suffix)}

    def _refuse_taken(self, company: Company, record: Record) -> None:
        wanted = record.fields["Name"].lower()
        for other in company.records[self.entity.name].values():
            taken = {other.fields["Name"].lower()}
            if not other.active and not company.switch("inactive_name_frees"):
                taken.add(other.fields["Name"].removesuffix(self.suffix).lower())
            if other.id != record.id and wanted in taken:
                named = company.switch("duplicate_name_tail") == "id"
                raise errors.duplicate_name(f"Id={other.id}" if named else "null")


@dataclass(frozen=True)
class AccountRules(ListRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        fields = record.fields
        kind, sub = fields.get("AccountType"), fields.get("AccountSubType")
        if kind is None and sub is None:
            if old is None:
                raise errors.missing("AccountType")
            kind = fields["AccountType"] = old.fields["AccountType"]
        if kind is None:
            if sub not in TYPE_OF_SUBTYPE:
                raise errors.bad_choice("AccountSubType", str(sub))
            fields["AccountType"] = TYPE_OF_SUBTYPE[sub]
        if sub is None and kind in DEFAULT_SUBTYPES:
            fields["AccountSubType"] = DEFAULT_SUBTYPES[kind]

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        super().check(company, record, old)
        kind, sub = record.fields["AccountType"], record.fields.get("AccountSubType", "")
        if kind not in ACCOUNT_CLASSES:
            raise errors.bad_choice("AccountType", kind)
        if TYPE_OF_SUBTYPE.get(sub, kind) != kind:
            raise errors.business(f"{sub} is no kind of {kind}.", "6010", "Invalid account subtype")
        active_reference(company, "Account", record.fields, "ParentRef")


@dataclass(frozen=True)
class ItemRules(ListRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        fields = record.fields
        if "Type" not in fields:
            if old is None and company.switch("item_without_type") == "refuse":
                raise errors.missing("Type")
            fields["Type"] = old.fields["Type"] if old else "Service"
        if fields["Type"] == "Category":
            return
        stock = fields["Type"] == "Inventory"
        for name, value in {"Taxable": False, "UnitPrice": Decimal(0), "PurchaseCost": Decimal(0)}.items():
            fields.setdefault(name, value)
        fields.setdefault("TrackQtyOnHand", False)
        if stock and not fields["TrackQtyOnHand"]:
            raise errors.missing("TrackQtyOnHand")

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        super().check(company, record, old)
        needed = {"Service": ("IncomeAccountRef",), "Inventory": ("IncomeAccountRef", *_STOCK)}
        for name in needed.get(fields["Type"], ()):
            if name not in fields:
                raise errors.missing(name)
        for name in ("UnitPrice", "PurchaseCost"):
            if abs(fields.get(name, 0)) > LARGEST:
                raise errors.bad_amount(name, fields[name])
        _check_accounts(company, fields)
        parent = active_reference(company, "Item", fields, "ParentRef")
        if parent is not None and parent.id == record.id:
            raise errors.business("An item cannot be its own category.")


def _check_accounts(company: Company, fields: Json) -> None:
    income = active_reference(company, "Account", fields, "IncomeAccountRef")
    if income is not None and income.fields["AccountType"] not in INCOME:
        raise errors.wrong_account_type("IncomeAccountRef")
    active_reference(company, "Account", fields, "ExpenseAccountRef")
    active_reference(company, "Account", fields, "AssetAccountRef")


@dataclass(frozen=True)
class TermRules(ListRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        record.fields["Type"] = "DATE_DRIVEN" if "DayOfMonthDue" in record.fields else "STANDARD"

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        super().check(company, record, old)
        for name, (least, most) in _RANGES.items():
            if not least <= record.fields.get(name, least) <= most:
                raise refused("2140", "Invalid Amount", f"{name} goes from {least} to {most}", name)


_RANGES = {
    "DueDays": (0, 999),
    "DiscountDays": (0, 999),
    "DueNextMonthDays": (0, 999),
    "DiscountPercent": (0, 100),
    "DayOfMonthDue": (1, 31),
    "DiscountDayOfMonth": (0, 31),
}


MAX_LEVELS = 5
DELIVERY = {"Print", "Email", "None"}
_REFERENCES = {
    **dict.fromkeys(("SalesTermRef", "TermRef"), "Term"),
    **dict.fromkeys(("ARAccountRef", "APAccountRef"), "Account"),
    "PaymentMethodRef": "PaymentMethod",
}


@dataclass(frozen=True)
class PersonRules(Rules):
    """Customers, vendors and employees share one list of names. `false_by_default` names a flag."""

    false_by_default: str = ""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        fields.setdefault("Active", True)
        fields["DisplayName"] = fields.get("DisplayName") or rules.name_from_parts(fields)
        if not fields["DisplayName"]:
            raise refused(
                "6080", "Missing name", "At least one part of the name must be given.", "DisplayName"
            )
        rules.follow_activity(company, record, old)
        fields.setdefault("PrintOnCheckName", rules.name_for_checks(fields))
        if self.false_by_default:
            fields.setdefault(self.false_by_default, False)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        found = [
            *rules.forbidden_names(company, record.fields),
            *overlong(self.entity.properties, record.fields),
        ]
        refuse_all([*found, *bad_emails(record.fields, "PrimaryEmailAddr")])
        for name, entity in _REFERENCES.items():
            active_reference(company, entity, record.fields, name)
        rules.refuse_taken_name(company, record)


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
            raise refused("2170", "Invalid Enumeration", "Supplied value is no PreferredDeliveryMethod", "")
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
                rules.follow_activity(company, follow, job)
                job.fields, job.sync_token, job.updated = follow.fields, job.sync_token + 1, company.now()
                company.changed(job)
                self.after(company, job, job)


def _take_opening_balance(record: Record, old: Record | None) -> None:
    """Amount and date count on creation; later both are read-only."""
    opening = record.fields.pop("Balance", None)
    if old is None:
        record.balance_cents = round((opening or 0) * 100)
        return
    record.fields.pop("OpenBalanceDate", None)
    if "OpenBalanceDate" in old.fields:
        record.fields["OpenBalanceDate"] = old.fields["OpenBalanceDate"]


def _keep_currency(fields: Json, old: Record) -> None:
    fields.pop("CurrencyRef", None)
    if "CurrencyRef" in old.fields:
        fields["CurrencyRef"] = old.fields["CurrencyRef"]


def _drop_default_tax_code(fields: Json, old: Record) -> None:
    """The company's default, read and sent back, is not the customer's own."""
    if "DefaultTaxCodeRef" not in old.fields and fields.get("DefaultTaxCodeRef") == DEFAULT_TAX_CODE:
        del fields["DefaultTaxCodeRef"]


def _settle_job(company: Company, fields: Json) -> None:
    if "ParentRef" in fields and not fields["Job"]:
        if company.switch("parent_without_job") == "refuse":
            raise errors.missing("Job")
        del fields["ParentRef"]
    if fields["Job"] and "ParentRef" not in fields:
        raise errors.missing("ParentRef")


def _check_parents(company: Company, record: Record) -> None:
    if not record.parent_id:
        return
    active_reference(company, "Customer", record.fields, "ParentRef")
    line = company.ancestors(record)
    if any(one.id == record.id for one in line):
        raise errors.business("A customer cannot be a job of itself or of one of its jobs.")
    if 1 + len(line) + company.depth_below(record) > MAX_LEVELS:
        raise errors.business("A customer can have at most five levels.", "6180", "Too many levels")


def _check_deactivation(company: Company, record: Record) -> None:
    if balance_with_jobs(company, record):
        raise errors.business(
            "A customer with a balance cannot be made inactive.", "6220", "Cannot make inactive"
        )
    if record.unbilled_cents:
        raise errors.business(
            "A customer with unbilled charges cannot be made inactive.", "6280", "Cannot make inactive"
        )


LISTS: dict[str, Rules] = {
    "Customer": CustomerRules(CUSTOMER),
    "Vendor": PersonRules(VENDOR, false_by_default="Vendor1099"),
    "Employee": PersonRules(EMPLOYEE, false_by_default="BillableTime"),
    "Account": AccountRules(ACCOUNT, forbidden=r'[:"\t\n\r]'),
    "Item": ItemRules(ITEM, forbidden=r"[:\t\n\r]"),
    "PaymentMethod": ListRules(PAYMENT_METHOD, suffix=" (Deleted)"),
    "Term": TermRules(TERM),
}
