import pytest

from tests.simulators.google.driver import AMELIA, EVENTS, LENA, NORA, Driver, Tokens, at, meet, reason

MOVED = at("2031-07-01T10:00:00+02:00", "2031-07-01T10:30:00+02:00")


def test_a_create_request_gives_a_link_at_once(google: Driver, nora: Tokens) -> None:
    event = google.insert(nora, **meet("one")).json()
    data = event["conferenceData"]
    assert data["createRequest"]["status"] == {"statusCode": "success"}
    assert data["createRequest"]["requestId"] == "one"
    assert event["hangoutLink"] == f"{google.url}/{data['conferenceId']}"
    video = data["entryPoints"][0]
    assert (video["entryPointType"], video["uri"]) == ("video", event["hangoutLink"])
    assert data["conferenceSolution"]["key"] == {"type": "hangoutsMeet"}


def test_only_a_workspaces_conference_can_be_dialled_into(google: Driver, nora: Tokens) -> None:
    def kinds(tokens: Tokens) -> list[str]:
        points = google.insert(tokens, **meet("one")).json()["conferenceData"]["entryPoints"]
        return [point["entryPointType"] for point in points]

    assert kinds(nora) == ["video", "more", "phone"]
    assert kinds(google.connect(LENA)) == ["video"]


@pytest.mark.parametrize("version", [None, "0"])
def test_without_conference_data_version_a_plain_event_is_made_without_a_word(
    google: Driver, nora: Tokens, version: str | None
) -> None:
    body = {**MOVED, **meet("one")}
    query = {} if version is None else {"conferenceDataVersion": version}
    answer = google.http.post(EVENTS, params=query, headers=nora.headers, json=body)
    assert answer.status_code == 200
    assert not {"hangoutLink", "conferenceData"} & set(answer.json())
    assert google.truth()["conferences"] == []


def test_without_a_create_request_there_is_no_link(google: Driver, nora: Tokens) -> None:
    assert "hangoutLink" not in google.insert(nora).json()


def test_a_request_id_stands_for_one_conference_whatever_asks(google: Driver, nora: Tokens) -> None:
    first = google.insert(nora, **meet("one")).json()
    second = google.insert(nora, **meet("one")).json()
    third = google.insert(nora, **meet("another")).json()
    lena = google.insert(google.connect(LENA), **meet("one")).json()
    assert second["hangoutLink"] == first["hangoutLink"]
    assert len({event["hangoutLink"] for event in (first, third, lena)}) == 3
    assert len(google.truth()["conferences"]) == 3


def test_a_patch_adds_a_conference_and_a_new_request_id_replaces_it(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora).json()
    first = google.patch(nora, made["id"], **meet("one")).json()["hangoutLink"]
    assert google.patch(nora, made["id"], **meet("one")).json()["hangoutLink"] == first
    assert google.patch(nora, made["id"], **meet("two")).json()["hangoutLink"] != first


def test_a_patch_with_null_removes_the_conference_only_in_version_1(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, **meet("one")).json()
    nothing = {"conferenceData": None}
    without = google.http.patch(f"{EVENTS}/{made['id']}", headers=nora.headers, json=nothing).json()
    assert without["hangoutLink"] == made["hangoutLink"]
    event = google.patch(nora, made["id"], **nothing).json()
    assert not {"hangoutLink", "conferenceData"} & set(event)


def test_a_patch_that_returns_the_conference_as_it_was_keeps_it(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, **meet("one")).json()
    event = google.patch(nora, made["id"], conferenceData=made["conferenceData"], **MOVED).json()
    assert event["hangoutLink"] == made["hangoutLink"]


def test_a_conference_can_be_pending_for_a_while(google: Driver, nora: Tokens) -> None:
    google.control("conferences", seconds=30)
    made = google.insert(nora, **meet("one")).json()
    assert made["conferenceData"] == {
        "createRequest": {
            "requestId": "one",
            "conferenceSolutionKey": {"type": "hangoutsMeet"},
            "status": {"statusCode": "pending"},
        }
    }
    assert "hangoutLink" not in made
    google.control("clock", offset_seconds=31)
    ready = google.get(nora, made["id"]).json()
    assert ready["conferenceData"]["createRequest"]["status"]["statusCode"] == "success"
    assert ready["hangoutLink"]


