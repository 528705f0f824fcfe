"""View of what the checks found, in snake_case."""

from typing import Any

from pydantic import Field

from app.doctor.examine import Report
from app.doctor.findings import Level
from app.sentences import findings
from app.views import Snake


class FindingBody(Snake):
    """A fault, and how to mend it."""

    code: str = Field(examples=["signing_secret_missing"])
    level: Level = Field(description="`failure`: something does not work. `warning`: something is probably wrong.")
    sentence: str = Field(description="What is wrong, with which value, and what to do.")
    values: dict[str, Any] = Field(description="The values in the sentence.")


class ReportBody(Snake):
    """What all checks found, failures first."""

    healthy: bool = Field(description="Whether nothing was found.")
    findings: list[FindingBody]


def report_body(report: Report) -> ReportBody:
    """The report with its sentences, in the language in use."""
    bodies = [
        FindingBody(
            code=finding.code,
            level=finding.level,
            sentence=findings.sentence(finding.code, finding.values),
            values=dict(finding.values),
        )
        for finding in report.findings
    ]
    return ReportBody(healthy=not bodies, findings=bodies)
