"""What may be sent to: URLs by their parts, addresses by whose they are."""

from ipaddress import ip_address

import pytest

from app.errors import AddressRefused
from app.outbound import addresses
from app.sentences import problems


def refusal(url: str, *, allow_private: bool = False) -> dict[str, object]:
    with pytest.raises(AddressRefused) as refused:
        addresses.parse(url, allow_private=allow_private)
    return refused.value.problem


def test_a_url_is_taken_apart() -> None:
    target = addresses.parse("https://Hooks.Shop.Example/in?a=1&b=%20", allow_private=False)
    assert target == addresses.Target("https", "hooks.shop.example", 443, "/in?a=1&b=%20")
    assert target.authority == "hooks.shop.example"
    assert addresses.parse("https://shop.example:443", allow_private=False).path == "/"


def test_the_host_header_names_brackets_and_other_ports() -> None:
    target = addresses.parse("http://[fd00::1]:8080/x", allow_private=True)
    assert (target.host, target.port, target.authority) == ("fd00::1", 8080, "[fd00::1]:8080")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://shop.example/in", "url_not_https"),
        ("ftp://shop.example/in", "url_not_https"),
        ("https://shop.example:8443/in", "url_port"),
        ("https://shop.example:22/", "url_port"),
        ("https://user:pass@shop.example/", "url_with_user"),
        ("https://shop.example@10.0.0.1/", "url_with_user"),
        ("https:///in", "url_unreadable"),
        ("shop.example/in", "url_unreadable"),
        ("https://shop.example/a b", "url_unreadable"),
        ("https://shop.example/a\r\nHost: x", "url_unreadable"),
        ("https://shop.example\\@10.0.0.1/", "url_unreadable"),
        ("https://shop.example/#part", "url_unreadable"),
        ("https://shöp.example/", "url_unreadable"),
        ("https://shop.example:x/", "url_unreadable"),
        ("https://[fe80::1%25eth0]/", "url_unreadable"),
        ("https://[::1", "url_unreadable"),
        ("https://a..b/", "url_unreadable"),
        (f"https://shop.example/{'a' * 2048}", "url_too_long"),
    ],
)
def test_a_url_that_may_not_be_called_is_refused_with_the_reason(url: str, code: str) -> None:
    problem = refusal(url)
    assert problem["problem"] == code
    assert problems.sentence(problem)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1"),
        *("192.0.0.8", "192.0.0.170", "192.88.99.1", "::ffff:192.0.0.8"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "3fff::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:1::"),
        *("4000::1", "5f00::1", "100::1", "2001::1"),
    ],
)
def test_an_address_that_is_not_of_one_public_host_is_refused(address: str) -> None:
    assert not addresses.is_public(ip_address(address))
    literal = f"[{address}]" if ":" in address else address
    assert refusal(f"https://{literal}/in")["problem"] == "address_not_public"


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_a_public_address_is_allowed_also_as_an_ipv6_address(address: str) -> None:
    assert addresses.is_public(ip_address(address))


def test_one_private_address_refuses_the_host_whatever_the_others_are() -> None:
    found = [ip_address("8.8.8.8"), ip_address("10.0.0.1")]
    with pytest.raises(AddressRefused) as refused:
        addresses.require_public(found, allow_private=False)
    assert refused.value.problem == {"problem": "address_not_public", "address": "10.0.0.1"}
    assert problems.sentence(refused.value.problem) == ("The host has the address 10.0.0.1, which is not a public one.")


def test_the_setting_allows_private_addresses_http_and_ports_and_no_group_of_hosts() -> None:
    for url in ("http://127.0.0.1:8080/", "https://10.0.0.1:8443/", "http://[::ffff:127.0.0.1]/", "http://hooks/in"):
        addresses.parse(url, allow_private=True)
    for url in ("http://224.0.0.1/", "http://255.255.255.255/", "http://[ff02::1]/", "http://[::]/"):
        assert refusal(url, allow_private=True)["problem"] == "address_not_public"
    assert refusal("gopher://shop/in", allow_private=True)["problem"] == "url_not_https"
