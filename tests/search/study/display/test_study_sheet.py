"""The text on stdout: the verdict, a row per proxy, and what they stand on."""

from search.study.display.study_sheet import report_sheet


def test_the_verdict_comes_first_and_proxies_line_up(make_card, make_report):
    report = make_report(make_card("solo", 0.7), make_card("snip", 0.2), make_card("params", None), failed=2)
    assert report_sheet("Use solo.", report).text.splitlines() == [
        "Use solo.",
        "",
        "proxy   Spearman [95 %]       Kendall    of ceiling  p (Holm)",
        "solo    +0.70 [+0.60, +0.80]  +0.49      87 %        <0.001    *",
        "snip    +0.20 [+0.10, +0.30]  +0.14      25 %        0.600",
        "params  undefined             undefined  -           -",
        "",
        "* above 0: after Holm's correction for the number of proxies (p < 0.05), and the",
        "  interval too",
        "2.3M, truth: validation metric, 16 allocations, 3 seeds, 2 left out since a run",
        "  failed; noise ceiling 0.80",
    ]


def test_long_names_fit_a_terminal_and_stay_whole(make_card, make_report):
    name = "ensemble:adam_signal@warm+sensitivity_sum@warm+root:grad_norm"
    report = make_report(make_card(name, 0.7), make_card("snip", None), stratum=f"{name} {name}")
    lines = report_sheet("Use it.", report, [f"note: {'a word ' * 20}"]).text.splitlines()
    assert max(map(len, lines)) <= 80
    table = lines[2 : lines.index("", 2)]
    assert "".join(line[:22].strip() for line in table[1:-1]) == name
    assert any(line.startswith("note: a word") for line in lines)


def test_without_proxies_or_a_ceiling_it_says_so(make_report):
    text = report_sheet("Nothing can be said.", make_report(seeds=1, ceiling=None, reliability=None)).text
    assert "no proxy was scored" in text
    assert text.endswith("noise ceiling undefined")
