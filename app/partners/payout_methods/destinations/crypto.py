"""Destinations on a crypto network: an address that a person pays to. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from app.errors import InvalidRequest
from app.partners.payout_methods.destinations import fields
from app.partners.payout_methods.destinations.fields import Destination

NETWORK: Final = re.compile(r"[a-z0-9][a-z0-9 ._-]*")
ADDRESS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{18,}")
HEXADECIMAL: Final = re.compile(r"0x(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})")
"""Addresses that begin with `0x` have 40 digits (Ethereum and what is built like it) or 64 (Sui, Aptos, Starknet)."""


def crypto(given: Mapping[str, str | None]) -> Destination:
    """An `address` on a `network`, both free text of the usual characters. Raises InvalidRequest."""
    taken = fields.take(given, method="crypto", needed=("network", "address"))
    taken["network"] = taken["network"].lower()
    if not NETWORK.fullmatch(taken["network"]):
        raise InvalidRequest(
            "network must be a name of letters and digits, such as bitcoin or usdc on polygon", param="network"
        )
    address = taken["address"]
    if not ADDRESS.fullmatch(address):
        raise InvalidRequest("address must have at least 19 letters and digits, without spaces", param="address")
    if address.startswith("0x") and not HEXADECIMAL.fullmatch(address):
        raise InvalidRequest(
            "address begins with 0x, so it must have 40 or 64 hexadecimal digits after it", param="address"
        )
    masked = {"network": taken["network"], "address": address[:4] + fields.masked_end(address)}
    return Destination("crypto", taken, masked, None)
