"""The audit log, and the functions that create companies and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from accounts.models import AuditLogEntry, Company, DeclinedOffer, Membership, MembershipOffer, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# The actor of commands, where nobody is signed in.
SHELL = "operator, from the shell"
OFFERED_TO = "whoever it was offered to"


def log_action(
    *,
    company: Company | None,
    user: User | AnonymousUser | None,
    verb: str,
    target: str,
    before: str = "",
    after: str = "",
    actor: str = SHELL,
) -> AuditLogEntry:
    """Write an audit log entry; `actor` names who has no `user`.

    Never pass a secret: entries are shown, exported and kept.
    """
    person = user if isinstance(user, User) else None
    return AuditLogEntry.objects.create(
        company=company,
        user=person,
        actor=person.email if person else actor,
        verb=verb,
        target=target[: AuditLogEntry._meta.get_field("target").max_length],
        before=before,
        after=after,
    )


@transaction.atomic
def create_company(name: str, slug: str, time_zone: str, by: User | None = None) -> Company:
    """Raises ValidationError for an empty name, a taken or malformed slug, an unknown time zone."""
    company = Company(name=name, slug=slug, time_zone=time_zone)
    company.full_clean()
    company.save()
    log_action(company=company, user=by, verb="add", target=f"company {company}")
    return company


@transaction.atomic
def add_member(
    company: Company, email: str, role: str, password: str = "", by: User | None = None
) -> Membership:
    """Make the person with this e-mail address a member; the person is created if there is none.

    The password is used for a new person only; an existing person keeps theirs. Raises ValidationError for
    a malformed address, an unknown role, a weak or missing password of a new person, an existing membership.
    """
    user = User.objects.with_email(email) or new_person(email, password)
    membership = Membership(company=company, user=user, role=role)
    membership.full_clean()
    membership.save()
    target = f"membership of {user}"
    log_action(company=company, user=by, verb="add", target=target, after=membership.get_role_display())
    return membership


def offers_to(person: User) -> models.QuerySet[MembershipOffer]:
    return MembershipOffer.objects.open().filter(email=person.email)


@transaction.atomic
def settle_offer(offer: MembershipOffer, person: User, *, accepted: bool) -> None:
    """End an offer; accepted, the person is a member. Whoever is one already keeps the role.

    The entry does not name who declined: the company would learn whose address that is.
    """
    if not MembershipOffer.objects.filter(pk=offer.pk).delete()[0]:
        return
    target = f"membership offer {offer}"
    if accepted:
        Membership.objects.get_or_create(user=person, company=offer.company, defaults={"role": offer.role})
        log_action(company=offer.company, user=person, verb="accept", target=target)
        return
    DeclinedOffer.objects.update_or_create(
        email=offer.email, company=offer.company, defaults={"at": timezone.now()}
    )
    log_action(company=offer.company, user=None, verb="decline", target=target, actor=OFFERED_TO)


def new_person(email: str, password: str) -> User:
    user = User(email=email)
    if not password:
        raise ValidationError("A new person needs a password.")
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    return user
