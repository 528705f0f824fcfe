"""Text that other people typed cannot control the terminal in which a command prints it."""

import pytest

from app.cli import printing

STEERING = "Ada\x1b[2J\x9b31m\u202eadA\rzz"


@pytest.mark.parametrize("as_json", [True, False])
def test_control_characters_are_spelled_out(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    printing.record({"name": STEERING}, as_json=as_json)
    printing.listing([{"name": STEERING}], as_json=as_json)
    printing.record({STEERING: 1}, as_json=as_json)
    printing.listing([{STEERING: 1}], as_json=as_json)
    printing.say(STEERING)
    printing.warn(STEERING)
    printing.print_error(STEERING)
    with printing.Bar() as bar:
        bar.show(STEERING, 5_000, STEERING)
    printed = capsys.readouterr()
    for character in "\x1b\x9b\u202e\r":
        assert character not in printed.out + printed.err
    assert "Ada" in printed.out
