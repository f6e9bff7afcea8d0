"""The history of a model in Python: a tuple with points and a picture."""

import copy
import pickle

import pytest

from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.points import POINTS, read_points
from charlstm.model import Model
from tests.histories import make_run


@pytest.fixture
def model(tmp_path):
    return Model(make_run(tmp_path / "novel"))


def test_history_is_the_tuple_of_the_evaluations(model):
    evaluations = tuple(read_history(model.path))
    assert isinstance(model.history, tuple)
    assert model.history == evaluations
    assert model.history[-1].nats_per_char == 1.8
    assert len(model.history) == 3


def test_history_has_the_points(model):
    assert model.history.points == read_points(model.path).points
    assert model.history.points[0].step == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda history: pickle.loads(pickle.dumps(history))])
def test_copies_are_equal_and_have_the_points(model, copied):
    twin = copied(model.history)
    assert twin == model.history
    assert twin.points == model.history.points


def test_damaged_points_are_a_warning_and_the_model_loads(model):
    (model.path / POINTS).write_bytes(b"{\n")
    again = Model(model.path)
    assert len(again.history) == 3
    with pytest.warns(UserWarning, match=r"points\.jsonl is damaged"):
        assert again.history.points == ()
    assert "<svg" in again.history._repr_html_()


@pytest.mark.parametrize("dark", [False, True])
def test_notebook_draws_both_curves(model, browse, dark):
    html = f"<!doctype html><body style='background:{'#111' if dark else '#fff'};color:{'#eee' if dark else '#111'}'>"
    script = "return [document.querySelectorAll('.charlstm-curves g path').length,"
    script += " document.querySelector('.charlstm-curves svg').getBoundingClientRect().height > 100, document.body.innerText]"
    paths, tall, text = browse(html + model.history._repr_html_(), script, dark=dark)
    assert (paths, tall) == (3, True)  # training, held out and its dots
    assert "It was still improving" in text
    assert "held out" in text
