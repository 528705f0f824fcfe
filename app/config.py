"""Every setting, read once at the edge, with every problem reported at once.

A setting comes from the environment, else from `settings.env` in the data directory, which `accrual up` makes on its
first start: so commands given the same data directory share addresses and the secret key without any set-up. No other
module reads the environment.
"""

import os
import re
from base64 import urlsafe_b64decode
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import settings_files
from app.errors import ConfigurationError

DEFAULT_DATA_DIR: Final = ".accrual"
STRIPE_API_KEY: Final = re.compile(r"(?:sk|rk)_(?P<mode>live|test)_\w{8,}", re.ASCII)
"""A secret or restricted key of Stripe's; its mode stands in it."""
ADDRESS_HELP: Final = "`accrual up` brings its own and keeps the address in its data directory"

NEEDED: Final = 3
"""How many settings have no default."""
NOTHING_HERE: Final = (
    "there are no settings in {directory}, where `make run` and `accrual up` keep them. Run the command in the folder "
    "where Accrual was started, or give --data-dir; without either, set DATABASE_URL, REDIS_URL and ACCRUAL_SECRET_KEY."
)


class Settings(BaseSettings):
    """What this installation runs with. Names in the environment are upper case, with `ACCRUAL_` in front."""

    model_config = SettingsConfigDict(env_prefix="ACCRUAL_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(validation_alias="DATABASE_URL", repr=False)
    web_database_url: str | None = Field(default=None, repr=False)
    """The database as the web server logs in; without one it logs in by `database_url`, like everybody else."""
    redis_url: str = Field(validation_alias="REDIS_URL", repr=False)
    data_dir: Path = Path(DEFAULT_DATA_DIR)
    secret_key: SecretStr
    """One or more Fernet keys, comma separated: the first encrypts, all decrypt."""
    public_url: str = "http://127.0.0.1:8000"
    """Where Stripe and people reach this server; no slash at the end."""
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Signing secrets of the default endpoint; more than one while a secret is being rotated."""
    stripe_livemode: bool | None = Field(default=None, validate_default=True)
    """Whether the default endpoint (and one made by `bootstrap`) receives live money; no default."""
    stripe_api_key: SecretStr | None = None
    """Key of the first organization's Stripe account, in the default endpoint's mode. Without one nothing is asked."""
    stripe_api_base: str = "https://api.stripe.com"
    """Where Stripe's API is; no slash at the end."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto`: columns in a terminal, JSON elsewhere."""
    language: str = "en"
    """Language of the sentences that people read: one that has a catalogue in `app/sentences/locales`."""
    web_workers: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=4, ge=1, le=64)
    """Threads, and so database connections, of each web process."""
    workers: int = Field(default=2, ge=1, le=64)
    """Worker processes that `up` starts."""
    touchpoint_days: int = Field(default=400, ge=1, le=3650)
    """How long touchpoints are kept, by whole months; what money depends on stays."""
    touchpoint_cookie: bool = True
    """Whether `/r/` knows a returning visitor by a cookie of its own."""
    metrics_token: SecretStr | None = None
    """Bearer token for `/metrics`; without one only loopback may read it."""
    reads_per_minute: int = Field(default=120, ge=1)
    """GET requests that one API key may make."""
    writes_per_minute: int = Field(default=30, ge=1)
    """POST, PUT, PATCH and DELETE requests that one API key may make."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Whose word on where a request came from (`X-Forwarded-For`) is taken."""
    mail_from: str | None = None
    """Whom mails come from: an address, or `Name <address>`."""
    smtp_url: SecretStr | None = None
    """The mail server; without one no mail is sent."""
    send_endpoint: str | None = None
    send_secret: SecretStr | None = None
    """Webhook endpoint and signing secret that `accrual send` uses; `bootstrap` keeps them in the data directory."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The Fernet keys of `secret_key`, the encrypting one first."""
        return _split(self.secret_key.get_secret_value())

    @field_validator("database_url", "web_database_url")
    @classmethod
    def _name_the_driver(cls, url: str | None) -> str | None:
        return url and _with_driver(url)

    @field_validator("redis_url")
    @classmethod
    def _know_the_scheme(cls, url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a Redis or Valkey address, such as redis://host:6379/0")
        return url

    @field_validator("secret_key")
    @classmethod
    def _hold_usable_keys(cls, keys: SecretStr) -> SecretStr:
        for key in _split(keys.get_secret_value()):
            if not re.fullmatch(r"[\w-]{43}=", key, re.ASCII) or len(urlsafe_b64decode(key)) != 32:
                raise ValueError(
                    "must be 32 random bytes in URL-safe base64 (or several, comma separated); "
                    "`openssl rand -base64 32 | tr +/ -_` makes one"
                )
        return keys

    @field_validator("public_url")
    @classmethod
    def _end_without_slash(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url.rstrip("/")

    @field_validator("stripe_webhook_secrets", mode="before")
    @classmethod
    def _refuse_empty_secrets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        secrets = [secret.strip() for secret in value.split(",")]
        if not all(secrets):  # an empty secret would accept whatever is signed with nothing
            raise ValueError("holds an empty secret; give one or more, comma separated, without a comma at the end")
        return secrets

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _name_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(proxy.strip()) for proxy in value.split(","))
        except ValueError:
            raise ValueError("must be addresses or networks, comma separated, such as 10.0.0.0/8,127.0.0.1") from None

    @field_validator("smtp_url")
    @classmethod
    def _know_the_mail_server(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return url
        if not re.match(r"smtps?://([^@/\s]+@)?[\w.-]+(:\d+)?/?$", url.get_secret_value(), re.ASCII):
            raise ValueError("must be smtp://user:password@host:587 or smtps://user:password@host:465")
        if info.data.get("mail_from") is None:
            raise ValueError("is set, but ACCRUAL_MAIL_FROM is not; set it to the sender's address")
        return url

    @field_validator("stripe_api_base")
    @classmethod
    def _ask_over_https(cls, url: str) -> str:
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:|/|$)", url):  # the key travels in every request
            raise ValueError("must start with https:// (or http:// on this machine)")
        return url.rstrip("/")

    @field_validator("stripe_api_key")
    @classmethod
    def _know_the_key(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None:
            return key
        found = STRIPE_API_KEY.fullmatch(key.get_secret_value())
        if found is None:
            raise ValueError("is not a Stripe secret key (sk_…) or restricted key (rk_…)")
        if info.data.get("stripe_livemode") is not (found["mode"] == "live"):
            raise ValueError(
                f"is a {found['mode']} key, but ACCRUAL_STRIPE_LIVEMODE does not say so; set both to the same mode"
            )
        return key

    @field_validator("stripe_livemode")
    @classmethod
    def _know_the_mode(cls, livemode: bool | None, info: ValidationInfo) -> bool | None:
        if livemode is None and info.data.get("stripe_webhook_secrets"):
            raise ValueError(
                "is not set, but ACCRUAL_STRIPE_WEBHOOK_SECRETS is; set it to true if these secrets sign live events, "
                "to false if they sign test events, because test money must never reach a live ledger"
            )
        return livemode


def load(data_dir: Path | None = None) -> Settings:
    """The settings in force, from the environment and the data directory's file.

    Args:
        data_dir: the data directory; None takes `ACCRUAL_DATA_DIR`, else `.accrual` here.

    Raises:
        ConfigurationError: a setting is missing or wrong; the message says so of each, one a line.
    """
    directory = find_data_dir(data_dir)
    try:
        return Settings(_env_file=directory / settings_files.SETTINGS_FILE, data_dir=directory)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        if [error["type"] for error in errors] == ["missing"] * NEEDED and not settings_files.kept(directory):
            raise ConfigurationError(NOTHING_HERE.format(directory=directory)) from None
        problems = [_describe(error) for error in errors]
        raise ConfigurationError("\n".join(problems)) from None  # the original repeats the values, secrets included


def find_data_dir(data_dir: Path | None = None) -> Path:
    """The data directory as an absolute path: the one given, else the environment's, else `.accrual` here."""
    return (data_dir or Path(os.environ.get("ACCRUAL_DATA_DIR") or DEFAULT_DATA_DIR)).absolute()


def is_given(name: str) -> bool:
    """Whether the environment itself sets `name`, whatever the data directory keeps."""
    return bool(os.environ.get(name))


def migrate_url(settings: Settings) -> str:
    """The address at which the schema's owner logs in: `ACCRUAL_MIGRATE_URL`, else the embedded database's owner, else
    the login there is.

    It is no part of `Settings`, so that no process that serves carries it.

    Raises:
        ConfigurationError: it is no address of a Postgres.
    """
    own = None if is_given("DATABASE_URL") else settings_files.owner_url(settings.data_dir)
    given = os.environ.get(settings_files.MIGRATE_URL) or own
    try:
        return _with_driver(given) if given else settings.database_url
    except ValueError as wrong:
        raise ConfigurationError(f"{settings_files.MIGRATE_URL} {wrong}.") from None


def child_environment(data_dir: Path) -> dict[str, str]:
    """The environment for a process of ours that shall read the settings of `data_dir`.

    The owner's address is left out: whatever serves does not know it.
    """
    passed_on = {name: value for name, value in os.environ.items() if name != settings_files.MIGRATE_URL}
    return {**passed_on, "ACCRUAL_DATA_DIR": str(data_dir)}


def _with_driver(url: str) -> str:
    """A Postgres address as SQLAlchemy wants it. Raises ValueError."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError("must be a Postgres address, such as postgresql://user:password@host:5432/accrual")
    return f"postgresql+psycopg://{rest}"


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _describe(error: ErrorDetails) -> str:
    """One problem as a sentence; never the value itself, which may be a secret."""
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
