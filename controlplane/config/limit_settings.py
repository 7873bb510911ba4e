"""The settings of what users may use, where neither they nor their groups have limits of their own."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings


class LimitSettings(BaseSettings):
    """The house's limits by day and by month, and what counts against them."""

    daily_message_limit: int | None = Field(
        default=None, ge=0, description="Messages that a user may send per day; empty: no limit"
    )
    daily_token_limit: int | None = Field(
        default=None, ge=0, description="Tokens that a user may use per day; empty: no limit"
    )
    daily_cost_limit: Decimal | None = Field(
        default=None, ge=0, description="US dollars that a user may spend per day; empty: no limit"
    )
    monthly_message_limit: int | None = Field(
        default=None, ge=0, description="Messages that a user may send per month; empty: no limit"
    )
    monthly_token_limit: int | None = Field(
        default=None, ge=0, description="Tokens that a user may use per month; empty: no limit"
    )
    monthly_cost_limit: Decimal | None = Field(
        default=None, ge=0, description="US dollars that a user may spend per month; empty: no limit"
    )
    approval_expires_hours: int = Field(
        default=168, ge=1, le=8760, description="Hours that a user has to approve a tool call"
    )
    approve_actions_after_retrieval: bool = Field(
        default=False,
        description="Whether tools that act ask their user once a turn holds retrieved text",
    )
    unpriced_models_are_free: bool = Field(
        default=False,
        description="Whether models without a known price may be used where cost is limited; they count as 0",
    )
