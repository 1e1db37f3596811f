"""The use cases, one module each. What cli and web call."""
