"""The public suffix list: under which domains others may register theirs, such as `co.uk` or `github.io`. Pure.

The list is in the library's package and is renewed with it; nothing is fetched. A name below no suffix of the list
counts as below its last part, as browsers do.
"""

from functools import cache

from publicsuffixlist import PublicSuffixList


def is_public_suffix(domain: str) -> bool:
    """Whether `domain` is shared by sites of different owners, so that browsers refuse a cookie for it."""
    return bool(_suffixes().is_public(domain))


def site_of(host: str) -> str:
    """The domain that its owner registered: of `www.shop.co.uk` it is `shop.co.uk`; `host` if it is a suffix itself."""
    return _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
