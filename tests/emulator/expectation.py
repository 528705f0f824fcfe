"""What the books must say once everything the story told is settled."""

from tests import books
from tests.books import Books
from tests.properties.oracle import expected_books

from .account import Account


def expected(account: Account) -> Books:
    """Balances and commissions of an account's whole story, each customer's by itself."""
    customers = dict.fromkeys(purchase.customer for purchase in account.told.purchases)
    returns = list(account.told.returns.values())
    return books.total(
        expected_books([one for one in account.told.purchases if one.customer == customer], returns)
        for customer in customers
    )
