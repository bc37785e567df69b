"""``/v2``: the four operations a user-managed app calls, as pure verbs from a read request to an answer.

Every one checks in this order: token, scope, limits, then its own matter. So a refused token costs no quota.
"""

from dataclasses import replace

from simulators.zoom import limits, meetings, tokens, users, validation
from simulators.zoom.meetings import Meeting
from simulators.zoom.users import UNASSIGNED, User
from simulators.zoom.world import Answer, Call, Refusal, World, json_answer

# https://developers.zoom.us/docs/api/meetings/ (x-granular-scopes of each operation)
NEEDED_SCOPE = {
    "me": "user:read:user",
    "create": "meeting:write:meeting",
    "update": "meeting:update:meeting",
    "delete": "meeting:delete:meeting",
}


def answer_me(world: World, call: Call) -> Answer:
    """``GET /users/{userId}``."""
    user = _admit(world, call)
    _check_self(user, call.target)
    return _finish(world, user, json_answer(200, show_user(world, user)))


def answer_create(world: World, call: Call) -> Answer:
    """``POST /users/{userId}/meetings``."""
    user = _admit(world, call)
    _check_self(user, call.target)
    _check_may_host(user)
    body = validation.read_body(call.body)
    validation.check_meeting(body, creating=True)
    _check_schedule_for(user, body.get("schedule_for"))
    with world.store.transaction():
        meeting = meetings.create(world, user, body)
        shown = meetings.show(world, user, meeting)
    return _finish(world, user, json_answer(201, shown, meeting_id=meeting.id))


def answer_update(world: World, call: Call) -> Answer:
    """``PATCH /meetings/{meetingId}``: 204 without a body."""
    user = _admit(world, call)
    _check_may_host(user)
    meeting = _find_meeting(world, user, call.target)
    body = validation.read_body(call.body)
    validation.check_meeting(body, creating=False)
    _check_schedule_for(user, body.get("schedule_for"))
    meetings.update(world, user, meeting, body)
    return _finish(world, user, Answer(204, meeting_id=meeting.id))


def answer_delete(world: World, call: Call) -> Answer:
    """``DELETE /meetings/{meetingId}``: 204 without a body. Not counted against the host's day."""
    user = _admit(world, call)
    if call.target == str(user.pmi):
        raise Refusal(400, {"code": 3018, "message": "Not allowed to delete PMI."})
    meeting = _find_meeting(world, user, call.target)
    if "occurrence_id" in call.query and "recurrence" not in meeting.content:
        raise Refusal(400, {"code": 300, "message": "Invalid parameter: occurrence_id."})
    meetings.delete(world, meeting.id)
    return _finish(world, user, Answer(204, meeting_id=meeting.id))


def answer_unknown(world: World, call: Call) -> Answer:
    """Anything else below ``/v2``: no app with our four scopes has business there, and the call log shows it."""
    del world, call
    raise Refusal(404, {"code": 2300, "message": "This API endpoint is not recognized."})


def show_user(world: World, user: User) -> dict[str, object]:
    """A user as in ``GET /users/me``: https://developers.zoom.us/docs/api/users/#tag/users/GET/users/{userId}"""
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.display_name,
        "email": user.email,
        "type": user.type,
        "role_name": "Member",
        "role_id": "2",
        "pmi": user.pmi,
        "use_pmi": bool(user.defaults.get("use_pmi", False)),
        "personal_meeting_url": f"{world.join_base}/j/{user.pmi}",
        "timezone": user.timezone,
        "verified": 1,
        "dept": "",
        "created_at": user.created_at,
        "user_created_at": user.created_at,
        "last_login_time": user.created_at,
        "cms_user_id": "",
        "jid": f"{user.id.lower()}@xmpp.zoom.us",
        "group_ids": [],
        "im_group_ids": [],
        "account_id": user.account_id,
        "account_number": 10_009_239,
        "language": user.language,
        "phone_country": "",
        "phone_number": "",
        "status": user.status,
        "job_title": "",
        "cost_center": "",
        "company": "",
        "location": "",
        "login_types": [100],
        "cluster": "eu01",
    }


def identify(world: World, call: Call) -> str | None:
    """Whose token a call carries, as far as that can be told; for the call log."""
    row = world.store.row("SELECT user_id FROM tokens WHERE token = ?", _bearer(call))
    return row["user_id"] if row else None


def _admit(world: World, call: Call) -> User:
    if "access_token" in call.query:
        # https://developers.zoom.us/blog/access-token-change-faq/
        message = "Invalid access token, this access token is not supported as query parameter string."
        raise Refusal(401, {"code": 124, "message": message})
    user_id, scopes = tokens.read_access(world, _bearer(call))
    user = users.find(world.store, user_id)
    if user is None or user.status != "active":
        raise Refusal(404, {"code": 1001, "message": f"User does not exist: {user_id}."})
    needed = NEEDED_SCOPE[call.operation]
    if needed not in scopes:
        # https://github.com/JubaerHossain/zoom-laravel/issues/15
        message = f"Invalid access token, does not contain scopes:[{needed}:admin, {needed}]."
        raise Refusal(400, {"code": 4711, "message": message})
    limits.count_request(world, user, call.operation)
    return user


def _bearer(call: Call) -> str:
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check_self(user: User, asked: str) -> None:
    """A user's own token speaks for that user alone: https://developers.zoom.us/docs/api/using-zoom-apis/#the-me-keyword"""
    if asked not in ("me", user.id):
        raise Refusal(404, {"code": 1001, "message": f"User does not exist: {asked}."})


def _check_may_host(user: User) -> None:
    if user.type == UNASSIGNED:
        message = "Your user account is not allowed meeting hosting and scheduling capabilities."
        raise Refusal(400, {"code": 3161, "message": message})


def _check_schedule_for(user: User, other: str | None) -> None:
    if other and other not in (user.id, user.email):
        raise Refusal(400, {"code": 3000, "message": f"You cannot schedule a meeting for {other}"})


def _find_meeting(world: World, user: User, text: str) -> Meeting:
    """The caller's own living meeting. Somebody else's is answered like a missing one: Zoom's real code for it is not
    known, and 3001 is the harder case for a client (it must not believe it blindly)."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    meeting = meetings.find(world, number)
    if meeting is None or not meeting.alive or meeting.host_id != user.id:
        raise Refusal(404, {"code": 3001, "message": f"Meeting does not exist: {text}."})
    return meeting


def _finish(world: World, user: User, answer: Answer) -> Answer:
    return replace(answer, user_id=user.id, headers=limits.account_headers(world, user))
