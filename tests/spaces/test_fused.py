from __future__ import annotations

import pytest
from transformers import FalconConfig, Phi3Config

from spaces.fused import Fused, by_group, one_by_one
from spaces.site import Part


def test_projections_side_by_side_take_their_shares_in_order():
    fused = Fused((4, 1, 1))
    assert [fused.part(i, width=48) for i in range(3)] == [Part(0, 32), Part(32, 40), Part(40, 48)]


def test_projections_that_take_turns_come_again():
    fused = Fused((2, 1, 1), repeats=3)
    assert [fused.part(i, width=24) for i in range(3)] == [Part(0, 4, 8), Part(4, 6, 8), Part(6, 8, 8)]


def test_phi_3_has_keys_and_values_of_fewer_heads():
    assert one_by_one(Phi3Config(num_attention_heads=8, num_key_value_heads=2)) == Fused((8, 2, 2))


@pytest.mark.parametrize(
    ("given", "fused"),
    [
        ({"new_decoder_architecture": True, "num_kv_heads": 2}, Fused((4, 1, 1), 2)),
        ({"new_decoder_architecture": False, "multi_query": True}, Fused((8, 1, 1))),
        ({"new_decoder_architecture": False, "multi_query": False}, Fused((1, 1, 1), 8)),
    ],
)
def test_falcon_groups_its_heads_as_its_configuration_says(given, fused):
    assert by_group(FalconConfig(num_attention_heads=8, **given)) == fused
