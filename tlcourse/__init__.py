"""A transfer-learning course that checks its own conclusions.

Lessons import what they need from its modules, which CONTRIBUTING lists by question. Importing the package itself loads
neither Keras nor NumPy.
"""

__version__ = "0.18.0"
