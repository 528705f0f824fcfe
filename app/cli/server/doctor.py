"""`accrual doctor`: what is wrong with this installation, and what to do."""

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.options import AsJson, DataDir


def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Check settings, servers, Stripe endpoints and data; print each fault with what to do. Exit with 1 on a failure.

    It changes nothing. With a Stripe API key it asks Stripe about the endpoints. It takes at most 20 seconds.
    """
    from app import db
    from app.doctor.examine import examine
    from app.doctor.views import report_body
    from app.sentences import findings

    with organizations.database(data_dir) as settings:
        report = examine(settings, db.transaction)
    body = report_body(report)
    if as_json:
        printing.as_document(body.model_dump(mode="json"))
    elif body.healthy:
        printing.say(findings.healthy())
    for finding in [] if as_json else body.findings:
        printing.say(f"{findings.level(finding.level)}: {finding.sentence}")
    if report.has_failed:
        raise typer.Exit(1)
