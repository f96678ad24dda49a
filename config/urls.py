from django.urls import include, path
from django.views.generic import RedirectView

from accounts.admin_site import site

handler400 = "config.failures.bad_request"
handler500 = "config.failures.server_error"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="integrations:home"), name="home"),
    path("accounts/", include("accounts.urls")),
    path("admin/", site.urls),
    path("", include("integrations.urls")),
]
