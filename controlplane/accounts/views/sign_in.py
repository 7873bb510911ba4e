"""Signing in, staying signed in, signing out, and the token for the Agent Server."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.accounts.api_tokens import issue_refresh_token, rotate_refresh_token
from controlplane.accounts.authentication import AccountOwnerOnly
from controlplane.accounts.callers import user_of
from controlplane.accounts.models import CustomUser
from controlplane.accounts.models.personal_tokens import Scope
from controlplane.accounts.services import user_sign_out_everywhere
from controlplane.accounts.sign_up.account import is_confirmed
from controlplane.accounts.sign_up.second_factor import second_factor_check
from controlplane.errors import Unauthenticated

PAIR = OpenApiExample("A pair", value={"access": "eyJhbGciOi…", "refresh": "eyJhbGciOi…"}, response_only=True)
CREDENTIALS = OpenApiExample(
    "With a second factor",
    value={"email": "ada@example.com", "password": "correct horse battery", "code": "123456"},
    request_only=True,
)
SPENT = OpenApiExample("A refresh token", value={"refresh": "eyJhbGciOi…"}, request_only=True)
MINTED = OpenApiExample(
    "A token",
    value={
        "token": "eyJhbGciOi…",
        "expires_at": "2026-11-22T20:10:00Z",
        "agent_url": "https://agents.example.com",
    },
    response_only=True,
)
ONESELF = OpenApiExample(
    "Oneself",
    value={
        "id": "4f1d5f0e-54a6-4b0e-9d34-0f6c2b3f7a10",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "date_joined": "2026-11-22T20:00:00Z",
    },
    response_only=True,
)


class TokenPairSerializer(serializers.Serializer[dict[str, str]]):
    """What a client keeps: a short access token, and a refresh token that can be spent once."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class SignInView(APIView):
    """Sign in by e-mail and password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    class Input(serializers.Serializer[dict[str, str]]):
        """Who signs in."""

        email = serializers.EmailField(max_length=254)
        password = serializers.CharField(trim_whitespace=False, max_length=1024)
        code = serializers.CharField(
            required=False,
            allow_blank=True,
            default="",
            max_length=64,
            help_text="One-time or recovery code, where a second factor is set up.",
        )

        class Meta:
            ref_name = "SignIn"

    @extend_schema(
        request=Input,
        responses=TokenPairSerializer,
        operation_id="auth_token_create",
        tags=["auth"],
        examples=[CREDENTIALS, PAIR],
    )
    def post(self, request: Request) -> Response:
        """Answer with a pair of tokens.

        401 `not_authenticated` for a wrong password, an unknown or an inactive account alike; after the right
        password `email_not_confirmed`, `totp_required` or `totp_invalid`.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        email, password, code = (given.validated_data[name] for name in ("email", "password", "code"))
        user = authenticate(request=request._request, email=email, password=password)
        if not isinstance(user, CustomUser):
            raise AuthenticationFailed
        if not is_confirmed(user):
            raise Unauthenticated("Confirm your e-mail address first.", code="email_not_confirmed")
        second_factor_check(user=user, code=code)
        update_last_login(None, user)  # type: ignore[arg-type]  # asks for a model that has this field
        refresh = issue_refresh_token(user)
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


class RefreshView(APIView):
    """Stay signed in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    class Input(serializers.Serializer[dict[str, str]]):
        """The refresh token; it is spent by this call."""

        refresh = serializers.CharField(max_length=4096)

        class Meta:
            ref_name = "TokenRefresh"

    @extend_schema(
        request=Input,
        responses=TokenPairSerializer,
        operation_id="auth_token_refresh",
        tags=["auth"],
        examples=[SPENT, PAIR],
    )
    def post(self, request: Request) -> Response:
        """Answer with a new pair; a token that was spent already ends its whole sign-in instead."""
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        refresh = rotate_refresh_token(given.validated_data["refresh"])
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


class AgentTokenView(APIView):
    """Talk to the Agent Server directly, with langgraph-sdk for instance."""

    personal_token_scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.AGENT}

    class Output(serializers.Serializer[dict[str, object]]):
        """A bearer token, when it ends, and where to use it."""

        token = serializers.CharField(read_only=True)
        expires_at = serializers.DateTimeField(read_only=True)
        agent_url = serializers.URLField(read_only=True)

        class Meta:
            ref_name = "AgentToken"

    @extend_schema(
        request=None,
        responses=Output,
        operation_id="auth_agent_token_create",
        tags=["auth"],
        examples=[MINTED],
    )
    def post(self, request: Request) -> Response:
        """Answer with a token of ten minutes for the caller."""
        minted = mint_for_user(user_of(request))
        answer = {
            "token": minted.token,
            "expires_at": minted.expires_at,
            "agent_url": settings.LANGGRAPH_PUBLIC_URL,
        }
        return Response(self.Output(answer).data)


class SignOutEverywhereView(AccountOwnerOnly, APIView):
    """End every session and token of the caller, this one included."""

    @extend_schema(
        request=None, responses={204: None}, operation_id="auth_sign_out_everywhere", tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Answer with 204; the Agent Server follows within ten seconds."""
        user_sign_out_everywhere(user_id=user_of(request).pk)
        return Response(status=204)


class MeView(APIView):
    """Who am I."""

    class Output(serializers.ModelSerializer[CustomUser]):
        """The caller's own account."""

        class Meta:
            ref_name = "Me"
            model = CustomUser
            fields: ClassVar[list[str]] = ["id", "email", "first_name", "last_name", "date_joined"]
            read_only_fields = fields

    @extend_schema(responses=Output, operation_id="me_retrieve", tags=["auth"], examples=[ONESELF])
    def get(self, request: Request) -> Response:
        """Answer with the caller's account."""
        return Response(self.Output(user_of(request)).data)
