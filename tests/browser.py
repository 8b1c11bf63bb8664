"""A real browser, Debian's Chromium, that looks at the pages of a service."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.server import Server

INSTALL = Path(__file__).parent / "install-chromium"
FLAGS = """
    --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync
""".split()
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""How the console tells of a page that says no; a test sees that by itself."""


@contextmanager
def running() -> Iterator[Browser]:
    """Start the browser, and end it."""
    path = _chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def _chromium() -> str:
    """Return the path of Chromium; skip the test where there is none and none can be installed."""
    if not shutil.which("chromium") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run([str(INSTALL)], check=True)
    path = shutil.which("chromium")
    if path is None:
        missing = f"there is no chromium: let root run {INSTALL.name}"
        assert not os.environ.get("CI"), missing
        pytest.skip(missing)
    return path


@contextmanager
def signed_in(browser: Browser, server: Server) -> Iterator[Page]:
    """Give a page that has signed in with the key of all scopes, and is watched all the time."""
    with watched(browser, server) as page:
        page.goto("/sign-in")
        page.get_by_label("API key").fill(server.key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/persons")
        yield page


@contextmanager
def watched(browser: Browser, server: Server) -> Iterator[Page]:
    """Give a new page; in the end nothing was asked of others, and nothing went wrong in it."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)  # milliseconds
    seen = Seen(context, server.url)
    yield context.new_page()
    context.close()
    assert seen.elsewhere == []
    assert seen.complaints == []


class Seen:
    """What happens in the pages of a context: requests to others, errors, violated policies."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self._origin = f"{url}/"
        context.on("request", lambda request: self._ask(request.url))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _ask(self, url: str) -> None:
        if not url.startswith((self._origin, "data:", "blob:")):
            self.elsewhere.append(url)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            self.complaints.append(message.text)


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page as it is, in light and in dark."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        results = Axe().run(page).response["violations"]
        found += [
            f"{scheme}: {each['id']}: {[node['html'][:150] for node in each['nodes']]}"
            for each in results
        ]
    return found
