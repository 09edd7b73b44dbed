"""Metrics of text, against the libraries' own published examples and by hand."""

from __future__ import annotations

import pytest
from nltk.translate.nist_score import corpus_nist

from evaluators.metrics.of_text import TEXT_METRICS, find_text_metric, score_texts
from spaces.errors import InputError, UsageError

SACREBLEU = (  # README of sacrebleu 2.6, "Using SacreBLEU from Python" and "Variable Number of References"
    ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."],
    [
        ["The dog bit the man.", "The dog had bit the man."],
        ["It was not unexpected.", "No one was surprised."],
        ["The man bit him first.", "The man had bitten the dog."],
    ],
)
NLTK = (  # the docstring of nltk.translate.nist_score.sentence_nist
    [
        "It is a guide to action which ensures that the military always obeys the commands of the party",
        "It is to insure the troops forever hearing the activity guidebook that party direct",
    ],
    [
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the command of "
        "the Party",
        "It is the practical guide for the army always to heed the directions of the party",
    ],
)


def of(name: str, predictions: list[str], references: list[list[str]]) -> float:
    return score_texts([name], predictions, references)[name]


def test_bleu_and_chrf_of_several_references_are_sacrebleus_published_numbers():
    assert of("bleu", *SACREBLEU) == pytest.approx(48.53, abs=0.005)
    assert of("chrf", *SACREBLEU) == pytest.approx(59.73, abs=0.005)


@pytest.mark.parametrize("first", [["The dog had bit the man."], ["", "The dog had bit the man."]])
def test_where_a_prompt_has_fewer_references_bleu_is_the_published_number_too(first):
    said, known = SACREBLEU
    assert of("bleu", said, [first, *known[1:]]) == pytest.approx(29.44, abs=0.005)


def test_the_order_of_references_does_not_matter():
    said, known = SACREBLEU
    for name in TEXT_METRICS:
        assert of(name, said, [own[::-1] for own in known]) == pytest.approx(of(name, said, known))


def test_nist_in_lower_case_is_nltks_of_the_same_words():
    said, references = NLTK
    words = [[text.lower().split() for text in references]]
    for one in said:
        assert of("nist", [one], [references]) == pytest.approx(corpus_nist(words, [one.lower().split()]))


def test_nist_is_nltks_published_number_where_case_does_not_matter():
    said, references = (NLTK[0], [text.replace("Party", "Xarty") for text in NLTK[1]])
    assert of("nist", [said[0]], [references]) == pytest.approx(3.3709, abs=1e-4)


def test_nist_parts_marks_from_words():
    assert of("nist", ["a b, c."], [["a b , c ."]]) == pytest.approx(of("nist", ["a b , c ."], [["a b, c."]]))


@pytest.mark.parametrize("said", [["", ""], ["a", ""], ["a", "a b"]])
def test_nist_of_short_texts_is_a_number(said):
    assert of("nist", said, [["a b c d e f"], ["a"]]) >= 0


def test_rouge_l_is_that_of_rouge_scores_readme():
    said, reference = "The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog"
    precision, recall = 5 / 8, 5 / 9  # the quick brown jumps the
    f1 = 2 * precision * recall / (precision + recall)
    assert of("rouge_l", [said], [[reference]]) == pytest.approx(100 * f1)
    assert of("rouge_l", [said, said], [["x", reference], ["x"]]) == pytest.approx(50 * f1)


@pytest.mark.parametrize(
    ("said", "reference", "f1"),
    [
        ("Он видел большую собаку.", "он видел Собаку", 2 * 3 / (4 + 3)),
        ("我喜欢红茶", "我不喜欢绿茶。", 2 * 4 / (5 + 6)),
        ("le péché", "le pêché", 2 * 1 / (2 + 2)),
    ],
)
def test_rouge_l_knows_the_words_of_every_script(said, reference, f1):
    assert of("rouge_l", [said], [[reference]]) == pytest.approx(100 * f1)
    assert of("rouge_l", [reference], [[reference]]) == pytest.approx(100)


def test_ter_counts_edits_of_the_nearest_reference():
    assert of("ter", ["a b c d"], [["a b x d"]]) == pytest.approx(100 / 4)
    assert of("ter", ["c d a b"], [["a b c d", "x"]]) == pytest.approx(
        100 / 2.5
    )  # a shift, of 2.5 on average


def test_chrf_of_one_character_is_by_hand():
    assert of("chrf", ["a"], [["a"]]) == pytest.approx(100)
    assert of("chrf", ["ab"], [["cd"]]) == 0


def test_the_number_behind_the_first_marks_is_what_counts():
    said = ["5 - 2 = 3\n#### 3", "####\n#### 1,234.50\nQuestion: 2 + 2?\n#### 4", "3", "#### -7"]
    known = [["he has 3\n#### 3"], ["#### 1234.5"], ["#### 3"], ["#### 7"]]
    assert of("final_number", said, known) == 50


@pytest.mark.parametrize("name", TEXT_METRICS)
def test_perfect_texts_get_the_best_there_is(name):
    known = [["The man had bitten the dog #### 7", "x"], ["No one was surprised at all #### 8"]]
    best, worst = of(name, [own[0] for own in known], known), of(name, ["q w e r t", "z u i o p"], known)
    row = TEXT_METRICS[name]
    assert best > worst if row.direction == "maximize" else best < worst
    if name != "nist":  # for which there is no such number
        assert best == pytest.approx(100 if row.direction == "maximize" else 0)


@pytest.mark.parametrize("name", TEXT_METRICS)
def test_texts_that_say_nothing_get_a_number(name):
    assert of(name, ["", ""], [["a b"], ["c", "d e"]]) >= 0


@pytest.mark.parametrize(("name", "reason"), [("meteor", "WordNet"), ("CIDEr", "Java")])
def test_those_that_are_absent_say_why(name, reason):
    with pytest.raises(UsageError, match=reason):
        find_text_metric(name)


def test_an_unknown_one_is_told_its_nearest():
    with pytest.raises(UsageError, match="did you mean bleu"):
        find_text_metric("blue")


def test_references_without_predictions_are_one_line():
    with pytest.raises(InputError, match=r"there are 1 text for 2 prompts with references"):
        score_texts(["bleu"], ["a"], [["a"], ["b"]])
    with pytest.raises(InputError, match=r"1 of 2 prompts have no reference with a word"):
        score_texts(["bleu"], ["a", "b"], [["a"], [" ", ""]])
    with pytest.raises(InputError, match="0 texts"):
        score_texts(["bleu"], [], [])
