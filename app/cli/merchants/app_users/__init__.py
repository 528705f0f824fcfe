"""Commands about app users and the keys of their apps."""
