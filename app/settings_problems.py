"""Problems of settings as sentences, without values, which may be secrets. Pure."""

from typing import Any, Final

from pydantic_core import ErrorDetails

ADDRESS_HELP: Final = "`accrual up` creates one and stores it in its data directory"


def describe(error: ErrorDetails) -> str:
    """A validation error as a sentence, without the value, which may be a secret."""
    name = _environment_name(str(error["loc"][0]))
    if error["type"] == "missing":
        hints = {"DATABASE_URL": ADDRESS_HELP, "REDIS_URL": ADDRESS_HELP, "ACCRUAL_SECRET_KEY": ADDRESS_HELP}
        return f"{name} is not set; {hints[name]}."
    return f"{name} {_reason(error)}."


def _reason(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    reasons = {
        "int_parsing": "must be a whole number",
        "bool_parsing": "must be true or false",
        "greater_than_equal": f"must be {context.get('ge')} or more",
        "less_than_equal": f"must be {context.get('le')} or less",
        "literal_error": f"must be one of {context.get('expected')}",
    }
    return reasons.get(error["type"], error["msg"])


def _environment_name(field: str) -> str:
    return field if field.isupper() else f"ACCRUAL_{field.upper()}"
