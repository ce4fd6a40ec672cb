"""config.toml and the environment: read once, checked whole, explained in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.errors import Misconfigured
from channels.message import Kind
from channels.providers import settings as provider_settings
from hub.settings import ConfigurationError, Settings, load

SHIPPED = Path(__file__).parents[2] / "config.toml"


def test_the_shipped_file_is_valid_down_to_the_providers() -> None:
    shipped = load(SHIPPED)
    assert {name: table.kind for name, table in shipped.channels.items()} == {
        "mail": Kind.EMAIL,
        "sms": Kind.SMS,
        "voice": Kind.VOICE,
    }
    for name, table in shipped.channels.items():
        provider_settings(name, table.kind, table.provider, table.provider_settings)


def test_a_mistyped_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    assert (
        _problem(tmp_path, "[hub]\npublic_ulr = 'https://x.example'")
        == "[hub] public_ulr: unknown key. Did you mean public_url?"
    )


def test_a_mistyped_table_names_the_nearest_known_one(tmp_path: Path) -> None:
    assert _problem(tmp_path, "[datbase]\nurl = 'x'") == "[datbase]: unknown key. Did you mean database?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[hub]\npublic_url = 'hub.example'",
            "[hub] public_url = 'hub.example': must begin with http:// or https://",
        ),
        (
            "[hub]\ntimezone = 'Warsaw'",
            "[hub] timezone = 'Warsaw': is not an IANA time zone, such as Europe/Warsaw",
        ),
        ("[web]\nport = 70000", "[web] port = 70000: Input should be less than or equal to 65535"),
        ("[hub]\nlanguages = ['xx']", "[hub.languages] 0 = 'xx': Input should be 'en', 'pl', 'bg' or 'ru'"),
        (
            "[channels.fax]\nkind = 'fax'\nprovider = 'x'",
            "[channels.fax] kind = 'fax': Input should be 'email', 'sms' or 'voice'",
        ),
    ],
)
def test_a_wrong_value_names_table_key_value_and_what_is_allowed(tmp_path: Path, text: str, expected: str) -> None:
    assert _problem(tmp_path, text) == expected


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    assert len(_problem(tmp_path, "[web]\nport = 0\nhots = 'x'").splitlines()) == 2


def test_broken_toml_and_a_missing_file_are_told_in_words(tmp_path: Path) -> None:
    assert "is not valid TOML" in _problem(tmp_path, "[hub\n")
    with pytest.raises(ConfigurationError, match="there is no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_WEB__PORT", "9001")
    monkeypatch.setenv("HUB_CHANNELS__MAIL__SMTP__PORT", "2600")
    loaded = load(SHIPPED)
    assert loaded.web.port == 9001
    assert loaded.channels["mail"].provider_settings["smtp"] == {
        "host": "127.0.0.1",
        "port": 2600,
        "security": "none",
        "username": "support@meadow.example",
        "password": "sandbox",
    }


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "from-env")
    (tmp_path / "key").write_text("from-file\n")
    loaded = _load(
        tmp_path,
        "[hub]\nsecret = {file = 'key'}\n[channels.s]\nkind='sms'\nprovider='x'\nauth_token = {env = 'MY_TOKEN'}",
    )
    assert loaded.hub.secret is not None
    assert loaded.hub.secret.get_secret_value() == "from-file"
    assert loaded.channels["s"].provider_settings == {"auth_token": "from-env"}


def test_a_secret_that_is_not_there_says_which_and_where(tmp_path: Path) -> None:
    assert _problem(tmp_path, "[hub]\nsecret = {env = 'NOT_SET_ANYWHERE'}") == (
        "hub.secret: the environment variable NOT_SET_ANYWHERE is not set"
    )
    assert "cannot read the secret file" in _problem(tmp_path, "[hub]\nsecret = {file = 'nowhere'}")


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    loaded = _load(tmp_path, "[hub]\nsecret = 'very-secret-words'\n[database]\nurl = 'postgresql://u:geheim@h/d'")
    assert "very-secret" not in repr(loaded)
    assert "geheim" not in repr(loaded)


def test_a_providers_unknown_or_wrong_key_is_told_with_its_channel() -> None:
    table = dict(load(SHIPPED).channels["sms"].provider_settings)
    with pytest.raises(Misconfigured, match=r"\[channels\.sms\] acount: unknown key\. Known: .*account_sid"):
        provider_settings("sms", Kind.SMS, "twilio", table | {"acount": "x"})
    with pytest.raises(Misconfigured, match=r"\[channels\.sms\] provider: 'x' is not known for sms\. Known: twilio"):
        provider_settings("sms", Kind.SMS, "x", table)


def _load(folder: Path, text: str) -> Settings:
    file = folder / "config.toml"
    file.write_text(text)
    return load(file)


def _problem(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        _load(folder, text)
    return str(caught.value).removeprefix(f"{folder / 'config.toml'}: ")
