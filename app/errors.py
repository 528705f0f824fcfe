"""Every exception Accrual raises on purpose.

    AccrualError
    ├── ConfigurationError      start is refused; the message lists every problem
    ├── RequestError            the caller's mistake; HTTP statuses stand in app/http/errors.py
    │   ├── InvalidRequest      400, names the field
    │   ├── InvalidSignature    400
    │   ├── Unauthenticated     401
    │   ├── Forbidden           403
    │   ├── NotFound            404
    │   ├── Conflict            409
    │   ├── TooLarge            413
    │   └── RateLimited         429
    ├── Unavailable             503: a thing we need is not there; the caller comes again
    ├── LeaseLost               a run was stopped, or is another worker's by now; the step is rolled back
    ├── CodedProblem            what went wrong is stored as a code with parameters
    │   ├── StripeProblem       asking Stripe's API failed
    │   │   ├── StripeUnavailable   no answer, or an error of its own; later may be better
    │   │   │   └── StripeRateLimited   429
    │   │   ├── StripeForbidden     401, 403: the API key
    │   │   ├── StripeMissing       404
    │   │   └── StripeRefused       any other 4xx: our mistake
    │   └── UnusableEvent       an event that no retry can help; it is parked
    └── LedgerError             a bug; never caught
        └── UnbalancedEntry

What a failing event does next is decided in one table, worker/retries.py.
"""

from typing import Any, Final, Self

LONGEST_SHOWN: Final = 80
"""How much of a value a message repeats."""


class AccrualError(Exception):
    """Anything that went wrong and that we have words for."""


class ConfigurationError(AccrualError):
    """The settings do not allow a start. The message lists every problem, one a line."""


class RequestError(AccrualError):
    """The caller asked for something we refuse.

    Attributes:
        code: a stable lower-case word for programs.
        param: the request field at fault, or None.
        details: every fault, where there may be several: `{"param": …, "message": …}` each.
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
    """Not signed by Stripe, or not lately."""

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
    def of(cls, kind: str, given: str | None, *, where: str = "", param: str | None = None) -> Self:
        """That no `kind` has the id `given`, also where another organization's has; the code is `<kind>_not_found`."""
        shown = repr((given or "")[:LONGEST_SHOWN])
        message = f"no {kind} {shown} was found{where}; check the id, and that it belongs to your organization"
        return cls(message, code=f"{kind.replace(' ', '_')}_not_found", param=param)


class Conflict(RequestError):
    """It contradicts what is there."""

    code = "conflict"


class TooLarge(RequestError):
    """The body is larger than anything we take."""

    code = "too_large"


class RateLimited(RequestError):
    """Too many requests; retry later."""

    code = "rate_limited"


class Unavailable(AccrualError):
    """Something needed is not there now; the same call may succeed later."""

    code = "unavailable"


class LeaseLost(AccrualError):
    """A run that was worked has been stopped or taken over meanwhile: nothing of the step counts."""


class CodedProblem(AccrualError):
    """What went wrong, as a code of the sentences `problem.…` with parameters. It holds no key, request or document.

    Attributes:
        problem: as it is stored: the code under `problem`, the parameters beside it.
    """

    def __init__(self, code: str, **parameters: str | int) -> None:
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in parameters.items())]))
        self.problem: dict[str, Any] = {"problem": code, **parameters}


class StripeProblem(CodedProblem):
    """Stripe's API did not give what was asked."""


class StripeUnavailable(StripeProblem):
    """It cannot be reached, or failed; the same request may succeed later.

    Attributes:
        retry_after_seconds: what Stripe said; None where it said nothing.
    """

    def __init__(self, code: str, *, retry_after_seconds: float | None = None, **parameters: str | int) -> None:
        super().__init__(code, **parameters)
        self.retry_after_seconds = retry_after_seconds


class StripeRateLimited(StripeUnavailable):
    """We ask too much."""


class StripeForbidden(StripeProblem):
    """The API key is unknown, revoked, or may not read this."""


class StripeMissing(StripeProblem):
    """There is no such object in this account and mode."""


class StripeRefused(StripeProblem):
    """The request is wrong in Stripe's eyes."""


class UnusableEvent(CodedProblem):
    """A Stripe event whose document cannot be read, however often it is tried."""


class LedgerError(AccrualError):
    """The ledger was asked for something that must never be. Always a bug."""


class UnbalancedEntry(LedgerError):
    """The postings of an entry do not sum to zero."""
