"""Keeps a Coperniq account and a QuickBooks Online company in step. ARCHITECTURE.md draws each path of data."""
