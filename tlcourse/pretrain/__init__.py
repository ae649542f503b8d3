"""What made the bundled weights. No lesson imports it."""
