"""`accrual explain`: where an amount, or its absence, comes from."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from app import db
from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir
from app.explanations import explain as explanations


def explain(
    any_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Ours (com_, pmt_, par_, prog_, att_) or Stripe's (evt_, in_, pi_, ch_, re_, cus_ …), or a partner's "
            "code or e-mail address.",
        ),
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Explain a commission, payment, partner, event or any Stripe object: who is credited with what, and why."""
    with organizations.database(data_dir), db.transaction() as session:
        explanation = explanations.explain(session, any_id)
    if as_json:
        printing.as_document(explanation)
    else:
        show(explanation)


def show(explanation: Mapping[str, Any]) -> None:
    """Print an explanation's sentences, the summary first."""
    printing.say(explanation["summary"], is_bold=True)
    for sentence in explanations.narrate(explanation):
        if sentence == explanation["summary"]:
            continue
        printing.say(f"  {sentence}")
