from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import DECLINED_FOR, Company, Membership, MembershipOffer, User
from accounts.roles import Role

if TYPE_CHECKING:
    CompanyModelForm = forms.ModelForm[Company]
    MembershipModelForm = forms.ModelForm[Membership]
    OfferModelForm = forms.ModelForm[MembershipOffer]
    UserModelForm = forms.ModelForm[User]
    UserChoiceField = forms.ModelChoiceField[User]
else:
    CompanyModelForm = MembershipModelForm = OfferModelForm = UserModelForm = forms.ModelForm
    UserChoiceField = forms.ModelChoiceField


class SignInForm(AuthenticationForm):
    """Shows the same message for an unknown address, a wrong password and an inactive person."""

    error_messages = {
        "invalid_login": "This e-mail address and password do not belong together. Please try again.",
        "inactive": "This e-mail address and password do not belong together. Please try again.",
    }

    username = UsernameField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
    )


class PersonByEmail(UserChoiceField):
    """Chooses an existing person by the exact e-mail address, so that people are not listed."""

    widget = forms.EmailInput
    default_error_messages = {
        "invalid_choice": "Nobody with this e-mail address can log in here. Ask the support to add them.",
    }

    def __init__(self) -> None:
        people = User.objects.filter(is_active=True)
        super().__init__(people, to_field_name="email", label="E-mail address")


class MembershipForm(MembershipModelForm):
    user = PersonByEmail()

    class Meta:
        model = Membership
        fields = ("user", "company", "role")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.instance.pk and self.cleaned_data.get("role") != Role.ADMIN:
            # A lock, since two admins may demote each other at the same time.
            Company.objects.select_for_update().get(pk=self.instance.company_id)
            if self.instance.is_last_admin():
                raise ValidationError("A company keeps at least one admin. Make somebody else admin first.")
        return cleaned


class OfferForm(OfferModelForm):
    class Meta:
        model = MembershipOffer
        fields = ("email", "company", "role")

    def clean(self) -> dict[str, Any] | None:
        """Tells of members of the own company only; whether the address is known elsewhere makes no difference."""
        cleaned = super().clean()
        company, email = self.cleaned_data.get("company"), self.cleaned_data.get("email")
        if company is None or not email:
            return cleaned
        if company.memberships.filter(user__email=email).exists():
            raise ValidationError("This person is already a member of this company.")
        since = timezone.now() - DECLINED_FOR
        if company.declined_offers.filter(email=email, at__gt=since).exists():
            raise ValidationError(
                f"An offer to this address was declined. It can be repeated after {DECLINED_FOR.days} days."
            )
        made = company.offers.filter(email=email).exclude(pk=self.instance.pk)
        made.exclude(pk__in=made.open().values("pk")).delete()  # an ended one stands in nobody's way
        return cleaned


class CompanyForm(CompanyModelForm):
    time_zone = forms.ChoiceField(choices=lambda: [(name, name) for name in sorted(available_timezones())])

    class Meta:
        model = Company
        fields = ("name", "slug", "time_zone")


class PersonForm(UserModelForm):
    new_password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Empty keeps the password they have. A new one ends their sessions.",
    )

    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_superuser")

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if password:
            validate_password(password, self.instance)
        elif not self.instance.pk:
            raise ValidationError("A new person needs a password.")
        return password

    def save(self, commit: bool = True) -> User:
        if password := self.cleaned_data["new_password"]:
            self.instance.set_password(password)
        person: User = super().save(commit)
        return person
