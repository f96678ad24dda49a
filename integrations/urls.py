from django.urls import path

from integrations.views import configure, connect, health, items, links, log, pages, runs, status, webhooks

app_name = "integrations"

urlpatterns = [
    path("webhooks/quickbooks/", webhooks.quickbooks, name="webhook_quickbooks"),
    path("webhooks/coperniq/<str:token>/", webhooks.coperniq, name="webhook_coperniq"),
    path("integrations/", pages.overview, name="overview"),
    path("integrations/status/", status.status, name="status"),
    path("integrations/coperniq/connect/", connect.coperniq, name="connect_coperniq"),
    path("integrations/coperniq/guard/", connect.coperniq_guard, name="coperniq_guard"),
    path("integrations/quickbooks/", pages.configuration, name="configuration"),
    path("integrations/quickbooks/connect/", connect.quickbooks, name="connect_quickbooks"),
    path("integrations/quickbooks/callback/", connect.callback, name="callback"),
    path("integrations/quickbooks/disconnect/", connect.disconnect, name="disconnect"),
    path("integrations/quickbooks/guard/", connect.quickbooks_guard, name="quickbooks_guard"),
    path("integrations/quickbooks/triggers/", configure.triggers, name="triggers"),
    path("integrations/quickbooks/matching-strategy/", configure.matching_strategy, name="matching_strategy"),
    path("integrations/quickbooks/invoice-sync/", configure.invoice_sync, name="invoice_sync"),
    path("integrations/quickbooks/settings/", configure.settings, name="settings"),
    path("integrations/quickbooks/workflows/", configure.refresh_workflows, name="refresh_workflows"),
    path("integrations/log/", log.entries, name="log"),
    path("integrations/log/<int:pk>/", log.timeline, name="timeline"),
    path("integrations/runs/", runs.index, name="runs"),
    path("integrations/runs/retry/", runs.retry, name="retry"),
    path("integrations/runs/<int:pk>/decide/", runs.decide, name="decide"),
    path("integrations/items/", items.index, name="items"),
    path("integrations/items/refresh/", items.refresh, name="refresh_items"),
    path("integrations/items/<str:catalog_id>/", items.match, name="match_item"),
    path("integrations/links/<str:kind>/", links.index, name="links"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
