"""How allauth behaves here: nobody signs up by themselves, members are added by the workspace."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Only to people who have an account: an unknown address hears nothing from us."""
        if "unknown_account" not in template_prefix:
            super().send_mail(template_prefix, email, context)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By account alone: allauth's own key holds the Host header with its port, which whoever guesses can vary."""
        return str(credentials.get("email", "")).lower()
