"""``charlstm generate --logprobs`` and the log-probabilities of the library."""

import math

import pytest

import charlstm as library

OPTIONS = ("--seed", "The quick", "--length", "30", "--random-seed", "3")


@pytest.fixture
def model(checkpoint):
    return library.load(checkpoint)


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_logprobs_are_those_of_the_model_whatever_the_sampling(spoken, model, mode):
    more = ("--mode", mode, "--samples", "2", "--temperature", "0.3:2", "--top-k", "9")
    told = spoken(*OPTIONS, *more, "--logprobs", "3")["samples"]
    assert [{**sample, "logprobs": None} for sample in told] == [
        {**sample, "logprobs": None} for sample in spoken(*OPTIONS, *more)["samples"]
    ]
    for sample in told:
        assert "".join(each["character"] for each in sample["logprobs"]) == sample["text"]
        for place in (0, 7, 29):
            before = "The quick" + sample["text"][:place]
            expected = dict(model.next(before, top=None, mode=mode))
            found = sample["logprobs"][place]
            assert found["logprob"] == pytest.approx(math.log(expected[found["character"]]), abs=1e-4)
            assert list(found["top"]) == list(expected)[:3]
            assert list(found["top"].values()) == pytest.approx([math.log(p) for p in list(expected.values())[:3]], abs=1e-4)


@pytest.mark.usefixtures("checkpoint")
def test_logprobs_end_with_the_text(spoken):
    (whole,) = spoken(*OPTIONS)["samples"]
    stop = whole["text"][10:12]
    (sample,) = spoken(*OPTIONS, "--stop", stop, "--logprobs", "0")["samples"]
    assert len(sample["logprobs"]) == len(sample["text"]) == whole["text"].index(stop)
    assert sample["logprobs"][0]["top"] == {}


def test_library_returns_typed_samples(spoken, model):
    (sample,) = model.generate_samples("The quick", logprobs=2, length=30, random_seed=3)
    (told,) = spoken(*OPTIONS, "--logprobs", "2")["samples"]
    assert [each._asdict() for each in sample.logprobs] == told["logprobs"]
    assert model.generate_samples("The quick", length=3)[0].logprobs is None


@pytest.mark.usefixtures("checkpoint")
def test_logprobs_without_json_are_a_usage_error(charlstm):
    result = charlstm("generate", *OPTIONS, "--logprobs", "3")
    assert result.exit_code == 2
    assert "give --json too" in result.stderr
