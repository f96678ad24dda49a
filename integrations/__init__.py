"""Keeps a company's Coperniq account and its QuickBooks Online company in step.

The path of data, one owner per step:

    webhook ─┐
    poll ────┼─ inbox → InboundEvent → planning → SyncRun → pump → lease → runner
    person ──┘      → action (plan, then apply) → RemoteWrite → client → RecordLink + SyncLogEntry

A webhook is a doorbell: take ids from it, then read the record. The row is the truth, the queue only a nudge.
Nothing here holds a database transaction open while it talks to a vendor.
"""
