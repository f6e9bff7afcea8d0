"""The exact numbers that travel with gradients in bfloat16."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from charlstm.training.distributed.all_reduce import _pieces


@pytest.mark.parametrize("rank", [0, 2])
def test_three_bfloat16_hold_a_float32_exactly(rank):
    values = np.float32([0, 1, -1 / 3, 16_777_215, 3e38, 1e-30, 0.1])
    context = SimpleNamespace(replica_id_in_sync_group=rank, num_replicas_in_sync=3)
    pieces = tf.cast(_pieces(tf.constant(values), context), tf.float32).numpy()
    assert pieces.shape == (3, 3, len(values))
    assert not np.delete(pieces, rank, 0).any()
    np.testing.assert_array_equal(pieces[rank].sum(0), values)


def test_nan_stays_nan():
    context = SimpleNamespace(replica_id_in_sync_group=0, num_replicas_in_sync=1)
    assert np.isnan(tf.reduce_sum(_pieces(tf.constant([np.nan]), context)).numpy().astype(np.float32))
