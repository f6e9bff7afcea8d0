"""Tests of the network compile many small graphs."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def compile_quickly(without_graph_optimizer: None) -> None:
    """Compile without the graph optimiser in this folder."""
