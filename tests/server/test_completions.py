"""Completions by OpenAI's own client."""

import math

import openai
import pytest

from charlstm.choices import DEFAULT_TEMPERATURE
from tests.conftest import ALPHABET

SETTINGS = [
    {}, {"temperature": 0.9}, {"temperature": 0}, {"top_p": 0.8}, {"extra_body": {"mode": "stateless"}},
    {"extra_body": {"top_k": 5, "min_p": 0.02, "repetition_penalty": 1.2}},
]  # fmt: skip


def expected(model, prompt, length, seed, **settings):
    """Return the text of the library."""
    settings |= settings.pop("extra_body", {})
    return model.generate(prompt, length=length, random_seed=seed, with_seed=False, **{"mode": "stateful", **settings})


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["tale", "other"])
def test_a_text_is_that_of_the_library(client, models, name, settings):
    found = client.completions.create(model=name, prompt="The quick", max_tokens=150, seed=7, **settings)
    assert found.choices[0].text == expected(models[name], "The quick", 150, 7, **dict(settings))
    assert (found.choices[0].finish_reason, found.choices[0].logprobs) == ("length", None)
    assert (found.object, found.model, found.choices[0].index) == ("text_completion", name, 0)
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (9, 150, 159)


def test_a_stream_is_the_same_text_in_pieces(client, models):
    chunks = list(
        client.completions.create(
            model="tale", prompt="The quick", max_tokens=400, seed=3, stream=True, stream_options={"include_usage": True}
        )
    )
    *texts, last = chunks
    assert "".join(chunk.choices[0].text for chunk in texts) == expected(models["tale"], "The quick", 400, 3)
    assert [chunk.choices[0].finish_reason for chunk in texts[:-1]] == [None] * (len(texts) - 1)
    assert texts[-1].choices[0].finish_reason == "length"
    assert (last.choices, last.usage.completion_tokens, last.usage.prompt_tokens) == ([], 400, 9)
    assert {chunk.id for chunk in chunks} == {last.id}


def test_several_prompts_and_texts_are_in_order(client, models):
    prompts = ["The quick", "lazy dog"]
    found = client.completions.create(model="tale", prompt=prompts, n=3, max_tokens=40, seed=5)
    assert [choice.index for choice in found.choices] == list(range(6))
    assert [choice.text for choice in found.choices] == [
        expected(models["tale"], prompt, 40, 5 + number) for prompt in prompts for number in range(3)
    ]
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (17, 240)
    streamed = ["", "", "", "", "", ""]
    for chunk in client.completions.create(model="tale", prompt=prompts, n=3, max_tokens=40, seed=5, stream=True):
        streamed[chunk.choices[0].index] += chunk.choices[0].text
    assert streamed == [choice.text for choice in found.choices]


@pytest.mark.parametrize("stream", [False, True])
def test_stop_strings_end_a_text_before_them(client, models, stream):
    whole = expected(models["tale"], "The quick", 300, 11)
    stops = [whole[150:153], "Ж"]  # the model can never write the second one
    end = whole.index(stops[0])
    options = {"model": "tale", "prompt": "The quick", "max_tokens": 300, "seed": 11, "stop": stops, "logprobs": 1}
    if stream:
        choices = [chunk.choices[0] for chunk in client.completions.create(**options, stream=True)]
        text, reason = "".join(choice.text for choice in choices), choices[-1].finish_reason
        tokens = [token for choice in choices for token in choice.logprobs.tokens]
    else:
        (choice,) = client.completions.create(**options).choices
        text, reason, tokens = choice.text, choice.finish_reason, choice.logprobs.tokens
    assert (text, reason) == (whole[:end], "stop")
    assert "".join(tokens) == text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("more", [{"end": "word"}, {"end": "paragraph"}, {"keep_stop": True}])
def test_a_text_ends_as_that_of_the_library(client, models, more, stream):
    stop = None if "end" in more else expected(models["tale"], "The quick", 90, 11)[70:73]
    whole = expected(models["tale"], "The quick", 60 if "end" in more else 90, 11, stop=stop, **more)
    options = {"model": "tale", "prompt": "The quick", "max_tokens": 60 if "end" in more else 90, "seed": 11, "stop": stop}
    found = client.completions.create(**options, logprobs=1, stream=stream, extra_body=more)
    choices = [chunk.choices[0] for chunk in found] if stream else found.choices
    assert "".join(choice.text for choice in choices) == whole
    assert "".join(token for choice in choices for token in choice.logprobs.tokens) == whole
    assert choices[-1].finish_reason == ("length" if more == {"end": "paragraph"} else "stop")


