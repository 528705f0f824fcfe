"""References of payouts."""

from hypothesis import given
from hypothesis import strategies as st

from app.payouts import references

BITS = st.integers(0, 2**64 - 1)


def test_references_are_written_as_documented() -> None:
    assert references.new(0) == "P00000000000000"
    assert references.new(2**64 - 1) == "PFZZZZZZZZZZZZ" + references.new(2**64 - 1)[-1]


@given(BITS)
def test_every_reference_is_recognized(bits: int) -> None:
    reference = references.new(bits)
    assert len(reference) == references.LENGTH
    assert references.is_reference(reference)


@given(BITS, BITS)
def test_two_numbers_have_two_references(one: int, other: int) -> None:
    assert (references.new(one) == references.new(other)) == (one == other)


@given(BITS, st.integers(1, 14), st.sampled_from(references.ALPHABET))
def test_one_wrong_character_is_noticed(bits: int, place: int, other: str) -> None:
    reference = references.new(bits)
    mistyped = reference[:place] + other + reference[place + 1 :]
    assert references.is_reference(mistyped) == (mistyped == reference)


@given(BITS, st.integers(1, 13))
def test_two_swapped_characters_are_noticed(bits: int, place: int) -> None:
    reference = references.new(bits)
    swapped = reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]
    assert references.is_reference(swapped) == (swapped == reference)


def test_other_texts_are_no_references() -> None:
    for text in (
        "",
        "P",
        "Q00000000000000",
        "P0000000000000",
        "P000000000000000",
        "P0000000000000O",
        "p00000000000000",
    ):
        assert not references.is_reference(text)
