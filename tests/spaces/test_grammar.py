from __future__ import annotations

import pytest

from spaces import Term, UsageError, parse_space

LORA = Term("lora", ("q", "v"))
RESIDUAL = Term("residual", ("res1", "res2"))
CROSS = Term("cross", ("in", "cut"))
SHORTCUT = (Term("residual", None), Term("cross", None))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("lora", (LORA,)),
        ("lora+shortcut", (LORA, *SHORTCUT)),
        ("shortcut", SHORTCUT),
        ("residual + cross", (RESIDUAL, CROSS)),
        ("lora[q,k,v,o,fc1,fc2]", (Term("lora", ("q", "k", "v", "o", "fc1", "fc2")),)),
        ("lora[all]", (Term("lora", None),)),
        ("residual[res2]", (Term("residual", ("res2",)),)),
        ("residual[all]", (Term("residual", None),)),
        ("cross[in,cut;span=1..3]", (Term("cross", ("in", "cut"), (1, 2, 3)),)),
        ("cross[all;span=2]", (Term("cross", None, (2,)),)),
        (" lora [ q , v ] ", (LORA,)),
    ],
)
def test_reads_the_language_of_spaces(text: str, terms: tuple[Term, ...]) -> None:
    assert parse_space(text) == terms


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not lora, residual, cross or shortcut"),
        ("adapter", "'adapter' is not lora"),
        ("lora+", "'' is not lora"),
        ("lora[q", r"'lora\[q' is not lora"),
        ("LoRA", "'LoRA' is not lora"),
        ("shortcut[in]", "shortcut takes no roles"),
        ("shortcut[]", "shortcut takes no roles"),
        ("lora[q;span=2]", "'span=2' belongs to cross, not to lora"),
        ("lora[q,,v]", r"a role is empty in \[q,,v\]"),
        ("lora[]", r"a role is empty in \[\]"),
        ("cross[]", r"a role is empty in \[\]"),
        ("residual[res3]", r"\['res3'\] are not roles of residual, which has \['res1', 'res2'\]"),
        ("cross[res1]", r"\['res1'\] are not roles of cross, which has \['in', 'cut'\]"),
        ("residual[res1;span=2]", "'span=2' is not an option of residual"),
        ("cross[in;reach=2]", "'reach=2' is not an option of cross"),
        ("cross[in;span=x]", "'span=x' is not an option of cross"),
        ("cross[in;span=0]", r"span=0\.\.0 must ascend from at least 1"),
        ("cross[in;span=3..2]", r"span=3\.\.2 must ascend from at least 1"),
    ],
)
def test_anything_else_says_what_was_given_and_what_to_write(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"^`space=.*{message}.*; write for example lora\+shortcut, "):
        parse_space(text)


@pytest.mark.parametrize("span", ["1..1001", "1001", "1..99999999999", "99999999999..1", "9" * 3000])
def test_a_span_beyond_any_model_is_refused_before_it_is_laid_out(span):
    with pytest.raises(UsageError, match="goes beyond 1000, deeper than models are"):
        parse_space(f"cross[cut;span={span}]")
    assert parse_space("cross[cut;span=1..1000]")[0].spans[-1] == 1000
