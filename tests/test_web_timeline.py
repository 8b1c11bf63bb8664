from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from tests.server import Server
from tests.service import Client
from tests.test_web_person import NASTY, person_of

Capture = Callable[..., httpx.Response]
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.cookies.set("persons_key", Server.key)
    return client


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


def lane(text: str, key: str) -> str:
    """Return what is drawn in the lane of a property."""
    return text.partition(f'aria-label="{key}: ')[2].partition("</div>")[0]


def moment(text: str) -> str:
    return text.partition('id="moment"')[2].partition("</aside>")[0]


def test_lanes_show_how_long_each_value_held_and_where_there_was_none(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free", NASTY: NASTY}}, timestamp=day(0))
    capture("$set", "ada", {"$unset": ["plan"]}, timestamp=day(10))
    capture("$set", "ada", {"$set": {"plan": "pro"}}, timestamp=day(30))
    path = person_of(signed_in, "ada")

    text = signed_in.get(f"{path}/timeline", params={"from": day(0), "to": day(40)}).text
    drawn = lane(text, "plan")
    assert 'x="0.000%" y="3" width="25.000%"' in drawn
    assert 'x="75.000%" y="3" width="25.000%"' in drawn
    assert drawn.count("<rect") == 2
    assert "<script>alert" not in text

    then = moment(signed_in.get(f"{path}/timeline", params={"moment": day(20)}).text)
    assert ("plan" in then, "alert(1)" in then) == (False, True)
    step = unescape(then.partition('data-step="before" href="')[2].partition('"')[0])
    assert "plan" not in moment(signed_in.get(step).text)  # right at day 10
    after = unescape(then.partition('data-step="after" href="')[2].partition('"')[0])
    assert "pro" in moment(signed_in.get(after).text)

    table = signed_in.get(f"{path}/timeline?look=table").text
    assert table.count('<tr><th scope="row">plan</th>') == 2
    assert "still so" in table


def test_what_happened_to_the_person_itself_is_marked(signed_in: Client, capture: Capture) -> None:
    capture("$set", "visitor", {"$set": {"referrer": "news"}}, timestamp=day(0))
    capture("$set", "ada", {"$set": {"plan": "pro"}}, timestamp=day(5))
    merge = {"alias": "visitor"}
    capture("$create_alias", "ada", merge, timestamp=day(10))
    path = person_of(signed_in, "ada")

    text = signed_in.get(f"{path}/timeline", params={"from": day(0), "to": day(20)}).text

    assert "is-Merged" in text
    assert '<line class="mark-line" x1="50.00%"' in text


def test_a_whole_life_of_changes_is_few_bars_and_the_lanes_come_in_pages(
    signed_in: Client, capture: Capture
) -> None:
    events = [
        {
            "event": "seen",
            "distinct_id": "ada",
            "timestamp": (START + timedelta(minutes=number)).isoformat(),
            "properties": {"$set": {"visits": number, f"key {number % 40:02}": number}},
        }
        for number in range(1_500)
    ]
    body = {"api_key": Server.token, "batch": events}
    assert signed_in.post("/batch/", json=body).status_code == 200
    path = person_of(signed_in, "ada")

    text = signed_in.get(f"{path}/timeline?to={day(2)[:10]}").text
    following = unescape(text.partition('rel="next" href="')[2].partition('"')[0])
    assert "key 11" in text
    assert "key 12" not in text.partition('id="moment"')[0]
    assert "key 12" in signed_in.get(following).text
    visits = lane(signed_in.get(f"{path}/timeline?q=visits&to={day(2)[:10]}").text, "visits")
    assert 50 < visits.count("<rect") < 400
    # Nearer, each is a bar of its own.
    near = {"q": "visits", "from": "2024-01-01T12:00", "to": "2024-01-01T12:10"}
    assert lane(signed_in.get(f"{path}/timeline", params=near).text, "visits").count("<rect") == 11


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "soon"}, 400),
        ({"moment": "soon"}, 400),
        ({"look": "sideways"}, 400),
        ({"offset": "-1"}, 400),
        ({"from": "2024-01-02", "to": "2024-01-01"}, 200),
        ({"from": "0001-01-01", "to": "9999-12-31T23:59:59"}, 200),
        ({"from": "9999-12-31T23:59:58", "to": "9999-12-31T23:59:59"}, 200),
        ({"moment": "0001-01-01"}, 200),
        ({"q": "nothing"}, 200),
        ({"offset": "1000"}, 200),
    ],
)
def test_any_time_can_be_asked_for(
    signed_in: Client, capture: Capture, query: dict[str, str], status: int
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}}, timestamp=day(0))

    answer = signed_in.get(f"{person_of(signed_in, 'ada')}/timeline", params=query)

    assert answer.status_code == status
