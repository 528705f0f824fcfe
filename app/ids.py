"""TypeIDs (`par_01h…`) outside, UUIDv7 inside.

A UUIDv7 begins with its time, so ids sort by age and fresh rows land at the end of their index. The prefix
exists only in what people and clients see; the database stores the bare UUID.
"""

from typing import Final
from uuid import UUID

import uuid_utils
import uuid_utils.compat
from typeid import TypeID
from typeid.errors import TypeIDException

ORGANIZATION: Final = "org"
PROGRAM: Final = "prog"
TERMS: Final = "trm"
SNAPSHOT: Final = "snp"
PARTNER: Final = "par"
AFFILIATE: Final = "aff"
CONVERSION: Final = "cnv"
COMMISSION: Final = "com"
PAYMENT: Final = "pmt"
ATTRIBUTION: Final = "att"
TOUCHPOINT: Final = "tch"
PROMOTION: Final = "prm"
PAYOUT: Final = "pyt"
API_KEY: Final = "key"
AUDIT_ENTRY: Final = "aud"
STRIPE_ENDPOINT: Final = "whe"
ENDPOINT_SECRET: Final = "whs"  # noqa: S105 - a prefix
RUN: Final = "run"
DRIFT: Final = "drf"
REPORTED_REFUND: Final = "rfd"

PARTNER_PREFIXES: Final = (PARTNER, AFFILIATE)
"""`par_` and `aff_` are two names of one partner; either is accepted wherever a partner id is."""


def new() -> UUID:
    """A fresh UUIDv7."""
    return uuid_utils.compat.uuid7()


def encode(prefix: str, value: UUID) -> str:
    """The public form of an id, e.g. `encode("par", …)` → `par_01h455vb4pex5vsknk084sn02q`."""
    return str(TypeID.from_uuid(uuid_utils.UUID(int=value.int), prefix=prefix))


def decode(text: str, *prefixes: str) -> UUID | None:
    """The UUID in a public id, or None if it is no id or carries none of `prefixes`."""
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError):
        return None
    return UUID(int=parsed.uuid.int) if parsed.prefix in prefixes else None
