"""Settings from the environment and the data directory, validated together so that all problems are reported at once.

A setting comes from the environment, else from `settings.env` in the data directory, which `accrual up` creates on its
first start. So commands with the same data directory share addresses and the secret key without configuration. No
other module reads the environment.
"""

import os
import re
from base64 import urlsafe_b64decode
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import settings_files, settings_problems
from app.errors import ConfigurationError

DEFAULT_DATA_DIR: Final = ".accrual"
STRIPE_API_KEY: Final = re.compile(r"(?:sk|rk)_(?P<mode>live|test)_\w{8,}", re.ASCII)
"""A secret or restricted key of Stripe, which contains its mode."""
ON_THIS_MACHINE: Final = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:|/|$)")
"""Addresses that only this machine reaches."""

REQUIRED_COUNT: Final = 3
"""How many settings have no default."""
NO_SETTINGS: Final = (
    "there are no settings in {directory}, where `make run` and `accrual up` store them. Run the command in the folder "
    "where Accrual was started, or give --data-dir; without either, set DATABASE_URL, REDIS_URL and ACCRUAL_SECRET_KEY."
)


class Settings(BaseSettings):
    """The settings of this installation. Environment variables have upper-case names with the prefix `ACCRUAL_`."""

    model_config = SettingsConfigDict(env_prefix="ACCRUAL_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(validation_alias="DATABASE_URL", repr=False)
    web_database_url: str | None = Field(default=None, repr=False)
    """The database address with the web server's login; if it is not set, the web server uses `database_url`."""
    redis_url: str = Field(validation_alias="REDIS_URL", repr=False)
    data_dir: Path = Path(DEFAULT_DATA_DIR)
    secret_key: SecretStr
    """One or more Fernet keys, comma separated: the first encrypts, all decrypt."""
    public_url: str = "http://127.0.0.1:8000"
    """The address at which Stripe and people reach this server, without a slash at the end."""
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Signing secrets that `bootstrap` gives the default endpoint, the newest first."""
    stripe_livemode: bool | None = Field(default=None, validate_default=True)
    """Mode of the default endpoint, and of commands without `--live` or `--test`; no default."""
    stripe_api_key: SecretStr | None = None
    """Stripe API key that `bootstrap` gives the default endpoint, in its mode."""
    stripe_api_base: str = "https://api.stripe.com"
    """The address of Stripe's API, without a slash at the end."""
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["debug", "info", "warning"] = "info"
    """`auto`: columns in a terminal, JSON elsewhere."""
    api_key: SecretStr | None = None
    """The API key of Accrual's that `accrual mcp` uses."""
    language: str = "en"
    """Language of the sentences that people read: one that has a catalogue in `app/sentences/locales`."""
    web_workers: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=4, ge=1, le=64)
    """Threads of each web process; each has a database connection."""
    workers: int = Field(default=2, ge=1, le=64)
    """Worker processes that `up` starts."""
    touchpoint_days: int = Field(default=400, ge=1, le=3650)
    """Retention of touchpoints, by whole months; attributions are not deleted."""
    touchpoint_cookie: bool = True
    """Whether `/r/` sets a cookie to recognize a returning visitor."""
    payouts_live: bool = False
    """Whether payouts may be made; if not, runs, sends and the first download of a file answer 403."""
    metrics_token: SecretStr | None = None
    """Bearer token for `/metrics`; if it is not set, only loopback addresses may read it."""
    reads_per_minute: int = Field(default=120, ge=1)
    """GET requests that one API key may make."""
    writes_per_minute: int = Field(default=30, ge=1)
    """POST, PUT, PATCH and DELETE requests that one API key may make."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Proxies whose `X-Forwarded-For` is trusted."""
    mail_from: str | None = None
    """The sender of mails: an address, or `Name <address>`."""
    smtp_url: SecretStr | None = None
    """The mail server."""
    mail: Literal["console", "smtp", "off"] | None = Field(default=None, validate_default=True)
    """How mails leave; if it is not set, `smtp` with a mail server and `off` without."""
    backup_dir: Path | None = None
    """Where the backups of the database are written, for `accrual doctor`."""
    backup_hours: int = Field(default=25, ge=1)
    """How old the newest backup may be: a day, and an hour in which it is written."""
    disk_free_mb: int = Field(default=1024, ge=0)
    """How much disk space must be free where the data directory is."""
    outbound_allow_private: bool = False
    """Whether webhooks may be sent to private addresses, by plain http, and to other ports than 443."""
    send_endpoint: str | None = None
    send_secret: SecretStr | None = None
    """Webhook endpoint and signing secret that `accrual send` uses; `bootstrap` stores them in the data directory."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The Fernet keys of `secret_key`, the encrypting one first."""
        return _split(self.secret_key.get_secret_value())

    @property
    def mail_mode(self) -> Literal["console", "smtp", "off"]:
        """How mails leave this installation."""
        return self.mail or ("off" if self.smtp_url is None else "smtp")

    @field_validator("database_url", "web_database_url")
    @classmethod
    def _add_driver(cls, url: str | None) -> str | None:
        return url and _with_driver(url)

    @field_validator("redis_url")
    @classmethod
    def _check_redis_scheme(cls, url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a Redis or Valkey address, such as redis://host:6379/0")
        return url

    @field_validator("secret_key")
    @classmethod
    def _check_secret_keys(cls, keys: SecretStr) -> SecretStr:
        for key in _split(keys.get_secret_value()):
            if not re.fullmatch(r"[\w-]{43}=", key, re.ASCII) or len(urlsafe_b64decode(key)) != 32:
                raise ValueError(
                    "must be 32 random bytes in URL-safe base64 (or several, comma separated); "
                    "`openssl rand -base64 32 | tr +/ -_` makes one"
                )
        return keys

    @field_validator("public_url")
    @classmethod
    def _remove_slash(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url.rstrip("/")

    @field_validator("stripe_webhook_secrets", mode="before")
    @classmethod
    def _refuse_empty_secrets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        secrets = [secret.strip() for secret in value.split(",")]
        if not all(secrets):  # anyone can sign with an empty secret
            raise ValueError("has an empty secret; give one or more, comma separated, without a comma at the end")
        return secrets

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _parse_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(proxy.strip()) for proxy in value.split(","))
        except ValueError:
            raise ValueError("must be addresses or networks, comma separated, such as 10.0.0.0/8,127.0.0.1") from None

    @field_validator("smtp_url")
    @classmethod
    def _check_mail_server(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return url
        if not re.match(r"smtps?://([^@/\s]+@)?[\w.-]+(:\d+)?/?$", url.get_secret_value(), re.ASCII):
            raise ValueError("must be smtp://user:password@host:587 or smtps://user:password@host:465")
        if info.data.get("mail_from") is None:
            raise ValueError("is set, but ACCRUAL_MAIL_FROM is not; set it to the sender's address")
        return url

    @field_validator("mail")
    @classmethod
    def _check_mail_mode(cls, mode: str | None, info: ValidationInfo) -> str | None:
        if mode == "smtp" and info.data.get("smtp_url") is None:
            raise ValueError("is smtp, but ACCRUAL_SMTP_URL is not set or wrong; set it to the mail server's address")
        public_url = str(info.data.get("public_url", ""))
        if mode == "console" and not ON_THIS_MACHINE.match(public_url):
            raise ValueError(
                "is console, which prints sign-in links and is for development only, but ACCRUAL_PUBLIC_URL is not on "
                "this machine; use smtp or off"
            )
        return mode

    @field_validator("stripe_api_base")
    @classmethod
    def _require_https(cls, url: str) -> str:
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:|/|$)", url):  # every request contains the API key
            raise ValueError("must start with https:// (or http:// on this machine)")
        return url.rstrip("/")

    @field_validator("stripe_api_key")
    @classmethod
    def _check_api_key(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None:
            return key
        match = STRIPE_API_KEY.fullmatch(key.get_secret_value())
        if match is None:
            raise ValueError("is not a Stripe secret key (sk_…) or restricted key (rk_…)")
        is_live = match["mode"] == "live"
        if info.data.get("stripe_livemode") is not is_live:
            raise ValueError(
                f"is a {match['mode']} key, but ACCRUAL_STRIPE_LIVEMODE is not {str(is_live).lower()}; set both to the "
                "same mode"
            )
        return key

    @field_validator("stripe_livemode")
    @classmethod
    def _require_mode(cls, livemode: bool | None, info: ValidationInfo) -> bool | None:
        if livemode is None and info.data.get("stripe_webhook_secrets"):
            raise ValueError(
                "is not set, but ACCRUAL_STRIPE_WEBHOOK_SECRETS is; set it to true if these secrets sign live events, "
                "or to false if they sign test events, so that test and live money are never mixed"
            )
        return livemode


def load(data_dir: Path | None = None) -> Settings:
    """The settings from the environment and the data directory's file.

    Args:
        data_dir: the data directory; None: `ACCRUAL_DATA_DIR`, else `.accrual` in the current directory.

    Raises:
        ConfigurationError: a setting is missing or wrong; the message has a line for each problem.
    """
    directory = find_data_dir(data_dir)
    try:
        return Settings(_env_file=directory / settings_files.SETTINGS_FILE, data_dir=directory)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        is_empty = [error["type"] for error in errors] == ["missing"] * REQUIRED_COUNT
        if is_empty and not settings_files.read(directory):
            raise ConfigurationError(NO_SETTINGS.format(directory=directory)) from None
        problems = [settings_problems.describe(error) for error in errors]
        raise ConfigurationError("\n".join(problems)) from None  # the original has the values, secrets included


def find_data_dir(data_dir: Path | None = None) -> Path:
    """The data directory as an absolute path: `data_dir`, else `ACCRUAL_DATA_DIR`, else `.accrual` here."""
    return (data_dir or Path(os.environ.get("ACCRUAL_DATA_DIR") or DEFAULT_DATA_DIR)).absolute()


def is_given(name: str) -> bool:
    """Whether the environment sets `name`; the data directory's file does not count."""
    return bool(os.environ.get(name))


def migrate_url(settings: Settings) -> str:
    """The database address for migrations, with the login of the schema's owner.

    That is `ACCRUAL_MIGRATE_URL`, else the owner of the embedded database, else `database_url`. It is not part of
    `Settings`, so that serving processes do not have it.

    Raises:
        ConfigurationError: it is not a Postgres address.
    """
    embedded_owner = None if is_given("DATABASE_URL") else settings_files.owner_url(settings.data_dir)
    owner_url = os.environ.get(settings_files.MIGRATE_URL) or embedded_owner
    try:
        return _with_driver(owner_url) if owner_url else settings.database_url
    except ValueError as wrong:
        raise ConfigurationError(f"{settings_files.MIGRATE_URL} {wrong}.") from None


def child_environment(data_dir: Path) -> dict[str, str]:
    """The environment of a child process that reads the settings of `data_dir`.

    `ACCRUAL_MIGRATE_URL` is left out, so that serving processes do not have the owner's login.
    """
    inherited = {name: value for name, value in os.environ.items() if name != settings_files.MIGRATE_URL}
    return {**inherited, "ACCRUAL_DATA_DIR": str(data_dir)}


def _with_driver(url: str) -> str:
    """A Postgres address with SQLAlchemy's driver name. Raises ValueError."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError("must be a Postgres address, such as postgresql://user:password@host:5432/accrual")
    return f"postgresql+psycopg://{rest}"


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))
