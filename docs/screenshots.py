"""Makes the pictures of the pages in `docs/pages/`, wide and narrow, light and dark.

Run `python docs/screenshots.py`, with the package's `dev` extra and Chromium installed; Inter, from
Debian's `fonts-inter`, is the font of the pictures.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from demo_events import befall
from demo_life import BEGIN, WHO, live
from demo_people import bring_in
from demo_service import KEY, Service, running
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent / "pages"
WIDE, NARROW = (1280, 800), (390, 844)  # pixels


class Shot(NamedTuple):
    """A picture: its name, how it is taken, and how to come to what it shows."""

    name: str
    scheme: str
    size: tuple[int, int]
    go: Callable[[Page, Service], object]


def persons(page: Page, service: Service) -> None:
    """Show the list, with two columns and a filter."""
    page.goto("/persons?column=plan&column=country&key=plan&operator=is_not&value=free")


def persons_then(page: Page, service: Service) -> None:
    """Show the list as it was."""
    page.goto("/persons?column=plan&as_of=40")


def identity(page: Page, service: Service) -> None:
    """Show how a person came together: two were merged into it, and one has left again."""
    page.goto(f"/persons/{_ada(service)}/identity")
    page.locator("#tree-title").scroll_into_view_if_needed()


def unmerge(page: Page, service: Service) -> None:
    """Show what taking a merge back would do."""
    page.goto(f"/persons/{_ada(service)}/identity")
    page.get_by_role("link", name="Take back…").click()


def history(page: Page, service: Service) -> None:
    """Show what happened to a person, from the middle on."""
    page.goto(f"/persons/{_ada(service)}/history?after=70")


def changes(page: Page, service: Service) -> None:
    """Show what changed in the project."""
    page.goto("/changes?from=80")


def audit(page: Page, service: Service) -> None:
    """Show that all was verified."""
    page.goto("/audit")


def _ada(service: Service) -> str:
    return str(service.person("ada@analytical.example")["uuid"])


def person(page: Page, service: Service) -> None:
    """Show the properties of a person, right after one was edited."""
    service.capture(WHO, {"$set": {"seats": 38}}, "seats sold")
    page.goto(f"/persons/{service.person(WHO)['uuid']}")
    page.get_by_role("link", name="Edit seats").click()
    page.locator("#edited").fill("40")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Undo").wait_for()
    page.evaluate("scrollTo(0, 0)")


def timeline(page: Page, service: Service) -> None:
    """Show a life, and the person at a moment of it."""
    moment = (BEGIN + timedelta(days=258)).isoformat(timespec="seconds").replace("+00:00", "Z")
    page.goto(f"/persons/{service.person(WHO)['uuid']}/timeline?moment={moment}")


def deletion(page: Page, service: Service) -> None:
    """Show what deleting a person will do."""
    page.goto(f"/persons/{service.person(WHO)['uuid']}/delete")


SHOTS = [
    Shot("persons", "light", WIDE, persons),
    Shot("persons-dark", "dark", WIDE, persons_then),
    Shot("persons-narrow", "light", NARROW, persons),
    Shot("persons-narrow-dark", "dark", NARROW, persons_then),
    Shot("identity", "light", WIDE, identity),
    Shot("unmerge", "dark", WIDE, unmerge),
    Shot("changes", "light", WIDE, changes),
    Shot("audit", "dark", WIDE, audit),
    Shot("history-narrow", "light", NARROW, history),
    Shot("timeline", "light", WIDE, timeline),
    Shot("timeline-dark", "dark", WIDE, timeline),
    Shot("timeline-narrow", "light", NARROW, timeline),
    Shot("person", "light", WIDE, person),
    Shot("person-narrow-dark", "dark", NARROW, person),
    Shot("deletion", "light", WIDE, deletion),
]


def take(browser: Browser, service: Service, shot: Shot) -> None:
    """Take one picture."""
    width, height = shot.size
    page = browser.new_page(
        base_url=service.url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.scheme == "dark" else "light",
    )
    page.goto("/sign-in")
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    shot.go(page, service)
    page.screenshot(path=FOLDER / f"{shot.name}.png")
    page.close()


def main() -> None:
    """Take all pictures of a service with demo data."""
    FOLDER.mkdir(exist_ok=True)
    with running() as service, sync_playwright() as playwright:
        bring_in(service)
        befall(service)
        live(service)
        service.verify()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for shot in SHOTS:
            take(browser, service, shot)
        browser.close()


if __name__ == "__main__":
    main()
