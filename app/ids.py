"""Ids: new UUIDv7 values, and their public form, TypeIDs such as `par_01h…`.

A UUIDv7 begins with its time, so ids sort by age and new rows are added at the end of their index. Only the public form
has the prefix; the database stores the UUID.
"""

import re
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
PROMOTION_REQUEST: Final = "pco"
PAYOUT: Final = "pyt"
STATEMENT: Final = "stm"
PAYOUT_FILE: Final = "pyf"
PAYOUT_RUN: Final = "pyr"
WRITE_OFF: Final = "wof"
OPENING_BALANCE: Final = "opb"
CUSTOMER_HISTORY: Final = "hst"
OUTBOUND_ENDPOINT: Final = "owe"
OUTBOUND_DELIVERY: Final = "omd"
OUTBOUND_MESSAGE: Final = "msg"
MAIL: Final = "mail"
API_KEY: Final = "key"
PERSON: Final = "usr"
SESSION: Final = "ses"
AUDIT_ENTRY: Final = "aud"
STRIPE_ENDPOINT: Final = "whe"
ENDPOINT_SECRET: Final = "whs"  # noqa: S105 - a prefix
IMPORT: Final = "imp"
RUN: Final = "run"
DRIFT: Final = "drf"
EXPORT: Final = "exp"
REPORTED_REFUND: Final = "rfd"
SIGN_UP: Final = "sgn"
BROWSER_KEY: Final = "bky"
ERASURE: Final = "era"
CLIENT_KEY: Final = "cky"
REFERRAL_CODE: Final = "rfc"
REFERRAL_CLAIM: Final = "clm"
REFERRAL_CURRENCY: Final = "cur"
CURRENCY_BALANCE: Final = "bal"
CURRENCY_TRANSACTION: Final = "ctx"

PARTNER_PREFIXES: Final = (PARTNER, AFFILIATE)
"""A partner's id has two forms, `par_…` and `aff_…`; both are accepted wherever a partner id is."""

_REQUEST_ID: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)


def new() -> UUID:
    """A new UUIDv7."""
    return uuid_utils.compat.uuid7()


def encode(prefix: str, value: UUID) -> str:
    """The public form of an id, e.g. `encode("par", …)` → `par_01h455vb4pex5vsknk084sn02q`."""
    return str(TypeID.from_uuid(uuid_utils.UUID(int=value.int), prefix=prefix))


def decode(text: str, *prefixes: str) -> UUID | None:
    """The UUID of a public id; None if `text` is not an id or has none of `prefixes`."""
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError):
        return None
    return UUID(int=parsed.uuid.int) if parsed.prefix in prefixes else None


def of_request(sent: str) -> str:
    """The id of a request: the one its client sent, if it can be written to a log, else 32 hexadecimal digits."""
    return sent if _REQUEST_ID.fullmatch(sent) else uuid_utils.uuid4().hex
