"""CompanyInfo and Preferences, one record each, made from the company's settings.

docs/vendors/quickbooks-online.md, 3.
"""

from __future__ import annotations

from simulator.quickbooks.company import Company, Settings
from simulator.quickbooks.responses import Json, stamp

_ALPHA3 = {"US": "USA", "CA": "CAN", "GB": "GBR", "AU": "AUS"}


def _frame(company: Company) -> Json:
    opened = stamp(company.opened)
    times = {"CreateTime": opened, "LastUpdatedTime": opened}
    return {"domain": "QBO", "sparse": False, "Id": "1", "SyncToken": "0", "MetaData": times}


def company_info(company: Company) -> Json:
    country = company.settings.country
    address = {
        "Id": "1",
        "Line1": "2500 Garcia Ave",
        "City": "Mountain View",
        "Country": _ALPHA3.get(country, country),
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94043",
    }
    sku = [("NeoEnabled", "true"), ("SubscriptionStatus", "PAID"), ("OfferingSku", "QuickBooks Online Plus")]
    return {
        "CompanyName": company.name,
        "LegalName": company.name,
        "CompanyAddr": address,
        "CustomerCommunicationAddr": dict(address),
        "LegalAddr": dict(address),
        "CompanyStartDate": stamp(company.opened)[:10],
        "FiscalYearStartMonth": "January",
        "Country": country,
        "Email": {"Address": "books@example.com"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "NameValue": [{"Name": name, "Value": value} for name, value in sku],
        **_frame(company),
    }


def preferences(company: Company) -> Json:
    settings = company.settings
    accounting = {"TrackDepartments": False, "ClassTrackingPerTxn": False, "ClassTrackingPerTxnLine": False}
    closed = {"BookCloseDate": settings.book_close_date} if settings.book_close_date else {}
    taxed: Json = {"TaxGroupCodeRef": {"value": "2"}} if settings.using_sales_tax else {}
    if settings.automated_sales_tax:
        taxed["PartnerTaxEnabled"] = True
    return {
        "AccountingInfoPrefs": {**accounting, "CustomerTerminology": "Customers", **closed},
        "ProductAndServicesPrefs": _all(
            True, "ForSales", "ForPurchase", "QuantityWithPriceAndRate", "QuantityOnHand"
        ),
        "SalesFormsPrefs": _sales_forms(settings),
        "EmailMessagesPrefs": _messages(company.name),
        "VendorAndPurchasesPrefs": _all(True, "TrackingByCustomer", "BillableExpenseTracking"),
        "TimeTrackingPrefs": {**_all(True, "UseServices", "BillCustomers"), "WorkWeekStartDate": "Monday"},
        "TaxPrefs": {"UsingSalesTax": settings.using_sales_tax, **taxed},
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": settings.multicurrency,
            "HomeCurrency": {"value": settings.home_currency},
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "SFCEnabled", "Value": "true"},
                {"Name": "ProjectsEnabled", "Value": "true"},
            ]
        },
        **_frame(company),
        "SyncToken": str(company.preferences_version),
        "MetaData": {
            "CreateTime": stamp(company.opened),
            "LastUpdatedTime": stamp(company.preferences_updated),
        },
    }


def _all(value: bool, *names: str) -> Json:
    return dict.fromkeys(names, value)


def _sales_forms(settings: Settings) -> Json:
    uses = [
        {"Name": f"SalesFormsPrefs.UseSalesCustom{n}", "Type": "BooleanType", "BooleanValue": False}
        for n in (3, 2, 1)
    ]
    terms = {"DefaultTerms": {"value": settings.default_terms}} if settings.default_terms else {}
    return {
        "CustomField": [{"CustomField": uses}],
        "CustomTxnNumbers": settings.custom_txn_numbers,
        "AllowDeposit": settings.allow_deposit,
        "ETransactionAttachPDF": False,
        "ETransactionPaymentEnabled": settings.online_payments,
        "IPNSupportEnabled": False,
        "AllowDiscount": settings.allow_discount,
        "AllowEstimates": True,
        "ETransactionEnabledStatus": "Enabled" if settings.online_payments else "NotApplicable",
        **_all(False, "AllowServiceDate", "AllowShipping", "UsingPriceLevels"),
        "AutoApplyCredit": settings.auto_apply_credit,
        **terms,
    }


def _messages(name: str) -> Json:
    forms = {
        "InvoiceMessage": "Invoice",
        "EstimateMessage": "Estimate",
        "SalesReceiptMessage": "Sales Receipt",
    }
    return {
        key: {"Subject": f"{form} from {name}", "Message": "Please see the attachment."}
        for key, form in forms.items()
    }


def single_rows(company: Company) -> dict[str, list[Json]]:
    return {"CompanyInfo": [company_info(company)], "Preferences": [preferences(company)]}
