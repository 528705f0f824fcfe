"""Settings: their sources, and the messages for wrong ones."""

import stat
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from app import config, settings_files
from app.errors import ConfigurationError

KEY = urlsafe_b64encode(bytes(32)).decode()
NEEDED = {"DATABASE_URL": "postgres://ada:x@db/accrual", "REDIS_URL": "redis://queue/0", "ACCRUAL_SECRET_KEY": KEY}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"ACCRUAL_{name.upper()}", raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problems(data_dir: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        config.load(data_dir)
    return str(refused.value).splitlines()


def test_every_problem_is_listed_at_once_without_its_value(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.delenv("DATABASE_URL")
    given.setenv("REDIS_URL", "http://secret-host")
    given.setenv("ACCRUAL_SECRET_KEY", "secret-too-short")
    given.setenv("ACCRUAL_WEB_WORKERS", "secret-many")
    messages = problems(tmp_path)
    assert [line.split()[0] for line in messages] == [
        "DATABASE_URL",
        "REDIS_URL",
        "ACCRUAL_SECRET_KEY",
        "ACCRUAL_WEB_WORKERS",
    ]
    assert "secret-" not in "\n".join(messages)


def test_a_folder_without_settings_says_where_to_run_the_command(tmp_path: Path) -> None:
    [messages] = problems(tmp_path / ".accrual")
    assert messages.startswith(f"there are no settings in {tmp_path / '.accrual'}, where `make run`")
    assert "--data-dir" in messages


def test_webhook_secrets_without_a_mode_refuse_the_start(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("ACCRUAL_STRIPE_WEBHOOK_SECRETS", "whsec_a")
    (messages,) = problems(tmp_path)
    assert messages.startswith("ACCRUAL_STRIPE_LIVEMODE is not set")
    given.setenv("ACCRUAL_STRIPE_LIVEMODE", "false")
    assert config.load(tmp_path).stripe_livemode is False


@pytest.mark.parametrize("secrets", ["whsec_a,", ",", "whsec_a, ,whsec_b"])
def test_an_empty_webhook_secret_is_refused(given: pytest.MonkeyPatch, tmp_path: Path, secrets: str) -> None:
    given.setenv("ACCRUAL_STRIPE_LIVEMODE", "true")
    given.setenv("ACCRUAL_STRIPE_WEBHOOK_SECRETS", secrets)
    (messages,) = problems(tmp_path)
    assert "empty secret" in messages


def test_several_webhook_secrets_and_keys_stand_comma_separated(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("ACCRUAL_STRIPE_LIVEMODE", "true")
    given.setenv("ACCRUAL_STRIPE_WEBHOOK_SECRETS", "whsec_new, whsec_old")
    older = urlsafe_b64encode(bytes([7] * 32)).decode()
    given.setenv("ACCRUAL_SECRET_KEY", f"{KEY},{older}")
    settings = config.load(tmp_path)
    assert [secret.get_secret_value() for secret in settings.stripe_webhook_secrets] == ["whsec_new", "whsec_old"]
    assert settings.secret_keys == (KEY, older)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_postgres_address_gets_our_driver(given: pytest.MonkeyPatch, tmp_path: Path, scheme: str) -> None:
    given.setenv("DATABASE_URL", f"{scheme}://ada:x@db:5433/accrual?sslmode=require")
    assert config.load(tmp_path).database_url == "postgresql+psycopg://ada:x@db:5433/accrual?sslmode=require"


def test_the_data_directory_keeps_what_the_environment_does_not_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings_files.store(tmp_path, NEEDED)
    settings_files.store(tmp_path, {"ACCRUAL_WORKERS": "3"})
    assert config.load(tmp_path).workers == 3
    assert config.load(tmp_path).redis_url == "redis://queue/0"
    monkeypatch.setenv("ACCRUAL_WORKERS", "5")
    monkeypatch.setenv("ACCRUAL_DATA_DIR", str(tmp_path))
    assert config.load().workers == 5


def test_kept_settings_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    settings_files.store(tmp_path, NEEDED)
    assert [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()] == [0o600]


def test_settings_do_not_show_secrets(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("ACCRUAL_METRICS_TOKEN", "very-secret")
    shown = repr(config.load(tmp_path))
    assert "very-secret" not in shown
    assert KEY not in shown
    assert "ada:x" not in shown
