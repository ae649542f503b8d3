# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Sentiment
#     question: What do twenty labelled reviews buy?
#     needs:
#       quick: [minilm, minilm-config, minilm-tokenizer]
#       development: [minilm, minilm-config, minilm-tokenizer]
#       full: [minilm, minilm-config, minilm-tokenizer, rt-polarity]
#     seconds: {quick: 330, full: 1200}
# ---

# %% [markdown]
# # 05 · Sentiment: from a bag of words to a transformer
#
# A shop has thousands of reviews and somebody has read twenty of them. Which of the rest are complaints? You will
# answer it in three ways: by counting words, by static word vectors, and by a transformer that has read a billion pairs
# of sentences. Then you will fine-tune the transformer in three ways, and look where all of this may break: at a "not",
# on a test that was trained on, and in another shop.
#
# **After this lesson you can**
#
# 1. turn sentences into vectors by hand: tokens, states, a mean over tokens;
# 2. put a classifier on them with a handful of labels, and say what it is worth beside a bag of words;
# 3. fine-tune a transformer in Keras: its top layers, all of it, or with LoRA;
# 4. test what a classifier of texts does with a negation, a typo, a name;
# 5. do it with a CSV file of your own.
#
# An hour and a half, and half an hour for the exercises. Lessons 01 and 02 come first.

# %% tags=["parameters"]
LESSON = "05"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import plot_network, style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %%
import csv
import tempfile
import time
from pathlib import Path

import keras
import keras_hub
import numpy as np
from keras import layers, ops
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer

keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## Data
#
# The reviews are our own. A language model wrote them for this course, one by one, about films, restaurants and
# gadgets. So nobody's words are taken, and the price is: nobody ate, watched or bought anything. Whether a result holds
# for people's words, the *full* version says, with sentences from real film reviews.

# %%
from tlcourse.datasets import load_dataset

reviews = load_dataset("reviews", lesson.part)
pool, test = reviews.pool, reviews.test
print(len(pool.texts), "to draw labels from,", len(test.texts), "to test on")
for domain in np.unique(pool.groups):
    for row in np.flatnonzero(pool.groups == domain)[:2]:
        print(f"\n{domain}, {reviews.class_names[pool.labels[row]]}: {pool.texts[row]}")

for kind in ("negation", "irony"):
    row = np.flatnonzero(pool.hard == kind)[0]
    print(f"\n{kind}, {reviews.class_names[pool.labels[row]]}: {pool.texts[row]}")

# %% [markdown]
# Half of them are positive. One in five is **hard**, like the last two, and was marked so when it was written: it
# negates, compares, mixes, or says the opposite of what it means.

# %% [markdown]
# ## Idea
#
# A classifier wants numbers. Three ways from a text to a vector:
#
# | way | vector | what is borrowed |
# |---|---|---|
# | bag of words | how often each word occurs, rare words weighted up (TF-IDF) | nothing |
# | static vectors | the mean of one vector for each word | what words mean, one by one |
# | transformer | the mean of one vector for each token, computed *from the whole sentence* | what words mean together |
#
# For the last two, with $h_t$ the vector of token $t$ of $T$,
#
# $$ v = \frac{1}{T} \sum_{t=1}^{T} h_t, $$
#
# and on top a new last layer, as in lesson 01.
#
# What a transformer does in between: each token starts with a vector of its own, and one for its position. Then come
# layers, each of two steps. In the first, **attention**, every token asks the others: from its vector a matrix makes a
# *query*, from theirs two more make *keys* and *values*, and the token gets a weighted mean of the values, with large
# weights where the key fits the query. In the second, a small dense network works on each token alone. So *good* gets
# one vector after *not* and another after *really*. **BERT** is a transformer that learnt this by guessing hidden
# words. Ours is **MiniLM**, a small BERT: six layers, 22 million weights, then trained to give sentences that belong
# together (a question and its answer, a title and its text) similar vectors.

# %% [markdown]
# ## By hand
#
# ### Count words
#
# Twenty labelled reviews, ten of each. A vector of word weights, and a logistic regression on it. (A larger `C` lets it
# fit the labels more closely; its value was chosen on the development part, here and below.)

# %%
from tlcourse.evaluation import draw_labels

few = draw_labels(pool.labels, 10, draws=1, seed=SEED)[0]
bag = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
bag.fit(pool.texts[few], pool.labels[few])
print(f"{len(bag[0].vocabulary_)} words known, right: {bag.score(test.texts, test.labels):.1%}")
first = test.texts[0]
print(
    first,
    "\nOf this it knows:",
    *[w for w in bag[0].build_analyzer()(first) if w in bag[0].vocabulary_],
)

# %% [markdown]
# One half would be guessing. It knows only the words of twenty reviews. What it knows of a new one is mostly words that
# say nothing: *the*, *is*, *and*.
#
# ### Read with a transformer
#
# A **tokenizer** cuts a text into pieces that the network has a number for. A word that it does not know is cut into
# smaller pieces, so that hardly any English text is unknown to it. `folder` holds three files as their authors publish them on
# Hugging Face (`sentence-transformers/all-MiniLM-L6-v2`): the weights, `config.json` and `tokenizer.json`.

# %%
from tlcourse.assets import fetch

folder = fetch("minilm").path.parent
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.enable_padding()  # to the longest of a batch
tokenizer.enable_truncation(256)  # what MiniLM was trained on
for encoded in tokenizer.encode_batch(["The soup was cold.", "The bouillabaisse was cold."]):
    print(encoded.tokens, encoded.ids[:4], "…")

# %% [markdown]
# `[CLS]` and `[SEP]` mark begin and end, `[PAD]` fills the shorter sentence up, `##` continues a word. Now the network:
# a vector of 384 numbers for each token, and their mean, *without the padding*.

# %%
backbone = keras_hub.models.BertBackbone.from_preset(str(folder))


def inputs_of(texts):
    encoded = tokenizer.encode_batch(list(texts))
    ids = np.array([each.ids for each in encoded])
    mask = np.array([each.attention_mask for each in encoded])  # 1 for a token, 0 for padding
    return {"token_ids": ids, "padding_mask": mask, "segment_ids": np.zeros_like(ids)}


# %%
def embed(texts):
    inputs = inputs_of(texts)
    states = backbone.predict(inputs, verbose=0)["sequence_output"]  # (texts, tokens, 384)
    real = inputs["padding_mask"][..., None]
    mean = (states * real).sum(axis=1) / real.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


four = ["The soup was cold.", "My starter arrived chilled.", "The soup was hot.", "Nice phone."]
vectors = embed(four)
for text, similarity in zip(four, vectors @ vectors[0]):
    print(f"{similarity:.2f}  {text}")

