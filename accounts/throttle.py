"""Limits the guesses of passwords, within 15 minutes each.

A device that has signed in with an account before has tries of its own, so that nobody else can use up those of its
owner; so does a network, which shares a limit of accounts with all of that network. All other tries are limited per
account and network, per account, per network and larger network, and over all.
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import KnownNetwork, SignInAttempt, normal_email

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

TRIES = 5
TRIES_PER_ACCOUNT = 20
ACCOUNTS_PER_NETWORK = 30
"""That were tried in vain. People who got in do not count, however often they mistyped: an office has one address."""
TRIES_PER_SITE = 100
TRIES_OVER_ALL = 300
WINDOW = timedelta(minutes=15)
KNOWN = timedelta(days=180)
UNIX_SOCKET = "unix"
"""Names, among TRUSTED_PROXIES, a proxy that speaks to the portal over a socket without an address."""

_DEVICE = "device"
_DEVICE_SALT = "accounts.device"
_DEVICE_SECONDS = int(KNOWN.total_seconds())
_ACCOUNTS_PER_DEVICE = 5
_NETWORK_BITS = 64
"""Whoever has an IPv6 address usually has all of its /64,"""
_SITE_BITS = 48
"""and some have a /48, which must not use up what there is over all."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Try:
    """Digests of what a try is counted by: without `network` its origin alone, without `site` the network as well."""

    origin: str
    account: str = ""
    network: str = ""
    site: str = ""


def sign_in_try(request: HttpRequest, email: str) -> Try:
    account = _digest("account", normal_email(email))
    device = _devices_of(request).get(account)
    if device:
        return Try(_digest("device", account, device), account)
    address = address_of(request)
    network = _digest("network", network_of(address))
    origin = _digest("origin", account, network)
    if KnownNetwork.objects.filter(origin=origin, at__gt=timezone.now() - KNOWN).exists():
        return Try(origin, account, network)
    return Try(origin, account, network, _digest("site", network_of(address, _SITE_BITS)))


def password_change_try(user_id: int) -> Try:
    return Try(_digest("password change", str(user_id)))


def claim_try(wanted: Try) -> bool:
    """Count a try; False if there were too many. Counted before the check, so that simultaneous tries count too."""
    now = timezone.now()
    SignInAttempt.objects.filter(at__lte=now - WINDOW).delete()
    # A clock that was put back must not keep tries for longer.
    SignInAttempt.objects.filter(at__gt=now + WINDOW).delete()
    attempt = SignInAttempt.objects.create(**asdict(wanted))
    if _is_within_limits(wanted):
        return True
    attempt.delete()  # a refused try does not lengthen the wait
    return False


def _is_within_limits(wanted: Try) -> bool:
    tries = SignInAttempt.objects
    if tries.filter(origin=wanted.origin).count() > TRIES:
        return False
    if not wanted.network:
        return True
    accounts = tries.filter(network=wanted.network).values("account").distinct()
    if accounts.count() > ACCOUNTS_PER_NETWORK:
        return False
    if not wanted.site:
        return True
    strange = tries.exclude(site="")
    return (
        strange.filter(account=wanted.account).count() <= TRIES_PER_ACCOUNT
        and strange.filter(site=wanted.site).count() <= TRIES_PER_SITE
        and strange.count() <= TRIES_OVER_ALL
    )


def forget_tries(done: Try) -> None:
    SignInAttempt.objects.filter(origin=done.origin).delete()


def return_try(unused: Try) -> None:
    """Take back the last one: no password was guessed with it."""
    last = SignInAttempt.objects.filter(origin=unused.origin).order_by("-pk").first()
    if last is not None:
        last.delete()


def lift_limits(email: str) -> int:
    """Forget the tries with one account, wherever they came from; returns how many those were."""
    account = _digest("account", normal_email(email))
    return SignInAttempt.objects.filter(account=account).delete()[0]


def remember_network(request: HttpRequest, email: str) -> None:
    """Give the network tries of its own for this account."""
    now = timezone.now()
    account = _digest("account", normal_email(email))
    network = _digest("network", network_of(address_of(request)))
    KnownNetwork.objects.filter(at__lte=now - KNOWN).delete()
    KnownNetwork.objects.update_or_create(origin=_digest("origin", account, network), defaults={"at": now})


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Give the device tries of its own for this account; it keeps those for the last few accounts."""
    account = _digest("account", normal_email(email))
    known = _devices_of(request)
    known[account] = known.pop(account, "") or secrets.token_urlsafe(12)
    kept = dict(list(known.items())[-_ACCOUNTS_PER_DEVICE:])
    response.set_cookie(
        _DEVICE,
        signing.dumps(kept, salt=_DEVICE_SALT),
        max_age=_DEVICE_SECONDS,
        path=settings.LOGIN_URL,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _devices_of(request: HttpRequest) -> dict[str, str]:
    """By account, the secrets of this device that were given to it after signing in."""
    try:
        known = signing.loads(request.COOKIES.get(_DEVICE, ""), salt=_DEVICE_SALT, max_age=_DEVICE_SECONDS)
    except signing.BadSignature:
        return {}
    return dict(known)


def address_of(request: HttpRequest) -> str:
    """The client's IP address: behind a trusted proxy, the last one reported that is not itself a trusted proxy."""
    address: str = request.META.get("REMOTE_ADDR", "")
    reported = request.headers.get("X-Forwarded-For", "").split(",")
    while is_trusted_proxy(address) and reported:
        nearer = _ip(reported.pop())
        if nearer is None:
            break
        address = str(nearer)
    return address


def network_of(address: str, bits: int = _NETWORK_BITS) -> str:
    """An IPv4 address, or what an IPv6 address begins with."""
    ip = _ip(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, bits), strict=False))
    return str(ip or address)


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Some proxies add a port, and brackets around IPv6."""
    text = address.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def is_trusted_proxy(address: str) -> bool:
    trusted = settings.TRUSTED_PROXIES
    ip = _ip(address)
    if ip is None:
        return UNIX_SOCKET in trusted
    return any(ip in network for network in trusted_networks(tuple(trusted)))


@cache
def trusted_networks(trusted: tuple[str, ...]) -> tuple[_Network, ...]:
    """Raises ValueError for an entry that is neither an address, a network, nor `unix`."""
    return tuple(ipaddress.ip_network(entry) for entry in trusted if entry != UNIX_SOCKET)


def _digest(*parts: str) -> str:
    return salted_hmac("accounts.throttle", "\n".join(parts), algorithm="sha256").hexdigest()
