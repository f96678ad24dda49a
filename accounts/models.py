from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.roles import Right, Role, roles_with

if TYPE_CHECKING:
    EmailField = models.EmailField[str, str]
else:
    EmailField = models.EmailField

OFFER_LASTS = timedelta(days=14)
DECLINED_FOR = timedelta(days=30)


def normal_email(email: str) -> str:
    return unicodedata.normalize("NFKC", email).strip().lower()


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            "“%(name)s” is not a time zone. Write it like America/Denver.", params={"name": name}
        )


class EmailAddressField(EmailField):
    """An e-mail address in lower case, both when it is stored and when it is searched for."""

    def to_python(self, value: object) -> str | None:
        return normal_email(value) if isinstance(value, str) else None

    def get_prep_value(self, value: object) -> str | None:
        return self.to_python(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        email = self.to_python(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, email)
        return email


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create a person, who can sign in only with a password."""
        if not normal_email(email):
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(email, password, **(fields | {"is_staff": True, "is_superuser": True}))

    def with_email(self, email: str) -> User | None:
        return self.filter(email=email).first()


class User(AbstractBaseUser, PermissionsMixin):
    email = EmailAddressField(
        "e-mail address",
        unique=True,
        error_messages={"unique": "Somebody with this e-mail address is already here."},
    )
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(
        "active", default=True, help_text="Untick instead of deleting: whoever is not active cannot log in."
    )
    is_staff = models.BooleanField("staff", default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            # Together with `unique` this excludes two people whose addresses differ in case only.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.get_full_name()


class Company(models.Model):
    company_path: ClassVar[str] = ""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True, help_text="Names the company in addresses: ?company=…")
    time_zone = models.CharField(
        max_length=64, validators=[validate_time_zone], help_text="Such as America/Denver."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.CheckConstraint(condition=~Q(time_zone=""), name="company_has_a_time_zone"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def admins(self) -> models.QuerySet[Membership]:
        """The admin memberships of active people."""
        return self.memberships.filter(role=Role.ADMIN, user__is_active=True)


class Membership(models.Model):
    company_path: ClassVar[str] = "company"

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name="person"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "company"],
                name="one_membership_per_person_and_company",
                violation_error_message="This person is already a member of this company.",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_has_a_known_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.company} ({self.get_role_display()})"

    def is_last_admin(self) -> bool:
        return self.role == Role.ADMIN and not self.company.admins().exclude(pk=self.pk).exists()


class MembershipOfferQuerySet(models.QuerySet["MembershipOffer"]):
    def open(self) -> Self:
        """Those that are not too old, and whose author may still manage the company's members."""
        managing = Membership.objects.filter(
            user=models.OuterRef("offered_by"),
            company=models.OuterRef("company"),
            role__in=roles_with(Right.MANAGE_MEMBERS),
        )
        entitled = Q(offered_by__is_superuser=True) | models.Exists(managing)
        by = Q(offered_by=None) | Q(offered_by__is_active=True) & entitled
        return self.filter(by, offered_at__gt=timezone.now() - OFFER_LASTS)


class MembershipOffer(models.Model):
    """A company offers membership to whoever signs in with the address, known here or not; that person decides."""

    company_path: ClassVar[str] = "company"

    email = EmailAddressField("e-mail address")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="offers")
    role = models.CharField(max_length=10, choices=Role)
    offered_at = models.DateTimeField(default=timezone.now, editable=False)
    offered_by = models.ForeignKey(
        User, null=True, editable=False, on_delete=models.CASCADE, related_name="offers_made"
    )

    objects: ClassVar = MembershipOfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email", "company"],
                name="one_offer_per_address_and_company",
                violation_error_message="Membership has been offered to this address already.",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="offer_has_a_known_role"),
        ]

    def __str__(self) -> str:
        return f"to {self.email} at {self.company} ({self.get_role_display()})"


class DeclinedOffer(models.Model):
    """The address is not asked again for a while."""

    email = EmailAddressField("e-mail address")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="declined_offers")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email", "company"], name="one_refusal_per_address_and_company"),
        ]

    def __str__(self) -> str:
        return f"{self.email} at {self.company}"


class AuditLogEntry(models.Model):
    """An action of a person. It is kept when the person or the company is deleted, and never contains a secret."""

    company_path: ClassVar[str] = "company"

    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_log_entries"
    )
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_log_entries"
    )
    actor = models.CharField(max_length=254)
    at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=300)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)

    class Meta:
        verbose_name = "audit log entry"
        verbose_name_plural = "audit log entries"
        indexes = [models.Index(fields=["company", "-id"], name="acts_of_a_company")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.verb} {self.target}"


class SignInAttempt(models.Model):
    """A try to sign in, kept until it succeeds or for 15 minutes.

    `origin` is a digest of e-mail and network or device, `account` one of the e-mail: people type passwords into the
    wrong box. `site` is one of a larger network, empty for a network that has signed in with the account before; for such
    a device `network` is empty as well.
    """

    origin = models.CharField(max_length=64)
    account = models.CharField(max_length=64, blank=True, db_index=True)
    network = models.CharField(max_length=64, blank=True, db_index=True)
    site = models.CharField(max_length=64, blank=True, db_index=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["origin", "at"], name="attempts_from_an_origin")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class KnownNetwork(models.Model):
    """Somebody signed in with an account from a network; `origin` as of their tries."""

    origin = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