# %% [markdown]
# The vectors have length 1, so their product is the cosine between them. Read the middle two lines: the opposite is
# nearer than the same complaint in other words. The network was trained to find what a sentence is *about*, and cold
# soup and hot soup are both about soup. Keep that in mind.
#
# A classifier on these vectors, with the same twenty labels:

# %%
few_vectors, test_vectors = embed(pool.texts[few]), embed(test.texts)
head = LogisticRegression(C=1, max_iter=1000).fit(few_vectors, pool.labels[few])
print(f"right: {head.score(test_vectors, test.labels):.1%}")
for text in ("Everything I hoped for.", "Back in the box it goes."):
    p = head.predict_proba(embed([text]))[0, 1]
    print(f"{p:.2f} positive: {text}")

# %% [markdown]
# This is **one** draw of twenty labels, and a difference of one point is two or three test reviews. Other labels give
# other numbers; the section after next takes forty draws. Nor should a wrong answer to one of the two sentences
# surprise: both probabilities are near one half, so it is unsure.
#
# ### Look at the mistakes
#
# The reviews that it got most wrong:

# %%
p = head.predict_proba(test_vectors)[:, 1]
surprise = np.abs(p - test.labels)
for row in np.argsort(-surprise)[:4]:
    kind = test.hard[row] or "not marked as hard"
    print(
        f"{p[row]:.2f} positive, in truth {reviews.class_names[test.labels[row]]} ({kind}): {test.texts[row]}\n"
    )

# %% [markdown]
# Even there it is near one half: with twenty labels, and a penalty that was chosen for so few, it is unsure of
# everything.
#
# From here on, `load_encoder` gives the network with its tokenizer, and `encode` does our lines: it sorts the texts by
# length first, so that short ones are not padded to the longest, and keeps the result in a file. Our padding changed
# nothing but the time:

# %%
from tlcourse.text import encode, load_encoder

minilm = load_encoder("minilm")
pool_vectors = {"MiniLM": encode(minilm, pool.texts)}
tested = {"MiniLM": encode(minilm, test.texts)}
apart = float(np.abs(tested["MiniLM"] - test_vectors).max())
lesson.claim(
    "helpers-do-the-same",
    "The helper gives the vectors that were computed by hand.",
    holds=apart < 0.01 * test_vectors.std(),
    observed={"largest difference": apart, "spread of the vectors": float(test_vectors.std())},
)

# %% [markdown]
# The static vectors come as a **TensorFlow Hub module**: a saved TensorFlow program with its weights, which `HubLayer`
# of this course turns into a layer of Keras. It knows one vector for each of its words, however they are combined, and
# they were made from MiniLM's, so the two are relatives. (With another backend than TensorFlow there is no such layer,
# and the lesson goes on without it.)

# %%
if keras.config.backend() == "tensorflow":
    wordhub = load_encoder("wordhub")
    pool_vectors["static vectors"] = encode(wordhub, pool.texts)
    tested["static vectors"] = encode(wordhub, test.texts)
    print(wordhub.card, wordhub.width, "numbers for a text.")
else:
    print(f"No Hub module: the backend is {keras.config.backend()}, and a module is TensorFlow's.")

# %% [markdown]
# ## What is it worth?
#
# **Write down your guess.** You saw one draw of twenty labels for two of the three ways. Over forty draws, how many per
# cent are right for each? And with four hundred labels: is the transformer still ahead of counting words?
#
# Each way gets the same draws of labels. On vectors we put the course's probe (ridge, its penalty chosen inside the
# labels); the bag of words has its logistic regression. In the full version the same is done with film reviews that
# people wrote.

# %%
from tlcourse.evaluation import accuracy_table, label_efficiency
from tlcourse.plotting import plot_curves
from tlcourse.rivals import probe_on


def count_words(known, asked):
    def predict(rows):
        words = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
        return words.fit(known.texts[rows], known.labels[rows]).predict(asked.texts)

    return predict


# %%
encoders = {"MiniLM": minilm}
if keras.config.backend() == "tensorflow":
    encoders["static vectors"] = wordhub


def ways_on(data):
    """For each way, a function from labelled rows of the pool to answers on the test part."""
    known, asked = data.pool, data.test
    ways = {"bag of words": count_words(known, asked)}
    for name, encoder in encoders.items():
        vectors = [encode(encoder, part.texts) for part in (known, asked)]
        ways[name] = probe_on(*vectors, known.labels)
    return ways


names = lesson.pick(quick=["reviews"], full=["reviews", "rt-polarity"])
data = {name: load_dataset(name, lesson.part) for name in names}

# %%
curves, tables = {}, {}
setting = dict(budgets=(5, 10, 25, 100), draws=40, seed=SEED)  # labels of each class
for name, each in data.items():
    labels, truth = each.pool.labels, each.test.labels
    curves[name] = []
    for way, answer in ways_on(each).items():
        curve = label_efficiency(way, answer, labels, truth, **setting)
        row = {f"{2 * k} labels": curve.at(k) for k in curve.budgets}
        row["all labels"] = np.mean(answer(np.arange(len(labels))) == truth)
        tables[f"{name}: {way}"] = row
        curves[name].append(curve)
    ax = plot_curves(curves[name])
    ax.set(title=name, xlabel="labels")
    ax.set_xticks(curve.budgets, [2 * k for k in curve.budgets])

# %%
accuracy_table(tables)

# %% [markdown]
# A column is a number of labels, half of them of each class; ± is the 95 % interval of the mean over forty draws, and
# so are the bands in the figure: they speak of other labels, not of other reviews. The last column is one training with
# all labels of the pool, so it has no interval.
#
# *Where labels are few, borrowing pays*: MiniLM is ahead, and its lead is worth several times the labels. *Where they
# are many, counting catches up.* In our small corpus, the plain bag of words with all labels is about as good as the
# transformer, frozen. (Published for rt-polarity, with nine tenths of its sentences as labels: 79.4 % for counts of
# words and pairs, Wang & Manning 2012; 81.5 % for a convolutional network on word vectors that had read a hundred
# billion words of news, Kim 2014.) Our own runs, with `tests/benchmarks/polarity.py`: 78.1 % for words and pairs and
# 76.9 % for frozen MiniLM, in ten folds; about 83 % for MiniLM fine-tuned on six thousand sentences.

# %%
from tlcourse.evaluation import crossed_interval

lead = {}
for name, (bag_curve, minilm_curve, *static) in curves.items():
    for k in (10, 100):
        lead[f"{name}, {2 * k}"] = crossed_interval(minilm_curve.at(k), bag_curve.at(k))
        for curve in static:
            over = crossed_interval(minilm_curve.at(k), curve.at(k))
            lead[f"{name}, {2 * k}, over static vectors"] = over
