"""Placeholders in texts that merchants write: known names in braces, filled once, and nothing that is computed."""

import pytest

from app import placeholders
from app.errors import InvalidRequest

KNOWN = ("partner", "program")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello {name.__class__}", "{name.__class__}"),
        ("{partner.__class__.__mro__}", "{partner.__class__.__mro__}"),
        ("{partner!r} and {program}", "{partner!r}"),
        ("{partner:>10}", "{partner:>10}"),
        ("{partner[0]}", "{partner[0]}"),
        ("{{7*7}}", "{{7*7}}"),
        ("{{ partner }}", "{{ partner }}"),
        ("{{partner}}", "{{partner}}"),
        ("{% for one in x %}", "{% for one in x %}"),
        ("{0}", "{0}"),
        ("{}", "{}"),
        ("{Partner}", "{Partner}"),
        ("{partner }", "{partner }"),
        ("one { alone", "{"),
        ("{program} and } alone", "}"),
        ("{par{partner}tner}", "{"),
        ("{" + "x" * 100 + "}", "{" + "x" * 39),
    ],
)
def test_braces_around_anything_else_are_refused_with_the_known_names(text: str, shown: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        placeholders.require_known(text, KNOWN, param="portal_text")
    message = f"portal_text has {shown!r}; write braces only around these placeholders: {{partner}}, {{program}}"
    assert (refused.value.message, refused.value.param) == (message, "portal_text")


@pytest.mark.parametrize("text", ["", "100 % of %s and %(partner)s, $partner", "{partner}{program}{partner}"])
def test_known_names_and_text_without_braces_are_accepted(text: str) -> None:
    placeholders.require_known(text, KNOWN, param="portal_text")


def test_values_are_put_in_once_and_as_they_are() -> None:
    values = {"partner": "{program} %s <b>", "program": "Friends"}
    filled = placeholders.fill("{partner} of {program}: 20 %s, {other}", values)
    assert filled == "{program} %s <b> of Friends: 20 %s, {other}"
