"""Any page of any list is found by looking at little more than the page."""

import pytest

from .store import Held, ListFilter, Shelf

MANY = 100_000
PAGE = 100


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """A hundred thousand events of ten types, two a second."""
    shelf = Shelf()
    for number in range(MANY):
        refs = {"type": f"type.{number % 10}"}
        shelf.put("event", f"evt_{number}", number // 2, lambda _family: {}, refs)
    return shelf


def look(shelf: Shelf, **conditions: object) -> tuple[list[int], int]:
    """The numbers of the events found, and how many were looked at for them."""
    looked_at = 0

    def passes(_held: Held) -> bool:
        nonlocal looked_at
        looked_at += 1
        return True

    found = shelf.find(ListFilter("event", **{"among": {}, **conditions}, passes=passes), PAGE)
    return [int(held.id[4:]) for held in found], looked_at


def test_late_page_reads_no_more_rows_than_the_first(shelf: Shelf) -> None:
    middle = shelf.get("evt_50000")
    assert middle is not None
    first, back = look(shelf), look(shelf, before=middle.order)
    assert first == ([*range(MANY - 1, MANY - PAGE - 1, -1)], PAGE)
    assert back == ([*range(49_999, 49_999 - PAGE, -1)], PAGE)
    assert look(shelf, after=middle.order, is_upward=True) == ([*range(50_001, 50_001 + PAGE)], PAGE)


def test_types_are_merged_without_a_look_at_the_others(shelf: Shelf) -> None:
    found, looked_at = look(shelf, among={"type": {"type.3", "type.7"}})
    assert found[:4] == [99_997, 99_993, 99_987, 99_983]
    assert looked_at == PAGE


def test_a_window_is_found_by_its_moments(shelf: Shelf) -> None:
    found, looked_at = look(shelf, after=(1000, float("inf")), before=(1003, -1.0))
    assert (found, looked_at) == ([2005, 2004, 2003, 2002], 4)


def test_changed_object_keeps_its_place_in_lists(shelf: Shelf) -> None:
    small = Shelf()
    for number in range(3):
        small.put("charge", f"ch_{number}", 7, lambda _family: {}, {"status": "open"})
    small.put("charge", "ch_1", 99, lambda _family: {"new": True}, {"status": "paid"})
    assert [held.id for held in small.find(ListFilter("charge", {}), 9)] == ["ch_2", "ch_1", "ch_0"]
    assert [held.id for held in small.find(ListFilter("charge", {"status": ["open"]}), 9)] == ["ch_2", "ch_0"]
    assert [held.id for held in small.find(ListFilter("charge", {"status": ["paid"]}), 9)] == ["ch_1"]
