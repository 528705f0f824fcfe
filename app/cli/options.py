"""Options that several commands share."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import InvalidRequest

if TYPE_CHECKING:
    from app.config import Settings

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where Accrual keeps its settings and embedded databases. "
        "Default: ACCRUAL_DATA_DIR, else .accrual in this directory.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LiveOrTest = Annotated[
    bool | None,
    typer.Option(
        "--live/--test", help="Live or test money. Default: ACCRUAL_STRIPE_LIVEMODE, else test.", show_default=False
    ),
]
OrganizationName = Annotated[
    str | None,
    typer.Option(
        "--organization",
        help="The organization, by name or id. Required only if there are several.",
        show_default=False,
    ),
]
PartnerName = Annotated[str, typer.Argument(metavar="PARTNER", help="Its id, code or e-mail address.")]
ProgramId = Annotated[
    str | None,
    typer.Option(
        "--program", help="The program, prog_…. Required only if the partner is in several.", show_default=False
    ),
]


def require_mode(livemode_option: bool | None, named: str, *, livemode: bool) -> None:
    """Refuse `named`, an id given beside --live or --test, if what it names is of the other mode.

    Raises:
        InvalidRequest: it is of the other mode.
    """
    if livemode_option is not None and livemode_option != livemode:
        option = f"--{mode_name(not livemode)}"
        raise InvalidRequest(
            f"{named} is in {mode_name(livemode)} mode; leave out {option}, or choose another id", param="id"
        )


@contextmanager
def naming_options(options: Mapping[str, str]) -> Iterator[None]:
    """Refusals inside a `with` block name the options of the command instead of the fields of the API.

    Args:
        options: the option of each field, such as `{"account_holder": "--account-holder"}`.

    Raises:
        InvalidRequest: as inside the block, with another message.
    """
    try:
        yield
    except InvalidRequest as refused:
        fields = "|".join(map(re.escape, options))
        message = re.sub(rf"\b(?<!e-mail )(?:{fields})\b", lambda field: options[field[0]], refused.message)
        raise InvalidRequest(message, code=refused.code, param=refused.param) from None


def mode_name(livemode: bool) -> str:
    """`live` or `test`."""
    return "live" if livemode else "test"


def is_live(option: bool | None, settings: "Settings") -> bool:
    """The mode a command works in: the option, else the installation's own, else test."""
    return bool(settings.stripe_livemode) if option is None else option
