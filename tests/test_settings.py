"""The table of settings in the README is that of the code."""

import re
from pathlib import Path

import msgspec
import pytest

from api.settings import MEANINGS, Settings, SettingsError, read

README = Path(__file__).parent.parent / "README.md"
DEFAULTS = {field.encode_name: field.default for field in msgspec.structs.fields(Settings)}


def told() -> dict[str, str]:
    """Return what the README says of each setting."""
    lines = re.findall(r"^\| (`[A-Z`, _]+`) \| (.*) \|$", README.read_text(), re.MULTILINE)
    return {name: rest for names, rest in lines for name in re.findall(r"[A-Z_]+", names)}


def test_every_setting_has_a_meaning() -> None:
    assert set(MEANINGS) == set(DEFAULTS)


def test_the_readme_names_every_setting_and_no_other() -> None:
    assert set(told()) == set(MEANINGS)


@pytest.mark.parametrize("name", [name for name, value in DEFAULTS.items() if value is not None])
def test_the_readme_knows_the_default(name: str) -> None:
    default, _, _ = told()[name].partition(" | ")

    assert str(DEFAULTS[name]) in re.findall(r"[\w.:/]*\w", default)


@pytest.mark.parametrize("page", [README, *(README.parent / "docs").glob("*.md")], ids=str)
def test_every_page_speaks_of_settings_that_there_are(page: Path) -> None:
    named = set(re.findall(r"\bPERSONS_[A-Z_]+\b", page.read_text()))

    assert named <= set(MEANINGS)


@pytest.mark.parametrize("text", ["often", "5", "-1/minute", "5/blink"])
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"PERSONS_RATE_LIMIT: .* is no rate"):
        read({"PERSONS_RATE_LIMIT": text})
