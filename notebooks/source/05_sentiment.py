# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Sentiment
#     question: What do twenty labelled reviews buy, and what do three hundred?
#     found: "With 200 labels LoRA gains 5 to 7 points over a frozen network (2 to 3 on real reviews, clear in two of five runs); on hard reviews neither is clearly better than chance."
#     minutes: "100 to 160"
#     own_data:
#       given: "FOLDER has mine.csv and test.csv, with the columns text and label (0 or 1: positive)."
#       made: "Written into FOLDER: mine.keras, the better network on validation, even if counting words is ahead; and ask.py: cd FOLDER, then python ask.py TEXT"
#     needs:
#       quick: [minilm, minilm-config, minilm-tokenizer]
#       development: [minilm, minilm-config, minilm-tokenizer]
#       full: [minilm, minilm-config, minilm-tokenizer, rt-polarity]
#     seconds: {quick: 120, full: 300}
# ---

# %% [markdown]
# # 05 · Sentiment: from a bag of words to a transformer
#
# A shop has thousands of reviews, and somebody has read twenty of them. Which of the rest are complaints? You can count
# words. Or you can borrow a network that has read a billion pairs of sentences, and put a new last layer on it. Later
# you have three hundred labels in a file, and let the network learn, too.
#
# **After this lesson you can** turn sentences into vectors with a transformer; classify them with a handful of labels;
# fine-tune the transformer with LoRA, in plain Keras; do all of it with a CSV file of your own; and say where it
# fails. 100 to 160 minutes with the exercises. Lessons 01 and 02 come first.

# %% tags=["parameters"]
LESSON = "05"
PROFILE = "quick"
SEED = 0

# %% [markdown]
# The next cell belongs to the course: it loads the data. The numbers in the text are those of this page as published.

# %%
import keras
import keras_hub
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tlcourse.assets import fetch
from tlcourse.datasets import load_behaviour, load_dataset
from tlcourse.evaluation import crossed_interval, draw_labels
from tlcourse.lesson import Lesson
from tokenizers import Tokenizer

lesson = Lesson(LESSON, PROFILE, SEED)
keras.utils.set_random_seed(SEED)
reviews = load_dataset(lesson.pick(quick="reviews", full="rt-polarity"), lesson.part)

# %% [markdown]
# ## Data
#
# A language model wrote these reviews, about films, restaurants and gadgets: nobody ate, watched or bought anything.
# Half are positive. One in five is **hard**, and was marked so when it was written: it negates, compares, mixes, or
# says the opposite of what it means. The last two below are such.

# %%
pool, test = reviews.pool, reviews.test
hard = np.zeros(len(test.texts), bool) if test.hard is None else test.hard != ""
print(len(pool.texts), "to learn from,", len(test.texts), "to test on")
for row in [*np.flatnonzero(~hard)[:4], *np.flatnonzero(hard)[:2]]:
    print(f"\n{reviews.class_names[test.labels[row]]}: {test.texts[row]}")

# %% [markdown]
# ## Idea
#
# A classifier wants numbers. There are two ways from a text to a vector. A **bag of words** counts: one number for each
# word, rare words weighted up (TF-IDF). Nothing is borrowed, and *not* is one word among others. A **transformer**
# gives each word, or piece of a word (a **token**), a vector $h_t$ that depends on the whole sentence. The mean of the
# $T$ tokens, scaled to length 1, is the sentence's vector:
#
# $$ v = \frac{\bar h}{\lVert \bar h \rVert}, \qquad \bar h = \frac{1}{T} \sum_{t=1}^{T} h_t. $$
#
# A token comes to know the others by **attention**. From each token's vector one matrix makes a *query* $q_t$, a second
# a *key* $k_t$, a third a *value*. Token $t$ compares its query with all keys, and takes a weighted mean of the values.
# Token $s$ gets the share
#
# $$ a_{ts} = \frac{\exp(q_t \cdot k_s / \sqrt{d})}{\sum_u \exp(q_t \cdot k_u / \sqrt{d})}, $$
#
# where $d = 32$ is the length of a query.
#
# **MiniLM** is a small transformer: six layers with twelve *attention heads* each (our *head* is the last layer). It
# was trained to give sentences that belong together, such as a question and its answer, similar vectors. At first
# MiniLM stays **frozen**, and only a new last layer learns. Then a small addition to MiniLM learns, too: LoRA.
#
# ## By hand
#
# ### Count words
#
# Twenty labelled reviews, ten of each kind. (Penalties `C` were chosen on reviews kept for development.)

