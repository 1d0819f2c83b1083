"""Radio frames: the AD parser, one file per beacon format, and the gate and the condenser of all who hear. Nothing raises on any bytes."""
