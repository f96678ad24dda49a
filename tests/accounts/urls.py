from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path

from accounts.admin_site import site
from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page
from tests.accounts.scoped_admin_site import lab


@company_page(Right.READ)
def read(request: CompanyRequest) -> HttpResponse:
    return HttpResponse(request.company.slug)


@company_page(Right.CONFIGURE)
def configure(request: CompanyRequest, key: str) -> HttpResponse:
    return HttpResponse(f"{request.company.slug} {key}")


urlpatterns = [
    path("accounts/", include("accounts.urls")),
    path("admin/", site.urls),
    path("lab/", lab.urls),
    path("read/", read),
    path("configure/<str:key>/", configure),
]
