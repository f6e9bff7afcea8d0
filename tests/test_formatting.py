"""Units in which results are stated."""

import math

import pytest

from charlstm.formatting import about, bits, count_parameters, decimal


@pytest.mark.parametrize("size", [1, 2, 8, 1024])
def test_bits_of_powers_of_two_are_whole(size):
    assert bits(math.log(size)) == pytest.approx(math.log2(size), abs=1e-12)


def test_bits_are_proportional_to_nats():
    assert bits(3.0) == pytest.approx(3 * bits(1.0))
    assert bits(1.0) == pytest.approx(1.4426950408889634)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [({}, 0), ({"a": ()}, 1), ({"a": (7,)}, 7), ({"a": (2, 3), "b": (4,)}, 10), ({"a": (2, 3, 4), "b": (5, 1)}, 29)],
)
def test_parameter_count_sums_shape_products(shapes, expected):
    assert count_parameters(shapes) == expected


@pytest.mark.parametrize(
    ("number", "said"), [(0.0123, "0.012"), (1.0, "1"), (3.21, "3.2"), (9.99, "10"), (10.4, "10"), (1e6, "1,000,000")]
)
def test_about_rounds_to_two_digits_or_whole(number, said):
    assert about(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        *[(0.0, "+0.000"), (-1.2344, "-1.234"), (9_999.0, "+9999.000"), (-9_999.5, "-9999.500")],
        *[(10_000.0, "+1.0e+04"), (-3e38, "-3.0e+38"), (1e20, "+1.0e+20"), (-123_456.0, "-1.2e+05"), (1e300, "+1.0e+300")],
    ],
)
def test_large_decimal_is_in_scientific_notation(number, said):
    assert decimal(number, 3, "+") == said
    assert float(decimal(number, 3)) == pytest.approx(number, rel=0.05, abs=0.001)
