# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tlcourse:
#     title: Template, deeper
#     question: Is it the network or its shape?
#     needs:
#       quick: []
#       development: []
#       full: []
#     seconds: {quick: 15, full: 15}
# ---

# %% [markdown]
# # 99 Deeper · Template: is it the network or its shape?
#
# *A question of its own, for whoever doubts or wants more. Which sections of the lesson it takes up:* "Is it worth it?"
# of [lesson 99](../99_template.ipynb) compared frozen features with raw pixels. Would the same layers with random
# weights have done as well?

# %% tags=["parameters"]
LESSON = "99-deeper"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson
from tlcourse.plotting import style

lesson = Lesson(LESSON, PROFILE, SEED)
style()

# %% [markdown]
# ## The baseline
#
# *Here helpers are welcome, and repeated draws, intervals and findings stand.* `extract` runs the frozen network once,
# `fit_probe` fits the course's linear classifier on what comes out.

# %%
from tlcourse.backbones import load_backbone, untrained
from tlcourse.datasets import load_dataset
from tlcourse.evaluation import accuracy_table, label_efficiency, paired_interval
from tlcourse.features import extract
from tlcourse.baselines import probe_on

faces = load_dataset("faces", evaluate_on=lesson.part)
pool, test = faces.pool, faces.test
photos = load_backbone("photos")
networks = {"photos, frozen": photos, "random weights, frozen": untrained(photos, None, SEED)}

# %%
curves = {}
for name, network in networks.items():
    probe = probe_on(extract(network, pool.images), extract(network, test.images), pool.labels)
    options = dict(budgets=(5, 20), draws=20, seed=SEED)
    curves[name] = label_efficiency(name, probe, pool.labels, test.labels, **options)

# %%
accuracy_table(
    {
        name: {f"{k} labels per class": curve.at(k) for k in (5, 20)}
        for name, curve in curves.items()
    }
)

# %%
difference = {k: paired_interval(*(curve.at(k) for curve in curves.values())) for k in (5, 20)}
lesson.claim(
    "weights-matter",
    "At 5 labels per class, learned weights beat random ones.",
    holds=difference[5].low > 0,
    observed={"difference": difference[5]},
)

# %%
lesson.finding("weights-later", "The same at 20 labels per class", difference[20])

# %% [markdown]
# ## The numbers of the full profile
#
# *Folded, or here; the lesson's own text has no "in the full version".*
#
# ## Further reading
#
# *Full references.*
