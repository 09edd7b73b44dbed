"""A row's part depends on its text alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.split import hash_order, split_by_text, stable_fraction
from spaces.errors import InputError

TEXTS = st.lists(st.text(max_size=6), min_size=2, max_size=40).filter(lambda texts: len(set(texts)) > 1)


@given(st.text())
def test_a_fraction_is_the_same_at_every_call_and_below_one(text: str) -> None:
    assert 0 <= stable_fraction(text) < 1
    assert stable_fraction(text) == stable_fraction(text)


def test_a_fraction_is_blake2b_of_the_text_read_as_a_binary_fraction() -> None:
    digest = hashlib.blake2b("größer".encode(), digest_size=8, salt=b"s").digest()
    bits = "".join(f"{byte:08b}" for byte in digest)[:53]
    assert stable_fraction("größer", salt="s") == sum(
        2.0 ** -(i + 1) for i, bit in enumerate(bits) if bit == "1"
    )


def test_a_text_that_is_not_valid_unicode_has_a_fraction_too() -> None:
    assert 0 <= stable_fraction("\ud800") < 1


def test_fractions_are_uniform_and_independent_between_salts() -> None:
    one = np.array([stable_fraction(f"text {i}") for i in range(4000)])
    two = np.array([stable_fraction(f"text {i}", salt="other") for i in range(4000)])
    counts = np.histogram(one, bins=10, range=(0, 1))[0]
    assert (abs(counts - 400) < 5 * np.sqrt(360)).all()
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(4000)


@given(TEXTS, st.floats(0, 1))
def test_a_split_is_a_partition_with_equal_texts_together_and_no_empty_side(
    texts: list[str], share: float
) -> None:
    rest, part = split_by_text(texts, share=share)
    assert sorted(rest + part) == list(range(len(texts)))
    assert rest
    assert part
    assert not {texts[i] for i in rest} & {texts[i] for i in part}


def test_a_part_has_about_its_share_and_ignores_the_other_rows() -> None:
    texts = [f"text {i}" for i in range(2000)]
    part = {texts[i] for i in split_by_text(texts, share=0.1)[1]}
    assert abs(len(part) - 200) < 5 * np.sqrt(180)
    half = texts[::2]
    assert {half[i] for i in split_by_text(half, share=0.1)[1]} == part & set(half)


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from("ab")), max_size=20), st.randoms())
def test_the_hash_order_does_not_depend_on_the_order_given(
    rows: list[tuple[str, str]], random: np.random.RandomState
) -> None:
    def ordered(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [given[i] for i in hash_order([text for text, _ in given], [label for _, label in given])]

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert ordered(shuffled) == ordered(rows)


def test_rows_of_one_text_cannot_be_split() -> None:
    with pytest.raises(InputError, match=r"3 rows with 1 distinct text cannot be cut.*at least 2 rows"):
        split_by_text(["same"] * 3, share=0.5)
