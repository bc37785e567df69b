from concurrent.futures import ThreadPoolExecutor

from tests.simulators.zoom.driver import JONAS, Driver, Tokens

EXCEEDED = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular"
    " user. You may resume these requests at GMT 00:00:00."
)


def test_the_hundred_and_first_create_or_update_of_a_host_and_day_is_refused(zoom: Driver) -> None:
    zoom.control("clock", now="2030-05-01T22:00:00Z")
    nora, jonas = zoom.connect(), zoom.connect(JONAS)
    made = [zoom.create(nora).json()["id"] for _ in range(60)]
    assert all(zoom.update(nora, number, duration=20).status_code == 204 for number in made[:40])
    refused = zoom.create(nora)
    assert (refused.status_code, refused.json()) == (429, {"code": 429, "message": EXCEEDED})
    assert "Retry-After" not in refused.headers
    assert "X-RateLimit-Type" not in refused.headers
    assert (refused.headers["X-RateLimit-Category"], refused.headers["X-RateLimit-Limit"]) == ("Light", "6000")
    assert 5800 < int(refused.headers["X-RateLimit-Remaining"]) < 6000
    assert zoom.update(nora, made[0], duration=20).status_code == 429
    assert zoom.delete(nora, made[0]).status_code == 204
    assert zoom.create(jonas).status_code == 201


def test_the_day_ends_at_midnight_utc(zoom: Driver) -> None:
    zoom.control("clock", now="2030-05-01T23:30:00Z")
    zoom.control("limits", daily=1)
    nora = zoom.connect()
    assert [zoom.create(nora).status_code for _ in range(2)] == [201, 429]
    zoom.control("clock", now="2030-05-02T00:00:01Z")
    assert zoom.create(nora).status_code == 201


def test_the_daily_limit_can_be_ordered_and_names_itself(zoom: Driver, nora: Tokens) -> None:
    zoom.control("limits", daily=0)
    assert "daily rate limit (0)" in zoom.create(nora).json()["message"]


def test_a_limit_per_second_can_be_ordered(zoom: Driver, nora: Tokens) -> None:
    zoom.control("limits", qps=2)
    answers = [zoom.me(nora) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["X-RateLimit-Type"] == "QPS"
    assert "maximum per-second rate limit" in answers[2].json()["message"]
    zoom.control("limits", qps=None)
    assert zoom.me(nora).status_code == 200


def test_a_refused_token_costs_no_quota(zoom: Driver, nora: Tokens) -> None:
    zoom.control("limits", daily=1)
    assert zoom.create(Tokens("made-up", "")).status_code == 401
    assert zoom.create(nora).status_code == 201


def test_while_a_write_of_a_user_is_at_work_another_one_is_refused_without_any_header(zoom: Driver) -> None:
    nora, jonas = zoom.connect(), zoom.connect(JONAS)
    numbers = [zoom.create(nora).json()["id"] for _ in range(2)]
    zoom.control("limits", write_seconds=0.5)
    with ThreadPoolExecutor(3) as callers:
        deletes = [callers.submit(zoom.delete, nora, number) for number in numbers]
        other = callers.submit(zoom.create, jonas)
    assert sorted(call.result().status_code for call in deletes) == [204, 429]
    assert other.result().status_code == 201
    (refused,) = [call.result() for call in deletes if call.result().status_code == 429]
    assert refused.json()["message"].startswith("Too many concurrent requests.")
    assert not {"retry-after", "x-ratelimit-type"} & set(refused.headers)
    zoom.control("limits", write_seconds=None)
    assert {zoom.delete(nora, number).status_code for number in numbers} == {204, 404}
