"""The audit log, and the functions that create companies and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import AuditLogEntry, Company, Membership, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# The actor of commands, where nobody is signed in.
SHELL = "operator, from the shell"


def log_action(
    *,
    company: Company | None,
    user: User | AnonymousUser | None,
    verb: str,
    target: str,
    before: str = "",
    after: str = "",
) -> AuditLogEntry:
    """Write an audit log entry. Never pass a secret: entries are shown, exported and kept."""
    person = user if isinstance(user, User) else None
    return AuditLogEntry.objects.create(
        company=company,
        user=person,
        actor=person.email if person else SHELL,
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


def new_person(email: str, password: str) -> User:
    user = User(email=email)
    if not password:
        raise ValidationError("A new person needs a password.")
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    return user
