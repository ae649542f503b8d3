"""TensorFlow Hub modules as layers of Keras 3. The one part of the course that needs the TensorFlow backend."""

from tlcourse.hub.handles import resolve_handle
from tlcourse.hub.layer import HubLayer

__all__ = ["HubLayer", "resolve_handle"]
