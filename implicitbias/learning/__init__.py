"""Statistical learning: what bounds promise, what one pass learns, and what interpolation costs."""
