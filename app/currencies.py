"""Which currencies there are. Pure.

Programs and reports name a currency of this closed list. What Stripe's documents name is taken as it is: money that
moved counts, also in a currency that this list does not have.
"""

from typing import Final

from babel.core import get_global

STRIPE_OPENED: Final = (2011, 1, 1)


def _tender() -> frozenset[str]:
    """ISO 4217 codes, lower case, of what is or was anywhere legal tender since Stripe opened.

    Currencies that ended since stay, for payments made in them are still reported, given back and paid out. Codes of
    metals, funds, tests and "no currency" (`XAU`, `XDR`, `XTS`, `XXX`) are not legal tender and left out.

    Source: Unicode CLDR, supplemental currency data, as Babel brings it.
    """
    return frozenset(
        code.lower()
        for history in get_global("territory_currencies").values()
        for code, _, ended, is_tender in history
        if is_tender and (ended is None or ended >= STRIPE_OPENED)
    )


KNOWN: Final = _tender()
