"""The code that runs the course. No lesson imports it."""
