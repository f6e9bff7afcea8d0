"""Training from Python."""

import json
from itertools import count

import numpy as np
import pytest

import charlstm
from charlstm.checkpoint.config_file import read_config
from charlstm.errors import CharlstmError, CheckpointError, ConfigError, CorpusError
from charlstm.model_training import TrainingSettings, train
from charlstm.training.events import Evaluated, Finished, Started, Stepped
from tests.cli.conftest import charlstm as charlstm_fixture
from tests.training.conftest import compiled_once as compiled_once_fixture

run_command = charlstm_fixture
compiled_once = compiled_once_fixture
pytestmark = pytest.mark.usefixtures("compiled_once", "without_graph_optimizer")
TEXT = "The ferry crosses the river at six, and the lamp burns until nine.\n" * 40
QUICK = {"preset": "quick", "units": 8, "seq_len": 8, "batch_size": 4, "epochs": 0.2, "num_evaluations": 2, "progress": False}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.txt").write_text(TEXT)
    return tmp_path


def same(one: charlstm.Model, other: charlstm.Model) -> bool:
    return all(np.array_equal(value, other.weights[name]) for name, value in one.weights.items())


def test_the_model_is_that_of_the_command(run_command, folder):
    made = charlstm.train("tale.txt", name="python", **QUICK)
    options = "--preset quick --units 8 --seq-len 8 --batch-size 4 --epochs 0.2 --num-evaluations 2 --name command"
    assert run_command("train", "tale.txt", *options.split()).exit_code == 0
    command = charlstm.load("command")
    assert made.path.resolve() == folder / "checkpoints" / "python"
    assert (made.config, made.checkpoint.training) == (command.config, command.checkpoint.training)
    assert same(made, command)
    assert len(made.history) == 2
    assert len(made.generate("The ", length=20)) == 24


@pytest.mark.parametrize("units", [np.int64(8), [np.int64(8)], (np.uint8(8),), np.array([8])], ids=repr)
def test_settings_may_be_numbers_of_numpy(units):
    given = {"dropout": 0.25, "use_bias": True, "num_evaluations": 2, "epochs": 0.25, "random_seed": 3, "seq_len": 8}
    of_numpy = {name: np.array(value)[()] for name, value in given.items()}
    assert all(isinstance(value, np.generic) for value in of_numpy.values())
    of_numpy["dropout"] = np.float32(0.25)
    expected = charlstm.train("tale.txt", name="plain", **QUICK | given)
    made = charlstm.train("tale.txt", name="numpy", **QUICK | of_numpy | {"units": units})
    assert (made.config, made.checkpoint.training) == (expected.config, expected.checkpoint.training)
    assert same(made, expected)


