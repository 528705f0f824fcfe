"""References of payouts: what a bank or a provider carries with the money, so that both sides find it again. Pure.

`P`, 13 characters of Crockford's base32 for 64 bits, and a check character: 15 characters, letters and digits only, so
that every method takes it.
"""

from collections.abc import Iterable
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U, which are read as something else."""
LENGTH: Final = 15
_DIGITS: Final = 13
_POLYNOMIAL: Final = 0b100101
"""x^5 + x^2 + 1, by which a product in the field of 32 elements is reduced."""


def new(random64: int) -> str:
    """The reference of 64 random bits. Example: `new(0) == "P00000000000000"`."""
    digits = [random64 >> 5 * place & 31 for place in reversed(range(_DIGITS))]
    return f"P{''.join(ALPHABET[digit] for digit in (*digits, _check(digits)))}"


def is_reference(text: str) -> bool:
    """Whether it is a reference with its right check character, in upper case."""
    if len(text) != LENGTH or text[0] != "P" or not set(text[1:]) <= set(ALPHABET):
        return False
    *digits, check = (ALPHABET.index(character) for character in text[1:])
    return check == _check(digits)


def _check(digits: Iterable[int]) -> int:
    """Damm's check digit with 32 elements: any one wrong character and any swap of two neighbours is noticed."""
    check = 0
    for digit in digits:
        check = (check ^ digit) << 1
        if check & 0b100000:
            check ^= _POLYNOMIAL
    return check
