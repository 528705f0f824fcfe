"""A partner's postback URL: its placeholders are in the query only, and their values are encoded."""

import pytest

from app.errors import AddressRefused
from app.outbound import postbacks

VALUES = {"type": "commission.paid", "message_id": "msg_1", "id": "com_1", "amount": "12.00", "campaignId": "prog_1"}


def test_placeholders_get_the_values_of_the_message() -> None:
    url = "https://track.example/p?tid={id}&sum={amount}&e={event}&m={message_id}&prog={program_id}"
    postbacks.check(url, allow_private=False)
    assert postbacks.fill(url, VALUES) == (
        "https://track.example/p?tid=com_1&sum=12.00&e=commission.paid&m=msg_1&prog=prog_1"
    )


def test_a_value_cannot_add_a_parameter_or_another_host() -> None:
    filled = postbacks.fill("https://track.example/p?r={reference}", {"reference": "a&b=c#d/../\r\nHost: x é {id}"})
    assert filled == "https://track.example/p?r=a%26b%3Dc%23d%2F..%2F%0D%0AHost%3A%20x%20%C3%A9%20%7Bid%7D"


def test_what_a_message_has_not_is_empty() -> None:
    assert postbacks.fill("https://track.example/p?r={reference}&s={sequence}", {"reference": None}) == (
        "https://track.example/p?r=&s="
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://{id}.track.example/p",
        "https://track.example/{id}",
        "https://track.example/{id}?a={id}",
        "https://track.example/p?a={customer_email}",
        "https://track.example/p?a={}",
        "https://track.example/p?a={id",
        "https://track.example/p?a=id}",
        "https://track.example/p?a={{id}}",
        "https://track.example/p?a={id.__class__}",
    ],
)
def test_placeholders_elsewhere_or_with_other_names_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        postbacks.check(url, allow_private=False)
    assert refused.value.problem["problem"] in {"url_placeholder", "url_unreadable"}


def test_a_postback_url_is_checked_as_any_other() -> None:
    with pytest.raises(AddressRefused):
        postbacks.check("https://10.0.0.1/p?a={id}", allow_private=False)
