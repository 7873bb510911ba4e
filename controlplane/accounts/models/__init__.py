"""The tables of accounts, one module per idea."""

from controlplane.accounts.models.invitations import Invitation
from controlplane.accounts.models.personal_tokens import PersonalAccessToken
from controlplane.accounts.models.sign_ins import SignIn
from controlplane.accounts.models.users import CustomUser, CustomUserManager, RisingField

__all__ = [
    "CustomUser",
    "CustomUserManager",
    "Invitation",
    "PersonalAccessToken",
    "RisingField",
    "SignIn",
]
