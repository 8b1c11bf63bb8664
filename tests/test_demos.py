import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_history_demo_tells_its_story(tmp_path: Path) -> None:
    command = [sys.executable, str(DOCS / "demo_history.py")]
    story = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    digests = [line.split(": ", 1)[1] for line in story.splitlines() if "own changes since" in line]
    assert len(digests) == 2
    for line in digests:
        wanted, now = line.split(", now: ")
        assert wanted == now
    assert '  by PostHog\'s algorithm: {"referrer": "news", "email": "eve@example.com"}' in story
    assert '  here: {"referrer": "news"}' in story
    assert "  came in by a merge from visitor" in story
    assert "0 stale reads" in story
    assert "What did the import change? 1204 persons, 3 keys." in story
