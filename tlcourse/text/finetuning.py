"""A transformer fine-tuned inside `fit`: its top layers, all of it, or LoRA."""

import keras
import numpy as np

from tlcourse.checks import known
from tlcourse.finetuning import check_compiled
from tlcourse.networks import use_xla
from tlcourse.text.classifiers import add_lora, sentence_classifier, train_top
from tlcourse.text.encoders import batches_by_length
from tlcourse.text.reading import checked_sentences, warn_of_unread
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

    Warns:
        UserWarning: as `encode`.
    """

    def __init__(self, encoder, sentences, labels, *, batch_size=8, seed=0):
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
        self.encoder, self.sentences, self.batch_size = encoder, checked_sentences(sentences), batch_size
        warn_of_unread(encoder, self.sentences, stacklevel=2)
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


class SentenceTuner:
    """A sentence classifier, compiled once for one way to fine-tune it; each `fit` starts from the encoder's weights.

    To compile a transformer takes longer than to train it on a few sentences. So different labels share one model.

    Args:
        encoder: a `SentenceEncoder` with a transformer, such as ``load_encoder("minilm")``. It stays as it is: each
            tuner has a copy of its network.
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
            ValueError: if ``epochs`` or ``rate`` is too small, a label is neither 0 nor 1, or as `SentenceBatches`.
            StaleCompile: if flags of the model were changed.
        """
        if epochs < 1 or not rate > 0:
            raise ValueError(f"There must be an epoch or more and a rate above 0; got {epochs} and {rate}.")
        others = set(np.ravel(labels).tolist()) - {0, 1}
        if others:
            raise ValueError(f"Labels must be 0 or 1; got {others.pop()!r}. Give each class one of the two.")
        batches = SentenceBatches(self.encoder, sentences, labels, batch_size=batch_size, seed=seed)
        check_compiled(self.model)
        forget_steps(self.model.optimizer)
        for variable, value in self.start:
            variable.assign(value)
        self.model.get_layer("head").set_weights([head.coef_.T, head.intercept_])
        falling = keras.callbacks.LearningRateScheduler(lambda epoch: rate * (1 - epoch / epochs))
        self.model.fit(batches, epochs=epochs, callbacks=[falling], shuffle=False, verbose=0)  # they shuffle by seed
        return self

    def log_odds(self, sentences, batch_size=64):
        """Return the log odds of label 1, ``(n,)``: above 0 where label 1 is likelier. Raises and warns as `encode`."""
        if not int(self.model.optimizer.iterations):
            raise ValueError("The head of this tuner is random until it was fitted. Call fit first.")
        sentences = checked_sentences(sentences)
        batches = batches_by_length(sentences, batch_size)
        warn_of_unread(self.encoder, sentences, stacklevel=2)
        answers = np.empty(len(sentences), "float32")
        for rows in batches:
            answers[rows] = self.model.predict_on_batch(self.encoder.preprocess([sentences[row] for row in rows]))
        return answers
