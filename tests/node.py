"""Packages for Node, installed where there is Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machine import locked

POSTHOG = ["posthog-node@5.70.0"]
TYPESCRIPT = ["typescript@5.9.3", "openapi-typescript@7.13.0", "openapi-fetch@0.17.0"]
TYPESCRIPT += ["@types/node@20.19.0"]


def modules(cache: Path, packages: list[str]) -> Path:
    """Return a folder `node_modules` that has these packages, each at its version.

    What one run has installed in the folder `cache` is there for the next one. Skips the test
    where it cannot be installed.
    """
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("Node and npm are not installed")
    name = "+".join(packages).replace("/", "-")
    installed, partial = cache / name, cache / f"{name}.partial"
    with locked(cache / "lock"):
        if not installed.exists():
            _install(npm, partial, packages)
            partial.rename(installed)
    return installed / "node_modules"


def _install(npm: str, folder: Path, packages: list[str]) -> None:
    options = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--engine-strict")
    completed = subprocess.run(
        [npm, "install", "--prefix", folder, *options, *packages],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,  # seconds
    )
    if completed.returncode:
        pytest.skip(f"npm cannot install {packages}: {completed.stderr}")
