"""What a request says about a field that is wrong: its name, what is expected and what was found."""

import json

import pytest

from charlstm.server.api_error import ApiError
from charlstm.server.completion_fields import CompletionRequest, read_request


def refused(body):
    """Return the error about a body, as bytes or as what is JSON."""
    with pytest.raises(ApiError) as error:
        read_request(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert error.value.status == 400
    return error.value


@pytest.mark.parametrize(("body", "field", "sentence"), [
    ({"mode": "foo"}, "mode", 'mode: expected stateless or stateful; found "foo"'),
    ({"mode": "statefull"}, "mode", 'mode: expected stateless or stateful; found "statefull" (did you mean stateful?)'),
    ({"mode": 5}, "mode", "mode: expected stateless or stateful; found 5"),
    ({"end": "words"}, "end", 'end: expected word, line, sentence or paragraph; found "words" (did you mean word?)'),
    ({"max_tokens": "20"}, "max_tokens", 'max_tokens: expected an integer; found "20"'),
    ({"max_tokens": 2.5}, "max_tokens", "max_tokens: expected an integer; found 2.5"),
    ({"n": True}, "n", "n: expected an integer; found true"),
    ({"temperature": [1]}, "temperature", "temperature: expected a number; found a list"),
    ({"stream": "yes"}, "stream", 'stream: expected true or false; found "yes"'),
    ({"model": 3}, "model", "model: expected a string; found 3"),
    ({"prompt": 3}, "prompt", "prompt: expected a string, a list of strings or a list of ids; found 3"),
    ({"prompt": ["a", 1.5]}, "prompt", "prompt: expected a string, a list of strings or a list of ids; found 1.5 in the list"),
    ({"stop": [["a"]]}, "stop", "stop: expected a string or a list of strings; found a list in the list"),
    ({"logit_bias": {"e": 1, "a": "x"}}, "logit_bias",
     'logit_bias: expected an object of numbers, by character or id; found "x" for "a"'),
    ({"stream_options": True}, "stream_options", "stream_options: expected an object; found true"),
    ({"stream_options": {"include_usage": 1}}, "stream_options",
     "stream_options: include_usage: expected true or false; found 1"),
    ({"stream_options": {"usage": True}}, "stream_options",
     'stream_options: there is no field "usage"; there are include_usage, include_obfuscation'),
    ({"prompt": "a", "max_tokns": 5}, "max_tokns", 'there is no field "max_tokns" (did you mean max_tokens?)'),
    ({"x" * 200: 5, "n": "a"}, "x" * 99 + "…", f'there is no field "{"x" * 78}…; there are model, prompt, '),
])  # fmt: skip
def test_a_wrong_field_is_named_with_what_is_expected(body, field, sentence):
    error = refused(body)
    assert error.param == field
    assert error.message.startswith(sentence)
    assert error.message == sentence or len(field) == 100


@pytest.mark.parametrize("field", CompletionRequest.__struct_fields__)
def test_every_field_says_what_is_expected(field):
    error = refused({field: {"a": []}})
    assert error.param == field
    assert error.message.startswith(f"{field}: ")
    assert not set("`|") & set(error.message)  # no types of Python


@pytest.mark.parametrize("field", CompletionRequest.__struct_fields__)
def test_null_counts_as_missing(field):
    assert read_request(json.dumps({field: None}).encode()) == CompletionRequest()


@pytest.mark.parametrize(("body", "sentence"), [
    ([], "expected a JSON object, such as"),
    ("x", 'found "x"'),
    (b"", "not valid JSON"),
    (b'{"colour": 1', "not valid JSON"),
    (b'{"prompt": "\xff"}', "not valid UTF-8"),
    (b'{"colour": "\xff"}', "not valid UTF-8"),
    (b'{"colour": ' + b"[" * 100_000, "inside each other"),
    (b'{"max_tokens": 1e400}', "a number that is too large"),
    (b'{"colour": ' + b"1" * 5_000 + b"}", "a number that is too large"),
])  # fmt: skip
def test_what_is_not_an_object_is_refused_as_a_whole(body, sentence):
    assert sentence in refused(body).message
