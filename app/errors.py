"""Every exception Accrual raises on purpose.

    AccrualError
    ├── ConfigurationError      start is refused; the message lists every problem
    ├── RequestError            the caller's mistake; HTTP statuses are in app/http/errors.py
    │   ├── InvalidRequest      400, names the field
    │   ├── InvalidSignature    400
    │   ├── Unauthenticated     401
    │   ├── Forbidden           403
    │   ├── NotFound            404
    │   ├── Conflict            409
    │   ├── Gone                410
    │   ├── TooLarge            413
    │   └── RateLimited         429
    ├── ReferralFailed          500 with a code of its own: a referral code or claim could not be stored
    ├── Unavailable             503: something needed is not available; the caller retries
    ├── RowRefused, RowLeftOut  app/transfer/imports/reading/refusals.py: a row of a file is not imported
    ├── LeaseLost               a run was stopped, or another worker has taken it; the step is rolled back
    ├── CodedProblem            what went wrong is stored as a code with parameters
    │   ├── StripeProblem       asking Stripe's API failed
    │   │   ├── StripeUnavailable   no answer, or an error of its own; later may be better
    │   │   │   └── StripeRateLimited   429
    │   │   ├── StripeForbidden     401, 403: the API key
    │   │   ├── StripeMissing       404
    │   │   └── StripeRefused       any other 4xx: our mistake
    │   ├── AddressRefused      a URL, or an address of its host, that nothing may be sent to
    │   ├── CallFailed          a request to someone else's server got no answer
    │   └── UnusableEvent       an event that no retry can help; it is parked
    └── LedgerError             a bug; never caught
        └── UnbalancedEntry

worker/retries.py decides what happens to an event after a failure.
"""

from typing import Any, Final, Self

LONGEST_SHOWN: Final = 80
"""Characters of a wrong value that the error message repeats."""


class AccrualError(Exception):
    """Base class of all exceptions that Accrual raises on purpose."""


class ConfigurationError(AccrualError):
    """Settings are missing or wrong, so the process does not start. The message has a line for each problem."""


class RequestError(AccrualError):
    """A request that is refused because of the caller's mistake.

    Attributes:
        code: a stable lower-case code for programs.
        param: the wrong request field, or None.
        details: all wrong fields, if there may be several: `{"param": …, "message": …}` each.
    """

    code = "bad_request"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        details: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param
        self.details = details or []


class InvalidRequest(RequestError):
    """A field or the body is missing or wrong."""

    code = "invalid_request"


class InvalidSignature(RequestError):
    """The signature is not Stripe's, or too old."""

    code = "invalid_signature"


class Unauthenticated(RequestError):
    """No key, or one that is unknown or revoked."""

    code = "unauthenticated"


class Forbidden(RequestError):
    """The key's level or scopes do not allow it."""

    code = "forbidden"


class NotFound(RequestError):
    """It does not exist, or belongs to another organization."""

    code = "not_found"

    @classmethod
    def of(cls, kind: str, value: str | None, *, where: str = "", param: str | None = None) -> Self:
        """The error for an id `value` that is unknown, or another organization's; the code is `<kind>_not_found`."""
        shown = repr((value or "")[:LONGEST_SHOWN])
        message = f"no {kind} {shown} was found{where}; check the id, and that it belongs to your organization"
        return cls(message, code=f"{kind.replace(' ', '_')}_not_found", param=param)


class Conflict(RequestError):
    """The request conflicts with the present state."""

    code = "conflict"


class Gone(RequestError):
    """It existed, and something else has taken its place."""

    code = "gone"


class TooLarge(RequestError):
    """The body is larger than the limit."""

    code = "too_large"


class RateLimited(RequestError):
    """Too many requests; retry later."""

    code = "rate_limited"


class ReferralFailed(AccrualError):
    """A referral code or a claim could not be stored; nothing of it was.

    Attributes:
        code: `RETRY_EXHAUSTED`, `CREATE_FAILED` or `CLAIM_FAILED`.
        reason: the kind of the failure, for the log; never a value.
    """

    def __init__(self, message: str, *, code: str, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class Unavailable(AccrualError):
    """Something needed is not available now; the same call may succeed later."""

    code = "unavailable"


class LeaseLost(AccrualError):
    """The run was stopped, or another worker has claimed it: the step must be rolled back."""


class CodedProblem(AccrualError):
    """A problem as a code of the sentences `problem.…` with parameters, without keys, requests or documents.

    Attributes:
        problem: the stored form: the code under `problem`, and the parameters.
    """

    def __init__(self, code: str, **parameters: str | int) -> None:
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in parameters.items())]))
        self.problem: dict[str, Any] = {"problem": code, **parameters}


class StripeProblem(CodedProblem):
    """A request to Stripe's API failed."""


class StripeUnavailable(StripeProblem):
    """Stripe cannot be reached, or has failed; the same request may succeed later.

    Attributes:
        retry_after_seconds: Stripe's Retry-After; None if there was none.
    """

    def __init__(self, code: str, *, retry_after_seconds: float | None = None, **parameters: str | int) -> None:
        super().__init__(code, **parameters)
        self.retry_after_seconds = retry_after_seconds


class StripeRateLimited(StripeUnavailable):
    """Stripe limits the rate of requests."""


class StripeForbidden(StripeProblem):
    """The API key is unknown, revoked, or may not read this."""


class StripeMissing(StripeProblem):
    """The object does not exist in this account and mode."""


class StripeRefused(StripeProblem):
    """Stripe refused the request as invalid."""


class AddressRefused(CodedProblem):
    """A URL that nothing may be sent to, or whose host has an address that is not public."""


class CallFailed(CodedProblem):
    """A request to a server of someone else got no answer."""


class UnusableEvent(CodedProblem):
    """A Stripe event with a document that cannot be read, so that a retry cannot succeed."""


class LedgerError(AccrualError):
    """A request to the ledger breaks one of its rules. Always a bug."""


class UnbalancedEntry(LedgerError):
    """The postings of an entry do not sum to zero."""
