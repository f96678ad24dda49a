from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, object]:
    """What every page names: whom to write to."""
    return {"support_email": settings.SUPPORT_EMAIL}