@pytest.mark.parametrize("more", [{"avoid": "aeo"}, {"only": "a-m \n"}, {"avoid": "e", "only": "a-z "}])
def test_characters_are_excluded_as_with_one_particle(client, models, more):
    whole = expected(models["tale"], "The quick", 60, 11, **more, particles=1)
    (choice,) = client.completions.create(model="tale", prompt="The quick", max_tokens=60, seed=11, extra_body=more).choices
    assert choice.text == whole != expected(models["tale"], "The quick", 60, 11)


def test_characters_that_leave_none_are_refused(client):
    with pytest.raises(openai.BadRequestError, match="leave no character"):
        client.completions.create(model="tale", prompt="The quick", extra_body={"only": ""})


def test_log_probabilities_are_those_of_the_model(client, models):
    model, prompt = models["tale"], "The quick"
    (choice,) = client.completions.create(
        model="tale", prompt=prompt, max_tokens=30, seed=2, logprobs=3, echo=True, temperature=0.5
    ).choices
    assert choice.text == prompt + expected(model, prompt, 30, 2, temperature=0.5)
    logprobs = choice.logprobs
    assert "".join(logprobs.tokens) == choice.text
    assert (logprobs.token_logprobs[0], logprobs.top_logprobs[0]) == (None, None)
    surprisal = model.surprisal(choice.text)
    assert logprobs.token_logprobs[1:] == pytest.approx((-surprisal).tolist(), abs=1e-4)
    assert logprobs.text_offset == list(range(len(choice.text)))
    for place in (5, 20, len(choice.text) - 1):
        best = model.next(choice.text[:place], top=3)
        assert list(logprobs.top_logprobs[place]) == [character for character, _ in best]
        assert list(logprobs.top_logprobs[place].values()) == pytest.approx([math.log(p) for _, p in best], abs=1e-4)
    (alone,) = client.completions.create(
        model="tale", prompt=prompt, max_tokens=30, seed=2, logprobs=0, temperature=0.5
    ).choices
    assert alone.logprobs.text_offset == list(range(len(prompt), len(prompt) + 30))
    assert alone.logprobs.token_logprobs == pytest.approx(logprobs.token_logprobs[len(prompt) :], abs=1e-6)
    assert alone.logprobs.top_logprobs == [{}] * 30


@pytest.mark.parametrize(("name", "text"), [
    ("tale", "The quick brown fox jumps over the lazy dog. " * 3), ("other", "The quick brown féx. Жumps over the laßy dog. "),
])  # fmt: skip
@pytest.mark.parametrize("mode", ["stateful", "stateless"])
def test_no_tokens_with_echo_score_a_text(client, models, name, text, mode):
    (choice,) = client.completions.create(
        model=name, prompt=text, max_tokens=0, echo=True, logprobs=0, extra_body={"mode": mode}
    ).choices
    assert (choice.text, choice.finish_reason) == (text, "length")
    scores = choice.logprobs.token_logprobs[1:]
    expected_score = models[name].score(text, mode=mode).nats_per_char
    assert -sum(scores) / len(scores) == pytest.approx(expected_score, abs=1e-4)


def test_best_of_returns_the_likeliest_texts(client, models):
    found = client.completions.create(model="tale", prompt="The quick", n=2, best_of=6, max_tokens=50, seed=1)
    texts = [expected(models["tale"], "The quick", 50, 1 + number) for number in range(6)]

    def score(text):
        return -models["tale"].surprisal("The quick" + text)[8:].mean()

    assert [choice.text for choice in found.choices] == sorted(texts, key=score, reverse=True)[:2]
    assert found.usage.completion_tokens == 300


def test_logit_bias_names_characters_or_ids(client):
    g, x = ALPHABET.index("g"), ALPHABET.index("x")
    options = {"model": "tale", "prompt": "The quick", "max_tokens": 200, "seed": 1}
    assert "g" in client.completions.create(**options).choices[0].text
    assert "g" not in client.completions.create(**options, logit_bias={str(g): -100}).choices[0].text
    assert client.completions.create(**options, logit_bias={"x": 100}).choices[0].text == "x" * 200
    assert client.completions.create(**options, logit_bias={str(x): 100}).choices[0].text == "x" * 200


def test_ids_are_a_prompt(client, models):
    ids = models["tale"].vocabulary.encode("The quick").tolist()
    found = client.completions.create(model="tale", prompt=ids, max_tokens=30, seed=4)
    assert found.choices[0].text == expected(models["tale"], "The quick", 30, 4)


def test_no_prompt_continues_a_passage_of_the_corpus(client, models):
    found = client.completions.create(model="tale", prompt="", max_tokens=30, seed=4)
    assert found.choices[0].text == models["tale"].generate(
        length=30, random_seed=4, mode="stateful", temperature=DEFAULT_TEMPERATURE
    )
    assert found.usage.prompt_tokens == 0


