"""`accrual explain`: explains an amount, or why there is none."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir


def explain(
    any_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Ours (com_, cnv_, pmt_, par_, prog_, att_, sgn_, opb_) or Stripe's (evt_, in_, pi_, ch_, re_, "
            "cus_ …), or a partner's code or e-mail address.",
        ),
    ],
    language: Annotated[
        str | None,
        typer.Option("--language", help="Language of the sentences, such as en. Default: ACCRUAL_LANGUAGE, else en."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Explain a commission, payment, partner, event or any Stripe object: which partner is credited, and why."""
    from app.explanations import explain as explanations
    from app.sentences import catalogue

    with organizations.reading(data_dir) as (settings, session):
        in_use = catalogue.named(language or settings.language)
        explanation = explanations.explain(session, any_id, in_use)
    if as_json:
        printing.as_document(explanation)
    else:
        show(explanation)


def show(explanation: Mapping[str, Any]) -> None:
    """Print an explanation's sentences, the summary first."""
    printing.say(explanation["summary"], is_bold=True)
    for sentence in explanation["sentences"]:
        if sentence == explanation["summary"]:
            continue
        printing.say(f"  {sentence}")
