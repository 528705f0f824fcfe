"""The list of known currencies. Pure.

Programs and reported conversions must use a currency of this list. Currencies in Stripe's documents are not checked:
a payment counts even if its currency is not in the list.
"""

from functools import cache
from typing import Final

from babel.core import get_global

STRIPE_LAUNCH: Final = (2011, 1, 1)


@cache  # not made at the import, because its source takes 3 MB and most processes never ask
def known() -> frozenset[str]:
    """ISO 4217 codes, lower case, of currencies that were legal tender anywhere at some time since Stripe's launch.

    Currencies that ended since then are included, because payments in them are still reported, refunded and paid out.
    Codes of metals, funds, tests and "no currency" (`XAU`, `XDR`, `XTS`, `XXX`) are not legal tender.

    Source: Unicode CLDR, supplemental currency data, as included in Babel.
    """
    return frozenset(
        code.lower()
        for history in get_global("territory_currencies").values()
        for code, _, ended, is_tender in history
        if is_tender and (ended is None or ended >= STRIPE_LAUNCH)
    )