# %%
few = draw_labels(pool.labels, 10, draws=1, seed=SEED)[0]
bag = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
bag.fit(pool.texts[few], pool.labels[few])
known = [w for w in bag[0].build_analyzer()(test.texts[0]) if w in bag[0].vocabulary_]
print(f"{len(bag[0].vocabulary_)} words known, {bag.score(test.texts, test.labels):.1%} right")
print(test.texts[0], "\nOf this it knows:", *known)

# %% [markdown]
# Guessing gives 50 %. The words it knows in a new review mostly say nothing.
#
# ### Read with a transformer
#
# A **tokenizer** cuts a text into pieces that the network has a number for. `folder` holds three files as their authors
# publish them (`sentence-transformers/all-MiniLM-L6-v2` on Hugging Face): weights, `config.json`, `tokenizer.json`.
# (Without this course: `huggingface_hub.snapshot_download`.)

# %%
folder = fetch("minilm").path.parent
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.enable_padding()  # to the longest text
tokenizer.enable_truncation(256)  # where its authors cut
for encoded in tokenizer.encode_batch(["The soup was cold.", "The bouillabaisse was cold."]):
    print(encoded.tokens, encoded.ids[:4], "…")

# %% [markdown]
# `[CLS]` and `[SEP]` mark begin and end, `##` continues a word, `[PAD]` fills up the shorter sentence. The **mask** is 1
# for a token and 0 for padding, which the mean must leave out.


# %%
def read(texts):
    encoded = tokenizer.encode_batch(list(texts))
    ids = np.array([each.ids for each in encoded])
    mask = np.array([each.attention_mask for each in encoded])
    return {"token_ids": ids, "padding_mask": mask, "segment_ids": np.zeros_like(ids)}


def load_minilm():
    """The network, and a model from its input to the mean over real tokens, of length 1."""
    network = keras_hub.models.BertBackbone.from_preset(str(folder))
    real = ops.cast(ops.expand_dims(network.input["padding_mask"], -1), "float32")
    mean = ops.sum(network.output["sequence_output"] * real, axis=1) / ops.sum(real, axis=1)
    return network, keras.Model(network.input, layers.UnitNormalization()(mean))


def embed(texts):
    return encoder.predict(read(texts), verbose=0)


network, encoder = load_minilm()
four = ["The soup was cold.", "My starter arrived chilled.", "The soup was hot.", "Nice phone."]
vectors = embed(four)
for text, similarity in zip(four, vectors @ vectors[0]):
    print(f"{similarity:.2f}  {text}")

# %% [markdown]
# The vectors have length 1, so the product of two is the cosine between them. Cold soup and hot soup are nearer than
# the same complaint in other words: MiniLM learned what a sentence is *about*.
#
# The figure shows one of the twelve heads of the first layer. A row is a token with its query, a column one with its
# key; dark means much attention.

# %%
sentences = read([f"The food was {word} good." for word in ("not", "really", "very")])
words = tokenizer.encode("The food was not good.").tokens
good, no = words.index("good"), words.index("not")
begin = keras.Model(network.input, network.get_layer("embeddings_dropout").output)(sentences)
matrices = network.transformer_layers[0]._self_attention_layer
q, k = matrices.query_dense(begin)[0, :, 2], matrices.key_dense(begin)[0, :, 2]
attention = ops.convert_to_numpy(ops.softmax(q @ ops.transpose(k) / np.sqrt(32)))
plt.figure(figsize=(3, 3))
plt.imshow(attention, cmap="Greys")
plt.xticks(range(len(words)), words, rotation=90)
plt.yticks(range(len(words)), words)
print(f"of its attention, good gives to not: {attention[good, no]:.2f}")
after = network.predict(sentences, verbose=0)["sequence_output"][:, good]
after /= np.linalg.norm(after, axis=1, keepdims=True)
print("good, six layers later, after really and after:", end=" ")
print(*[f"{word} {after[1] @ after[n]:.2f}" for n, word in ((2, "very"), (0, "not"))])

