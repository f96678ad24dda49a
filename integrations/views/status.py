from __future__ import annotations

from django.http import JsonResponse
from django.views.decorators.http import require_safe

from accounts.roles import Right, may
from accounts.scoping import CompanyRequest, company_page
from integrations.status import status_of


@require_safe
@company_page(Right.READ)
def status(request: CompanyRequest) -> JsonResponse:
    """For programs, and readable enough for people. Whoever may not connect does not see the webhooks' secret."""
    may_connect = may(request.user, request.company, Right.CONNECT)
    answer = status_of(request.company, with_secrets=may_connect)
    return JsonResponse(answer, json_dumps_params={"indent": 2, "ensure_ascii": False})
