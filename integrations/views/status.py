from __future__ import annotations

from django.http import JsonResponse
from django.views.decorators.http import require_safe

from accounts.roles import Right
from accounts.scoping import CompanyRequest, company_page
from integrations.status import status_of


@require_safe
@company_page(Right.READ)
def status(request: CompanyRequest) -> JsonResponse:
    """For programs, and readable enough for people."""
    return JsonResponse(status_of(request.company), json_dumps_params={"indent": 2, "ensure_ascii": False})
