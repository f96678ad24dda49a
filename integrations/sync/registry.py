"""Which handler executes each action and reads each answer: the only module that knows all record packages."""

from __future__ import annotations

from integrations.models import Action
from integrations.sync.batches import carry_out
from integrations.sync.customers import phase_trigger, push_job
from integrations.sync.customers import pull as customer_pull
from integrations.sync.customers import push as customer_push
from integrations.sync.customers import push_response as customer_response
from integrations.sync.engine.handlers import Registry, install
from integrations.sync.engine.responses import CATALOG_ITEM, COPERNIQ_INVOICE, COPERNIQ_PAYMENT
from integrations.sync.ingest.restore_recovery import relink_documents
from integrations.sync.invoices import pull as invoice_pull
from integrations.sync.invoices import pull_response as invoice_pull_response
from integrations.sync.invoices import push as invoice_push
from integrations.sync.invoices import push_response as invoice_push_response
from integrations.sync.items import pull_response as item_pull_response
from integrations.sync.payments import open_amounts, pull_detect, push_detect
from integrations.sync.payments import pull as payment_pull
from integrations.sync.payments import pull_response as payment_pull_response
from integrations.sync.payments import push as payment_push
from integrations.sync.payments import push_response as payment_push_response
from integrations.sync.payments.shared_response import account_responses, method_responses

REGISTRY = Registry(
    records={
        Action.PUSH_CUSTOMER: customer_push,
        Action.PUSH_JOB: push_job,
        Action.PUSH_INVOICE: invoice_push,
        Action.PUSH_PAYMENT: payment_push,
        Action.PULL_INVOICE: invoice_pull,
        Action.PULL_PAYMENT: payment_pull,
    },
    detectors={
        Action.NOTICE_ENTRY: phase_trigger.detect,
        Action.NOTICE_PAYMENTS: push_detect.detect,
        Action.NOTICE_ALLOCATIONS: pull_detect.detect,
        Action.NOTICE_CUSTOMER: customer_pull.detect,
        Action.COMPARE_OPEN: open_amounts.detect,
        Action.RUN_BATCH: carry_out.detect,
    },
    responses={
        "Customer": customer_response,
        "Invoice": invoice_push_response,
        "Payment": payment_push_response,
        "Account": account_responses,
        "PaymentMethod": method_responses,
        COPERNIQ_INVOICE: invoice_pull_response,
        COPERNIQ_PAYMENT: payment_pull_response,
        CATALOG_ITEM: item_pull_response,
    },
    shared_records={
        "Account": account_responses,
        "PaymentMethod": method_responses,
        CATALOG_ITEM: item_pull_response,
    },
    readers={
        "Customer": customer_response.read,
        "Invoice": invoice_push_response.read,
        "Payment": payment_push_response.read,
        "Account": account_responses.read,
        "PaymentMethod": method_responses.read,
    },
    relink_documents=relink_documents,
    comparisons_due=open_amounts.comparisons_due,
)

install(REGISTRY)