def test_a_conference_can_be_pending_until_it_is_settled(google: Driver, nora: Tokens) -> None:
    google.control("conferences", seconds=None)
    made = google.insert(nora, **meet("one")).json()
    google.control("clock", offset_seconds=3000)
    assert "hangoutLink" not in google.get(nora, made["id"]).json()
    google.control("conferences/settle", id=made["id"])
    assert google.get(nora, made["id"]).json()["hangoutLink"]


def test_moving_an_event_leaves_its_pending_conference_pending(google: Driver, nora: Tokens) -> None:
    google.control("conferences", seconds=30)
    made = google.insert(nora, **meet("one")).json()
    moved = google.patch(nora, made["id"], **MOVED).json()
    assert moved["conferenceData"]["createRequest"]["status"] == {"statusCode": "pending"}
    google.control("clock", offset_seconds=31)
    assert google.get(nora, made["id"]).json()["hangoutLink"]


def test_a_conference_can_fail_and_only_a_new_request_id_tries_again(google: Driver, nora: Tokens) -> None:
    google.control("conferences", outcome="failure")
    made = google.insert(nora, **meet("one")).json()
    assert set(made["conferenceData"]) == {"createRequest"}
    assert made["conferenceData"]["createRequest"]["status"] == {"statusCode": "failure"}
    assert "hangoutLink" not in google.patch(nora, made["id"], **meet("one")).json()
    assert google.patch(nora, made["id"], **meet("two")).json()["hangoutLink"]


def test_an_order_for_conferences_counts_and_can_be_for_ever(google: Driver, nora: Tokens) -> None:
    def outcomes(prefix: str) -> list[bool]:
        return ["hangoutLink" in google.insert(nora, **meet(f"{prefix}{n}")).json() for n in range(3)]

    google.control("conferences", outcome="failure", times=2)
    assert outcomes("a") == [False, False, True]
    google.control("conferences", outcome="failure", times=None)
    assert outcomes("b") == [False] * 3
    google.control("conferences")
    assert outcomes("c") == [True] * 3


@pytest.mark.parametrize("bad", [{"outcome": "maybe"}, {"colour": "red"}, {"seconds": "long"}])
def test_an_order_for_conferences_that_makes_no_sense_is_refused(google: Driver, bad: dict[str, str]) -> None:
    assert google.http.post("/_control/conferences", json=bad).status_code == 400


def test_where_meet_is_switched_off_a_link_is_refused_and_no_event_made(google: Driver) -> None:
    refused = google.insert(google.connect(AMELIA), **meet("one"))
    assert reason(refused) == (400, "invalid", "Invalid conference type value.")
    assert google.alive() == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "Invalid conference data."),
        ("meet", "Invalid conference data."),
        ({"createRequest": {}}, "Invalid conference data."),
        ({"createRequest": {"requestId": 7}}, "Invalid conference data."),
        (
            meet("one", conferenceSolutionKey={"type": "eventHangout"})["conferenceData"],
            "Invalid conference type value.",
        ),
    ],
)
def test_conference_data_that_makes_no_sense_is_refused(
    google: Driver, nora: Tokens, data: object, message: str
) -> None:
    assert reason(google.insert(nora, conferenceData=data)) == (400, "invalid", message)


def test_the_key_of_the_solution_may_be_left_out(google: Driver, nora: Tokens) -> None:
    made = google.insert(nora, conferenceData={"createRequest": {"requestId": "one"}}).json()
    assert made["hangoutLink"]


def test_the_truth_tells_the_link_before_the_app_may_see_it(google: Driver, nora: Tokens) -> None:
    google.control("conferences", seconds=None)
    made = google.insert(nora, **meet("one")).json()
    (event,) = google.alive()
    assert (event["id"], event["conference_status"], event["owner_id"]) == (made["id"], "pending", NORA)
    assert event["meet_link"].startswith(google.url)
