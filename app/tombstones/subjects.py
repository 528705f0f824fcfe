"""Who is erased: the names by which a person is found, and the texts that must not stay. Pure."""

import re
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from app import ids
from app.immutable import immutable

MARK: Final = "mark:"
OMITTED: Final = "[…]"
"""Replaces the words of people that are erased, so that it stays visible that there were some."""
ADDRESS: Final = re.compile(r"[^\s\"'<>()\[\],;:\\]+@[^\s\"'<>()\[\],;:\\]+")
"""What may be an e-mail address in a text, with more rather than less around it."""
_WORD: Final = re.compile(r"\w+")


@immutable
class Subject:
    """A person whose data is erased in one organization.

    Attributes:
        organization_id: the owner of the data.
        customers: ids of Stripe customers.
        partner_ids: partners.
        accounts: connected accounts at Stripe, `acct_…`.
        addresses: e-mail addresses, lower case.
        marks: the marks of the addresses.
        texts: texts of several words that name the person also inside other texts, such as the full name, lower case.
        words: texts that name the person only as a whole, such as the first name, lower case.
    """

    organization_id: UUID
    customers: frozenset[str] = frozenset()
    partner_ids: frozenset[UUID] = frozenset()
    accounts: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    @property
    def partners(self) -> list[str]:
        """The public ids of the partners."""
        return sorted(ids.encode(ids.PARTNER, partner_id) for partner_id in self.partner_ids)

    @property
    def names(self) -> list[str]:
        """The names of its tombstones."""
        return sorted({*self.customers, *self.accounts, *self.partners, *(f"{MARK}{mark}" for mark in self.marks)})

    @property
    def text_pattern(self) -> str:
        """A regular expression, for Postgres and for Python, of addresses and texts inside other texts; "" for none.

        Upper and lower case are the same. An address is also found with a `+` suffix of its name.
        """
        found = [_address_pattern(address) for address in sorted(self.addresses)]
        return "|".join(found + [rf"(?<!\w){re.escape(text)}(?!\w)" for text in sorted(self.texts)])

    @property
    def identity_pattern(self) -> str:
        """As `text_pattern`, of what only one person has: addresses, ids of customers and of connected accounts."""
        objects = sorted({*self.customers, *self.accounts})
        found = [rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" for name in objects]
        return "|".join(found + [_address_pattern(address) for address in sorted(self.addresses)])

    @property
    def document_pattern(self) -> str:
        """What a document of the person may have: as `text_pattern`, with ids. A name may be another person's."""
        return "|".join(filter(None, [self.identity_pattern, self.text_pattern]))

    def holds(self, text: str) -> bool:
        """Whether a text names the person."""
        if text.strip().lower() in self.words:
            return True
        return bool(self.text_pattern) and re.search(self.text_pattern, text, re.IGNORECASE) is not None

    def without(self, value: Any) -> Any:
        """A JSON value in which null replaces every text that names the person."""
        if isinstance(value, str):
            return None if self.holds(value) else value
        if isinstance(value, dict):
            return {key: self.without(inner) for key, inner in value.items()}
        return [self.without(inner) for inner in value] if isinstance(value, list) else value


def _address_pattern(address: str) -> str:
    name, _, domain = address.rpartition("@")
    suffix = "" if "+" in name else r"(?:\+[^@\s\"]*)?"
    return rf"(?<![a-z0-9._%+-]){re.escape(name)}{suffix}@{re.escape(domain)}(?![a-z0-9-]|\.[a-z0-9])"


def folded(texts: Iterable[object]) -> frozenset[str]:
    """Texts as `Subject` compares them: trimmed, lower case, without empty ones and what is no text."""
    return frozenset(text.strip().lower() for text in texts if isinstance(text, str) and text.strip())


def is_several_words(text: str) -> bool:
    """Whether a text can be searched for inside others: `Cleo Winter`, but not `Cleo` or a quotation mark."""
    return len(_WORD.findall(text)) > 1
