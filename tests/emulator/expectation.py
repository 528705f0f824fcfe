"""What the books must say once all events of the story are settled."""

from tests import books
from tests.books import Books
from tests.properties.oracle import expected_books

from .account import Account


def expected(account: Account) -> Books:
    """Balances and commissions of an account's whole story, each customer's by itself."""
    customers = dict.fromkeys(purchase.customer for purchase in account.happened.purchases)
    returns = list(account.happened.returns.values())
    return books.total(
        expected_books([one for one in account.happened.purchases if one.customer == customer], returns)
        for customer in customers
    )
