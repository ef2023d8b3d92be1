"""What an operator decides about all tokens: the settings of the table [tokens]."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TokenSettings(BaseModel):
    """How tokens are judged, what stations keep of them, and how long starts are waited for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cache_s: int | None = Field(
        default=None,
        ge=1,
        le=31_536_000,
        description="How long a station may remember what it was told of a token; by default as "
        "long as it wants, never longer than the token's own expires_at.",
    )
    max_transactions: int | None = Field(
        default=None,
        ge=1,
        description="Transactions that a token may have running at all stations, where it has no "
        "max_transactions of its own; one more is answered ConcurrentTx. By default any number.",
    )
    master_pass_group: str | None = Field(
        default=None,
        min_length=1,
        max_length=36,
        description="Group whose tokens end transactions of others and start none; the stations' "
        "variable AuthCtrlr.MasterPassGroupId must say the same.",
    )
    local_lists: bool = Field(
        default=False,
        description="Keep the local authorization list of every station in step with the tokens. "
        "See docs/tokens.md.",
    )
    local_lists_after_s: float = Field(
        default=10,
        ge=0,
        le=3600,
        description="How long more changes of tokens are waited for before lists are sent.",
    )
    remote_start_s: int = Field(
        default=180,
        ge=1,
        le=86_400,
        description="How long the transaction of a remote start that a station has accepted is "
        "waited for; longer than the stations' own ConnectionTimeOut or EVConnectionTimeOut.",
    )
