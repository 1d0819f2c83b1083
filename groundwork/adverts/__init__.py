"""Radio frames: the AD parser and one file per beacon format. No input or output; nothing raises on any bytes."""