def test_models_are_listed(client):
    assert [model.id for model in client.models.list()] == ["tale", "other"]
    assert client.models.retrieve("other").id == "other"
    with pytest.raises(openai.NotFoundError, match="'third' does not exist; there are tale, other"):
        client.models.retrieve("third")


@pytest.mark.parametrize(("options", "field", "said"), [
    ({"prompt": "Жö"}, "prompt", "the model does not know"),
    ({"max_tokens": 0}, "max_tokens", "0 is for scoring"),
    ({"max_tokens": -1}, "max_tokens", "expected an integer from 0 to 10,000; found -1"),
    ({"max_tokens": 10_001}, "max_tokens", "found 10,001"),
    ({"temperature": -1}, "temperature", "expected a number from 0"),
    ({"top_p": 2}, "top_p", "expected a number from 0 to 1; found 2"),
    ({"n": 65}, "n", "expected an integer from 1 to 64; found 65"),
    ({"n": 33, "prompt": ["The", "fox"]}, "n", "expected at most 64 texts"),
    ({"n": 3, "best_of": 2}, "best_of", "expected at least n = 3"),
    ({"n": 1, "best_of": 2, "stream": True}, "best_of", "a stream cannot"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "at most 4"),
    ({"stop": ""}, "stop", "an empty string"),
    ({"suffix": "end"}, "suffix", "leave it out"),
    ({"logprobs": 21}, "logprobs", "from 0 to 20"),
    ({"logit_bias": {"Ж": 1}}, "logit_bias", "expected characters of the model, or ids"),
    ({"logit_bias": {"9999": 1}}, "logit_bias", "or ids; found '9999'"),
    ({"logit_bias": {"e": 101}}, "logit_bias", "from -100 to 100"),
    ({"presence_penalty": 1}, "presence_penalty", "not supported"),
    ({"seed": -1}, "seed", "expected an integer from 0"),
    ({"seed": 2**63 - 1, "n": 2}, "seed", "expected at most 9,223,372,036,854,775,806 for 2 texts"),
    ({"seed": 2**63 - 2, "best_of": 3}, "seed", "expected at most 9,223,372,036,854,775,805 for 3 texts"),
    ({"extra_body": {"avoid": ""}}, "avoid", "an empty string"),
    ({"max_tokens": 0, "echo": True, "extra_body": {"avoid": ""}}, "avoid", "an empty string"),
    ({"prompt": []}, "prompt", "found none"),
    ({"prompt": ["a", 3]}, "prompt", "found both"),
    ({"prompt": [999]}, "prompt", "expected ids from 0 to"),
    ({"prompt": "a" * 100_001}, "prompt", "at most 100,000 characters"),
    ({"extra_body": {"mode": "state"}}, "mode", "expected stateless or stateful"),
    ({"extra_body": {"max_tokns": 1}}, "max_tokns", "did you mean max_tokens?"),
    ({"extra_body": {"max_tokens": "many"}}, "max_tokens", "expected an integer; found"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "is for streams"),
    ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options", "include_obfuscation is not"),
    ({"extra_body": {"keep_stop": True}}, "keep_stop", "give stop too"),
    ({"extra_body": {"keep_stop": True}, "stop": []}, "keep_stop", "give stop too"),
    ({"echo": True, "prompt": ""}, "echo", "give a prompt too"),
    ({"max_tokens": 0, "echo": True, "prompt": ["The", ""]}, "prompt", "expected a text to score"),
    *(
        ({"max_tokens": 0, "echo": True, "stop": "a", "extra_body": {name: value}}, name, "is about characters to write")
        for name, value in {"end": "word", "keep_stop": True, "avoid": "e", "only": "a-z"}.items()
    ),
    ({"max_tokens": 0, "echo": True, "n": 2}, "n", "scoring gives the same each time"),
    ({"max_tokens": 9_000, "n": 64, "logprobs": 1}, "logprobs", "at most 400,000 characters in all; found 576,000"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(client, options, field, said):
    with pytest.raises(openai.BadRequestError) as error:
        client.completions.create(**{"model": "tale", "prompt": "The", "max_tokens": 5, **options})
    body = error.value.body
    assert (body["type"], body["param"]) == ("invalid_request_error", field)
    assert said in body["message"]


def test_the_largest_seeds_are_of_the_last_texts(client, models):
    found = client.completions.create(model="tale", prompt="The", n=2, max_tokens=20, seed=2**63 - 2)
    assert [choice.text for choice in found.choices] == [
        expected(models["tale"], "The", 20, seed) for seed in (2**63 - 2, 2**63 - 1)
    ]


def test_a_model_that_is_not_served_is_not_found(client):
    with pytest.raises(openai.NotFoundError, match="there are tale, other"):
        client.completions.create(model="third", prompt="The", max_tokens=5)
