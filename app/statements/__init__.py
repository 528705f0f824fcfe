"""Monthly statements of partners: closed once, chained by hashes, never changed."""