at_twenty = {name: interval for name, interval in lead.items() if name.endswith(" 20")}
lesson.claim(
    "sentence-vectors-win-at-twenty",
    "With twenty labels, vectors of the transformer beat the bag of words.",
    holds=all(interval.low > 0 for interval in at_twenty.values()),
    observed=at_twenty,
)
lesson.finding("lead", "MiniLM over the bag of words, by labels", lead)

# %% [markdown]
# These intervals cross draws and reviews (`crossed_interval`): they speak of other labels *and* of other reviews of
# this kind. Read the lead over the static vectors, too. On our reviews, most of what twenty labels gain over counting
# comes with word vectors that a phone could hold, and the transformer adds a little. The *full* version says that this
# is our corpus: on `rt-polarity` static vectors are hardly better than counting, and the lead is the transformer's.
# There the bag of words needs all six thousand labels of the pool to catch up.
#
# ### Fine-tune it
#
# So far the transformer was frozen. Now let `fit` change it. First the model in the open: our mean over tokens as
# layers, and a head that starts with the weights of the logistic regression (head first, as in lesson 02).


# %%
def classifier_on(backbone, head):
    """The network, a mean over its real tokens, and a head that begins as the fitted one."""
    mask = ops.cast(ops.expand_dims(backbone.input["padding_mask"], -1), "float32")
    mean = ops.sum(backbone.output["sequence_output"] * mask, axis=1) / ops.sum(mask, axis=1)
    last = layers.Dense(1, name="head")
    model = keras.Model(backbone.input, last(layers.UnitNormalization()(mean)))
    last.set_weights([head.coef_.T, head.intercept_])
    return model


# %%
network = keras_hub.models.BertBackbone.from_preset(str(folder))  # `embed` keeps the other one
model = classifier_on(network, head)
six = [layer.name for layer in network.transformer_layers]


def train_only(model, names):
    """Freeze all layers but these, and count what `fit` will change."""
    for layer in model.layers:
        layer.trainable = layer.name in names
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


print(f"all layers: {train_only(model, [layer.name for layer in model.layers]):,} numbers")
print(f"the top two layers and the head: {train_only(model, [*six[-2:], 'head']):,}")
print(f"the head: {train_only(model, ['head']):,}")
_ = plot_network(model, borrowed=network, ends=["embeddings_dropout", *six, "unit_normalization"])

# %% [markdown]
# Not drawn is the mean over tokens, which has nothing to learn. The first box is all of the embeddings, half of the
# network's numbers.
#
# **LoRA** (Hu et al. 2022) freezes every matrix $W$ and learns a small change beside it, a product of two thin
# matrices:
#
# $$ W' = W + A B, \qquad A: d \times r, \quad B: r \times d', \quad B = 0 \text{ at first.} $$
#
# Rank $r = 4$, on the matrices of queries and values alone. In KerasHub it is one line, `enable_lora`, which freezes
# all the rest of the network but the biases of these layers. (Keras keeps the twelve heads of attention apart, each
# with 32 numbers: its $A$ has $384 \times 12 \times 4$ numbers, its $B$ has $4 \times 32$, more than the formula
# needs.)

# %%
network.enable_lora(4)  # the head still trains, as set above
changed = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
print(f"{changed:,} of {model.count_params():,} numbers will be trained")

# %%
model.compile(keras.optimizers.Adam(3e-3), keras.losses.BinaryCrossentropy(from_logits=True))
targets = pool.labels[few].astype("float32")
history = model.fit(inputs_of(pool.texts[few]), targets, batch_size=4, epochs=5, verbose=0)
print("loss:", *[f"{loss:.2f}" for loss in history.history["loss"]])
z = model.predict(inputs_of(test.texts), verbose=0)[:, 0]
print(f"right: {np.mean((z > 0) == test.labels):.1%}")
print(f"frozen: {head.score(test_vectors, test.labels):.1%}")

# %% [markdown]
# That was a first try, with a rate that nobody chose. From here on `SentenceTuner` does this for each of three ways:
# the **top** two layers and the head; **all** layers; or LoRA. The head comes first, as here (a logistic regression,
# whose weights fit into a `Dense` layer; the curves above have the course's ridge). Its batches are of eight texts
# about equally long, and its rate falls to zero; rates and epochs were chosen on the development part, for each way its
# own. A transformer takes its time to compile, so each way is compiled once, and every `fit` starts from the old
# weights.
#
# **Write down your guess:** which way wins with twenty labels, which with two hundred?

# %%
from tlcourse.evaluation import clustered_mean  # a mean over texts, with its 95 % interval
from tlcourse.text import SentenceTuner, trainable_count

RATES = {"top": 1e-3, "all": 2e-4, "lora": 1e-2}
tuners = {how: SentenceTuner(load_encoder("minilm"), how) for how in RATES}


def compare(how, known, asked, rows, epochs):
    """Share right of frozen and of fine-tuned, the gain, and the seconds of one fine-tuning."""
    labels = known.labels[rows]
    first = LogisticRegression(C=1, max_iter=1000).fit(encode(minilm, known.texts)[rows], labels)
    start = time.perf_counter()
    tuners[how].fit(known.texts[rows], labels, first, epochs=epochs, rate=RATES[how], seed=SEED)
    seconds = time.perf_counter() - start
    tuned = (tuners[how].log_odds(asked.texts) > 0) == asked.labels
    frozen = first.predict(encode(minilm, asked.texts)) == asked.labels
    return (
        frozen.mean(),
        tuned.mean(),
        clustered_mean(tuned.astype(float) - frozen),
        seconds,
    )


# %%
from tlcourse.evaluation import Table

