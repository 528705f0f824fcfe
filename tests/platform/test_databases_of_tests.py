"""A database that a test is done with is emptied for another, unless the test left something in it besides rows."""

from tests.servers import Servers


def test_an_empty_database_is_handed_out_again(servers: Servers) -> None:
    with servers.database() as first:
        pass
    with servers.database() as second:
        pass
    assert second == first


def test_a_database_with_settings_of_a_test_is_dropped(servers: Servers) -> None:
    with servers.database() as first:
        servers.administer("ALTER DATABASE {} SET deadlock_timeout = '3s'", first)
    with servers.database() as second:
        pass
    assert second != first
