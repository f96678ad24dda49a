"""Limits the tries to sign in: five per e-mail and client address in 15 minutes."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import SignInAttempt, normal_email

if TYPE_CHECKING:
    from django.http import HttpRequest

TRIES = 5
WINDOW = timedelta(minutes=15)


def address_of(request: HttpRequest) -> str:
    """The client's IP address; behind a proxy on this machine, the one that the proxy reports."""
    address: str = request.META.get("REMOTE_ADDR", "")
    if not is_loopback(address):
        return address
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or address


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return not address  # a Unix socket has no address, and only our own proxy speaks to one


def origin_of(email: str, address: str) -> str:
    return salted_hmac("accounts.throttle", f"{normal_email(email)}\n{address}").hexdigest()


def claim_try(origin: str) -> bool:
    """Count a try; False if there were too many. Counted before the check, so that simultaneous tries count too."""
    SignInAttempt.objects.filter(at__lte=timezone.now() - WINDOW).delete()
    attempt = SignInAttempt.objects.create(origin=origin)
    if SignInAttempt.objects.filter(origin=origin).count() <= TRIES:
        return True
    attempt.delete()  # a refused try does not lengthen the wait
    return False


def forget_tries(origin: str) -> None:
    SignInAttempt.objects.filter(origin=origin).delete()