budgets = [("reviews", 10, 5), ("reviews", 100, 2)]  # labels of each class, epochs
if lesson.profile == "full":
    budgets = [("rt-polarity", 10, 5), ("rt-polarity", 100, 2), *budgets]
    budgets.append(("reviews", len(pool.labels) // 2, 2))
lines, gains = [], {}
for name, k, epochs in budgets:
    known, asked = data[name].pool, data[name].test
    some = draw_labels(known.labels, k, draws=1, seed=SEED)[0]
    for how, tuner in tuners.items():
        frozen, tuned, gain, seconds = compare(how, known, asked, some, epochs)
        gains[f"{name}, {2 * k} labels, {how}"] = gain
        numbers = f"{trainable_count(tuner.model):,}"
        points = f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
        shares = (f"{frozen:.1%}", f"{tuned:.1%}", points)
        lines.append([f"{name}, {2 * k}", how, numbers, f"{seconds:.0f}", *shares])
columns = ["labels", "trained", "numbers", "seconds", "frozen", "fine-tuned", "gain, points"]
Table(columns, lines, "One draw of labels; the interval is over test texts.")

# %%
lesson.finding("fine-tuning", "Share right, fine-tuned less frozen", gains)

# %% [markdown]
# Fine-tuning is slow on two cores, so this is **one draw** of labels: the intervals speak of other test reviews, not of
# other labels. (The first row of each way includes the seconds of compiling it.) Your guesses: with twenty labels the
# order can't be told. With two hundred, we ran five seeds (`tlcourse run 05 --seeds 5` does): LoRA ended ahead of the
# frozen vectors in each; *top* and *all* were ahead in some and behind in others. With all labels, in the *full*
# version, each of the three gains, and leaves the bag of words behind. So "counting catches up" is true of frozen
# vectors. On `rt-polarity`, *all* and LoRA were ahead with two hundred labels in both draws that we ran; with twenty,
# one draw gained and the other lost. Try more than one way, on labels of your own that you don't test on.
#
# LoRA trains a hundredth of the numbers, and is not a hundred times faster: the seconds go into reading. The whole
# network runs forwards, and backwards down to the lowest layer that changes. And do not compare its rate with that of
# lesson 02: a product of two small matrices needs larger steps.
#
# ### Without any label
#
# Can the transformer sort reviews with no label at all? This is called **zero-shot**. Describe both classes in words,
# and ask which description is nearer. Five pairs of descriptions, fixed before anything was measured:

# %%
PROMPTS = [
    ("This is a positive review.", "This is a negative review."),
    ("It was good.", "It was bad."),
    ("I loved it.", "I hated it."),
    ("I recommend it.", "I do not recommend it."),
    ("It was great.", "It was terrible."),
]
shown = {}
for name, each in data.items():
    asked = encode(minilm, each.test.texts)
    guesses = []
    for good, bad in PROMPTS:
        toward = encode(minilm, [good, bad])
        guesses.append((asked @ (toward[0] - toward[1]) > 0) == each.test.labels)
        print(f"{name}: {np.mean(guesses[-1]):.1%} with “{good}”")
    shown[name] = clustered_mean(np.mean(guesses, axis=0))

# %%
lesson.claim(
    "zero-shot-beats-chance",
    "Without any label, nearness to a description sorts reviews better than chance, on the mean of five prompts.",
    holds=all(share.low > 0.5 for share in shown.values()),
    observed=shown,
)

# %% [markdown]
# And the prompts differ by many points. Whoever tries fifty and reports the best has chosen on the test set. How many
# labels is no label worth? Compare with the curve of frozen MiniLM (and read the answer with the interval above: it is
# the right order of magnitude, no more):

# %%
for name, (_, minilm_curve, *_) in curves.items():
    better = [2 * k for k in minilm_curve.budgets if minilm_curve.at(k).mean() > shown[name].value]
    print(
        f"{name}: frozen MiniLM is better from {min(better, default='more than 200')} labels on, on average"
    )

# %% [markdown]
# ### What does MiniLM find similar?
#
# For each negative review, take the most similar other review. Is it negative, too? Is it about the same thing?

# %%
looked_at = np.concatenate([reviews.rows("pool"), reviews.rows(lesson.part)])
words, opinions, about = (
    each[looked_at] for each in (reviews.texts, reviews.labels, reviews.groups)
)
everything = encode(minilm, words)
similar = everything @ everything.T
np.fill_diagonal(similar, -1)
nearest = similar.argmax(axis=1)
negative = np.flatnonzero(opinions == 0)
row = negative[SEED % len(negative)]
print(f"{words[row]}\nnearest, {reviews.class_names[opinions[nearest[row]]]}:")
print(words[nearest[row]])

# %%
same_label = opinions[nearest[negative]] == 0
same_domain = about[nearest[negative]] == about[negative]
lesson.finding(
    "neighbours",
    "Nearest review of a negative one: share that is negative, share of the same domain",
    {
        "negative": clustered_mean(same_label.astype(float)),
        "same domain": clustered_mean(same_domain.astype(float)),
    },
)

# %% [markdown]
# Nearly always about the same thing, and only somewhat more often of the same opinion. A network trained for similarity
# knows *what* a sentence is about. The opinion is in the vector as well, for the classifier finds it; but it is not
# what makes two vectors near. What a network was trained for decides what is easy to read from it; lesson 06 asks how
# one can know before.
#
# ## Where it breaks
#
# ### 1 · Not
#
# Train on *all* labels of the pool. (From here to the next section the bag of words counts, without TF-IDF's weights:
# an argument below needs that.) **Write down your guess:** of the hard reviews, how many are right, and how many of the
# others?

# %%
from sklearn.feature_extraction.text import CountVectorizer
from tlcourse.features import fit_probe

counted = make_pipeline(CountVectorizer(), LogisticRegression(C=1, max_iter=1000))
counted.fit(pool.texts, pool.labels)
weighted = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
weighted.fit(pool.texts, pool.labels)
scorers = {"bag of words": counted.decision_function}  # texts to scores, above 0 for positive
for name, encoder in encoders.items():
    probe = fit_probe(pool_vectors[name], pool.labels)
    # `p=probe, e=encoder`: each function keeps its own.
    scorers[name] = lambda texts, p=probe, e=encoder: p.scores(encode(e, texts))[:, 1]

# %%
hard = test.hard != ""
by_kind = {}
for name, score in (*scorers.items(), ("TF-IDF", weighted.decision_function)):
    good = ((score(test.texts) > 0) == test.labels).astype(float)
    by_kind[name] = {"hard": clustered_mean(good[hard]), "others": clustered_mean(good[~hard])}
rows = [[name, str(share["hard"]), str(share["others"])] for name, share in by_kind.items()]
Table(["", "hard reviews", "others"], rows, "Share right with all labels of the pool.")

# %%
lesson.finding("hard-reviews", "Share right, MiniLM with all labels", by_kind["MiniLM"])

# %% [markdown]
# One half would be guessing, and on the hard ones none is shown to do better. The interval of MiniLM, the best on the
# others, lies below one half: a review that negates, compares or mocks often has the words of the *opposite* opinion.
# Whether MiniLM is worse there than counting, so few hard reviews can't decide. But a share of right answers over all
# reviews, and a tie of two models in it, hides such things; ask for the parts.
#
# Look at one kind under a microscope: four sentences with the same words but two, *really good*, *not good*, *really
# bad*, *not bad*. A reader ranks "really good" above "not good", and "not bad" above "really bad". There are forty such
# quadruples.
#
# With a mean of static vectors, the scores of the first pair differ by what *really* weighs more than *not*, and those
# of the second pair by *exactly the opposite*. So it ranks one of the two right and the other wrong, always.
# The same holds for a bag of words that only counts. As a control: the same words in random order.

# %%
from tlcourse.datasets import load_behaviour

quadruples = load_behaviour("quadruples")
rng = np.random.default_rng(SEED)


def ranked_right(score, change=lambda text: text):
    """For each quadruple the share of its two pairs that is ranked right."""
    z = {kind: score([change(text) for text in texts]) for kind, texts in quadruples.items()}
    good = z["really_good"] > z["not_good"]
    return (good + (z["not_bad"] > z["really_bad"]).astype(float)) / 2


def shuffle(text):
    return " ".join(rng.permutation(text.rstrip(".").split()))


# %%
right = {name: ranked_right(score) for name, score in scorers.items()}
shuffled = {
    name: np.mean([ranked_right(score, shuffle) for _ in range(5)], axis=0)
    for name, score in scorers.items()
}
for name, share in right.items():
    print(f"{name}: {share.mean():.3f}, words shuffled {shuffled[name].mean():.3f}")
for kind, texts in quadruples.items():
    print(f"mean score {scorers['MiniLM'](texts).mean():+.2f}: {kind}, such as “{texts[0]}”")
for better, worse in (("really_good", "not_good"), ("not_bad", "really_bad")):
    share = np.mean(scorers["MiniLM"](quadruples[better]) > scorers["MiniLM"](quadruples[worse]))
    print(f"MiniLM, {better} above {worse}: {share:.1%}")

# %%
transformer = clustered_mean(right["MiniLM"])
lesson.claim(
    "negation",
    "The transformer ranks more than half of the pairs right; a mean over words ranks exactly half.",
    holds=transformer.low > 0.5
    and all((share == 0.5).all() for name, share in right.items() if name != "MiniLM"),
    observed={"MiniLM": transformer, "words shuffled": clustered_mean(shuffled["MiniLM"])},
)

# %% [markdown]
# Shuffled, it is right less often, but still more often than half: part of what it knows is which words stand together,
# and part is their order. And read the means and the last two lines. Whatever has a *not* or a *bad* in it scores low.
# That is enough to put "really good" above "not good" each time, and not enough for "not bad", which lies below "not
# good". Has fine-tuning changed that?

# %%
after = {}
for how, tuner in tuners.items():
    pairs, control = ranked_right(tuner.log_odds), ranked_right(tuner.log_odds, shuffle)
    after[how] = clustered_mean(pairs - right["MiniLM"])
    good = ((tuner.log_odds(test.texts) > 0) == test.labels).astype(float)
    z = {kind: tuner.log_odds(texts) for kind, texts in quadruples.items()}
    print(f"fine-tuned, {how}: pairs {pairs.mean():.3f}, shuffled {control.mean():.3f}")
    print(f"  not_bad above really_bad {np.mean(z['not_bad'] > z['really_bad']):.3f}", end=", ")
    print(f"above not_good {np.mean(z['not_bad'] > z['not_good']):.3f}")
    print(f"  hard reviews {clustered_mean(good[hard])}, others {clustered_mean(good[~hard])}")

# %%
lesson.finding("fine-tuned-negation", "Pairs ranked right, fine-tuned less frozen", after)

# %% [markdown]
# An interval above zero says that after `fit` more pairs are right than with the frozen vectors, though nobody
# explained a *not*. (These networks had the last labels of the table above, the frozen one all labels of the pool and a
# ridge; so it is not for want of labels that the frozen one is behind.) Have they understood? The control has risen as
# well: a good part of what was learnt is which words stand together, in whatever order. And a pair that we did not make
# our test says no: "not bad" is better than "not good", and these networks say so about half of the time, or seldom.
# Read the hard reviews beside their intervals: no gain can be shown there. A test of behaviour that is passed says that
# *this* behaviour was learnt. Irony, comparison, mixed feelings, and the next pair are other ones.
#
# ### 2 · A benchmark that was trained on
#
# The sentences of the data set `rt-polarity` are also those of SST, and so of the famous benchmark SST-2. A model that
# was tuned on one may not be tested on the other, and yet one finds it done. What can that do to a number? Put half of
# the *test* reviews among the labels, and look at both halves.

# %%
half = np.arange(len(test.labels)) % 2 == 0
seen_too = np.concatenate([pool.labels, test.labels[half]])
leaks = {}
for name in scorers:
    if name == "bag of words":
        model_too = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
        model_too.fit(np.concatenate([pool.texts, test.texts[half]]), seen_too)
        good = model_too.predict(test.texts) == test.labels
    else:
        model_too = fit_probe(np.concatenate([pool_vectors[name], tested[name][half]]), seen_too)
        good = model_too.predict(tested[name]) == test.labels
    leaks[name] = (clustered_mean(good[half] * 1.0), clustered_mean(good[~half] * 1.0))
    print(f"{name}: seen in training {leaks[name][0]}, not seen {leaks[name][1]}")

# %%
lesson.finding(
    "contaminated",
    "Bag of words, share right on seen and on unseen test reviews",
    {"seen": leaks["bag of words"][0], "unseen": leaks["bag of words"][1]},
)

# %% [markdown]
# Nothing in the first number of the bag says how far it is from the second. A bag has a weight for every rare word and
# a weak penalty, and remembers all. For the heads on MiniLM and on the static vectors the two halves differ by no more
# than their intervals. They have fewer numbers *and* a penalty that was chosen; this page does not say which of the two
# makes the difference.
#
# Before you believe a score of a borrowed model, ask what it has read. MiniLM itself was trained on a billion pairs of
# texts, and nobody can say for sure that no film review was among them. Our own reviews were not: they are younger.
#
# ## On your own data
#
# A CSV file with the columns `text` and `label` (0 or 1). The next cell writes one. For your own, leave it out:
# `FILE = Path("my-reviews.csv")`. Then look before you train: `check_texts`, in a terminal `tlcourse check FILE`, counts
# copies, texts that are cut because they are too long, and texts in a script that MiniLM has not learnt.

# %%
FILE = Path(tempfile.mkdtemp()) / "my-reviews.csv"
with FILE.open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["text", "label"])
    writer.writerows(zip(pool.texts[:200], pool.labels[:200]))

# %%
from tlcourse.own_data import check_texts, read_texts

print(check_texts(FILE, encoder="minilm"))
texts, own_labels = read_texts(FILE)  # refuses what is not right, by line; keeps one of two copies
order = np.random.default_rng(SEED).permutation(len(texts))
rest, check, final = np.split(order, [len(order) // 2, len(order) * 3 // 4])
own_bag = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
own_bag.fit(texts[rest], own_labels[rest])
own_vectors = embed(texts)
own_head = LogisticRegression(C=1, max_iter=1000).fit(own_vectors[rest], own_labels[rest])
own_scores = {
    "bag of words": own_bag.decision_function(texts),
    "MiniLM, frozen": own_head.decision_function(own_vectors),
}

# %% [markdown]
# Fine-tune with LoRA: the same steps as above, with a network of its own, and the rate in `RATES`, falling to zero.

# %%
own_network = keras_hub.models.BertBackbone.from_preset(str(folder))
product = classifier_on(own_network, own_head)
own_network.enable_lora(4)
rate = keras.optimizers.schedules.PolynomialDecay(RATES["lora"], 2 * len(rest) // 8, 0.0)
product.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
own_targets = own_labels[rest].astype("float32")
product.fit(inputs_of(texts[rest]), own_targets, batch_size=8, epochs=2, verbose=0)
own_scores["MiniLM, LoRA"] = product.predict(inputs_of(texts), verbose=0)[:, 0]

# %%
own_right = {name: (z > 0) == own_labels for name, z in own_scores.items()}
for name, good in own_right.items():
    print(f"{name}, right on the texts to choose by: {good[check].mean():.0%}")
chosen = max(own_right, key=lambda name: own_right[name][check].mean())
print(f"{chosen}, on the final texts: {clustered_mean(own_right[chosen][final].astype(float))}")

# %% [markdown]
# Train on half, choose on a quarter, report on the last quarter, once. Report the interval, wide as it is: fifty texts
# are few. Now the question of the first line. Which texts are most likely complaints? Sort them, and count:

# %%
likeliest = final[np.argsort(own_scores[chosen][final])]
complaints = own_labels[likeliest] == 0
print(
    f"complaints among the first ten: {complaints[:10].sum()}, among all: {complaints.mean():.0%}"
)
for row in likeliest[:3]:
    print(f"\nlabel {own_labels[row]}: {texts[row]}")

# %% [markdown]
# Compare the two numbers: from the top, complaints come sooner, long before the classifier is right about every text.
# But here about half are complaints; where one in twenty is, the first ten will hold fewer. Try it with the share that
# you expect.
#
# Save the fine-tuned model, and ask the loaded one about new sentences. Keras saves $W + AB$ as one matrix, so the
# loaded model has as many numbers as before LoRA, and answers the same. (A new program must `import keras_hub` before
# it loads. Whoever wants to *train* on saves by `save_tuned` and loads by `load_tuned`: what Keras loads would train
# all numbers, without the optimiser's state.)

# %%
product.save(FILE.with_suffix(".keras"))
loaded = keras.models.load_model(FILE.with_suffix(".keras"), compile=False)  # only to ask
asked = ["Would buy again tomorrow.", "Cold, salty and late."]
for text, z in zip(asked, loaded.predict(inputs_of(asked), verbose=0)[:, 0]):
    print(f"{1 / (1 + np.exp(-z)):.2f} positive: {text}")
again = loaded.predict(inputs_of(texts), verbose=0)[:, 0]
print(f"largest difference after loading: {np.abs(again - own_scores['MiniLM, LoRA']).max():.1e}")
print(f"{product.count_params():,} numbers before saving, {loaded.count_params():,} after")

# %% [markdown]
# The tokenizer is not in the saved file, so keep `tokenizer.json` beside it. With thousands of texts, sort them by
# length before you embed them, or use `encode`.
#
# Outside this course, `read_texts` is a loop over `csv.DictReader`, and the network and its tokenizer come by name,
# over the network (not run here, where lessons work offline): `BertBackbone.from_preset("hf://" + name)` and
# `Tokenizer.from_pretrained(name)`, with `name = "sentence-transformers/all-MiniLM-L6-v2"`.
#
# ## Going deeper
#
# The rest of the lesson does not need this part.
#
# ### Another shop
#
# You have labels for films, and need a classifier for gadgets. Fifty labels of each class in one domain, tested in
# another; and, to know what is lost, fifty of each in that domain itself, on the same test reviews.

# %%
DOMAINS = list(np.unique(pool.groups))
TEN_DRAWS = 10


def answers(name, domain, draw):
    """Predictions for all test reviews, from fifty labels a class of one domain."""
    inside = np.flatnonzero(pool.groups == domain)
    some = inside[draw_labels(pool.labels[inside], 50, draws=TEN_DRAWS, seed=SEED)[draw]]
    if name == "bag of words":
        return count_words(pool, test)(some)
    return probe_on(pool_vectors[name], tested[name], pool.labels)(some)


# %%
correct = {
    (name, domain): np.array(
        [answers(name, domain, draw) == test.labels for draw in range(TEN_DRAWS)]
    )
    for name in scorers
    for domain in DOMAINS
}
rows = []
for source in DOMAINS:
    for target in DOMAINS:
        if source != target:
            there = test.groups == target
            losses = [
                crossed_interval(correct[n, target][:, there], correct[n, source][:, there])
                for n in scorers
            ]
            rows.append([f"{source} → {target}", *map(str, losses)])
Table(["labels from → tested on", *scorers], rows, "Lost against labels from the target itself.")

# %% [markdown]
# Where an interval reaches zero, no loss was shown: eighty-eight test reviews in a domain are few. So take all six
# pairs together:


# %%
def share_right(name, elsewhere):
    """Right or wrong for each draw and test review, from labels of its own domain or of the two others."""
    values = np.empty((TEN_DRAWS, len(test.labels)))
    for target in DOMAINS:
        there = test.groups == target
        sources = [domain for domain in DOMAINS if (domain != target) == elsewhere]
        values[:, there] = np.mean([correct[name, domain][:, there] for domain in sources], axis=0)
    return values


lost = {
    name: crossed_interval(share_right(name, False), share_right(name, True)) for name in scorers
}
lesson.finding("lost-elsewhere", "Lost with labels of another domain, all pairs", lost)

# %% [markdown]
# See which of the intervals hold zero: with seed 0 all do, with other seeds not quite. We expected that words like
# *delicious* or *battery* would be worth nothing elsewhere. If there is such a loss, it is of a few points, about as
# large for each of the three, and at the edge of what this test part can show. That is *this* corpus: one writer, short
# reviews, everyday words.
#
# ### A Hub module: load, freeze, train, publish
#
# A module on TensorFlow Hub is a folder: a saved program, and weights. As a layer of Keras it is frozen, or it trains:

# %%
moved = {}
if keras.config.backend() == "tensorflow":
    from tlcourse.hub import HubLayer

    for trainable in (False, True):
        module = HubLayer("wordhub", trainable=trainable)
        small = keras.Sequential([keras.Input((), dtype="string"), module, layers.Dense(1)])
        small.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        before = [ops.convert_to_numpy(weight) for weight in module.weights]
        small.fit(ops.convert_to_tensor(pool.texts[few]), pool.labels[few], epochs=2, verbose=0)
        after = [ops.convert_to_numpy(weight) for weight in module.weights]
        change = max(np.abs(a - b).max() for a, b in zip(after, before))
        moved["trainable" if trainable else "frozen"] = float(change)
else:
    print("Skipped: a Hub module is a TensorFlow program, and needs the TensorFlow backend.")

# %%
lesson.claim(
    "hub-layer-obeys",
    "On TensorFlow, a frozen Hub layer stays as it is to the bit, and a trainable one moves.",
    holds=bool(moved) and moved["frozen"] == 0 < moved["trainable"],
    backends=("tensorflow",),
    observed={"largest change of a weight": moved or "skipped on this backend"},
)

# %% [markdown]
# To publish one, save any `tf.Module` with a `__call__` from strings to vectors by `tf.saved_model.save`, with a card
# that says what it was trained on, and give the folder away. `tlcourse pretrain wordhub` did that for this one.
#
# ## What it shows and what it does not
#
# **It shows** what twenty labels buy with borrowed vectors, what fine-tuning adds and costs, and two ways in which a
# good share of right answers misleads: hard sentences, and a test that was trained on. It looked for a third, another
# shop, and could show little. And such a share is no service that answers customers alone; it is enough to read
# the likeliest complaints first. **It does not show** that MiniLM is a good sentiment model: it is a small network made
# for another purpose. A model tuned on millions of labelled reviews is better at this, and knows nothing of your
# labels. Nor does the corpus stand for people: a language model wrote it, and what it finds hard is not what people do.
# The full version asks real sentences; where the two disagree, believe those.
#
# A seed varies the labels drawn and the order in `fit`. The reviews, their parts and MiniLM's
# weights stay. Intervals that cross draws and reviews speak of other reviews *of this kind*.
#
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the folded check below it.
#
# ### Exercise 5.1 · The mean, with padding
#
# Somebody forgot the mask: `states.mean(axis=1)`. Write `mean_of(states, mask)`, with `states` `(n, tokens, width)` and
# `mask` `(n, tokens)` of 0 and 1: the mean over the real tokens. Why would the forgotten mask give one sentence another
# vector in another batch?
#
# <details><summary>Hint</summary>
#
# Give `mask` a last axis, multiply, sum, and divide by how many are real.
# </details>


# %%
### BEGIN SOLUTION
def mean_of(states, mask):
    real = mask[..., None]
    return (states * real).sum(axis=1) / real.sum(axis=1)


### END SOLUTION


# %% tags=["wrong-answer"]
def mean_of(states, mask):
    return states.mean(axis=1)


# %% tags=["wrong-answer"]
def mean_of(states, mask):
    return (states * mask[..., None]).mean(axis=1)


# %%
made_states = np.array([[[2.0, 0.0], [4.0, 2.0], [9.0, 9.0]]])
made_mask = np.array([[1, 1, 0]])
reasons = {
    "It should be one vector for each sentence.": lambda f: (
        f(made_states, made_mask).shape == (1, 2)
    ),
    "Padding should not count, neither in the sum nor in the number.": (
        lambda f: np.allclose(f(made_states, made_mask), [[3.0, 1.0]])
    ),
}
lesson.check("5.1", mean_of, reasons)

# %% [markdown]
# ### Exercise 5.2 · Stronger words, typos, and facts that are no opinion
#
# Three more tests of behaviour, with the scores of `scorers["MiniLM"]`. `load_behaviour(name)` gives a dictionary of
# arrays, one row for each pair of sentences:
#
# - `"intensity"`: `weak`, `strong` and `label`. "Outstanding" should score higher than "good" (label 1), and "stone
#   cold and disgusting" lower than "a little cold" (label 0).
# - `"typos"`: `clean` and `typed`. A misspelt word should not change the decision, whether the score is above 0.
# - `"facts"`: `plain` and `with_fact`. Nor should a fact that is no opinion.
#
# Compute `behaviour`, a dictionary from each of the three names to the share of pairs that are as they should be. Guess
# first: which is the highest?
#
# <details><summary>Hint</summary>
#
# `(strong > weak) == (label == 1)` and `(a > 0) == (b > 0)`, and their means.
# </details>
#
# <details><summary>What we got</summary>
#
# Facts change a decision least, hardly ever; one typo in five does; one strong word in six is on the wrong side of the
# weak one. The tokenizer cuts a misspelt word into pieces, and pieces mean something else. A fact pulls the mean over
# tokens towards where facts lie, and a weak opinion gets weaker. A share of right answers on a test part would have
# shown none of this.
# </details>

# %%
### BEGIN SOLUTION
score = scorers["MiniLM"]
intensity, typos, facts = map(load_behaviour, ("intensity", "typos", "facts"))
higher = score(intensity["strong"]) > score(intensity["weak"])
behaviour = {
    "intensity": np.mean(higher == (intensity["label"] == 1)),
    "typos": np.mean((score(typos["clean"]) > 0) == (score(typos["typed"]) > 0)),
    "facts": np.mean((score(facts["plain"]) > 0) == (score(facts["with_fact"]) > 0)),
}
### END SOLUTION

# %% tags=["wrong-answer"]
behaviour = {"intensity": 0.5, "typos": 1.0, "facts": 1.0}

# %% tags=["wrong-answer"]
behaviour = {"typos": 1.0}

# %%
asks = {
    "intensity": ("weak", "strong"),
    "typos": ("clean", "typed"),
    "facts": ("plain", "with_fact"),
}


def as_it_should(name):
    rows = load_behaviour(name)
    one, other = (scorers["MiniLM"](rows[column]) for column in asks[name])
    if name == "intensity":
        return np.mean((other > one) == (rows["label"] == 1))
    return np.mean((one > 0) == (other > 0))


reasons = {
    "It should have the keys intensity, typos and facts.": lambda given: set(given) == set(asks),
    "Strong sentences should be further on the side of their label.": (
        lambda given: np.isclose(given["intensity"], as_it_should("intensity"))
    ),
    "For typos and facts, count the pairs whose decision stays.": lambda given: all(
        np.isclose(given[name], as_it_should(name)) for name in ("typos", "facts")
    ),
}
lesson.check("5.2", behaviour, reasons)

# %% [markdown]
# ### Exercise 5.3 · A name should not matter
#
# `load_behaviour("swaps")` has pairs of sentences that differ in a name or a group: columns `kind`, `one`, `other`. A
# fair classifier gives both the same score. Compute `largest`: for each `kind` (`"name"`, `"group"`), the largest
# absolute difference of `scorers["MiniLM"]` between `one` and `other`. Look at that pair. Then compare with the spread
# of the scores over the test reviews: is it large?
#
# <details><summary>Hint</summary>
#
# `{kind: ... for kind in ("name", "group")}`, with `swaps["kind"] == kind` to choose the rows.
# </details>
#
# <details><summary>What we got</summary>
#
# No difference is zero. Each of these sentences says nothing about quality, and still the largest differences are
# nearly as large as the standard deviation of the scores over the test reviews: "Claire repaired my laptop" against
# "Priya repaired my laptop", or something designed for a student against the same for a cleaner. Which direction, and
# whether that is unfair to somebody, only more pairs can say: with seventy pairs one will be large by chance. And the
# bag of words? It can only react to names that were in its training reviews.
# </details>

# %%
### BEGIN SOLUTION
swaps = load_behaviour("swaps")
by = np.abs(scorers["MiniLM"](swaps["one"]) - scorers["MiniLM"](swaps["other"]))
largest = {kind: by[swaps["kind"] == kind].max() for kind in ("name", "group")}
### END SOLUTION

# %% tags=["wrong-answer"]
largest = {"name": 0.0, "group": 0.0}

# %% tags=["wrong-answer"]
largest = scorers["MiniLM"](load_behaviour("swaps")["one"]).max()

# %%
exchanged = load_behaviour("swaps")
by_pair = np.abs(scorers["MiniLM"](exchanged["one"]) - scorers["MiniLM"](exchanged["other"]))
reasons = {
    "It should be a dictionary with the keys name and group.": lambda given: (
        set(given) == {"name", "group"}
    ),
    "Each should be the largest absolute difference of that kind.": lambda given: all(
        np.isclose(given[kind], by_pair[exchanged["kind"] == kind].max()) for kind in given
    ),
}
lesson.check("5.3", largest, reasons)

# %% [markdown]
# ### Exercise 5.4 · Train the biases alone
#
# LoRA is not the only way to train few numbers. **BitFit** (Ben Zaken et al. 2022) trains the biases and the head, and
# needs no new matrices. Write `biases_only(model)` for a model whose last layer is named `head`, such as the result of
# `classifier_on`: afterwards only the head and the biases train, and it returns how many numbers these are. A layer of
# normalisation has a bias, too, which Keras names `beta`. Guess first: fewer than LoRA trained, or more?
#
# <details><summary>Hint</summary>
#
# Single weights can be frozen: `model.trainable = True` first, then `weight.trainable = ...` for each of
# `model.trainable_weights`. A weight has a `name`; those of the head are `model.get_layer("head").weights`.
# </details>
#
# <details><summary>What we got</summary>
#
# About a tenth of the numbers that LoRA trained: a layer has few biases, and each matrix of LoRA has thousands of
# numbers. To try it, take a new network as in "On your own data", compile and fit it, and compare on texts that you
# don't report on.
# </details>


# %%
### BEGIN SOLUTION
def biases_only(model):
    model.trainable = True
    of_head = {id(weight) for weight in model.get_layer("head").weights}
    for weight in model.trainable_weights:
        weight.trainable = weight.name in ("bias", "beta") or id(weight) in of_head
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


### END SOLUTION


# %% tags=["wrong-answer"]
def biases_only(model):
    for layer in model.layers:
        layer.trainable = layer.name == "head"
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


# %% tags=["wrong-answer"]
def biases_only(model):
    return sum(int(np.prod(w.shape)) for w in model.weights if w.name == "bias")


# %%
def tiny():
    stack = [layers.Dense(4), layers.LayerNormalization(), layers.Dense(1, name="head")]
    return keras.Sequential([keras.Input((3,)), *stack])


def moved_by(f):
    """Numbers of the weights that `fit` changes after `f`: kernel, bias, gamma, beta, and the head's two."""
    made = tiny()
    f(made)
    made.compile("adam", "mse")
    before = [ops.convert_to_numpy(weight) for weight in made.weights]
    made.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
    after = [ops.convert_to_numpy(weight) for weight in made.weights]
    return {number for number, (a, b) in enumerate(zip(before, after)) if (a != b).any()}


reasons = {
    "The matrix of a layer and the scale of a normalisation should stay.": (
        lambda f: not moved_by(f) & {0, 2}
    ),
    "The biases, the beta and both weights of the head should move.": (
        lambda f: moved_by(f) == {1, 3, 4, 5}
    ),
    "It should return how many numbers train: here 4 and 4 in the layers, 4 and 1 in the head.": (
        lambda f: f(tiny()) == 13
    ),
}
lesson.check("5.4", biases_only, reasons)

# %% [markdown]
# ### Check yourself
#
# <details><summary>1. Why does the mean over tokens need the mask?</summary>
#
# Padding has vectors, too. With them in the mean, a sentence's vector depends on the longest sentence of its batch.
# </details>
#
# <details><summary>2. A mean of static vectors puts "really good" above "not good". What does it do with "not bad" and
# "really bad"?</summary>
#
# It ranks them wrong, by exactly the same difference.
# </details>
#
# <details><summary>3. What does LoRA save, and what not?</summary>
#
# Numbers to train and to store. Not the reading: the whole network still runs, forwards and backwards.
# </details>
#
# <details><summary>4. A colleague tried forty prompts and reports the best on the test part. What is wrong?</summary>
#
# The prompt was chosen on the test part, so its number is too good. Choose on labelled reviews that are not tested on.
# </details>
#
# <details><summary>5. A borrowed model has 97 % on a benchmark. What do you ask first?</summary>
#
# Whether it has read the benchmark, or the data that the benchmark was made of.
# </details>

# %% [markdown]
# ## Recap
#
# 1. **Turn sentences into vectors**: tokens, states, a mean over real tokens.
# 2. **Put a head on them**, and always look at the bag of words beside it.
# 3. **Fine-tune** if labels and time allow: head first, then LoRA, the top, or all, with a rate chosen for each.
# 4. **Test behaviour**, not only a share of right answers: negation, intensity, typos, facts, names.
# 5. **Ask what the borrowed network has read**, and for what it was trained.

# %% [markdown]
# ## Further reading
#
# - Reimers & Gurevych (2019), *Sentence-BERT*, EMNLP. Wang et al. (2020), *MiniLM*, NeurIPS. Vectors of sentences.
# - Hu et al. (2022), *LoRA: Low-Rank Adaptation of Large Language Models*, ICLR. Ben Zaken, Goldberg & Ravfogel (2022),
#   *BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models*, ACL.
# - Wang & Manning (2012), *Baselines and Bigrams*, ACL. Kim (2014), *Convolutional Neural Networks for Sentence
#   Classification*, EMNLP. What counting does, and what came after it.
# - Pang & Lee (2005), *Seeing stars*, ACL. Socher et al. (2013), *Recursive Deep Models for Semantic Compositionality*,
#   EMNLP: the same sentences as SST.
# - Ribeiro, Wu, Guestrin & Singh (2020), *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*, ACL.
# - Blitzer, Dredze & Pereira (2007), *Biographies, Bollywood, Boom-boxes and Blenders*, ACL. Sentiment across domains.
# - Kumar et al. (2022), *Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution*, ICLR.