# %% [markdown]
# In this head each token attends to the one before it: *good* to *not*. (We chose a head that is easy to read; most
# aren't.) After six layers, *good* has nearly one vector after *really* and *very* (cosine 0.99), and another after
# *not* (0.82).
#
# ### A new last layer
#
# The same twenty labels, on frozen vectors. Then the four reviews that it got most wrong:

# %%
few_vectors, test_vectors = embed(pool.texts[few]), embed(test.texts)
head = LogisticRegression(C=1).fit(few_vectors, pool.labels[few])
p = head.predict_proba(test_vectors)[:, 1]
print(f"{head.score(test_vectors, test.labels):.1%} right")
for row in np.argsort(-np.abs(p - test.labels))[:4]:
    print(f"\n{p[row]:.2f} positive, in truth {test.labels[row]}: {test.texts[row]}")

# %% [markdown]
# Even there its probability is near one half: with twenty labels and this penalty it's always unsure. This is *one*
# draw; forty follow.
#
# ### Let it learn, too: LoRA
#
# **LoRA** (Hu et al. 2022) freezes a matrix $W$ and learns a small change beside it, a product of two thin matrices:
#
# $$ W' = W + A B, \qquad W: m \times n, \quad A: m \times r, \quad B: r \times n, \quad B = 0 \text{ at first.} $$
#
# Here $r = 4$, for queries and values. In KerasHub it is one line, which freezes the rest of the network, but for these
# matrices' biases. The head begins as the logistic regression: a random one might
# send large, useless changes into the network.


# %%
def with_lora(head):
    network, encoder = load_minilm()
    last = layers.Dense(1)
    model = keras.Model(network.input, last(encoder.output))  # above 0: positive
    last.set_weights([head.coef_.T, head.intercept_])
    network.enable_lora(4)
    return model


model = with_lora(head)
trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
print(f"{trained:,} of {model.count_params():,} weights will be trained")
likely = keras.losses.BinaryCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.003), likely)
fitted = model.fit(read(pool.texts[few]), pool.labels[few], batch_size=4, epochs=5, verbose=0)
print("loss:", *[f"{loss:.2f}" for loss in fitted.history["loss"]])
z = model.predict(read(test.texts), verbose=0)[:, 0]
print(f"{np.mean((z > 0) == test.labels):.1%} right")

# %% [markdown]
# From 58.3 to 60.6 %, six reviews in one draw, with rate and epochs that nobody chose. Now choose them, on data of your
# own.
#
# ## On your own data
#
# Two CSV files with the columns `text` and `label` (0 or 1). From `mine.csv`, 300 reviews, two thirds are to learn from
# and one third to choose by. `test.csv`, 264 reviews, chooses nothing. The next cell writes both files. For your own,
# replace it by `FOLDER = Path("my-reviews")`. First check them with `tlcourse check
# my-reviews/mine.csv`: it counts copies, texts too long for MiniLM, and scripts it has not learned. (All of this as one
# program: [`python 05_sentiment.py my-reviews`](programs/05_sentiment.py).)

# %%
import tempfile
from tlcourse.own_data import read_texts, write_texts

some = np.random.default_rng(SEED).permutation(len(pool.texts))[:300]
mine = pool.texts[some], pool.labels[some]
FOLDER = write_texts(tempfile.mkdtemp(), mine=mine, test=(test.texts, test.labels))

# %% [markdown]
# The baselines first. They choose their penalty on the validation set, as LoRA will choose rate and epochs.


# %%
def linear(C):
    return LogisticRegression(C=C, max_iter=1000)


def counter(C):
    return make_pipeline(TfidfVectorizer(sublinear_tf=True), linear(C))


