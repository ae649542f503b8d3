"""A transformer fine-tuned inside `fit`: its top layers, all of it, or LoRA."""

import keras
import numpy as np

from tlcourse.checks import known
from tlcourse.networks import use_xla
from tlcourse.text.encoders import checked_sentences
from tlcourse.training import forget_steps

NEAR = 8
"""Batches that are drawn together and then sorted by length."""


class SentenceBatches(keras.utils.PyDataset):
    """Batches for `fit`, each of sentences about equally long, in another order every epoch.

    Sentences in a batch are padded to the longest of them. So a short sentence should meet short ones: the shuffled
    sentences are sorted by length within each run of eight batches, and the batches are shuffled again. The first two
    are the narrowest and the widest, since Keras reads off the first two which sizes vary.

    Args:
        encoder: a `SentenceEncoder`, of which ``preprocess`` is used.
        sentences: n strings.
        labels: ``(n,)``.
        batch_size: sentences in a batch, at least 1.
        seed: of the order.

    Raises:
        ValueError: if there is no sentence, one is empty or no string, labels are not as many, or ``batch_size`` is
            below 1.
    """

    def __init__(self, encoder, sentences, labels, *, batch_size=8, seed=0):
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
        self.encoder, self.sentences, self.batch_size = encoder, checked_sentences(sentences), batch_size
        self.labels = np.asarray(labels, "float32")
        if self.labels.shape != (len(self.sentences),):
            raise ValueError(f"There must be one label for each of {len(self.sentences)}; got {self.labels.shape}.")
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.sentences) // self.batch_size)

    def __getitem__(self, at):
        rows = self.batches[at]
        return self.encoder.preprocess([self.sentences[row] for row in rows]), self.labels[rows]

    def on_epoch_end(self):
        """Draw the next epoch's order."""
        count, size = len(self.sentences), self.batch_size
        lengths = np.array([len(sentence) for sentence in self.sentences])
        order, self.batches = self.rng.permutation(count), []
        for start in range(0, count, NEAR * size):
            near = order[start : start + NEAR * size]
            near = near[np.argsort(lengths[near], kind="stable")]
            self.batches += [near[at : at + size] for at in range(0, len(near), size)]
        self.batches = [self.batches[at] for at in self.rng.permutation(len(self.batches))]
        widths = [keras.tree.flatten(self[at][0])[0].shape[1:] for at in range(len(self))]
        ends = [widths.index(min(widths)), widths.index(max(widths))]
        between = [at for at in range(len(self)) if at not in ends]
        self.batches = [self.batches[at] for at in [*dict.fromkeys(ends), *between]]


def sentence_classifier(encoder):
    """Return the encoder with a new head on its vectors: a model from the encoder's input to a log odds ``(n,)``."""
    head = keras.layers.Dense(1, name="head")(encoder.model.output)
    return keras.Model(encoder.model.input, keras.layers.Reshape((), name="log_odds")(head))


def train_top(model, layers):
    """Freeze a sentence classifier but for its head and its last transformer layers.

    Args:
        model: of `sentence_classifier`.
        layers: how many transformer layers stay trainable, from 0 to all of them.

    Raises:
        ValueError: if there are not so many.
    """
    transformer = [layer for layer in model.layers if layer.name.startswith("transformer_layer")]
    if not 0 <= layers <= len(transformer):
        raise ValueError(f"layers must be from 0 to {len(transformer)}; got {layers}.")
    kept = {layer.name for layer in transformer[len(transformer) - layers :]} | {"head"}
    for layer in model.layers:
        layer.trainable = layer.name in kept


def add_lora(model, rank=4):
    """Freeze a sentence classifier but for its head, and add low-rank updates to the queries and values of attention.

    Each such matrix ``W`` becomes ``W + A B`` with ``B = 0`` at first, so that nothing changes before training.

    Args:
        model: of `sentence_classifier`.
        rank: columns of A and rows of B, at least 1.

    Raises:
        ValueError: if ``rank`` is below 1.

    Source:
        Hu et al. (2022), *LoRA: Low-Rank Adaptation of Large Language Models*, ICLR, equation 3; the layers are those
        of their section 4.2.
    """
    if rank < 1:
        raise ValueError(f"rank must be at least 1; got {rank}.")
    train_top(model, 0)
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.EinsumDense) and layer.name in ("query", "value"):
            layer.trainable = True
            layer.enable_lora(rank)  # which freezes its kernel
            layer.bias.trainable = False


def trainable_count(model):
    """Return how many numbers `fit` changes."""
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


class SentenceTuner:
    """A sentence classifier, compiled once for one way to fine-tune it; each `fit` starts from the encoder's weights.

    To compile a transformer takes longer than to train it on a few sentences. So different labels share one model.

    Args:
        encoder: a `SentenceEncoder` with a transformer, such as ``load_encoder("minilm")``. Its model changes.
        how: what trains: ``"top"``, the last two transformer layers; ``"all"``; or ``"lora"``. The head always does.

    Attributes:
        model: the Keras model, from the encoder's input to a log odds ``(n,)``.

    Raises:
        ValueError: if ``how`` is unknown.

    Example:
        ``SentenceTuner(load_encoder("minilm"), "lora").fit(texts, labels, head, epochs=5, rate=3e-3, seed=0)``
    """

    def __init__(self, encoder, how):
        known("way to fine-tune", how, ["top", "all", "lora"])
        self.encoder, self.model = encoder, sentence_classifier(encoder)
        if how == "top":
            train_top(self.model, 2)
        elif how == "lora":
            add_lora(self.model)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.Adam(), loss, jit_compile=use_xla())
        self.model.optimizer.build(self.model.trainable_variables)  # in `fit`, TensorFlow would compile twice
        self.start = [(variable, np.array(variable)) for variable in self.model.variables]  # dropout's seeds, too

    def fit(self, sentences, labels, head, *, epochs, rate, seed, batch_size=8):
        """Fine-tune anew, with a head that was fitted on the frozen vectors first.

        Args:
            sentences: n strings.
            labels: 0 or 1, ``(n,)``.
            head: `sklearn.linear_model.LogisticRegression`, fitted on vectors of the frozen encoder.
            epochs: how often each sentence is seen, at least 1.
            rate: the learning rate of the first epoch, above 0; it falls linearly towards 0, epoch by epoch.
            seed: of the order of the sentences.
            batch_size: sentences in a step.

        Returns:
            Itself.

        Raises:
            ValueError: if ``epochs`` or ``rate`` is too small, or as `SentenceBatches`.
        """
        if epochs < 1 or not rate > 0:
            raise ValueError(f"There must be an epoch or more and a rate above 0; got {epochs} and {rate}.")
        batches = SentenceBatches(self.encoder, sentences, labels, batch_size=batch_size, seed=seed)
        forget_steps(self.model.optimizer)
        for variable, value in self.start:
            variable.assign(value)
        self.model.get_layer("head").set_weights([head.coef_.T, head.intercept_])
        falling = keras.callbacks.LearningRateScheduler(lambda epoch: rate * (1 - epoch / epochs))
        self.model.fit(batches, epochs=epochs, callbacks=[falling], shuffle=False, verbose=0)  # they shuffle by seed
        return self

    def log_odds(self, sentences, batch_size=64):
        """Return the log odds of label 1, ``(n,)``: above 0 where label 1 is likelier."""
        sentences = checked_sentences(sentences)
        order = np.argsort([len(sentence) for sentence in sentences], kind="stable")
        answers = np.empty(len(order), "float32")
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            answers[rows] = self.model.predict_on_batch(self.encoder.preprocess([sentences[row] for row in rows]))
        return answers
