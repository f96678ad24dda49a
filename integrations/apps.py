from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        from integrations import checks  # noqa: F401 - importing registers the system checks
        from integrations.sync import registry  # noqa: F401 - importing installs the handlers
