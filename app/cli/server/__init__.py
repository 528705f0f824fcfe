"""Commands about an installation: serve, migrate, bootstrap, verify."""
