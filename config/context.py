from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, object]:
    """The support address, which every page shows."""
    return {"support_email": settings.SUPPORT_EMAIL}
