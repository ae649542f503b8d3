"""A transfer-learning course that checks its own conclusions.

Lessons import what they need from the modules: `datasets`, `backbones`, `features`, `evaluation`, `plotting`, `lesson`.
Importing the package itself loads neither Keras nor NumPy.
"""

__version__ = "0.4.0"
