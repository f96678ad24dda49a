"""Keeps a company's Coperniq account and its QuickBooks Online company in step.

The path of data:

    webhook ─┐
    poll ────┼─ ingest: InboundEvent → router → SyncRun → engine: worker → scheduler → executor
    person ──┘      → record package (plan, then apply) → RemoteWrite → client → RecordLink + SyncLogEntry

A webhook is only a signal: its ids are stored, then the record is read from the API. What is to be done is in the
database; the queue only wakes a worker. No database transaction is open during a call to a vendor.
"""
