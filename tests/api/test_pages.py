"""The pages for people: one policy, no code or style inside them, files of our own."""

import re

import pytest

from .conftest import Caller

PAGES = ("/join", "/confirm", "/r/unknown-code")


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_only_scripts_and_styles_that_are_files_of_ours(anonymous: Caller, path: str) -> None:
    page = anonymous.get(path)
    policy = page.headers["Content-Security-Policy"]
    assert re.match("default-src '(none|self)';", policy)
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page.text)
    loaded = re.findall(r'<(?:script|link rel="stylesheet")[^>]* (?:src|href)="([^"]*)"', page.text)
    assert "/static/style.css" in loaded
    for file in loaded:
        assert file.startswith("/static/")
        assert anonymous.get(file).status_code == 200, file


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_neither_kept_nor_named_to_other_sites(anonymous: Caller, path: str) -> None:
    page = anonymous.get(path)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["missing.css", "..%2Fassets.py", "%2Fetc%2Fpasswd"])
def test_nothing_but_the_pages_files_is_served(anonymous: Caller, name: str) -> None:
    assert anonymous.get(f"/static/{name}").status_code == 404
