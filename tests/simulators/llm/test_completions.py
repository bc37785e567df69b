import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.simulators.llm.driver import CONVERSATION, HEADERS, MODEL, SCHEMA, Driver, item


def test_a_german_conversation_is_summed_up_in_german(llm: Driver) -> None:
    said = "[00:00:01] Anna: Wir haben sechzig Quadratmeter.\n[00:00:05] Jule: Dann passen zehn Kilowatt."
    assert llm.notes(said)["summary"].startswith("Anna und Jule im Gespräch. Wir haben")


def test_the_notes_have_the_form_asked_for_and_quote_word_for_word(llm: Driver) -> None:
    notes = llm.notes()
    assert list(Draft202012Validator(SCHEMA).iter_errors(notes)) == []
    assert notes["summary"].startswith("Nora Brandt and Kim Park spoke. Thank you for your time.")
    assert notes["decisions"] == [
        {
            "text": "Then we agree on ten kilowatts without a battery",
            "quote": "Then we agree on ten kilowatts without a battery.",
        }
    ]
    assert [(step["owner"], step["due"], step["quote"]) for step in notes["next_steps"]] == [
        ("Kim Park", "bis Freitag", "Ich schicke Ihnen die Pläne bis Freitag."),
        ("Nora Brandt", "by Tuesday", "I will send you the offer by Tuesday."),
    ]
    quotes = [entry["quote"] for entry in (*notes["decisions"], *notes["next_steps"])]
    assert all(quote in CONVERSATION for quote in quotes)


def test_the_same_conversation_gives_the_same_answer(llm: Driver) -> None:
    assert llm.ask(response_format=llm.wish()).content == llm.ask(response_format=llm.wish()).content
    assert llm.said() != llm.said(CONVERSATION.replace("ten", "eleven"))


def test_utterances_as_json_are_read_too(llm: Driver) -> None:
    utterances = [
        {"speaker_name": "Kim", "transcription": {"transcript": "Einverstanden."}},
        {"speaker": "Nora", "text": "Ich melde mich morgen."},
    ]
    notes = llm.notes(f"Here is the transcript:\n{json.dumps(utterances, ensure_ascii=False)}\nTake notes.")
    assert [decision["quote"] for decision in notes["decisions"]] == ["Einverstanden."]
    assert [(step["owner"], step["due"]) for step in notes["next_steps"]] == [("Nora", "morgen")]


def test_a_conversation_without_a_promise_has_no_next_step_and_one_without_a_date_no_date(llm: Driver) -> None:
    assert llm.notes("Kim: Good morning.")["next_steps"] == []
    assert llm.notes("Kim: I will call you.")["next_steps"][0]["due"] is None
    assert llm.notes("nothing")["summary"] == "Nothing was said."


def test_only_the_last_user_message_counts(llm: Driver) -> None:
    messages = [
        {"role": "user", "content": "Kim: We agree on red."},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": [{"type": "text", "text": "Kim: We agree on blue."}]},
        {"role": "system", "content": "Kim: We agree on green."},
    ]
    body = {"model": MODEL, "messages": messages, "response_format": llm.wish()}
    answer = llm.http.post("/v1/chat/completions", headers=HEADERS, json=body).json()
    notes = json.loads(answer["choices"][0]["message"]["content"])
    assert [decision["quote"] for decision in notes["decisions"]] == ["We agree on blue."]


def test_other_names_and_forms_of_a_schema_are_filled_as_well(llm: Driver) -> None:
    schema = {
        "type": "object",
        "properties": {
            "overview": {"type": "string", "maxLength": 20},
            "action_items": {"type": "array", "maxItems": 1, "items": {"type": "string"}},
            "notes": item("title"),
            "language": {"type": "string", "enum": ["de", "en"]},
            "confidence": {"type": ["number", "null"]},
        },
    }
    answer = llm.ask(response_format=llm.wish(schema, strict=False)).json()
    filled = json.loads(answer["choices"][0]["message"]["content"])
    assert list(Draft202012Validator(schema).iter_errors(filled)) == []
    assert (len(filled["overview"]), filled["language"]) == (20, "de")
    assert filled["action_items"] == ["Ich schicke Ihnen die Pläne bis Freitag."]


def test_the_answer_is_a_chat_completion(llm: Driver) -> None:
    answer = llm.ask().json()
    assert (answer["object"], answer["model"], answer["id"][:9]) == ("chat.completion", MODEL, "chatcmpl-")
    (choice,) = answer["choices"]
    assert (choice["finish_reason"], choice["message"]["role"], choice["message"]["refusal"]) == (
        "stop",
        "assistant",
        None,
    )
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_json_can_be_asked_for_without_a_schema(llm: Driver) -> None:
    answer = llm.ask(response_format={"type": "json_object"}).json()
    assert list(json.loads(answer["choices"][0]["message"]["content"])) == ["summary"]


def test_the_models_are_listed(llm: Driver) -> None:
    listed = llm.http.get("/v1/models", headers=HEADERS).json()
    assert (listed["object"], [model["id"] for model in listed["data"]]) == ("list", [MODEL])


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Token key-of-the-test", "Bearer"])
def test_without_the_key_everything_is_refused(llm: Driver, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
    assert llm.http.post("/v1/chat/completions", headers=headers, json=body).status_code == 401
    refused = llm.http.get("/v1/models", headers=headers)
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "invalid_request_error")


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "gpt-unknown"}, 404, "The model `gpt-unknown` does not exist"),
        ({"model": 4}, 400, "you must provide a model parameter"),
        ({"messages": []}, 400, "Missing required parameter: 'messages'."),
        ({"messages": [{"content": "x"}]}, 400, "Missing required parameter: 'messages[0].role'."),
        ({"messages": [{"role": "user", "content": 7}]}, 400, "Invalid type for 'messages[0].content'."),
        ({"stream": True}, 400, "does not stream"),
        ({"response_format": {"type": "xml"}}, 400, "Invalid value for 'response_format'."),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, 400, "response_format.json_schema.name"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_openais_form(
    llm: Driver, change: dict[str, Any], status: int, words: str
) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], **change}
    refused = llm.http.post("/v1/chat/completions", headers=HEADERS, json=body)
    assert refused.status_code == status
    assert words in refused.json()["error"]["message"]
    assert set(refused.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("open_place", ["", "$defs"])
def test_a_strict_schema_must_be_closed_and_complete(llm: Driver, open_place: str) -> None:
    schema = json.loads(json.dumps(SCHEMA))
    del (schema["$defs"]["step"] if open_place else schema)["additionalProperties"]
    refused = llm.ask(response_format=llm.wish(schema))
    message = refused.json()["error"]["message"]
    assert refused.status_code == 400
    assert "'additionalProperties' is required to be supplied and to be false." in message
    assert ("In context=()" in message) is (open_place == "")
    optional = {**SCHEMA, "required": ["summary"]}
    assert "every key in properties" in llm.ask(response_format=llm.wish(optional)).json()["error"]["message"]
    assert llm.ask(response_format=llm.wish(optional, strict=False)).status_code == 200


def test_a_conversation_longer_than_the_context_is_refused(llm: Driver) -> None:
    refused = llm.ask("Kim: We agree. " * 1000)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert error["message"].startswith("This model's maximum context length is 2000 tokens.")


def test_an_answer_longer_than_allowed_is_cut_off_and_says_so(llm: Driver) -> None:
    choice = llm.choice(max_completion_tokens=10)
    assert (choice["finish_reason"], len(choice["message"]["content"])) == ("length", 40)
