"""What can be done to accounts; tokens made before die with the version they carry."""

from uuid import UUID

from django.db.models import F

from controlplane.accounts.models import CustomUser
from controlplane.errors import NotFound


def user_sign_out_everywhere(*, user_id: UUID) -> int:
    """Refuse every session and token made until now; one statement. Returns how many users it met."""
    return CustomUser.objects.filter(pk=user_id).update(token_version=F("token_version") + 1)


def user_deactivate(*, user_id: UUID) -> None:
    """Switch an account off; switching it on again later does not bring its old tokens back.

    Raises NotFound.
    """
    changed = CustomUser.objects.filter(pk=user_id).update(
        is_active=False, token_version=F("token_version") + 1
    )
    if not changed:
        raise NotFound("There is no such user.", code="user_not_found")


def demo_user_ensure(*, email: str, password: str) -> CustomUser:
    """Create the demo user, who may look at the admin as well, or give them this password again."""
    flags = {"is_active": True, "is_staff": True, "is_superuser": True}
    user, created = CustomUser.objects.get_or_create(email__iexact=email, defaults={"email": email, **flags})
    if created or not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    CustomUser.objects.filter(pk=user.pk).update(**flags)
    return user


def first_admin_ensure(*, email: str, password: str) -> bool:
    """Create an administrator; one that exists already is left as it is. Returns whether it was created."""
    user, created = CustomUser.objects.get_or_create(
        email__iexact=email, defaults={"email": email, "is_staff": True, "is_superuser": True}
    )
    if created:
        user.set_password(password)
        user.save(update_fields=["password"])
    return created
