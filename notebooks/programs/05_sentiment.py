"""Lesson 05, Sentiment: what it does with data of your own, as one program.

    python 05_sentiment.py FOLDER

FOLDER has mine.csv and test.csv, with the columns text and label (0 or 1: positive).

Written into FOLDER: mine.keras, the better network on validation, even if counting words is ahead;
and ask.py: cd FOLDER, then python ask.py TEXT
"""

import subprocess
import sys
from pathlib import Path

import keras
import keras_hub
import numpy as np
from keras import layers, ops
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer

from tlcourse.assets import fetch
from tlcourse.own_data import read_texts

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

folder = fetch("minilm").path.parent
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.enable_padding()  # to the longest text
tokenizer.enable_truncation(256)  # where its authors cut


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


def with_lora(head):
    network, encoder = load_minilm()
    last = layers.Dense(1)
    model = keras.Model(network.input, last(encoder.output))  # above 0: positive
    last.set_weights([head.coef_.T, head.intercept_])
    network.enable_lora(4)
    return model


likely = keras.losses.BinaryCrossentropy(from_logits=True)


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

tokenizer.save(str(FOLDER / "tokenizer.json"))
tuned = on_check["MiniLM with LoRA"] > on_check["frozen MiniLM"]
(lora if tuned else with_lora(frozen)).save(FOLDER / "mine.keras")  # untrained LoRA is frozen
np.savez(FOLDER / "lora.npz", *[ops.convert_to_numpy(each) for each in lora.trainable_weights])
size = {name: (FOLDER / name).stat().st_size / 1e6 for name in ("mine.keras", "lora.npz")}
print("with LoRA:" if tuned else "frozen:", *[f"{name} {mb:.1f} MB" for name, mb in size.items()])

(FOLDER / "ask.py").write_text("""\
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
""", encoding="utf-8")

asked = ["Would buy again tomorrow.", "Cold, salty and late.", "The shop opens at nine."]
asking, answers = [sys.executable, "ask.py", *asked], lora.predict(read(asked), verbose=0)
print(subprocess.run(asking, cwd=FOLDER, check=True, capture_output=True, text=True).stdout)

print(__doc__.rpartition("\n\n")[2])