def test_paths_a_text_and_an_iterable_of_texts_give_the_same_model(folder):
    (folder / "half.txt").write_text(TEXT[: len(TEXT) // 2])
    (folder / "rest.txt").write_text(TEXT[len(TEXT) // 2 :])
    lines = iter(TEXT.splitlines())
    made = [
        charlstm.train(folder / "tale.txt", name="path", **QUICK),
        charlstm.train(["half.txt", "rest.txt"], name="paths", **QUICK),
        charlstm.train(text=TEXT, name="text", **QUICK),
        charlstm.train(text=lines, name="texts", **QUICK),
    ]
    assert len({each.checkpoint.corpus.fingerprint for each in made}) == 1
    assert all(same(made[0], other) for other in made[1:])


@pytest.mark.parametrize(("text", "said"), [("", "the text is empty"), ("aa", "the text has one distinct character, 'a'")])
def test_messages_about_a_text_name_no_file(text, said):
    with pytest.raises(CorpusError) as error:
        charlstm.train(text=text)
    assert str(error.value).startswith(said)


def test_a_training_on_a_text_is_resumed_with_the_text(folder):
    charlstm.train(text=TEXT, name="text", **QUICK)
    with pytest.raises(CheckpointError, match="resuming text needs its text: it was given as a string; give the text together"):
        charlstm.train(resume="text", epochs=1)
    assert len(charlstm.train(resume="text", text=TEXT, epochs=0.11).history) > 0


def test_a_folder_for_tensorboard_that_is_a_file_is_refused_before_the_text_is_read(folder):
    (folder / "taken").write_text("")
    with pytest.raises(ConfigError, match=r"tensorboard: .*taken is not a folder\); choose another folder"):
        charlstm.train("nothing.txt", tensorboard=folder / "taken")


def test_every_setting_of_the_command_is_one(run_command):
    from typer.main import get_command

    from charlstm.cli.app import app

    options = {name for option in get_command(app).commands["train"].params for name in option.opts}
    others = {"corpus", "--name", "--preset", "--resume", "--from", "--resume-if-exists", "--text-encoding", "--checkpoints"}
    others |= {
        "--recipe",
        "--validation-file",
        "--on-unknown",
        "--page",
        "--tensorboard",
        "--sweep",
        "--jobs",
        "--show-samples",
        "--json",
        "--cluster",
        "--rank",
        "--help",
    }
    former = {"--weight-average", "--evaluations", "--validation", "--encoding-name", "--encoding", "--or-resume"}
    expected = {name.removeprefix("--").replace("-", "_") for name in options - others - former}
    assert set(TrainingSettings.__annotations__) == expected


@pytest.mark.slow
def test_settings_reach_the_checkpoint():
    made = charlstm.train(
        "tale.txt", **QUICK | {"input_encoding": "embedding", "ema": 0.5, "validation_split": 0.2, "units": [6, 4]}
    )
    config = read_config(made.path)
    assert (config.model.encoding, config.model.units) == ("embedding", (6, 4))
    assert (config.training.weight_average, config.training.validation, config.training.evaluations) == (0.5, 0.2, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lerning_rate": 1}, ConfigError, r"there is no setting 'lerning_rate' \(did you mean learning_rate\?\)"),
        ({"encoding": "scalar"}, ConfigError, "there is no setting 'encoding'"),
        ({"units": 0}, ConfigError, "units: expected a list of 1 to 64 integers from 1 to 1,000,000"),
        ({"validation_split": 1.5}, ConfigError, "validation_split: expected a number from 0 to 0.9; found 1.5"),
        ({"epochs": 1, "minutes": 1}, ConfigError, "after `epochs` or after `minutes`; give one"),
        ({"text": TEXT}, ConfigError, "give `corpus` or `text`, not both"),
        ({"corpus": None}, ConfigError, "there is no text to train on"),
        ({"corpus": "nope.txt"}, CorpusError, "nope.txt does not exist"),
        ({"corpus": None, "text": ""}, CorpusError, "is empty"),
        ({"corpus": None, "text": "lone \ud800"}, CorpusError, "lone surrogate"),
        ({"base": "nope"}, CheckpointError, "checkpoint 'nope' does not exist"),
        ({"resume": "nope"}, CheckpointError, "checkpoint 'nope' does not exist"),
        ({"resume": "nope", "preset": "quick"}, ConfigError, "leave out `base`, `name` and `preset`"),
        ({"page": "nowhere/live.html"}, ConfigError, "page: expected a file in a folder that exists"),
        ({"resume_if_exists": True}, ConfigError, "give `name`, and leave out `resume`"),
    ],
)
def test_invalid_arguments_are_refused_before_tensorflow_starts(folder, arguments, error, message):
    settings = {"corpus": "tale.txt", "progress": False, **arguments}
    with pytest.raises(error, match=message) as caught:
        train(settings.pop("corpus"), **settings)
    assert "--" not in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == ["tale.txt"]


def test_a_recipe_in_python_is_that_of_the_command(run_command, folder):
    made = charlstm.train("tale.txt", name="first", **QUICK)
    (folder / "r.toml").write_text(run_command("inspect", "recipe", "--checkpoint", "first").stdout)
    again = charlstm.train("tale.txt", name="second", recipe="r.toml", progress=False)
    assert same(made, again)
    other = charlstm.train("tale.txt", recipe="r.toml", progress=False, dropout=0.5)
    assert other.config.dropout == 0.5
    with pytest.raises(ConfigError, match="recipe: expected the path of a TOML file; found 1"):
        charlstm.train("tale.txt", recipe=1)


def test_a_validation_text_in_python_is_that_of_the_command(run_command, folder):
    (folder / "held.txt").write_text("The lamp burns at nine; the ferry’s bell rings.\n" * 5)
    settings = {"validation_file": "held.txt", "on_unknown": "replace", **QUICK}
    made = charlstm.train("tale.txt", name="python", **settings)
    options = "--preset quick --units 8 --seq-len 8 --batch-size 4 --epochs 0.2 --num-evaluations 2 --name command"
    held_out = ("--validation-file", "held.txt", "--on-unknown", "replace")
    assert run_command("train", "tale.txt", *options.split(), *held_out).exit_code == 0
    assert same(made, charlstm.load("command"))
    assert made.checkpoint.validation_text == charlstm.load("command").checkpoint.validation_text
    assert (made.checkpoint.validation_text.name, made.checkpoint.held_out) == ("held.txt", 240)
    with pytest.raises(ConfigError, match="validation_file: expected the path of a text file"):
        charlstm.train("tale.txt", validation_file=3)


def test_the_callback_receives_every_event():
    events = []
    charlstm.train("tale.txt", callback=events.append, **QUICK)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Evaluated) for event in events) == 2
    assert sum(isinstance(event, Stepped) for event in events) == events[-1].steps


def test_an_interrupted_training_is_saved_and_resumed():
    looks = count()

    def interrupt(event):
        if isinstance(event, Stepped) and next(looks) == 3:
            raise KeyboardInterrupt

    model = charlstm.train("tale.txt", name="cut", callback=interrupt, **QUICK)
    assert model.history[-1].step == 4
    resumed = charlstm.train(resume="cut", progress=False)
    assert same(resumed, charlstm.train("tale.txt", name="whole", **QUICK))
    again = charlstm.train("tale.txt", name="whole", resume_if_exists=True, progress=False)  # finished: nothing is trained
    assert len(again.history) == 2


def test_a_text_is_fine_tuned_and_progress_is_shown(capfd):
    charlstm.train(text=TEXT, name="base", **QUICK)
    tuned = charlstm.train(text=TEXT.replace("lamp", "quay"), base="base", name="tuned", epochs=0.1)
    assert [base.name for base in tuned.checkpoint.bases] == ["base"]
    shown = capfd.readouterr().err
    assert "held out" in shown
    assert "100%" in shown


def test_errors_of_a_callback_end_the_training():
    def fail(event):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        charlstm.train("tale.txt", callback=fail, **QUICK)


def test_comparison_equals_that_of_the_command(run_command):
    model = charlstm.train("tale.txt", **QUICK)
    told = json.loads(run_command("compare", "--seed", "The ", "--length", "40", "--windows", "3,5", "--json").stdout)
    result = charlstm.compare(model, "The ", length=40, windows=[5, 3])
    found = result.to_dict()
    assert found.keys() == told.keys()
    timed = {"characters_per_second", "milliseconds_to_first_character"}
    for mode in ("stateless", "stateful"):
        ours, theirs = found["modes"][mode], told["modes"][mode]
        assert {key: value for key, value in ours.items() if key not in timed} == {
            key: value for key, value in theirs.items() if key not in timed
        }
    assert found["measured"] == told["measured"]
    assert result.modes.stateful.nats_per_char == model.score(TEXT[-268:]).nats_per_char
    html = result._repr_html_()
    assert "stateless" in html
    assert "bits per character" in html


def test_a_comparison_scores_a_given_text_and_refuses_invalid_arguments():
    model = charlstm.train("tale.txt", **QUICK)
    result = charlstm.compare(model, "The ", text="The lamp burns.", length=10)
    assert result.measured.characters == 15
    wrong = ({"length": -1}, {"sample": 1}, {"windows": [0]}, {"windows": [9_000]})
    for arguments, setting in zip(wrong, ("length", "sample", "windows", "windows"), strict=True):
        with pytest.raises(ConfigError) as error:
            charlstm.compare(model, "The ", **arguments)
        assert error.value.setting == setting
    with pytest.raises(CharlstmError):
        charlstm.compare(model, "12")
