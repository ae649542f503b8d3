"""The course's own reviews are what their card says, and a CSV file of your own is read or refused in plain words."""

import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from tlcourse.assets import data_folder
from tlcourse.datasets import DOMAINS, load_behaviour, load_dataset, load_reviews
from tlcourse.own_data import read_texts

KINDS = {"", "negation", "contrast", "mixed", "irony", "comparison"}


@pytest.fixture(scope="module")
def reviews():
    return load_reviews()


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def test_domains_and_labels_are_balanced_in_every_part(reviews):
    assert len(reviews.texts) >= 720 and set(reviews.groups) == set(DOMAINS)
    for part in ("pool", "development", "reporting"):
        found = reviews.part(part)
        counts = Counter(zip(found.groups, found.labels, strict=True))
        assert len(counts) == 6 and len(set(counts.values())) == 1
    assert sum(map(len, reviews.parts.values())) == len(np.unique(np.concatenate(list(reviews.parts.values()))))


def test_each_review_is_short_and_a_fifth_is_hard(reviews):
    lengths = [len(text.split()) for text in reviews.texts]
    assert min(lengths) >= 8 and max(lengths) <= 60
    assert set(reviews.hard) == KINDS
    assert 0.18 < np.mean(reviews.hard != "") < 0.24


def test_no_two_reviews_are_nearly_the_same(reviews):
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer().fit_transform(reviews.texts)
    similar = (vectors @ vectors.T).toarray()
    np.fill_diagonal(similar, 0)
    assert similar.max() < 0.6
    shared = defaultdict(set)
    for number, text in enumerate(reviews.texts):
        found = words(text)
        for at in range(len(found) - 5):
            shared[tuple(found[at : at + 6])].add(number)
    assert max(map(len, shared.values())) <= 2


def test_the_vocabulary_is_rich(reviews):
    assert len({word for text in reviews.texts for word in words(text)}) >= 4000


def test_counting_words_is_neither_hopeless_nor_enough(reviews):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    counted = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000))
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    assert 0.70 <= cross_val_score(counted, reviews.texts, reviews.labels, cv=folds).mean() <= 0.88


def test_a_quadruple_has_four_sentences_of_equal_length_whose_middle_words_alone_differ():
    quadruples = load_behaviour("quadruples")
    known = set((data_folder() / "weights" / "wordhub" / "assets" / "words.txt").read_text(encoding="utf-8").split())
    for row in zip(*quadruples.values(), strict=True):
        really_good, not_good, really_bad, not_bad = map(words, row)
        assert Counter(really_good) + Counter(not_bad) == Counter(not_good) + Counter(really_bad)
        assert len({sum(word in known for word in words(text)) for text in row}) == 1


@pytest.mark.parametrize("name", ["quadruples", "intensity", "typos", "facts", "swaps"])
def test_each_set_for_behaviour_has_no_gap(name):
    columns = load_behaviour(name)
    assert min(map(len, columns.values())) >= 20
    assert all(text.strip() for column in columns.values() if column.dtype.kind == "U" for text in column)


def test_unknown_sets_are_named():
    with pytest.raises(ValueError, match="Unknown set for behaviour 'typo'.*Known: typos"):
        load_behaviour("typo")


def test_the_reviews_load_by_name():
    assert load_dataset("reviews", "development").test.texts.shape == (96,)


def test_other_columns_and_a_mark_of_byte_order_are_read(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes('\ufeffid,stars,words\n7,1,"Good, really."\n8,0,Bad.\n'.encode())
    texts, labels = read_texts(path, text="words", label="stars")
    assert texts.tolist() == ["Good, really.", "Bad."] and labels.tolist() == [1, 0]