def best_penalty(make, inputs):
    """The classifier that has the most right on the validation set."""
    fits = [make(C).fit(inputs[learn], labels[learn]) for C in (1, 10, 0.1, 100)]
    return max(fits, key=lambda fit: fit.score(inputs[check], labels[check]))


texts, labels = read_texts(FOLDER / "mine.csv")
learn, check = np.split(np.random.default_rng(0).permutation(len(texts)), [2 * len(texts) // 3])
print(len(learn), "to learn from,", len(check), "to choose by; positive:", f"{labels.mean():.0%}")
counting = best_penalty(counter, texts)
vectors = embed(texts)
frozen = best_penalty(linear, vectors)
on_check = {
    "counting words": counting.score(texts[check], labels[check]),
    "frozen MiniLM": frozen.score(vectors[check], labels[check]),
}

# %%
best, to_choose_by = None, (read(texts[check]), labels[check])
for rate in (0.001, 0.003, 0.01):
    model = with_lora(frozen)
    right = keras.metrics.BinaryAccuracy(threshold=0, name="right")
    model.compile(keras.optimizers.Adam(rate), likely, metrics=[right])
    best_epoch = keras.callbacks.EarlyStopping(
        "val_right", mode="max", patience=2, restore_best_weights=True
    )
    once = dict(batch_size=8, epochs=2, callbacks=[best_epoch], verbose=0)
    fitted = model.fit(read(texts[learn]), labels[learn], validation_data=to_choose_by, **once)
    counts = [round(share * len(check)) for share in fitted.history["val_right"]]
    shares = [count / len(check) for count in counts]  # not in 32 bits, or LoRA may win a tie
    print(f"LoRA at {rate}: after each epoch", *[f"{share:.0%}" for share in shares])
    if best is None or max(shares) > best:
        best, lora = max(shares), model
on_check["MiniLM with LoRA"] = best
print({name: f"{share:.0%}" for name, share in on_check.items()})
print("product:", max(on_check, key=on_check.get))

# %% [markdown]
# LoRA is best on the validation set, 85 % after two epochs at 0.003, and is our product. (In a tie `max` takes the
# first, here the simplest. If all are near 100 %, these reviews can't tell them apart.) Only now we open the test file:
# which reviews are most likely complaints?

# %%
new_texts, new_labels = read_texts(FOLDER / "test.csv")
assert not set(new_texts) & set(texts), "test.csv has texts of mine.csv"
scores = {
    "counting words": counting.decision_function(new_texts),
    "frozen MiniLM": frozen.decision_function(embed(new_texts)),
    "MiniLM with LoRA": lora.predict(read(new_texts), verbose=0)[:, 0],
}
for name, z in scores.items():
    likeliest = np.argsort(z)[:10]
    share, positive = np.mean((z > 0) == new_labels), np.mean(z > 0)
    print(f"{name}: {share:.1%} right, {positive:.0%} positive;", end=" ")
    print("complaints among the likeliest ten:", np.sum(new_labels[likeliest] == 0))
for row in likeliest[:3]:
    print(f"\nlabel {new_labels[row]}: {new_texts[row]}")

# %% [markdown]
# LoRA's ten likeliest complaints are complaints. All three are worse than on the hundred validation reviews, frozen
# most, 70.5 after 81 %: a hundred are few, and a number that you chose by is too high on average.
#
# Save three things: the tokenizer with its maximum length; the whole model, for predictions; and the trained weights
# alone, for further training.

# %%
tokenizer.save(str(FOLDER / "tokenizer.json"))
tuned = on_check["MiniLM with LoRA"] > on_check["frozen MiniLM"]
(lora if tuned else with_lora(frozen)).save(FOLDER / "mine.keras")  # untrained LoRA is frozen
np.savez(FOLDER / "lora.npz", *[ops.convert_to_numpy(each) for each in lora.trainable_weights])
size = {name: (FOLDER / name).stat().st_size / 1e6 for name in ("mine.keras", "lora.npz")}
print("with LoRA:" if tuned else "frozen:", *[f"{name} {mb:.1f} MB" for name, mb in size.items()])

# %% [markdown]
# This program needs the first two:

# %%
# %%writefile {FOLDER}/ask.py
import sys
import keras
import keras_hub  # it tells Keras the layers of MiniLM
import numpy as np
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
model = keras.models.load_model("mine.keras", compile=False)
encoded = tokenizer.encode_batch(sys.argv[1:])
ids = np.array([each.ids for each in encoded])
mask = np.array([each.attention_mask for each in encoded])
inputs = {"token_ids": ids, "padding_mask": mask, "segment_ids": np.zeros_like(ids)}
for text, z in zip(sys.argv[1:], model.predict(inputs, verbose=0)[:, 0]):
    print(f"{1 / (1 + np.exp(-z)):.2f} positive: {text}")

# %%
import subprocess
import sys

asked = ["Would buy again tomorrow.", "Cold, salty and late.", "The shop opens at nine."]
asking, answers = [sys.executable, "ask.py", *asked], lora.predict(read(asked), verbose=0)
print(subprocess.run(asking, cwd=FOLDER, check=True, capture_output=True, text=True).stdout)

# %% [markdown]
# *The shop opens at nine* is no opinion, and is called positive.
#
# The small file is a hundredth of the large one. Together with MiniLM it is the same classifier, and its two thin
# matrices can learn on. (From `mine.keras` they could not: Keras saves $W + AB$ as one matrix.)

# %% tags=["example"]
again, kept = with_lora(frozen), np.load(FOLDER / "lora.npz")  # its head is in the file, too
for weight, name in zip(again.trainable_weights, kept.files):
    weight.assign(kept[name])
print(f"largest gap: {np.abs(again.predict(read(asked), verbose=0) - answers).max():.0e}")
again.compile(keras.optimizers.Adam(0.001), likely)
_ = again.fit(read(asked[:2]), np.array([1, 0]), epochs=3, verbose=0)

# %% [markdown]
# ## Is it worth it?
#
# **Guess first:** over forty draws of twenty labels, who is right more often, counting or frozen MiniLM? And with two
# hundred?

# %%
pool_vectors, right = embed(pool.texts), {}
for each in (5, 10, 25, 100):  # labels of each kind
    for rows in draw_labels(pool.labels, each, draws=40, seed=SEED):
        bag.fit(pool.texts[rows], pool.labels[rows])
        head.fit(pool_vectors[rows], pool.labels[rows])
        for name, says in (
            ("counting", bag.predict(test.texts)),
            ("frozen", head.predict(test_vectors)),
        ):
            right.setdefault((name, each), []).append(says == test.labels)

# %%
plt.figure(figsize=(4.5, 2.8))
for name, style in (("counting", "s--"), ("frozen", "o-")):
    shares = {2 * k: np.mean(r, axis=1) for (n, k), r in right.items() if n == name}
    means, half = zip(*[(s.mean(), 1.96 * s.std() / np.sqrt(40)) for s in shares.values()])
    plt.errorbar(list(shares), means, half, fmt=style, capsize=3, label=name)
    print(
        f"{name:9}", *[f"{2 * k}: {np.mean(r):.1%}  " for (n, k), r in right.items() if n == name]
    )
plt.xscale("log")
plt.xticks([10, 20, 50, 200], [10, 20, 50, 200])
plt.minorticks_off()
_ = plt.xlabel("labels"), plt.ylabel("share right"), plt.legend()
gain = crossed_interval(right["frozen", 10], right["counting", 10])

# %%
lesson.claim(
    "sentence-vectors-win-at-twenty",
    "With twenty labels, the transformer's vectors beat counting words.",
    holds=bool(gain.low > 0),
    observed={"gain": gain},
)

# %% [markdown]
# With twenty labels it is 62.8 against 55.9 %. Counting needs 200 labels for what frozen MiniLM does with 50. The
# interval of the claim covers other labels *and* other reviews of this kind.
#
# And the 200 labels of your file? The same three classifiers on the test file, the hard reviews apart. The ± makes a 95
# % interval: it holds the share among all such reviews in 95 of 100 such tests.

# %%
parts = {"all": np.full(len(hard), True), "hard": hard, "others": ~hard}
good = {name: (z > 0) == new_labels for name, z in scores.items()}
print(" " * 18, *[f"{part:14}" for part in parts])
for name, each in good.items():
    cells = [each[rows] for rows in parts.values() if rows.any()]
    print(f"{name:18}", *[f"{c.mean():.1%} ± {1.96 * c.std() / len(c) ** 0.5:.1%}" for c in cells])
for baseline in ("counting words", "frozen MiniLM"):
    ahead = good["MiniLM with LoRA"] - good[baseline].astype(float)
    half = 1.96 * ahead.std() / np.sqrt(len(ahead))
    print(f"LoRA over {baseline}: {100 * ahead.mean():+.1f} ± {100 * half:.1f} points")

# %% [markdown]
# LoRA is 14.8 points ahead of counting and 9.5 ahead of the frozen vectors. Neither interval holds zero, for this draw.
#
# Over five draws (*Deeper*) the gain over frozen was +4.8 points [+1.0, +8.7]. <!-- measured in Deeper -->
#
# With four other seeds: 4.8 to 7.1, each certain. On real film reviews: 2.3 to 3.1, certain with two seeds of five.
# <!-- not measured here: Deeper, seeds 1 to 4; full, seeds 0 to 4 -->
#
# **On the hard reviews no classifier is shown to beat guessing, and frozen MiniLM, 31.7 ± 11.8 %, is worse**, perhaps
# because such a review often uses the words of the opposite opinion. The accuracy over all reviews hides this.
#
# ## Where it breaks
#
# ### Negation
#
# We test forty quadruples. Four sentences differ in an adjective and in *really* or *not*: *really good*, *not good*,
# *really bad*, *not bad*; in others *great* and *terrible*, and so on. *Really good* should score above *not good*, and
# *not bad* above *really bad*. A bag of words adds up one weight for each word. So the first pair differs by the weight
# of *really* minus that of *not*, the second by exactly the opposite. Therefore one pair is always right and the other
# wrong. (We use plain counts, so that this is exact.)

# %%
counts = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts[learn], labels[learn])
scorers = {
    "counting": counts.decision_function,
    "frozen": lambda texts: frozen.decision_function(embed(texts)),
    "LoRA": lambda texts: lora.predict(read(texts), verbose=0)[:, 0],
}
quadruples, pairs = load_behaviour("quadruples"), {}
for name, score in scorers.items():
    z = {kind: score(sentences) for kind, sentences in quadruples.items()}
    first, second = z["really_good"] > z["not_good"], z["not_bad"] > z["really_bad"]
    pairs[name] = (first + second.astype(float)) / 2
    print(f"{name:9}{pairs[name].mean():.1%}: {first.mean():.1%}, {second.mean():.1%}", end="; ")
    print(f"not bad above not good {np.mean(z['not_bad'] > z['not_good']):.1%}")
    print("  ", *[f"{quadruples[kind][0]} {each[0]:+.2f} " for kind, each in z.items()])
low = pairs["LoRA"].mean() - 1.96 * pairs["LoRA"].std() / np.sqrt(len(pairs["LoRA"]))

# %%
lesson.claim(
    "negation",
    "The tuned transformer ranks more than half of the pairs with *not* right; counting exactly half.",
    holds=bool(low > 0.5 and (pairs["counting"] == 0.5).all()),
    observed={"LoRA": pairs["LoRA"].mean(), "its interval from": low},
)

# %% [markdown]
# All pairs with the good word are right. With the bad one, LoRA has 72.5 %, frozen 62.5, counting none. So LoRA uses
# the *not*. Does it understand it? *Not bad* should score above *not good*, but does in only 42.5 %. In the quadruple
# printed, any sentence with *not* or *bad* scores low.
#
# ### Unread text
#
# Here MiniLM reads at most 256 tokens, and has learned English. It gives no warning about other texts:

# %%
long = "We came at seven. " * 60
unread = [long + "The best evening.", long + "The worst evening.", "በጣም ጥሩ", "በጣም መጥፎ"]
for encoded, z in zip(tokenizer.encode_batch(unread), scorers["LoRA"](unread)):
    pieces = [each for each in encoded.tokens if each != "[PAD]"]
    print(f"{z:+.3f}  {len(pieces)} tokens, {pieces.count('[UNK]')} unknown,", end=" ")
    print("cut" if encoded.overflowing else "read to the end")

# %% [markdown]
# The best and the worst evening have the same score, because the verdict is cut off. "Very good" and "very bad" in
# Amharic are two unknown pieces each, and have the same score, too. `tlcourse check` counts such texts before you
# train. Split long ones; for another language take a network that has learned it.
#
# ## What it shows and what it does not
#
# *It shows* that with twenty labels borrowed vectors beat counting by 7 points, and that with 200 LoRA led in this
# draw. *It does not show* that MiniLM is good at sentiment, nor that LoRA is better than training all of it (*Deeper*).
# Nor do our reviews stand for people's. A seed varies the labels and the order in `fit`.
#
# | you have | take |
# |---|---|
# | up to fifty labels | the frozen transformer, a logistic regression on its vectors (LoRA gained with three of five seeds, *Deeper*) |
# | some hundred labels | LoRA, frozen or counting, chosen on labels held back |
# | long texts, another language | count what is unread; use another network |
#
# ## Your turn
#
# Replace `...` by your answer, run the cell, then the folded check below it.
#
# ### Exercise 05.1 · The mean, with padding
#
# Somebody forgot the mask: `states.mean(axis=1)`. Write `mean_of(states, mask)`, with `states` `(n, tokens, width)` and
# `mask` `(n, tokens)` of 0 and 1: the mean over real tokens.
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
lesson.check("05.1", mean_of, reasons)

# %% [markdown]
# ### Exercise 05.2 · Stronger words, typos, and facts
#
# `load_behaviour(name)` gives arrays, a row for each pair of sentences: `"intensity"` (`weak`, `strong`, `label`: the
# strong one should be further on its side), `"typos"` (`clean`, `typed`) and `"facts"` (`plain`, `with_fact`): neither
# should change whether the score is above 0. Compute `behaviour`, from each name to the share of pairs that are as they
# should be, with `scorers["LoRA"]`. Guess which is highest.
#
# <details><summary>Hint</summary>
#
# `(strong > weak) == (label == 1)` and `(a > 0) == (b > 0)`, and their means.
# </details>

# %%
### BEGIN SOLUTION
score = scorers["LoRA"]
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
    one, other = (scorers["LoRA"](rows[column]) for column in asks[name])
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
lesson.check("05.2", behaviour, reasons)

# %% [markdown]
# ### Check yourself
#
# <details><summary>Why does the mean over tokens need the mask?</summary>
#
# Padding has vectors, too. With them in the mean, a sentence's vector depends on the longest sentence of its batch.
# </details>
#
# <details><summary>A bag of words puts "really good" above "not good". What does it do with "not bad" and "really
# bad"?</summary>
#
# It ranks them wrong, by exactly the same difference.
# </details>
#


# %% [markdown]
# ## Recap
#
# - **Sentences become vectors**: tokens, attention, a mean over real tokens.
# - **A head on them**, and always a bag of words beside it.
# - **LoRA** with some hundred labels: head first, rate and epochs chosen on labels held back.
# - **Save together**: model, tokenizer, longest length, what LoRA trained.
# - **Report the parts separately**: the overall accuracy hides the hard reviews.
# - **Count what is not read**: the ends of long texts, other scripts.

# %% [markdown]
# ## Further reading
#
# - Reimers & Gurevych (2019), *Sentence-BERT*, EMNLP. Wang et al. (2020), *MiniLM*, NeurIPS. Vectors of sentences.
# - Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - Hu et al. (2022), *LoRA: Low-Rank Adaptation of Large Language Models*, ICLR. Ben Zaken, Goldberg & Ravfogel (2022),
#   *BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models*, ACL.
# - Ribeiro, Wu, Guestrin & Singh (2020), *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*, ACL.
#
# **[Deeper](deeper/05_sentiment.ipynb)**: real film reviews; the top or LoRA, over draws; no label at all; a TensorFlow
# Hub module; a benchmark that was trained on; another shop.
#
# **Next**: lesson 06 asks when somebody else's labels hurt.
