"""Customers, vendors and employees, property by property as the reference lists them."""

from __future__ import annotations

from simulator.quickbooks.entity import MOMENTS, Entity, with_common
from simulator.quickbooks.schema import (
    ADDRESS,
    EMAIL,
    WEB,
    amount,
    block,
    date,
    flag,
    phone,
    reference,
    text,
)

_FILTERS = (
    frozenset({"DisplayName", "GivenName", "MiddleName", "FamilyName", "PrintOnCheckName", "Id", "Active"})
    | MOMENTS
)
_PERSON = {
    "DisplayName": text(500),
    "Title": text(16),
    "GivenName": text(100),
    "MiddleName": text(100),
    "FamilyName": text(100),
    "Suffix": text(16),
    "PrintOnCheckName": text(110),
    "PrimaryEmailAddr": EMAIL,
    "Active": flag(),
}
_COMPANY_CONTACT = {
    "CompanyName": text(100),
    "PrimaryPhone": phone(),
    "AlternatePhone": phone(),
    "Mobile": phone(),
    "Fax": phone(),
    "WebAddr": WEB,
    "BillAddr": ADDRESS,
    "CurrencyRef": reference(),
    "GSTIN": text(15),
    "GSTRegistrationType": text(15),
    "BusinessNumber": text(10),
    "Source": text(),
}

CUSTOMER = Entity(
    "Customer",
    with_common(
        **_PERSON,
        **_COMPANY_CONTACT,
        ShipAddr=ADDRESS,
        Notes=text(2000),
        ResaleNum=text(16),
        PrimaryTaxIdentifier=text(),
        SecondaryTaxIdentifier=text(),
        ARAccountRef=reference(),
        DefaultTaxCodeRef=reference(),
        PreferredDeliveryMethod=text(),
        SalesTermRef=reference(),
        PaymentMethodRef=reference(),
        CustomerTypeRef=reference(),
        Taxable=flag(),
        TaxExemptionReasonId=text(),
        Job=flag(),
        ParentRef=reference(),
        BillWithParent=flag(),
        Balance=amount(),
        OpenBalanceDate=date(),
        BalanceWithJobs=amount(read_only=True),
        FullyQualifiedName=text(read_only=True),
        Level=text(read_only=True),
        IsProject=flag(read_only=True),
    ),
    _FILTERS | {"CompanyName", "FullyQualifiedName", "PrimaryEmailAddr", "Balance"},
    order="FullyQualifiedName",
    api_writes=True,
)
VENDOR = Entity(
    "Vendor",
    with_common(
        **_PERSON,
        **_COMPANY_CONTACT,
        APAccountRef=reference(),
        TermRef=reference(),
        AcctNum=text(100),
        TaxIdentifier=text(20),
        Vendor1099=flag(),
        T4AEligible=flag(),
        T5018Eligible=flag(),
        HasTPAR=flag(),
        TaxReportingBasis=text(),
        CostRate=amount(),
        BillRate=amount(),
        Balance=amount(read_only=True),
        OtherContactInfo=block("ContactInfo", Type=text(), Telephone=phone()),
        VendorPaymentBankDetail=block(
            "VendorPaymentBankDetail",
            BankAccountName=text(),
            BankBranchIdentifier=text(),
            BankAccountNumber=text(),
            StatementText=text(18),
        ),
    ),
    _FILTERS | {"CompanyName", "Balance"},
    order="DisplayName",
    api_writes=True,
)
EMPLOYEE = Entity(
    "Employee",
    with_common(
        **_PERSON,
        PrimaryAddr=ADDRESS,
        PrimaryPhone=phone(20),
        Mobile=phone(20),
        BillableTime=flag(),
        BirthDate=date(),
        HiredDate=date(),
        ReleasedDate=date(),
        SSN=text(100),
        Gender=text(),
        Organization=flag(),
        EmployeeNumber=text(100),
        CostRate=amount(),
        BillRate=amount(),
    ),
    _FILTERS,
    order="DisplayName",
    api_writes=True,
)
