"""Partners' codes, names, statuses and percentages: validation and conversion. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, Literal, NamedTuple, get_args

from app import ids
from app.errors import LONGEST_SHOWN, InvalidRequest

Status = Literal["pending", "active", "paused", "banned", "deactivated"]
"""As it is stored."""
PartnerStatus = Literal["invited", "active", "deactivated"]
AffiliateStatus = Literal["pending", "active", "paused", "banned"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
OPEN: Final[tuple[Status, ...]] = ("pending", "active", "paused")
"""The statuses of partners that may use the partner side."""
ENDED: Final[tuple[Status, ...]] = ("banned", "deactivated")
"""The statuses of partners whose enrollment the owner ended; only the owner can activate them again."""


class ShownStatus(NamedTuple):
    """How a stored status is shown: by the partners surface, and by the affiliates surface."""

    partner: PartnerStatus
    affiliate: AffiliateStatus


SHOWN_STATUS: Final[Mapping[str, ShownStatus]] = {
    "pending": ShownStatus("invited", "pending"),
    "active": ShownStatus("active", "active"),
    "paused": ShownStatus("deactivated", "paused"),
    "banned": ShownStatus("deactivated", "banned"),
    "deactivated": ShownStatus("deactivated", "paused"),
}

CODE_LENGTH: Final = 64
CODE_PATTERN: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
"""No `--`, which separates the code from the session in a client reference."""
ABSENT: Final = frozenset({"null", "undefined", "none", "nan"})
"""What scripts write for a missing value; a partner with such a code would get credit for every such mistake."""
SUFFIX_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
SUFFIX_LENGTH: Final = 4


def partner_status(stored: str) -> PartnerStatus:
    """The stored status as the partners surface shows it."""
    return SHOWN_STATUS[stored].partner


def affiliate_status(stored: str) -> AffiliateStatus:
    """The stored status as the affiliates surface shows it."""
    return SHOWN_STATUS[stored].affiliate


def stored_of_partner_status(shown: PartnerStatus) -> tuple[Status, ...]:
    """The stored statuses that the partners surface shows as `shown`."""
    return tuple(stored for stored in STATUSES if SHOWN_STATUS[stored].partner == shown)


def stored_of_affiliate_status(shown: AffiliateStatus) -> tuple[Status, ...]:
    """The stored statuses that the affiliates surface shows as `shown`."""
    return tuple(stored for stored in STATUSES if SHOWN_STATUS[stored].affiliate == shown)


def stored_when_set(shown: PartnerStatus) -> Status:
    """What is stored where the partners surface sets `shown`: the status of that name, else the one shown as it."""
    stored = stored_of_partner_status(shown)
    return next((status for status in stored if status == shown), stored[0])


def fold_code(text: str) -> str:
    """A code as it is stored and compared: trimmed, in lower case."""
    return text.strip().lower()


def valid_code(text: str, *, param: str = "slug") -> str:
    """`text` as a stored code, valid in links, in Stripe metadata and in client references.

    Example: `valid_code(" Jane-Smith ") == "jane-smith"`. Raises InvalidRequest.
    """
    try:
        return slug(text)
    except ValueError as refused:
        raise InvalidRequest(f"{param} {refused}", param=param) from None


def slug(text: str) -> str:
    """`text` as a stored code, for request models. Raises ValueError."""
    code = fold_code(text)
    if len(code) > CODE_LENGTH or not CODE_PATTERN.fullmatch(code):
        raise ValueError(
            f"{text[:LONGEST_SHOWN]!r} is not valid; use at most {CODE_LENGTH} letters and digits, with single - or _ "
            "between them"
        )
    if code in ABSENT or ids.decode(code, *ids.PARTNER_PREFIXES) is not None:
        raise ValueError(f"{code!r} is reserved (a partner id, or a word for a missing value); choose another")
    return code


def make_code(first_name: str | None, last_name: str | None, choose: Callable[[str], str]) -> str:
    """A code from a name and a random suffix without similar-looking characters: `jane-smith-a2b7` for Jane Smith.

    `choose` returns a random character of a string.
    """
    plain = unicodedata.normalize("NFKD", f"{first_name or ''} {last_name or ''}").encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower()) or ["partner"]
    suffix = "".join(choose(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))
    return f"{'-'.join(words)[: CODE_LENGTH - SUFFIX_LENGTH - 1].rstrip('-')}-{suffix}"


def split_name(name: str) -> tuple[str | None, str | None]:
    """First and last name: `split_name("Jane van Dyke") == ("Jane", "van Dyke")`; None for a missing part."""
    first, _, last = " ".join(name.split()).partition(" ")
    return first or None, last or None


def bps_of(percent: Decimal) -> int:
    """A percentage of at most two decimals in basis points: `bps_of(Decimal("12.5")) == 1250`."""
    return int(percent * 100)


def percent_text(rate_bps: int) -> str:
    """Basis points as a percentage without trailing zeros: `percent_text(1250) == "12.5"`, `2500` gives `"25"`."""
    whole, hundredths = divmod(rate_bps, 100)
    return f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".")
