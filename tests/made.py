"""What several tests make: a small lesson that they write, build and run, and inputs of a small transformer."""

import numpy as np

HEADER = """# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   tlcourse: {title: Made, question: "Why?", needs: {quick: [], development: [], full: [mnist]},
#     seconds: {quick: 1, full: 1}}
# ---

# %% [markdown]
# # Made

# %% tags=["parameters"]
LESSON = "90"
PROFILE = "quick"
SEED = 0
"""

BODY = """
# %%
from tlcourse.lesson import Lesson

lesson = Lesson(LESSON, PROFILE, SEED)

# %%
lesson.claim("positive", "The seed is below 3.", holds=SEED < 3, observed={"seed": SEED})

# %% tags=["exact"]
print((SEED, 8, 8))

# %%
### BEGIN SOLUTION
answer = 42
### END SOLUTION

# %% tags=["wrong-answer"]
answer = 41

# %%
lesson.check("90.1", answer, {"It should be even.": lambda x: x % 2 == 0})

# %%
lesson.claim("last", "This claim is reached.", holds=True)
"""

NO_KERAS = """
# %%
from tlcourse.lesson import Lesson

lesson = Lesson.__new__(Lesson)
lesson.name, lesson.profile, lesson.checked = LESSON, PROFILE, {}

# %%
lesson.claim("first", "The seed is below 3.", holds=SEED < 3, observed={"seed": SEED})

# %%
lesson.claim("second", "The seed is below 4.", holds=SEED < 4)

# %% tags=["exact"]
print((SEED, 8, 8))

# %%
lesson.finding("found", "Its size", 0.25)

# %%
### BEGIN SOLUTION
answer = 42
### END SOLUTION

# %% tags=["wrong-answer"]
answer = 41

# %%
lesson.check("90.1", answer, {"It should be even.": lambda x: x % 2 == 0})

# %%
lesson.claim("third", "The seed is below 5.", holds=SEED < 5, observed={"seed": SEED})
"""
"""A lesson that publishes all that a lesson can, without the seconds that it takes to import Keras."""

LIGHT = """
# %%
print(SEED)
"""
"""What is left of a body when nothing needs Keras, which takes seconds to import."""


def write_lesson(folder, body=BODY, deeper=False):
    """Write the source of the lesson, or of its second notebook, below a folder `notebooks/`, and return its path."""
    path = folder / "source" / ("deeper" if deeper else "") / "90_made.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = HEADER.replace('"90"', '"90-deeper"').replace("Made", "Deeper") if deeper else HEADER
    path.write_text(header + body, encoding="utf-8")
    return path


def letters(sentences):
    """Return inputs of a transformer that knows a token for each letter."""
    longest = max(map(len, sentences))
    return bert_inputs(np.array([[ord(letter) % 30 for letter in sentence.ljust(longest)] for sentence in sentences]))


def bert_inputs(ids):
    """Return inputs of a transformer without padding."""
    return {"token_ids": ids, "padding_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids)}
