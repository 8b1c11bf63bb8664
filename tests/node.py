"""PostHog's client for Node, installed where there is Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machine import locked

VERSION = "5.70.0"


def posthog_node(cache: Path) -> Path:
    """Return a value for NODE_PATH with which `require("posthog-node")` works.

    What one run has installed in the folder `cache` is there for the next one. Skips the test
    where it cannot be installed.
    """
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("Node and npm are not installed")
    installed, partial = cache / VERSION, cache / f"{VERSION}.partial"
    with locked(cache / "lock"):
        if not installed.exists():
            _install(npm, partial)
            partial.rename(installed)
    return installed / "node_modules"


def _install(npm: str, folder: Path) -> None:
    options = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--engine-strict")
    completed = subprocess.run(
        [npm, "install", "--prefix", folder, *options, f"posthog-node@{VERSION}"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,  # seconds
    )
    if completed.returncode:
        pytest.skip(f"npm cannot install posthog-node {VERSION}: {completed.stderr}")
