from datetime import UTC, datetime

import pytest

from integrations import errors
from integrations.causes import Cause
from integrations.errors import (
    AuthorizationRevoked,
    BlockedBy,
    LeaseLost,
    NeedsDecision,
    PortalError,
    Remedy,
    VendorError,
)
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel


def every_vendor_error(base: type[VendorError] = VendorError) -> set[type[VendorError]]:
    return {base}.union(*(every_vendor_error(below) for below in base.__subclasses__()))


def test_the_text_of_an_error_is_its_sentence() -> None:
    error = PortalError("Please look at this.")
    assert str(error) == error.sentence == "Please look at this."
    assert error.remedy is Remedy.INSPECT


@pytest.mark.parametrize("kind", sorted(every_vendor_error(), key=str))
def test_every_vendor_error_has_a_complete_sentence(kind: type[VendorError]) -> None:
    error = kind(vendor="quickbooks", detail="the vendor's own text.")
    assert "{" not in error.sentence
    assert error.sentence.endswith((".", ")", "text."))
    assert error.cause == error.cause.lower()


@pytest.mark.parametrize("kind", sorted(every_vendor_error(errors.Refused), key=str))
def test_a_refusal_gives_the_next_step_without_codes(kind: type[VendorError]) -> None:
    sentence = kind(vendor="quickbooks", code="4711", detail="").sentence
    assert "please" in sentence.lower() or "by itself" in sentence
    assert "4711" not in sentence


def test_the_package_exports_every_error() -> None:
    assert {kind.__name__ for kind in every_vendor_error()} <= set(errors.__all__)


def test_causes_are_unique() -> None:
    causes = [kind.cause for kind in every_vendor_error()]
    assert len(causes) == len(set(causes))


@pytest.mark.parametrize(
    ("kind", "remedy", "cause"),
    [
        (errors.Throttled, "retry", "throttled"),
        (errors.Unavailable, "retry", "vendor_unavailable"),
        (errors.OutcomeUnknown, "retry", "outcome_unknown"),
        (errors.AccessLost, "reconnect", "access_lost"),
        (AuthorizationRevoked, "reconnect", "grant_lost"),
        (errors.AppMisconfigured, "configure", "app_misconfigured"),
        (errors.SubscriptionEnded, "inspect", "subscription_ended"),
        (errors.RecordMissing, "inspect", "record_missing"),
        (errors.InactiveReference, "inspect", "inactive_reference"),
        (errors.StaleVersion, "retry", "stale_version"),
        (errors.NameTaken, "inspect", "name_taken"),
        (errors.Refused, "inspect", "refused"),
        (errors.CannotBeLinked, "inspect", "cannot_be_linked"),
        (errors.Deposited, "inspect", "deposited"),
        (errors.NoLines, "inspect", "no_lines"),
        (errors.BadAmount, "inspect", "bad_amount"),
        (errors.BadQuantity, "inspect", "bad_quantity"),
        (errors.BadDiscount, "inspect", "bad_discount"),
        (errors.BadDate, "inspect", "bad_date"),
        (errors.StockDate, "inspect", "stock_date"),
        (errors.TooLong, "inspect", "too_long"),
        (errors.BadEmail, "inspect", "bad_email"),
        (errors.EmailRequired, "inspect", "email_required"),
        (errors.WrongCurrency, "inspect", "wrong_currency"),
        (errors.InvalidCustomer, "inspect", "invalid_customer"),
        (errors.TooDeep, "inspect", "too_deep"),
        (errors.BadTaxCode, "inspect", "tax_code"),
        (errors.BadAccountType, "configure", "bad_account_type"),
        (errors.FeatureOff, "configure", "feature_off"),
        (errors.BusinessRule, "inspect", "business_rule"),
        (errors.PortalBug, "inspect", "portal_bug"),
    ],
)
def test_remedies_and_causes_do_not_change(kind: type[VendorError], remedy: str, cause: str) -> None:
    assert (kind.remedy.value, kind.cause) == (remedy, cause)


def test_the_refusal_carries_the_vendors_text() -> None:
    error = errors.Refused(
        vendor="coperniq", status=400, code="VALIDATION_ERROR", detail="title is required."
    )
    assert error.sentence == "Coperniq refused: title is required. Please correct this and try again."


def test_a_long_text_is_cut_in_the_sentence_and_kept_in_the_detail() -> None:
    error = errors.Refused(vendor="quickbooks", detail="x" * 5000)
    assert len(error.detail) == 1000
    assert len(error.sentence) < 400


def test_the_vendors_answer_is_kept_for_support() -> None:
    at = datetime(2026, 5, 5, tzinfo=UTC)
    error = errors.StaleVersion(
        vendor="quickbooks", status=400, code="5010", intuit_tid="1-5f", vendor_time=at
    )
    assert (error.vendor, error.status, error.code, error.intuit_tid, error.vendor_time) == (
        "quickbooks",
        400,
        "5010",
        "1-5f",
        at,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Token expired: AB01demosecret",
        "Bearer demo.secret",
        "eyJdemosecret.payload.signature",
        "refresh RT1-39-H3-demosecret",
        "AB11demosecret",
    ],
)
def test_tokens_are_masked_wherever_the_vendor_repeats_them(text: str) -> None:
    error = errors.AccessLost(vendor="quickbooks", detail=text)
    assert "secret" not in error.detail + error.sentence
    assert "…" in error.detail


def test_the_holder_of_a_taken_number_is_read_from_the_text() -> None:
    text = "This number has already been used. DocNumber=1037 is assigned to TxnType=Invoice with TxnId=129"
    error = errors.NumberTaken(vendor="quickbooks", code="6140", detail=text)
    assert (error.holder_number, error.holder_id) == ("1037", "129")


def test_the_holder_is_empty_if_the_text_does_not_name_it() -> None:
    error = errors.NumberTaken(
        vendor="quickbooks", code="6140", detail="You must specify a different number."
    )
    assert (error.holder_number, error.holder_id) == ("", "")


def test_an_unexpected_shape_names_its_place() -> None:
    assert "Customer.Id" in errors.UnexpectedShape("Customer.Id", "id").sentence
    assert "its top" in errors.UnexpectedShape("", "record").sentence


def test_a_decision_offers_its_choices() -> None:
    hold = NeedsDecision(
        Message(Cause.NAME_TAKEN, "The name is taken."), [errors.Choice("retry", ChoiceLabel.TRY_AGAIN())]
    )
    assert hold.cause == "name_taken"
    assert hold.choices[0].key == "retry"
    assert hold.remedy is Remedy.INSPECT


def test_a_lost_lease_is_tried_again_and_an_unreadable_credential_is_configured() -> None:
    assert LeaseLost().remedy is Remedy.RETRY
    assert errors.CredentialUnreadable().remedy is Remedy.CONFIGURE


def test_a_blocked_run_names_the_record_it_waits_for() -> None:
    wait = BlockedBy(
        Message(Cause.WAITS_FOR_CUSTOMER, "Waits for the customer."), kind="customer", coperniq_id="5"
    )
    assert (wait.cause, wait.kind, wait.coperniq_id) == ("waits_for_customer", "customer", "5")
