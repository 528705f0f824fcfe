"""Preview tokens: what a person looked at, so that a run that would pay anything else is refused. Nothing is stored."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from app import sealing
from app.errors import ConfigurationError, Conflict, InvalidRequest
from app.immutable import immutable
from app.payouts.reserving.planning import Plan

VALID_FOR: Final = timedelta(minutes=15)


@immutable
class Preview:
    """What a token stands for.

    Attributes:
        request_digest: that of what the run was limited to.
        cutoff_at: credits approved later are not paid; a run with the token has the same cut-off.
        digest: that of the plans that pay, from `digest_of`.
    """

    program_id: UUID
    livemode: bool
    request_digest: str
    cutoff_at: datetime
    digest: str


def digest_of(plans: Iterable[Plan]) -> str:
    """The SHA-256 of every payout of these plans: partner, currency, gross, fee, net, method, destination."""
    lines = sorted([plan.line for plan in plans if plan.is_paid], key=lambda line: line[:2])
    return _digest(lines)


def digest_of_request(request: Mapping[str, Any]) -> str:
    """The digest of a request as it is stored with a run."""
    return _digest(request)


def token_of(preview: Preview) -> str:
    """The sealed token of a preview."""
    expires_at = datetime.now(UTC) + VALID_FOR
    text = orjson.dumps({"preview": asdict(preview), "expires_at": expires_at})
    return sealing.seal(text.decode(), sealing.of_process())


def read(token: str) -> Preview:
    """The preview of a token.

    Raises:
        InvalidRequest: it is not a token of this installation.
        Conflict: `preview_stale`: it is older than 15 minutes.
    """
    try:
        sealed = orjson.loads(sealing.unseal(token, sealing.of_process()))
        values = sealed["preview"]
        expires_at = datetime.fromisoformat(sealed["expires_at"])
    except (ConfigurationError, ValueError, TypeError, KeyError):
        raise InvalidRequest(
            "preview_token is not one that a preview gave; leave it out, or send it as it was given",
            param="preview_token",
        ) from None
    if expires_at <= datetime.now(UTC):
        raise stale("the preview is older than 15 minutes")
    return Preview(
        program_id=UUID(values["program_id"]),
        livemode=values["livemode"],
        request_digest=values["request_digest"],
        cutoff_at=datetime.fromisoformat(values["cutoff_at"]),
        digest=values["digest"],
    )


def stale(why: str) -> Conflict:
    """The error for a preview that does not show what a run would pay now."""
    return Conflict(f"{why}; make a new preview and look at it", code="preview_stale", param="preview_token")


def _digest(values: Any) -> str:
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()
