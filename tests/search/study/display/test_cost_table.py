"""What the page shows of each cost."""

from search.study.display.cost_table import Cost, cost_table


def test_what_a_cost_does_not_know_is_a_dash():
    rows = cost_table([Cost("snr", 12.3, 0.0456, 312 * 2**20), Cost("params", None, None, None)]).rows
    assert [row.texts for row in rows] == [("snr", "12 s", "4.6 %", "312 MiB"), ("params", "-", "-", "-")]
