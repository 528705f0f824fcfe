"""Faults on demand: too many requests, failures, slowness, silence, broken connections."""

from dataclasses import dataclass, field
from enum import Enum
from threading import Lock

from . import answers
from .answers import Answer


class Way(Enum):
    """How a request fares that meets a fault."""

    ANSWER = "answered with an error, before anything was done"
    ANSWER_LATER = "done, and then answered with an error"
    SLOW = "answered after a while"
    HANG = "never answered; the connection stays"
    HANG_LATER = "done, and then never answered"
    TWICE = "done twice, as the network may repeat a request; the second answer is sent"
    DROP = "the connection breaks, before anything was done"
    DROP_LATER = "done, and the connection breaks before the answer"


@dataclass
class Fault:
    """One fault.

    Attributes:
        route: which requests it meets, such as `/v1/events` or `GET /v1/invoices/{id}`; None: all.
        times: how often it strikes before it is over; None: until it is cleared.
        every: it strikes each so-manyth of the requests it meets.
        struck: how often it has.
    """

    way: Way
    answer: Answer | None = None
    seconds: float = 0
    route: str | None = None
    times: int | None = None
    every: int = 1
    struck: int = 0
    _met: int = 0

    def strikes(self, name: str) -> bool:
        """Whether a request of this name is struck; counts it."""
        if self.route not in (None, name, name.partition(" ")[2]) or self.times == self.struck:
            return False
        self._met += 1
        if self._met % self.every:
            return False
        self.struck += 1
        return True


@dataclass
class Faults:
    """The faults that are on. Every verb gives the fault, so that a test may ask how often it struck."""

    _active: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def rate_limit(
        self,
        times: int | None = None,
        *,
        every: int = 1,
        retry_after_seconds: int | None = None,
        route: str | None = None,
    ) -> Fault:
        """429 as Stripe says it; it names its reason in a header, and seldom says when to come again."""
        headers = {"Stripe-Rate-Limited-Reason": "global-rate"}
        if retry_after_seconds is not None:
            headers["Retry-After"] = str(retry_after_seconds)
        message = "Request rate limit exceeded. You can learn more about rate limits at Stripe's documentation."
        answer = answers.error(429, message, headers=headers, code="rate_limit")
        return self._add(Fault(Way.ANSWER, answer, times=times, every=every, route=route))

    def fail(
        self,
        status: int = 500,
        times: int | None = None,
        *,
        every: int = 1,
        route: str | None = None,
        after_effect: bool = False,
    ) -> Fault:
        """An error of Stripe's own; after its effect, it is also what the request's idempotency key replays."""
        message = "An unknown error occurred" if status == 500 else "Service unavailable"
        way = Way.ANSWER_LATER if after_effect else Way.ANSWER
        answer = answers.error(status, message, type="api_error")
        return self._add(Fault(way, answer, times=times, every=every, route=route))

    def speak_nonsense(self, times: int | None = None, *, route: str | None = None) -> Fault:
        """A page of some proxy's instead of JSON."""
        answer = Answer(502, b"<html><h1>Bad gateway</h1></html>", {}, "text/html")
        return self._add(Fault(Way.ANSWER, answer, times=times, route=route))

    def slow(self, seconds: float, times: int | None = None, *, route: str | None = None) -> Fault:
        """The right answer, late."""
        return self._add(Fault(Way.SLOW, seconds=seconds, times=times, route=route))

    def hang(self, times: int | None = None, *, route: str | None = None, after_effect: bool = False) -> Fault:
        """No answer, ever; what hangs is let go by `clear`. After the effect, it was done all the same."""
        return self._add(Fault(Way.HANG_LATER if after_effect else Way.HANG, times=times, route=route))

    def repeat(self, times: int | None = None, *, route: str | None = None) -> Fault:
        """The request arrives twice, and is answered once."""
        return self._add(Fault(Way.TWICE, times=times, route=route))

    def drop(
        self, times: int | None = None, *, every: int = 1, route: str | None = None, after_effect: bool = False
    ) -> Fault:
        """The connection is reset; after the effect, the caller does not know that it was done."""
        way = Way.DROP_LATER if after_effect else Way.DROP
        return self._add(Fault(way, times=times, every=every, route=route))

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._active.clear()

    def is_active(self, fault: Fault) -> bool:
        """Whether a fault was not cleared yet."""
        return any(one is fault for one in self._active)

    def meet(self, name: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        with self._lock:
            return next((fault for fault in self._active if fault.strikes(name)), None)

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._active.append(fault)
        return fault
