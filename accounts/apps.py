from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and companies"

    def ready(self) -> None:
        from accounts.admin_site import site

        autodiscover_modules("admin", register_to=site)
